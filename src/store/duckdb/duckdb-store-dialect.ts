import { type SqlRow, sqlText } from "../../sql/sql-value.ts";
import type { ColumnType } from "../../mapping/column-type.ts";
import { duckdbDialect } from "../../sql/duckdb-dialect.ts";
import { quoteName as name, quoteText as text } from "../../sql/quote.ts";
import type { TableSchema } from "../mapping-schema.ts";
import type { Placement, SqlRunner, StoreDialect } from "../store-dialect.ts";
import { STORE } from "./attach.ts";
import { STATE_SCHEMAS, SUFFIXES, storedName, tableName } from "./placement.ts";
import { writeChange } from "./write-changes.ts";

/** The embedded store: a DuckDB file, attached as `store`. */
export const duckdbStoreDialect: StoreDialect = {
  // The primary key is an index, and DuckDB drops no column that stands before an indexed one.
  limits: { keepsColumnsBeforeKey: true },
  textType: "VARCHAR",
  stateSchema: (placement) => STATE_SCHEMAS[placement],
  state: (placement, table) => `${STORE}.${STATE_SCHEMAS[placement]}.${table}`,
  table: tableName,
  storedName,
  writeSchema: (schema) => `CREATE SCHEMA IF NOT EXISTS ${STORE}.${name(schema)}`,
  writeTemporary: (table, columns) => `CREATE TEMP TABLE ${table} (${columns})`,
  // One process writes.
  writeLock: () => null,
  session: "NULL",
  writeEndSession: () => null,
  columnType: (type) => duckdbDialect.columnType(type),
  storedType: (type) => (type.name === "TIMESTAMPTZ" ? "TIMESTAMP WITH TIME ZONE" : duckdbDialect.columnType(type)),
  texts: (values) => `CAST([${values.map(text).join(", ")}] AS VARCHAR[])`,
  keyPart: (documentKey, at) => `json_extract_string(${documentKey}, '$[${String(at)}]')`,
  leafValue: (value, type) => duckdbDialect.castLeaf(text(value), type),
  keyText: (column, type) =>
    // Integers beyond 2^53 are texts in a key, so that they stay exact.
    type.name === "BIGINT" || type.name === "INT"
      ? `CASE WHEN abs(CAST(${column} AS HUGEINT)) <= 9007199254740991 THEN CAST(${column} AS VARCHAR) ELSE '"' || CAST(${column} AS VARCHAR) || '"' END`
      : `CAST(to_json(${column}) AS VARCHAR)`,
  canonical,
  // Foreign keys: DuckDB cannot delete parent and child in one transaction. Its other indexes cost memory and are of no use to scans.
  objectsOf: () => [],
  tablesIn: async (runner, schema) => {
    const rows = await runner.rows(
      `SELECT table_name AS name FROM duckdb_tables() WHERE database_name = ${text(STORE)} AND schema_name = ${text(schema)}`,
    );
    return new Set(rows.map((row) => sqlText(row["name"])));
  },
  readTables,
  writeChange,
  locksOf: () => null,
  // One process has the file.
  lockTables: () => Promise.resolve(),
  // A rename moves no row.
  writeSwap: (_runner, { wanted, live }) =>
    Promise.resolve([
      ...live.map((table) => `DROP TABLE ${tableName("live", table)}`),
      ...wanted.map((table) => `ALTER TABLE ${tableName("beside", table)} RENAME TO ${name(table.split(".")[1] ?? "")}`),
    ]),
  writeClearBeside: async (runner) => {
    const tables = await runner.rows(
      `SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = ${text(STORE)} AND ends_with(table_name, ${text(SUFFIXES.beside)})`,
    );
    const placed = tables.map((table) => `${STORE}.${name(sqlText(table["schema_name"]))}.${name(sqlText(table["table_name"]))}`);
    return [...placed.map((table) => `DROP TABLE ${table}`), `DROP SCHEMA ${STORE}.${STATE_SCHEMAS.beside} CASCADE`];
  },
};

function canonical(column: string, type: ColumnType): string {
  switch (type.name) {
    case "TIMESTAMPTZ":
      return `epoch_us(${column})`;
    case "NUMERIC":
      // DuckDB writes no zero before the point where all digits stand behind it.
      return `regexp_replace(CAST(${column} AS VARCHAR), '^(-?)[.]', '\\10.')`;
    case "DATE":
    case "JSONB":
      return `CAST(${column} AS VARCHAR)`;
    case "BIGINT":
    case "INT":
    case "VARCHAR":
    case "TEXT":
    case "BOOLEAN":
    case "DOUBLE":
      return column;
  }
}

async function readTables(runner: SqlRunner, placement: Placement, targets: readonly string[]): Promise<readonly TableSchema[]> {
  if (targets.length === 0) return [];
  const wanted = `database_name = ${text(STORE)} AND schema_name || '.' || table_name IN (${targets.map((target) => text(storedName(placement, target))).join(", ")})`;
  const named = "schema_name || '.' || table_name AS name";
  const tables = await runner.rows(`SELECT ${named}, comment FROM duckdb_tables() WHERE ${wanted}`);
  const columns = await runner.rows(
    `SELECT ${named}, column_name, data_type, comment FROM duckdb_columns() WHERE ${wanted} ORDER BY column_index`,
  );
  const keys = await runner.rows(
    `SELECT ${named}, constraint_column_names AS columns FROM duckdb_constraints() WHERE ${wanted} AND constraint_type = 'PRIMARY KEY'`,
  );
  const of = (rows: readonly SqlRow[], stored: string): readonly SqlRow[] => rows.filter((row) => row["name"] === stored);
  return targets.flatMap((target): readonly TableSchema[] => {
    const stored = storedName(placement, target);
    const [table] = of(tables, stored);
    if (table === undefined) return [];
    const key = of(keys, stored)[0]?.["columns"];
    return [
      {
        name: target,
        comment: commentOf(table),
        columns: of(columns, stored).map((row) => ({
          name: sqlText(row["column_name"]),
          type: sqlText(row["data_type"]),
          comment: commentOf(row),
        })),
        primaryKey: Array.isArray(key) ? key.map(String) : [],
        objects: [],
      },
    ];
  });
}

function commentOf(row: SqlRow): string | null {
  const comment = row["comment"];
  return typeof comment === "string" ? comment : null;
}
