import { EXIT, UserError } from "../../core/errors.ts";
import type { SqlValue } from "../../sql/sql-value.ts";
import { sqlText } from "../../sql/sql-value.ts";
import { renderColumnType } from "../../mapping/column-type.ts";
import type { Mapping } from "../../mapping/mapping.ts";
import { type OriginCheck, type OriginColumn, RowExplainer, type RowOrigin } from "../../pipeline/explain-row.ts";
import { type RowState, rowHistory } from "../../pipeline/row-history.ts";
import { type RowKey, cellsOf, differentCells, parseRowKey } from "../../pipeline/row-key.ts";
import { type ShreddedState, StateShredder } from "../../pipeline/shredded-state.ts";
import { compilePlan } from "../../plan/compile-plan.ts";
import type { Plan, PlanTarget } from "../../plan/plan.ts";
import { type StoredRow, readStoredRow } from "../../store/read-stored-row.ts";
import type { CliContext } from "../context.ts";
import { counted } from "../counted.ts";
import { renderValue } from "../describe-mapping.ts";
import { mappingNamed } from "../mapping-named.ts";
import { openDatabase, openOverlayRaw, openRaw, openRegistry, readStore } from "../platform.ts";
import { printable, printableLines } from "../printable.ts";

export interface ExplainRowFlags {
  readonly table: string;
  readonly key: string;
  readonly history?: boolean;
  readonly whole?: boolean;
  readonly strict?: boolean;
}

/** Characters of the fragment and of a value that are shown without `--whole`. */
const LONGEST_FRAGMENT = 2000;
const LONGEST_VALUE = 160;

/** Where a row comes from; with `--history`, how it looked in each capture. */
export async function runExplainRow(flags: ExplainRowFlags, context: CliContext): Promise<number> {
  const { mapping, target } = mappingNamed(await openRegistry(context.settings.values), flags.table);
  if (target === null)
    throw new UserError({
      code: "explain.table",
      message: `${mapping.name} is a mapping, not a table`,
      expected: `one of: ${mapping.targets.map(({ name }) => name).join(", ")}`,
    });
  const plan = compilePlan(mapping, { strict: flags.strict ?? false });
  const key = parseRowKey(plan, targetOf(plan, target.name), flags.key);
  return flags.history === true
    ? await showHistory(plan, target.name, key, context)
    : await showOrigin(mapping, plan, target.name, key, flags, context);
}

function targetOf(plan: Plan, name: string): PlanTarget {
  const target = plan.targets.find((candidate) => candidate.name === name);
  if (target === undefined) throw new Error(`no target ${name}`);
  return target;
}

async function showOrigin(
  mapping: Mapping,
  asked: Plan,
  table: string,
  key: RowKey,
  flags: ExplainRowFlags,
  context: CliContext,
): Promise<number> {
  const { documentKey, values } = key;
  const stored = await readStore(context, (store) => readStoredRow(store, { mapping: mapping.name, table, documentKey, key: values }));
  if (stored.row === null || stored.document === null) throw noRow(table, key, stored);
  const plan = appliedPlan(mapping, asked, sqlText(stored.document["fingerprint"]));
  const target = targetOf(plan, table);
  await using database = await openDatabase(context.settings.values);
  await using raw = await openRaw(context);
  const shredder = new StateShredder(plan, raw, await database.connect());
  const place = { capture: Number(stored.document["raw_id"]), position: sqlText(stored.document["position"]), problem: null };
  const state = await shredder.shred(place);
  const explainer = new RowExplainer(target, shredder);
  const origin = await explainer.explain(state, key);
  const checks = origin === null ? [] : await explainer.checks(state, origin);
  const differences =
    origin === null
      ? null
      : differentCells(plan, target, cellsOf(plan, target, stored.row), origin.cells).map(({ column, before, after }) => ({
          column,
          stored: before,
          shredded: after,
        }));
  const isEqual = differences !== null && differences.length === 0;
  const samePlan = plan.fingerprint === sqlText(stored.document["fingerprint"]);
  const exit = isEqual ? EXIT.done : EXIT.someFailed;
  reportJson({ plan, table, key, stored, state, origin, checks, differences, samePlan, exit, isWhole: flags.whole === true }, context);
  if (!context.out.json) {
    describeState(table, key, stored, state, context);
    if (origin !== null) describeOrigin(plan, origin, checks, stored, flags.whole === true, context);
  }
  if (!isEqual) {
    const why = samePlan ? "" : ", which was applied under another mapping (mlb-etl transform applies it again)";
    const what = differences === null ? "has no such row" : `has other values in ${differences.map(({ column }) => column).join(", ")}`;
    context.out.say(`the capture as it is shredded now ${what}: not what the store holds${why}`);
  }
  return exit;
}

