import { stat } from "node:fs/promises";
import { EXIT, UserError } from "../../core/errors.ts";
import { parseInstant } from "../../core/instant.ts";
import { sqlText } from "../../sql/sql-value.ts";
import type { Database } from "../../duckdb/database.ts";
import type { Mapping } from "../../mapping/mapping.ts";
import type { Registry } from "../../mapping/registry.ts";
import { rawTableOf } from "../../pipeline/document-index.ts";
import type { IndexedDocument } from "../../pipeline/index-document.ts";
import { openIndex } from "../../pipeline/open-index.ts";
import { type Peek, type PeekAnswer, type PeekedTarget, documentsOf, peekDocuments } from "../../pipeline/peek-document.ts";
import { writeStateOrder } from "../../sql/order-key.ts";
import { type TreeLine, valueTree } from "../../pipeline/value-tree.ts";
import { compilePlan } from "../../plan/compile-plan.ts";
import type { Plan } from "../../plan/plan.ts";
import { BodyChecker } from "../../raw/body.ts";
import type { BodyShape } from "../../raw/shape.ts";
import { duckdbDialect } from "../../sql/duckdb-dialect.ts";
import { readEnvelope } from "../../statsapi/envelope.ts";
import { readJsonFile } from "../../statsapi/json-file.ts";
import type { CliContext } from "../context.ts";
import { counted } from "../counted.ts";
import { mappingNamed } from "../mapping-named.ts";
import { peekTables } from "../peek-table.ts";
import { openCatalogue, openDatabase, openOverlayRaw, openRegistry } from "../platform.ts";
import { printable } from "../printable.ts";

export interface PeekFlags {
  /** A file, or the key of a document in raw. */
  readonly document: string;
  readonly endpoint?: string;
  readonly method?: string;
  readonly target?: string;
  readonly rows: string;
  readonly tree?: boolean;
}

/** Columns of a terminal that does not say how many it has. */
const USUAL_WIDTH = 120;

/** What is looked at: an answer, where it is from, and the mapping that takes it. */
interface Subject {
  readonly name: string;
  readonly answer: PeekAnswer;
  readonly shape: BodyShape;
  /** Null where no mapping takes it: its paths are all there is to see. */
  readonly taken: { readonly plan: Plan; readonly documents: readonly IndexedDocument[] } | null;
}

/** Shows a document in the terminal, as the mapping understands it. Writes nothing. */
export async function runPeek(flags: PeekFlags, context: CliContext): Promise<number> {
  const { out, settings } = context;
  const rows = readRows(flags.rows);
  const registry = await openRegistry(settings.values);
  const target = flags.target === undefined ? null : targetNamed(registry, flags.target);
  const mappings = registry.mappings.filter(
    (mapping) =>
      (flags.endpoint === undefined || mapping.source.endpoint === flags.endpoint) &&
      (flags.method === undefined || mapping.source.method === flags.method) &&
      (target === null || mapping.targets.some(({ name }) => name === target)),
  );
  await using database = await openDatabase(settings.values);
  const subject = (await isFile(flags.document))
    ? await fileSubject(flags.document, mappings, context)
    : await rawSubject(flags.document, mappings, database, context);
  const { taken } = subject;
  const peek =
    taken === null || (flags.tree === true && target === null)
      ? null
      : await peekDocuments(
          taken.plan,
          subject.answer,
          taken.documents,
          { rows, targets: target === null ? null : new Set([target]) },
          await database.connect(),
        );
  const tree = flags.tree === true || taken === null ? valueTree(subject.answer.value, subject.shape) : null;
  const failing = peek?.findings.filter(({ kind }) => kind === "rule" || kind === "fail") ?? [];
  const exit = failing.some(({ kind }) => kind === "rule") ? EXIT.ruleFailed : failing.length > 0 ? EXIT.someFailed : EXIT.done;
  out.data({
    schema_version: 1,
    source: subject.name,
    mapping: taken?.plan.mapping ?? null,
    documents: taken?.documents.map(({ key, version, date, position }) => ({ key, version, date, position })) ?? [],
    targets: peek?.targets ?? [],
    failures: failing.map(({ target: name, rule, column, pointer, value }) => ({ target: name, rule, column, path: pointer, value })),
    tree:
      tree?.map(({ path, kinds, example }) => ({
        path,
        types: Object.fromEntries(kinds.map(({ kind, count }) => [kind, count])),
        example,
      })) ?? null,
    exit,
  });
  if (out.json) return exit;
  const width = process.stdout.columns ?? USUAL_WIDTH;
  describeSubject(subject, context);
  if (peek !== null && taken !== null) describePeek(peek, taken.plan, target !== null, width, context);
  if (tree !== null) for (const line of treeText(tree, width)) out.text(line);
  return exit;
}

