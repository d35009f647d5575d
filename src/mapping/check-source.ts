import type { DraftColumn } from "./check-columns.ts";
import { type CheckContext, checkNames, faultAt, problemAt } from "./check-context.ts";
import { checkCondition } from "./check-expression.ts";
import { checkName, checkTableName } from "./check-name.ts";
import { checkPattern } from "./check-pattern.ts";
import { renderColumnType } from "./column-type.ts";
import type { Expression } from "./expression.ts";
import { nodesOf } from "./expression-walk.ts";
import type { Source } from "./mapping.ts";
import type { PartialSpec, SourceSpec, VersionSpec } from "./mapping-spec.ts";
import type { Path } from "./path.ts";
import { type PathScope, readReference } from "./path-scope.ts";
import { quoted } from "./report.ts";

/** Checks `source`, whose `array_source` was checked before (the levels of the file-level fields come from it). Null where it is wrong. */
export function checkSource(
  context: CheckContext,
  spec: PartialSpec<SourceSpec>,
  arraySource: Path | null,
  columns: ReadonlyMap<string, DraftColumn>,
  paths: PathScope,
): Source | null {
  if (spec.endpoint !== undefined) checkName(context, spec, "endpoint", spec.endpoint, "an endpoint");
  if (spec.method !== undefined) checkName(context, spec, "method", spec.method, "a method");
  if (spec.raw_table !== undefined) checkTableName(context, spec, "raw_table", spec.raw_table);
  const documentKey =
    spec.document_key === undefined
      ? []
      : checkNames(context, spec, "document_key", spec.document_key, { what: "file-level field", names: columns });
  for (const [position, name] of documentKey.entries()) {
    refuseExpression(context, columns.get(name), "document key");
    refuseKeyType(context, spec, position, columns.get(name));
  }
  const date = spec.date === undefined ? null : checkDate(context, spec, spec.date, columns);
  const filter =
    spec.filter === undefined
      ? null
      : plainFilter(
          context,
          spec,
          checkCondition(context, spec, "filter", spec.filter, { columns: new Map(), paths: null, parameters: true, aggregates: null }),
        );
  const version = spec.version === undefined ? null : checkVersion(context, spec, spec.version, paths);
  if (spec.endpoint === undefined || spec.method === undefined || spec.raw_table === undefined) return null;
  return { endpoint: spec.endpoint, method: spec.method, rawTable: spec.raw_table, arraySource, documentKey, version, date, filter };
}

/** Captures are chosen when they come in, by no engine: the filter compares parameters and computes nothing. */
function plainFilter(context: CheckContext, spec: PartialSpec<SourceSpec>, filter: Expression | null): Expression | null {
  const computed = filter === null ? undefined : [...nodesOf(filter)].find((node) => COMPUTING.has(node.kind));
  if (computed === undefined) return filter;
  problemAt(context, spec, "filter", {
    code: "mapping.source-filter",
    message: "the filter of the source computes",
    expected: "parameters and texts, compared by =, <, in, between, like, is null, and, or, not",
    got: computed.kind,
  });
  return null;
}

const COMPUTING: ReadonlySet<Expression["kind"]> = new Set(["arithmetic", "negate", "case", "cast", "call"]);

/** A document's key and date are read when a capture comes in, by no engine. */
function refuseExpression(context: CheckContext, column: DraftColumn | undefined, what: string): void {
  if (column?.spec.expression === undefined) return;
  problemAt(context, column.spec, "expression", {
    code: "mapping.document-key",
    message: `the ${what} ${quoted(column.name)} is an expression`,
    expected: "json_path or source_field (captures are sorted into documents without an engine)",
    got: "an expression",
  });
}

/** The name of a document is made of values that every engine and store writes in one way. */
const KEY_TYPES: readonly string[] = ["BIGINT", "INT", "TEXT", "VARCHAR", "DATE", "BOOLEAN"];

function refuseKeyType(context: CheckContext, spec: PartialSpec<SourceSpec>, position: number, column: DraftColumn | undefined): void {
  const type = column?.type;
  if (column === undefined || type === undefined || type === null || KEY_TYPES.includes(type.name)) return;
  problemAt(context, spec.document_key ?? spec, spec.document_key === undefined ? "document_key" : position, {
    code: "mapping.document-key",
    message: `the document key ${quoted(column.name)} is of a type that names no document`,
    expected: `one of ${KEY_TYPES.join(", ")}`,
    got: renderColumnType(type),
  });
}

function checkDate(
  context: CheckContext,
  spec: PartialSpec<SourceSpec>,
  name: string,
  columns: ReadonlyMap<string, DraftColumn>,
): string | null {
  const [found] = checkNames(context, spec, "date", name, { what: "file-level field", names: columns });
  refuseExpression(context, columns.get(name), "date");
  const type = columns.get(name)?.type;
  if (type !== undefined && type !== null && type.name !== "DATE") {
    problemAt(context, spec, "date", {
      code: "mapping.wrong-type",
      message: `the date ${quoted(name)} is no date`,
      expected: "a file-level field of type DATE",
      got: renderColumnType(type),
    });
  }
  return found ?? null;
}

function checkVersion(
  context: CheckContext,
  source: PartialSpec<SourceSpec>,
  version: string | PartialSpec<VersionSpec>,
  paths: PathScope,
): Source["version"] {
  const [container, key, path]: [object, string, string | undefined] =
    typeof version === "string" ? [source, "version", version] : [version, "json_path", version.json_path];
  const pattern = typeof version === "string" ? undefined : version.pattern;
  if (pattern !== undefined) {
    const checked = checkPattern(pattern);
    if (!checked.ok) faultAt(context, container, "pattern", "mapping.pattern", checked.fault);
  }
  if (path === undefined) return null;
  const parsed = readReference(path, paths);
  if (parsed.ok) return { reference: parsed.value, pattern: pattern ?? null };
  faultAt(context, container, key, "mapping.path", parsed.fault);
  return null;
}