/** The plan that the document was applied under, where the mapping still has it: strict or not. */
function appliedPlan(mapping: Mapping, asked: Plan, fingerprint: string): Plan {
  if (asked.fingerprint === fingerprint) return asked;
  const other = compilePlan(mapping, { strict: !asked.strict });
  return other.fingerprint === fingerprint ? other : asked;
}

function keyText(key: RowKey): string {
  return key.values.map(({ column, text }) => `${column} ${text}`).join(", ");
}

function noRow(table: string, key: RowKey, { document }: StoredRow): UserError {
  return new UserError({
    code: "explain.no-row",
    message: `${table} has no row of ${keyText(key)}`,
    got:
      document === null
        ? "its document is not in the store"
        : `the document's applied state, capture ${sqlText(document["raw_id"])}, has none`,
    next: "--history shows in which captures it is; mlb-etl quarantine list shows what failed",
  });
}

interface Report {
  readonly plan: Plan;
  readonly table: string;
  readonly key: RowKey;
  readonly stored: StoredRow;
  readonly state: ShreddedState;
  readonly origin: RowOrigin | null;
  readonly checks: readonly OriginCheck[];
  readonly differences: readonly { readonly column: string; readonly stored: SqlValue; readonly shredded: SqlValue }[] | null;
  readonly samePlan: boolean;
  readonly exit: number;
  readonly isWhole: boolean;
}

function reportJson(
  { plan, table, key, stored, state, origin, checks, differences, samePlan, exit, isWhole }: Report,
  { out }: CliContext,
): void {
  const { capture } = state;
  out.data({
    schema_version: 1,
    table,
    key: Object.fromEntries(key.values.map(({ column, text }) => [column, text])),
    document: key.documentKey,
    mapping: plan.mapping,
    same_mapping: samePlan,
    capture: {
      table: `${capture.endpoint}.${capture.method}`,
      id: capture.id,
      captured_at: capture.capturedAt,
      version: stored.document?.["version"] ?? null,
      position: stored.document?.["position"] ?? "",
      url: capture.url,
      parameters: capture.parameters,
      kind: capture.kind,
      content_hash: capture.contentHash,
    },
    lineage: {
      source_raw_id: stored.row?.["source_raw_id"] ?? null,
      source_version: stored.row?.["source_version"] ?? null,
      source_captured_at: stored.row?.["source_captured_at"] ?? null,
      transformed_at: stored.row?.["transformed_at"] ?? null,
      run_id: stored.document?.["run_id"] ?? null,
    },
    equal: differences !== null && differences.length === 0,
    differences,
    pointer: origin?.pointer ?? null,
    fragment: origin?.fragment?.slice(0, isWhole ? undefined : LONGEST_FRAGMENT) ?? null,
    fragment_length: origin?.fragment?.length ?? null,
    lookups: origin?.lookups ?? [],
    columns: (origin?.columns ?? []).map(({ column, cell, reads, source, uses, decision }) => ({
      name: column.name,
      type: renderColumnType(column.type),
      value: renderValue(column),
      default: column.default,
      reads,
      source_field: source,
      uses,
      cell,
      decision,
    })),
    checks,
    bad_values: badValuesOf(stored, origin),
    quarantine: stored.quarantine,
    exit,
  });
}

