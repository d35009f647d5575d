import type { Connection } from "../../duckdb/connection.ts";
import { type SqlRow, sqlText } from "../../sql/sql-value.ts";
import type { ColumnType } from "../../mapping/column-type.ts";
import type { Mapping } from "../../mapping/mapping.ts";
import { duckdbDialect } from "../../sql/duckdb-dialect.ts";
import { type MappingSchema, type TableSchema, schemaOf } from "../mapping-schema.ts";
import type { StoreLimits, StoredSchema } from "../schema-changes.ts";
import { STORE } from "./attach.ts";
import { lastMigration } from "./migrations.ts";
import type { Placement } from "./placement.ts";
import { knownTables } from "./state-schema.ts";

const text = duckdbDialect.text.bind(duckdbDialect);

/** The primary key is an index, and DuckDB drops no column that stands before an indexed one. */
export const DUCKDB_LIMITS: StoreLimits = { keepsColumnsBeforeKey: true };

/** A type as DuckDB's catalog spells it. */
function storedType(type: ColumnType): string {
  return type.name === "TIMESTAMPTZ" ? "TIMESTAMP WITH TIME ZONE" : duckdbDialect.columnType(type);
}

/** What a mapping wants of an embedded store. */
export function wantedSchema(mapping: Mapping): MappingSchema {
  return schemaOf(mapping, storedType);
}

/** What the attached store has of a mapping: the tables that it wants and those that it filled before. A store without state has nothing of it. */
export async function storedSchema(connection: Connection, mapping: Mapping, placement: Placement): Promise<StoredSchema> {
  const owned = await ownedTables(connection, mapping, placement);
  const names = [...new Set([...mapping.targets.map(({ name }) => name), ...owned])];
  const last = await lastMigration(connection, mapping.name, placement);
  return { documents: last?.schema.documents ?? null, tables: await readTables(connection, names, placement) };
}

/** Tables that the store says the mapping fills. */
export async function ownedTables(connection: Connection, mapping: Mapping, placement: Placement): Promise<readonly string[]> {
  if (!(await knownTables(connection, placement)).has("targets")) return [];
  const rows = await connection.rows(
    `SELECT table_name FROM ${placement.state("targets")} WHERE mapping = ${text(mapping.name)} ORDER BY table_name`,
  );
  return rows.map((row) => sqlText(row["table_name"]));
}

/** Those of the tables that are there. */
export async function readTables(
  connection: Connection,
  targets: readonly string[],
  placement: Placement,
): Promise<readonly TableSchema[]> {
  if (targets.length === 0) return [];
  const wanted = `database_name = ${text(STORE)} AND schema_name || '.' || table_name IN (${targets.map((target) => text(placement.storedName(target))).join(", ")})`;
  const name = "schema_name || '.' || table_name AS name";
  const tables = await connection.rows(`SELECT ${name}, comment FROM duckdb_tables() WHERE ${wanted}`);
  const columns = await connection.rows(
    `SELECT ${name}, column_name, data_type, comment FROM duckdb_columns() WHERE ${wanted} ORDER BY column_index`,
  );
  const keys = await connection.rows(
    `SELECT ${name}, constraint_column_names AS columns FROM duckdb_constraints() WHERE ${wanted} AND constraint_type = 'PRIMARY KEY'`,
  );
  const of = (rows: readonly SqlRow[], stored: string): readonly SqlRow[] => rows.filter((row) => row["name"] === stored);
  return targets.flatMap((target): readonly TableSchema[] => {
    const stored = placement.storedName(target);
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
      },
    ];
  });
}

function commentOf(row: SqlRow): string | null {
  const comment = row["comment"];
  return typeof comment === "string" ? comment : null;
}