function readRows(text: string): number {
  if (/^[1-9][0-9]{0,5}$/.test(text)) return Number(text);
  throw new UserError({ code: "usage.rows", message: "--rows is no number of rows", expected: "1 or more", got: JSON.stringify(text) });
}

function targetNamed(registry: Registry, name: string): string {
  const { mapping, target } = mappingNamed(registry, name);
  if (target !== null) return target.name;
  throw new UserError({
    code: "peek.target",
    message: `${mapping.name} is a mapping, not a table`,
    expected: `one of: ${mapping.targets.map((each) => each.name).join(", ")}`,
  });
}

async function isFile(name: string): Promise<boolean> {
  try {
    return (await stat(name)).isFile();
  } catch {
    return false;
  }
}

async function fileSubject(file: string, mappings: readonly Mapping[], { settings }: CliContext): Promise<Subject> {
  const catalogue = await openCatalogue(settings.values);
  const content = await readJsonFile(file);
  if (!content.ok) throw new UserError(content.refused);
  const reading = readEnvelope(content.bytes, catalogue);
  if (reading.kind === "bad") throw new UserError({ ...reading.text, message: `${file}: ${reading.text.message}` });
  const envelope = reading.kind === "envelope" ? reading.envelope : null;
  const range = envelope?.body ?? null;
  const body = range === null ? content.bytes : content.bytes.subarray(range.start, range.end);
  const { value, shape } = checkedBody(file, body, settings.values.maxBodyMb);
  const own = mappings.filter(
    ({ source }) => envelope === null || (source.endpoint === envelope.endpoint && source.method === envelope.method),
  );
  const parameters = envelope?.parameters ?? {};
  for (const plan of own.map((mapping) => compilePlan(mapping))) {
    const unknown = { capturedAt: UNKNOWN_TIME, parameters, body, value };
    const documents = documentsOf(plan, unknown);
    const version = documents[0]?.version ?? null;
    const capturedAt = envelope?.recordedAt ?? (version === null ? null : parseInstant(version)) ?? UNKNOWN_TIME;
    // An envelope says whose answer it is; of a bare body only its documents can.
    if (documents.length > 0 && (envelope !== null || documents.some(({ problem }) => problem === null)))
      return { name: file, answer: { ...unknown, capturedAt }, shape, taken: { plan, documents } };
  }
  return { name: file, answer: { capturedAt: envelope?.recordedAt ?? UNKNOWN_TIME, parameters, body, value }, shape, taken: null };
}

/** Stands where nothing says when a file was captured. */
const UNKNOWN_TIME = "1970-01-01T00:00:00.000000Z";

function checkedBody(name: string, body: Buffer, maxBodyMb: number): { readonly value: object; readonly shape: BodyShape } {
  const verdict = new BodyChecker({ maxBytes: maxBodyMb * 1024 * 1024 }).check(body);
  if (verdict.ok) return verdict;
  throw new UserError({
    code: verdict.failure.code,
    message: `${name}: ${verdict.failure.message}`,
    next: "mlb-etl ingest keeps it as a failed capture",
  });
}

/** The newest capture of a document in raw. */
async function rawSubject(document: string, mappings: readonly Mapping[], database: Database, context: CliContext): Promise<Subject> {
  const { settings } = context;
  // What raw has not indexed yet is indexed for this reading only.
  await using raw = await openOverlayRaw(context);
  const connection = await database.connect();
  const keys = [document, JSON.stringify([document]), ...(/^-?[0-9]+$/.test(document) ? [`[${document}]`] : [])].map((key) =>
    duckdbDialect.text(key),
  );
  for (const plan of mappings.map((mapping) => compilePlan(mapping))) {
    const table = rawTableOf(plan);
    if (!(await raw.tables()).includes(table)) continue;
    const index = openIndex(plan, raw);
    await index.catchUp();
    await index.load(connection, "document_index");
    const [row] = await connection.rows(
      `SELECT raw_id, position FROM document_index WHERE document_key IN (${keys.join(", ")}) ORDER BY ${writeStateOrder("DESC")} LIMIT 1`,
    );
    if (row === undefined) continue;
    for await (const capture of raw.capturesByIds(table, [Number(row["raw_id"])])) {
      const body = await raw.readBody(capture);
      const name = `${table} ${String(capture.id)}`;
      const { value, shape } = checkedBody(name, body, settings.values.maxBodyMb);
      const answer = { capturedAt: capture.capturedAt, parameters: capture.parameters, body, value };
      return { name, answer, shape, taken: { plan, documents: documentsOf(plan, answer, sqlText(row["position"])) } };
    }
  }
  throw new UserError({
    code: "peek.nothing",
    message: `${JSON.stringify(document)} is no file, and raw has no document of this key`,
    expected: "a .json or .json.gz file, or the key of a document that was captured",
    next: "mlb-etl raw list shows the captures",
  });
}