function describeState(
  table: string,
  key: RowKey,
  { row, document, quarantine }: StoredRow,
  { capture }: ShreddedState,
  { out }: CliContext,
): void {
  const lines: [string, string][] = [
    ["capture", `${capture.endpoint}.${capture.method} ${String(capture.id)}, ${capture.kind}, captured ${capture.capturedAt}`],
    ["version", sqlText(document?.["version"]) || "none"],
    [
      "request",
      capture.url ??
        Object.entries(capture.parameters)
          .map(([name, value]) => `${name}=${value}`)
          .join(" "),
    ],
    ["applied", `${sqlText(document?.["applied_at"])} by run ${sqlText(document?.["run_id"])}`],
  ];
  if (Number(row?.["source_raw_id"]) !== capture.id)
    lines.push([
      "changed",
      `last by capture ${sqlText(row?.["source_raw_id"])}, captured ${sqlText(row?.["source_captured_at"])}; equal since`,
    ]);
  const failed = new Set(quarantine.map((finding) => sqlText(finding["raw_id"])));
  if (failed.size > 0)
    lines.push(["quarantine", `${counted(failed.size, "state")} of this document (mlb-etl quarantine show '${key.documentKey}')`]);
  out.text(`${table}  ${keyText(key)}`);
  for (const [name, value] of lines) out.text(`  ${name.padEnd(10)} ${printable(value)}`);
}

function describeOrigin(
  plan: Plan,
  origin: RowOrigin,
  checks: readonly OriginCheck[],
  stored: StoredRow,
  isWhole: boolean,
  { out }: CliContext,
): void {
  out.text(`\nelement ${printable(origin.pointer === "" ? '"" (the whole answer)' : origin.pointer)}`);
  for (const { name, looks, pointer } of origin.lookups)
    out.text(`lookup  ${name} = ${looks.join(" or ")}: ${pointer === null ? "nothing found" : printable(pointer)}`);
  const fragment = origin.fragment ?? "";
  out.text(printableLines(isWhole ? fragment : fragment.slice(0, LONGEST_FRAGMENT)));
  if (!isWhole && fragment.length > LONGEST_FRAGMENT)
    out.text(`… ${String(fragment.length - LONGEST_FRAGMENT)} of ${String(fragment.length)} characters more (--whole)`);
  out.text("");
  for (const column of origin.columns) describeColumn(plan, column, isWhole, out);
  const struck = checks.filter(({ passed }) => !passed);
  const rules = checks.filter(({ kind, column }) => kind === "rule" || kind === "warn" || column === null);
  const cells = checks.filter((check) => !rules.includes(check));
  out.text(`\nrules: ${struck.length === 0 ? "all passed" : `${String(struck.length)} did not pass`}`);
  for (const { rule, kind, passed, value } of rules) {
    out.text(
      `  ${passed ? "passed" : "BROKEN"}  ${kind === "warn" ? "warn " : "error"}  ${rule}${passed ? "" : `  (${printable(value ?? "null", LONGEST_VALUE)})`}`,
    );
  }
  for (const { rule, kind, value } of cells.filter(({ passed }) => !passed))
    out.text(`  BROKEN  ${kind === "bad" ? "bad  " : "error"}  ${rule}  (${printable(value ?? "null", LONGEST_VALUE)})`);
  const held = cells.filter(({ passed }) => passed).length;
  out.text(`  passed  ${counted(held, "check")} of types and NOT NULL`);
  for (const value of badValuesOf(stored, origin))
    out.text(
      `bad value in the store: ${sqlText(value["column_name"])} at ${printable(sqlText(value["pointer"]))}: ${printable(sqlText(value["value"]), LONGEST_VALUE)}`,
    );
}

/** Bad values that the store keeps of what the row read. Those of expressions have no place of their own: the checks tell of them. */
function badValuesOf({ badValues }: StoredRow, origin: RowOrigin | null): StoredRow["badValues"] {
  const pointers = new Set((origin?.columns ?? []).flatMap(({ reads }) => reads.map(({ pointer }) => pointer)));
  return badValues.filter((value) => pointers.has(sqlText(value["pointer"])));
}

function describeColumn(plan: Plan, origin: OriginColumn, isWhole: boolean, out: CliContext["out"]): void {
  const { column, cell, reads, source, uses, decision } = origin;
  const longest = isWhole ? Number.POSITIVE_INFINITY : LONGEST_VALUE;
  const shown = (value: SqlValue): string =>
    value === null ? "NULL" : printable(typeof value === "string" ? JSON.stringify(value) : sqlText(value), longest);
  const why = decision === null ? "" : `  (${decisionText(plan, column, decision)})`;
  out.text(`${column.name} ${renderColumnType(column.type)} = ${shown(cell)}${why}`);
  out.text(`    ${renderValue(column)}${source === null ? "" : ` = ${printable(source, longest)}`}`);
  for (const { path, pointer, text } of reads) {
    const label = column.value.kind === "expression" ? `${path} ` : "";
    out.text(`    ${label}${printable(pointer ?? "no entry")}  ${text === null ? "nothing there" : printable(oneLine(text), longest)}`);
  }
  if (Object.keys(uses).length > 0)
    out.text(
      `    with ${Object.entries(uses)
        .map(([name, value]) => `${name} = ${shown(value)}`)
        .join(", ")}`,
    );
}

