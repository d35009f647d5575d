import { type SqlRow, sqlText } from "../../sql/sql-value.ts";
import { quoteText as text } from "../../sql/quote.ts";
import type { TableObject, TableSchema } from "../mapping-schema.ts";
import type { Placement, SqlRunner } from "../store-dialect.ts";
import { storedName } from "./placement.ts";

const TABLE = "n.nspname || '.' || c.relname";
const FROM = "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace";

/** Those of the targets' tables that are there, as the catalog has them. */
export async function readTables(runner: SqlRunner, placement: Placement, targets: readonly string[]): Promise<readonly TableSchema[]> {
  if (targets.length === 0) return [];
  const names = new Map(targets.map((target) => [storedName(placement, target), target]));
  const wanted = `c.relkind IN ('r', 'p') AND ${TABLE} IN (${[...names.keys()].map(text).join(", ")})`;
  const tables = await runner.rows(
    `SELECT ${TABLE} AS name, obj_description(c.oid, 'pg_class') AS comment, ` +
      `(SELECT array_agg(a.attname::text ORDER BY k.place) FROM pg_catalog.pg_constraint p, unnest(p.conkey) WITH ORDINALITY AS k(number, place) JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number WHERE p.conrelid = c.oid AND p.contype = 'p') AS key ` +
      `${FROM} WHERE ${wanted}`,
  );
  const columns = await runner.rows(
    `SELECT ${TABLE} AS name, a.attname::text AS column_name, format_type(a.atttypid, a.atttypmod) AS type, col_description(c.oid, a.attnum) AS comment ` +
      `${FROM} JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped WHERE ${wanted} ORDER BY a.attnum`,
  );
  const objects = await readObjects(runner, placement, wanted);
  const of = (rows: readonly SqlRow[], stored: string): readonly SqlRow[] => rows.filter((row) => row["name"] === stored);
  return [...names].flatMap(([stored, target]): readonly TableSchema[] => {
    const [table] = of(tables, stored);
    if (table === undefined) return [];
    return [
      {
        name: target,
        comment: nullable(table["comment"]),
        columns: of(columns, stored).map((row) => ({
          name: sqlText(row["column_name"]),
          type: sqlText(row["type"]),
          comment: nullable(row["comment"]),
        })),
        primaryKey: texts(table["key"]),
        objects: of(objects, stored).map(objectOf),
      },
    ];
  });
}

/** Indexes that no constraint made, foreign keys, checks. An index that is not valid is not there; a constraint that is not holds for what is written. */
async function readObjects(runner: SqlRunner, placement: Placement, wanted: string): Promise<readonly SqlRow[]> {
  const namesOf = (table: string, numbers: string): string =>
    `(SELECT array_agg(a.attname::text ORDER BY k.place) FROM unnest(${numbers}) WITH ORDINALITY AS k(number, place) JOIN pg_catalog.pg_attribute a ON a.attrelid = ${table} AND a.attnum = k.number)`;
  const indexes = await runner.rows(
    `SELECT ${TABLE} AS name, 'index' AS kind, i.relname::text AS object, ${namesOf("c.oid", "x.indkey::int2[]")} AS columns, m.amname::text AS method, x.indisunique AS is_unique ` +
      `${FROM} JOIN pg_catalog.pg_index x ON x.indrelid = c.oid AND x.indisvalid JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid JOIN pg_catalog.pg_am m ON m.oid = i.relam ` +
      `WHERE ${wanted} AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint p WHERE p.conindid = i.oid AND p.contype IN ('p', 'u', 'x')) ORDER BY i.relname`,
  );
  const constraints = await runner.rows(
    `SELECT ${TABLE} AS name, p.contype::text AS kind, p.conname::text AS object, ${namesOf("c.oid", "p.conkey")} AS columns, ` +
      `(SELECT tn.nspname || '.' || t.relname FROM pg_catalog.pg_class t JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace WHERE t.oid = p.confrelid) AS to_table, ${namesOf("p.confrelid", "p.confkey")} AS to_columns, ` +
      `pg_get_constraintdef(p.oid) AS condition ${FROM} JOIN pg_catalog.pg_constraint p ON p.conrelid = c.oid AND p.contype IN ('f', 'c') WHERE ${wanted} ORDER BY p.conname`,
  );
  const live = (table: string): string => (placement === "live" ? table : table.replace("$rebuild.", "."));
  return [
    ...indexes,
    ...constraints.map((row) => ({ ...row, to_table: row["to_table"] === null ? null : live(sqlText(row["to_table"])) })),
  ];
}

function objectOf(row: SqlRow): TableObject {
  const name = sqlText(row["object"]);
  const columns = texts(row["columns"]);
  const kind = row["kind"];
  if (kind === "index") return { kind, name, columns, method: sqlText(row["method"]), unique: row["is_unique"] === true };
  if (kind === "f") return { kind: "foreign_key", name, columns, toTable: sqlText(row["to_table"]), toColumns: texts(row["to_columns"]) };
  return { kind: "check", name, condition: sqlText(row["condition"]) };
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function nullable(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
