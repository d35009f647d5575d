import type { Plan } from "../plan/plan.ts";
import type { Dialect } from "./dialect.ts";
import { access, elementOf, leafSql } from "./read-access.ts";
import { SLICE_COLUMNS, SLICE_TABLES, type Stage, lookupTable } from "./slice-tables.ts";
import { type DocumentColumns, containerOf } from "./write-documents.ts";

/** The column of the nth value of a lookup table. */
export function lookupLeafColumn(leaf: number): string {
  return `$v${String(leaf)}`;
}

export const ENTRY = "$entry";

/** The stages that lay out each lookup table: one row for each entry, with the values that rows read of it. */
export function writeLookupStages(plan: Plan, columns: DocumentColumns, dialect: Dialect): readonly Stage[] {
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
    const leaves = table.leaves.map(
      (leaf, n) => `${leafSql(access(element, leaf.keys, dialect), leaf.kind, dialect)} AS ${dialect.name(lookupLeafColumn(n))}`,
    );
    return {
      name: `lay out ${["document", ...table.keys].join(".")}`,
      sql: `CREATE TEMP TABLE ${lookupTable(at)} AS SELECT ${[slot, dialect.name(ENTRY), ...leaves].join(", ")} FROM (${entries})`,
    };
  });
}
