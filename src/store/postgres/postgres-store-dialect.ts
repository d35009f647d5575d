import type { ColumnType } from "../../mapping/column-type.ts";
import { quoteName as name, quoteText as text } from "../../sql/quote.ts";
import { sqlText } from "../../sql/sql-value.ts";
import type { StoreDialect } from "../store-dialect.ts";
import { lockTables } from "./lock-tables.ts";
import { BESIDE_SCHEMAS, STATE_SCHEMAS, storedName, tableName } from "./placement.ts";
import { readTables } from "./read-tables.ts";
import { locksOf, writeChange } from "./write-changes.ts";
import { objectsOf } from "./write-objects.ts";
import { writeSwap } from "./write-swap.ts";

/** A PostgreSQL database. */
export const postgresStoreDialect: StoreDialect = {
  limits: { keepsColumnsBeforeKey: false },
  // The order of a database's own collation is not that of code points.
  textType: 'TEXT COLLATE "C"',
  stateSchema: (placement) => STATE_SCHEMAS[placement],
  state: (placement, table) => `${STATE_SCHEMAS[placement]}.${table}`,
  table: tableName,
  storedName,
  writeSchema: (schema) => `CREATE SCHEMA IF NOT EXISTS ${name(schema)}`,
  // Nobody vacuums the tables of a session, which may live for weeks.
  writeTemporary: (table, columns) => `CREATE TEMP TABLE ${table} (${columns}) ON COMMIT DELETE ROWS`,
  // One lock for each thing, taken before any row's: whoever waits for it holds nothing that its holder wants.
  writeLock: (what) => `SELECT pg_advisory_xact_lock(hashtextextended(${text(what)}, 0))`,
  // A number is used again: with the time of its beginning it is one session's.
  session: "(SELECT pid || ' ' || backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid())",
  writeEndSession: (session) =>
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND pid || ' ' || backend_start = ${text(session)}`,
  columnType,
  storedType: columnType,
  texts: (values) => (values.length === 0 ? "CAST('{}' AS TEXT[])" : `CAST(ARRAY[${values.map(text).join(", ")}] AS TEXT[])`),
  keyPart: (documentKey, at) => `(CAST(${documentKey} AS JSONB) ->> ${String(at)})`,
  // An integer may be written with an exponent.
  leafValue: (value, type) =>
    type.name === "BIGINT" || type.name === "INT"
      ? `CAST(CAST(${text(value)} AS NUMERIC) AS ${columnType(type)})`
      : `CAST(${text(value)} AS ${columnType(type)})`,
  keyText: (column, type) =>
    // Integers beyond 2^53 are texts in a key, so that they stay exact.
    type.name === "BIGINT" || type.name === "INT"
      ? `CASE WHEN abs(CAST(${column} AS NUMERIC)) <= 9007199254740991 THEN CAST(${column} AS TEXT) ELSE '"' || CAST(${column} AS TEXT) || '"' END`
      : `CAST(to_json(${column}) AS TEXT)`,
  canonical: (column, type) => {
    switch (type.name) {
      case "TIMESTAMPTZ":
        // Exact: extract gives a NUMERIC.
        return `CAST(extract(epoch FROM ${column}) * 1000000 AS BIGINT)`;
      case "DATE":
      case "JSONB":
      case "NUMERIC":
        return `CAST(${column} AS TEXT)`;
      case "BIGINT":
      case "INT":
      case "VARCHAR":
      case "TEXT":
      case "BOOLEAN":
      case "DOUBLE":
        return column;
    }
  },
  objectsOf,
  tablesIn: async (runner, schema) => {
    const rows = await runner.rows(
      `SELECT c.relname::text AS name FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ${text(schema)} AND c.relkind IN ('r', 'p')`,
    );
    return new Set(rows.map((row) => sqlText(row["name"])));
  },
  readTables,
  writeChange,
  locksOf,
  lockTables,
  writeSwap,
  writeClearBeside: async (runner) => {
    const schemas = await runner.rows(
      `SELECT nspname::text AS name FROM pg_catalog.pg_namespace WHERE nspname LIKE ${text(BESIDE_SCHEMAS)} ORDER BY nspname`,
    );
    return [...schemas.map((row) => sqlText(row["name"])), STATE_SCHEMAS.beside].map((schema) => `DROP SCHEMA ${name(schema)} CASCADE`);
  },
};

function columnType(type: ColumnType): string {
  switch (type.name) {
    case "VARCHAR":
      return `character varying(${String(type.length)})`;
    case "NUMERIC":
      return `numeric(${String(type.precision)},${String(type.scale)})`;
    case "INT":
      return "integer";
    case "TIMESTAMPTZ":
      return "timestamp with time zone";
    case "DOUBLE":
      return "double precision";
    case "BIGINT":
    case "TEXT":
    case "BOOLEAN":
    case "DATE":
    case "JSONB":
      return type.name.toLowerCase();
  }
}
