import type { LookupTable, Plan } from "../plan/plan.ts";
import type { Dialect } from "./dialect.ts";
import { access, elementOf, leafSql, leafType } from "./read-access.ts";
import { SLICE_COLUMNS, SLICE_TABLES, type TableStage, lookupTable, tableStage } from "./slice-tables.ts";
import { type DocumentColumns, containerOf, positionType } from "./write-documents.ts";

/** The column of the nth value of a lookup table. */
export function lookupLeafColumn(leaf: number): string {
  return `$v${String(leaf)}`;
}

export const ENTRY = "$entry";
/** Which of the table's containers the entry is of, from 0. */
export const CONTAINER = "$container";
/** No container before has an entry of that key. */
export const IS_FIRST = "$is_first";

/** The stages that lay out each lookup table: one row for each entry, with the values that rows read of it. */
export function writeLookupStages(plan: Plan, columns: DocumentColumns, dialect: Dialect): readonly TableStage[] {
  const name = dialect.name.bind(dialect);
  const [slot, container, entry, parsed] = [name(SLICE_COLUMNS.slot), name(CONTAINER), name(ENTRY), name("$parsed")];
  return plan.lookupTables.map((table, at) => {
    const each = table.by === "key" ? "values" : "items";
    const keep = [slot, container, ...keysBefore(table).map(name)];
    const entries = dialect.explode({
      from: `(SELECT ${[...keep, `${dialect.parse(name("$json"), table.read)} AS ${parsed}`].join(", ")} FROM (${writeContainers(table, columns, dialect)}))`,
      keep,
      container: parsed,
      each,
      element: name("$element"),
      position: entry,
    });
    const element = { sql: name("$element"), node: elementOf(table.read, { keys: [], each }) };
    const read = table.leaves.map((leaf, n) => ({
      kind: leaf.kind,
      found: access(element, leaf.keys, dialect),
      as: name(lookupLeafColumn(n)),
    }));
    const isFirst = keysBefore(table).map(
      (keys, n) => `(${container} <= ${String(n)} OR ${dialect.isMember(entry, name(keys))} IS NOT TRUE)`,
    );
    const types = [
      `${slot} ${dialect.columnType({ name: "INT" })}`,
      `${container} ${dialect.columnType({ name: "INT" })}`,
      `${name(IS_FIRST)} ${dialect.columnType({ name: "BOOLEAN" })}`,
      `${entry} ${positionType({ keys: [], each }, dialect)}`,
      ...read.map(({ kind, found, as }) => `${as} ${leafType(found, kind, dialect)}`),
    ];
    const leaves = read.map(({ kind, found, as }) => `${leafSql(found, kind, dialect)} AS ${as}`);
    const select = `SELECT ${[slot, container, isFirst.length === 0 ? "TRUE" : isFirst.join(" AND "), entry, ...leaves].join(", ")} FROM (${entries})`;
    const title = table.containers.map((keys) => ["document", ...keys].join(".")).join(", ");
    return tableStage(`lay out ${title}`, lookupTable(at), types, select);
  });
}

/** Columns with the keys of each container that has another behind it. */
function keysBefore({ containers }: LookupTable): readonly string[] {
  return containers.slice(1).map((_, at) => `$keys${String(at)}`);
}

/** A select with each container of a table as JSON text in a row of its own: one parser reads them all. */
function writeContainers(table: LookupTable, columns: DocumentColumns, dialect: Dialect): string {
  const name = dialect.name.bind(dialect);
  const slot = name(SLICE_COLUMNS.slot);
  const jsons = table.containers.map((keys) => containerOf(columns, keys, dialect));
  const [json, ...others] = jsons;
  if (json === undefined) throw new Error("a lookup table has no container");
  if (others.length === 0) return `SELECT ${slot}, 0 AS ${name(CONTAINER)}, ${json} AS ${name("$json")} FROM ${SLICE_TABLES.documents}`;
  const place = name("$place");
  const places = dialect.list(jsons.map((each, at) => dialect.record({ container: String(at), json: each })));
  const before = keysBefore(table).map(name);
  const keys = before.map((column, at) => `${dialect.keysOf(jsons[at] ?? "NULL")} AS ${column}`);
  const inner = `SELECT ${[slot, ...keys, `${dialect.eachOf(places)} AS ${place}`].join(", ")} FROM ${SLICE_TABLES.documents}`;
  return `SELECT ${[slot, ...before, `${dialect.member(place, "container")} AS ${name(CONTAINER)}`, `${dialect.member(place, "json")} AS ${name("$json")}`].join(", ")} FROM (${inner})`;
}