function describeSubject({ name, answer, taken }: Subject, { out }: CliContext): void {
  const time = answer.capturedAt === UNKNOWN_TIME ? "time of capture unknown" : `captured ${answer.capturedAt}`;
  out.text(`${printable(name)}  ${(answer.body.length / 1e6).toFixed(2)} MB, ${time}`);
  if (taken === null) {
    out.text("no mapping takes it: its paths");
    return;
  }
  const { plan, documents } = taken;
  const shown = documents
    .slice(0, 5)
    .map(({ key, version }) => `${printable(key ?? "without a key", 60)}${version === null ? "" : ` version ${printable(version, 60)}`}`);
  out.text(`${plan.mapping}  ${counted(documents.length, "document")}: ${shown.join(", ")}${documents.length > shown.length ? ", …" : ""}`);
}

function describePeek(peek: Peek, plan: Plan, isWhole: boolean, width: number, { out }: CliContext): void {
  for (const target of peek.targets) {
    out.text(
      `\n${target.name}  ${counted(target.count, "row")}${target.rows.length < target.count ? `, the first ${String(target.rows.length)}` : ""}`,
    );
    const [row] = target.rows;
    if (isWhole && row !== undefined && target.rows.length === 1) {
      out.table(
        Object.entries(row).flatMap(([column, value]) => (value === null ? [] : [{ column, value: printable(sqlText(value), width) }])),
      );
      continue;
    }
    const options = { width, isWhole, late: lateColumns(plan, target) };
    for (const [at, table] of peekTables(target.rows, keyOf(plan, target, peek.documents.length > 1), options).entries()) {
      if (at > 0) out.text("");
      out.table(table);
    }
  }
  const failing = peek.findings.filter(({ kind }) => kind !== "warn");
  if (failing.length > 0) out.text("");
  for (const { kind, target, rule, pointer, value } of failing.slice(0, 20))
    out.text(
      `${kind === "bad" ? "bad value" : "FAILED"}: ${target ?? "document"}: ${rule} at ${printable(pointer, 100)} (${printable(value ?? "null", 60)})`,
    );
  if (failing.length > 20) out.text(`… ${String(failing.length - 20)} more`);
}

/** Columns that are wide and say little at a glance: times and whole JSON values. */
function lateColumns(plan: Plan, target: PeekedTarget): ReadonlySet<string> {
  const columns = plan.targets.find(({ name }) => name === target.name)?.columns ?? [];
  return new Set(columns.flatMap(({ name, type }) => (type.name === "TIMESTAMPTZ" || type.name === "JSONB" ? [name] : [])));
}

/** What tells the rows apart: of one document, the key without the document's. */
function keyOf(plan: Plan, target: PeekedTarget, isBag: boolean): readonly string[] {
  const key = plan.targets.find(({ name }) => name === target.name)?.primaryKey ?? [];
  const own = key.filter((column) => !plan.source.documentKey.includes(column));
  return isBag || own.length === 0 ? key : own;
}

function treeText(lines: readonly TreeLine[], width: number): readonly string[] {
  const left = lines.map(({ depth, step }) => `${"  ".repeat(depth)}${printable(step.replace(/^\./, ""))}`);
  const types = lines.map(({ kinds }) => kinds.map(({ kind, count }) => (count === 1 ? kind : `${kind} ×${String(count)}`)).join(", "));
  const leftWidth = Math.min(Math.max(...left.map((text) => text.length)), Math.floor(width / 2));
  const typeWidth = Math.min(Math.max(...types.map((text) => text.length)), Math.floor(width / 4));
  return lines.map(({ example }, at) => {
    const line = `${printable(left[at] ?? "", leftWidth).padEnd(leftWidth)}  ${printable(types[at] ?? "", typeWidth).padEnd(typeWidth)}  `;
    return `${line}${printable(example ?? "", Math.max(width - line.length, 8))}`.trimEnd();
  });
}