/** JSON text without its line breaks: between tokens there is nothing else that they could be. */
function oneLine(json: string): string {
  return json.replaceAll(/[\r\n\t ]*[\r\n][\r\n\t ]*/g, " ");
}

function decisionText(plan: Plan, column: OriginColumn["column"], decision: NonNullable<OriginColumn["decision"]>): string {
  switch (decision) {
    case "default":
      return `default ${JSON.stringify(column.default)}`;
    case "null value":
      return `the mapping's null_values: ${plan.nullValues.map((value) => JSON.stringify(value)).join(" ")}`;
    case "bad value":
      return `bad value: no ${renderColumnType(column.type)}`;
    case "absent":
    case "null":
    case "lookup found nothing":
      return decision;
  }
}

async function showHistory(plan: Plan, table: string, key: RowKey, context: CliContext): Promise<number> {
  const { out, settings, signal } = context;
  await using database = await openDatabase(settings.values);
  // Whatever raw has not indexed yet is indexed for this reading only.
  await using raw = await openOverlayRaw(context);
  const connection = await database.connect();
  const states: Record<string, unknown>[] = [];
  out.text(`${table}  ${keyText(key)}`);
  let before: RowState | null = null;
  for await (const state of rowHistory(plan, targetOf(plan, table), key, { raw, connection })) {
    states.push(stateJson(state));
    describeHistory(state, before, context);
    out.progress(`history: ${counted(states.length, "capture")}`);
    if (state.row !== "unknown") before = state;
    if (signal.aborted) break;
  }
  const exit = signal.aborted ? EXIT.interrupted : EXIT.done;
  if (states.length === 0)
    throw new UserError({
      code: "explain.no-document",
      message: `raw has no capture of the document ${key.documentKey}`,
      next: "mlb-etl raw list shows the captures",
    });
  out.data({
    schema_version: 1,
    table,
    key: Object.fromEntries(key.values.map(({ column, text }) => [column, text])),
    document: key.documentKey,
    states,
    exit,
  });
  return exit;
}

function stateJson({ capture, capturedAt, version, failure, row, changes }: RowState): Record<string, unknown> {
  return {
    capture,
    captured_at: capturedAt,
    version,
    passed: failure === null,
    failure:
      failure === null
        ? null
        : { target: failure.target, rule: failure.rule, column: failure.column, path: failure.pointer, value: failure.value },
    state: typeof row === "string" ? row : "row",
    row: typeof row === "string" ? null : Object.fromEntries(row),
    changes,
  };
}

function describeHistory(state: RowState, before: RowState | null, { out }: CliContext): void {
  const { capture, capturedAt, version, failure, row, changes } = state;
  const failed =
    failure === null
      ? ""
      : `  FAILED: ${failure.target === null ? "" : `${failure.target}: `}${failure.rule}${failure.pointer === "" ? "" : ` at ${printable(failure.pointer, LONGEST_VALUE)}`}`;
  const shown = (value: SqlValue): string =>
    value === null ? "NULL" : printable(typeof value === "string" ? JSON.stringify(value) : sqlText(value), LONGEST_VALUE);
  const had = before !== null && typeof before.row !== "string";
  const what = happened(state, had);
  out.text(`\n${version ?? "no version"}  captured ${capturedAt}  capture ${String(capture)}  ${what}${failed}`);
  if (typeof row === "string") return;
  if (!had) for (const [column, value] of row) if (value !== null) out.text(`  ${column} = ${shown(value)}`);
  for (const { column, before: old, after } of changes) out.text(`  ${column}: ${shown(old)} → ${shown(after)}`);
}

/** What became of the row since the state before; `had`: it was there. */
function happened({ row, changes }: RowState, had: boolean): string {
  if (row === "unknown") return "could not be shredded";
  if (row === "absent") return had ? "the row is gone" : "no row";
  if (!had) return "the row appears";
  return changes.length === 0 ? "no change" : `${counted(changes.length, "cell")} changed`;
}
