import type { Plan } from "../plan/plan.ts";
import type { Dialect } from "./dialect.ts";
import { access, elementOf, leafSql, leafType } from "./read-access.ts";
import { SLICE_COLUMNS, SLICE_TABLES, type TableStage, lookupTable, tableStage } from "./slice-tables.ts";
import { type DocumentColumns, containerOf, positionType } from "./write-documents.ts";

/** The column of the nth value of a lookup table. */
export function lookupLeafColumn(leaf: number): string {
  return `$v${String(leaf)}`;
}

export const ENTRY = "$entry";

/** The stages that lay out each lookup table: one row for each entry, with the values that rows read of it. */
export function writeLookupStages(plan: Plan, columns: DocumentColumns, dialect: Dialect): readonly TableStage[] {
  const slot = dialect.name(SLICE_COLUMNS.slot);
  return plan.lookupTables.map((table, at) => {
    const each = table.by === "key" ? "values" : "items";
    const entries = dialect.explode({
      from: `(SELECT ${slot}, ${dialect.parse(containerOf(columns, table.keys, dialect), table.read)} AS ${dialect.name("$container")} FROM ${SLICE_TABLES.documents})`,
      keep: [slot],
      container: dialect.name("$container"),
      each,
      element: dialect.name("$element"),
      position: dialect.name(ENTRY),
    });
    const element = { sql: dialect.name("$element"), node: elementOf(table.read, { keys: [], each }) };
    const read = table.leaves.map((leaf, n) => ({
      kind: leaf.kind,
      found: access(element, leaf.keys, dialect),
      as: dialect.name(lookupLeafColumn(n)),
    }));
    const leaves = read.map(({ kind, found, as }) => `${leafSql(found, kind, dialect)} AS ${as}`);
    const types = [
      `${slot} ${dialect.columnType({ name: "INT" })}`,
      `${dialect.name(ENTRY)} ${positionType({ keys: [], each }, dialect)}`,
      ...read.map(({ kind, found, as }) => `${as} ${leafType(found, kind, dialect)}`),
    ];
    const select = `SELECT ${[slot, dialect.name(ENTRY), ...leaves].join(", ")} FROM (${entries})`;
    return tableStage(`lay out ${["document", ...table.keys].join(".")}`, lookupTable(at), types, select);
  });
}
