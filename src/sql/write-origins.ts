import { renderReference } from "../mapping/parse-path.ts";
import type { Plan, PlanColumn, PlanTarget } from "../plan/plan.ts";
import { type ReadReference, columnReferences } from "../plan/references.ts";
import type { Dialect } from "./dialect.ts";
import { SLICE_COLUMNS, SLICE_TABLES } from "./slice-tables.ts";
import { type DocumentColumns, documentColumns } from "./write-documents.ts";
import type { RowCheck, WrittenColumns } from "./write-columns.ts";
import { lookupPointer } from "./join-lookups.ts";
import { type RawRows, writeDocumentFields, writeRawFields, writeRawRows, writeTarget } from "./write-target.ts";

/** Where the values of rows come from: a query over the tables of a slice, from the same parts as the shredding itself. */
export interface OriginsSql {
  /**
   * Query for the row of a condition over `$slot` and the positions (at most one row): `pointer` of the row's element; `texts` and `pointers`
   * of the JSON values read, in the order of `reads`; `source_fields`, in the order of the columns that are one; `lookups`, where each found its entry.
   */
  readonly query: (condition: string) => string;
  readonly reads: readonly ReadReference[];
  readonly sourceFields: readonly string[];
  /** Columns, quoted, that tell the rows of a slice apart: the slot first. */
  readonly positions: readonly string[];
}

/** Origins of the rows of a target: its own columns and lookups. */
export function writeTargetOrigins(plan: Plan, target: PlanTarget, dialect: Dialect): OriginsSql {
  const columns = documentColumns(plan);
  const places = target.lookups.flatMap((lookup) =>
    lookup.places.map((place): ReadReference => ({ reference: place.reference, kind: "text" })),
  );
  return writeOrigins(writeRawRows(plan, target, columns, dialect), target.columns, places, target, dialect);
}

/** Origins of the document's own columns. */
export function writeDocumentOrigins(plan: Plan, dialect: Dialect): OriginsSql {
  const columns: DocumentColumns = documentColumns(plan);
  const rows = writeRawFields(plan, `SELECT * FROM ${SLICE_TABLES.documents}`, columns, dialect);
  return writeOrigins(rows, plan.fields, [], { lookups: [] }, dialect);
}

function writeOrigins(
  { from, raw, positions }: RawRows,
  columns: readonly PlanColumn[],
  more: readonly ReadReference[],
  { lookups }: Pick<PlanTarget, "lookups">,
  dialect: Dialect,
): OriginsSql {
  const name = dialect.name.bind(dialect);
  const reads = [...new Map([...columns.flatMap(columnReferences), ...more].map((read) => [readName(read), read])).values()];
  const sources = columns.flatMap((column) => (column.value.kind === "source_field" ? [{ ...column, value: column.value }] : []));
  const found = (read: ReadReference): string => {
    const pointer = raw.pointer(read.reference);
    const { root } = read.reference;
    return root.kind === "lookup" ? `CASE WHEN ${name(lookupPointer(root.name))} IS NOT NULL THEN ${pointer} END` : pointer;
  };
  const texts = (values: readonly string[]): string =>
    values.length === 0 ? "NULL" : dialect.list(values.map((value) => `CAST(${value} AS VARCHAR)`));
  const selected = {
    pointer: raw.pointer({ root: { kind: "element" }, keys: [] }),
    texts: texts(reads.map(({ reference, kind }) => raw.leaf(reference, kind))),
    pointers: texts(reads.map(found)),
    source_fields: texts(sources.map((column) => raw.sourceField(column))),
    lookups: texts(lookups.map((lookup) => name(lookupPointer(lookup.name)))),
  };
  const list = Object.entries(selected).map(([part, sql]) => `${sql} AS ${name(part)}`);
  return {
    query: (condition) => `SELECT ${list.join(", ")} FROM ${from} WHERE ${condition}`,
    reads,
    sourceFields: sources.map((column) => column.name),
    positions: [name(SLICE_COLUMNS.slot), ...positions],
  };
}

/** The checks of single rows, and the query for those that strike in the row of a condition: `kind, rule, column, pointer, value`. */
export interface RowChecksSql {
  readonly checks: readonly RowCheck[];
  readonly query: (condition: string) => string;
}

export function writeTargetChecks(plan: Plan, target: PlanTarget, dialect: Dialect): RowChecksSql {
  return writeChecks(writeTarget(plan, target, documentColumns(plan), dialect), dialect);
}

/** The checks of the document's own columns, and that the containers of the targets are there. */
export function writeDocumentChecks(plan: Plan, dialect: Dialect): RowChecksSql {
  const rows = `SELECT * FROM ${SLICE_TABLES.documents}`;
  return writeChecks(writeDocumentFields(plan, rows, documentColumns(plan), dialect), dialect);
}

function writeChecks({ checks, details }: WrittenColumns, dialect: Dialect): RowChecksSql {
  const check = dialect.name("$check");
  const parts = ["kind", "rule", "column", "pointer", "value"].map((part) => `${dialect.member(check, part)} AS ${dialect.name(part)}`);
  return {
    checks,
    query: (condition) => `SELECT ${parts.join(", ")} FROM (${details}) WHERE ${check} IS NOT NULL AND ${condition}`,
  };
}

/** One name for each value read: its place and how it is read. */
export function readName({ reference, kind }: ReadReference): string {
  return `${kind} ${renderReference(reference)}`;
}
