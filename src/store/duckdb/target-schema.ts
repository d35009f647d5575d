import { EXIT, OutsideError, UserError } from "../../core/errors.ts";
import { renderColumnType } from "../../mapping/column-type.ts";
import type { Mapping, Target } from "../../mapping/mapping.ts";
import type { Connection } from "../../duckdb/connection.ts";
import { duckdbDialect } from "../../sql/duckdb-dialect.ts";
import { STORE } from "./attach.ts";
import { STATE_SCHEMA, STATE_TABLES, STATE_VERSION, knownStateTables } from "./state-tables.ts";
import { recordStoreTime, requireStoreTime } from "./store-time.ts";
import { sqlText } from "../../duckdb/sql-value.ts";

/** Columns that every row carries last: the capture that last changed it. */
export const LINEAGE_COLUMNS = [
  { name: "source_version", type: "VARCHAR", comment: "Version in the body of the capture that last changed this row" },
  { name: "source_captured_at", type: "TIMESTAMPTZ", comment: "Time of the capture that last changed this row" },
  { name: "source_raw_id", type: "BIGINT", comment: "Id of that capture in its raw table" },
  { name: "transformed_at", type: "TIMESTAMPTZ", comment: "When that was written" },
] as const;

const name = duckdbDialect.name.bind(duckdbDialect);
const text = duckdbDialect.text.bind(duckdbDialect);

/** A table of the attached store, quoted. */
export function storeTable(table: string): string {
  return [STORE, ...table.split(".")].map(name).join(".");
}

export function stateTable(table: string): string {
  return `${STORE}.${STATE_SCHEMA}.${table}`;
}

interface StoredColumn {
  readonly name: string;
  readonly type: string;
}

/**
 * Makes what a mapping needs: state tables, schemas, tables with keys and comments; adds columns that are new in the mapping.
 * @throws UserError `schema.not-additive`: a column was removed or has another type, or the primary key changed; nothing is changed then.
 * `store.as-of`: the store holds the tables as of another time, or live.
 */
export async function prepareSchema(connection: Connection, mapping: Mapping, asOf: string | null): Promise<void> {
  await prepareState(connection, asOf);
  await checkOwners(connection, mapping);
  const differences: string[] = [];
  const statements: string[] = [];
  for (const target of mapping.targets) {
    const stored = await storedColumns(connection, target.name);
    if (stored.length === 0) statements.push(...createTable(target));
    else {
      const key = await storedKey(connection, target.name);
      differences.push(...differencesOf(target, stored, key));
      statements.push(...addColumns(target, stored));
    }
  }
  if (differences.length > 0) throw notAdditive(mapping, differences);
  await connection.transaction(async () => {
    for (const statement of statements) await connection.run(statement);
    for (const target of mapping.targets) {
      await connection.run(`INSERT OR IGNORE INTO ${stateTable("targets")} VALUES (${text(target.name)}, ${text(mapping.name)})`);
    }
  });
}

/** Rows of a table belong to the documents of one mapping: under another name they would be nobody's. */
async function checkOwners(connection: Connection, mapping: Mapping): Promise<void> {
  const tables = mapping.targets.map((target) => text(target.name)).join(", ");
  const [other] = await connection.rows(
    `SELECT table_name, mapping FROM ${stateTable("targets")} WHERE table_name IN (${tables}) AND mapping <> ${text(mapping.name)} LIMIT 1`,
  );
  if (other === undefined) return;
  throw new UserError({
    code: "schema.other-mapping",
    message: `the table ${sqlText(other["table_name"])} of this store is filled by another mapping`,
    expected: sqlText(other["mapping"]),
    got: mapping.name,
    next: "give the mapping file its old name back, or load a new store from raw (--store duckdb:FILE)",
  });
}

/** @throws OutsideError `store.foreign`: the attached file is a database, but none of this platform. */
export async function requireState(connection: Connection): Promise<void> {
  if (await hasState(connection)) return;
  throw new OutsideError(
    {
      code: "store.foreign",
      message: "the store holds no state tables: it is another database, or was never written",
      next: "write one first: mlb-etl transform … --save, or name another one with --store",
    },
    EXIT.storeUnreachable,
    false,
  );
}

async function hasState(connection: Connection): Promise<boolean> {
  return (await knownStateTables(connection)).has("store");
}

async function prepareState(connection: Connection, asOf: string | null): Promise<void> {
  await connection.transaction(async () => {
    if (!(await hasState(connection))) await createState(connection, asOf);
    const version = (await connection.rows(`SELECT version FROM ${stateTable("store")}`))[0]?.["version"];
    if (Number(version) !== STATE_VERSION) {
      throw new UserError({
        code: "store.version",
        message: "the store was written by another version of this program",
        expected: `state tables of version ${String(STATE_VERSION)}`,
        got: sqlText(version),
        next: "use that version, or a new store: --store duckdb:FILE",
      });
    }
    await requireStoreTime(connection, asOf);
  });
}

async function createState(connection: Connection, asOf: string | null): Promise<void> {
  await connection.run(`CREATE SCHEMA IF NOT EXISTS ${STORE}.${STATE_SCHEMA}`);
  for (const table of STATE_TABLES) {
    await connection.run(`CREATE TABLE ${stateTable(table.name)} (${table.columns})`);
    await connection.run(`COMMENT ON TABLE ${stateTable(table.name)} IS ${text(table.comment)}`);
  }
  await connection.run(`INSERT INTO ${stateTable("store")} VALUES (${String(STATE_VERSION)})`);
  await recordStoreTime(connection, asOf);
}

async function storedColumns(connection: Connection, table: string): Promise<readonly StoredColumn[]> {
  const [schema = "", bare = ""] = table.split(".");
  const rows = await connection.rows(
    `SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = ${text(STORE)} AND schema_name = ${text(schema)} AND table_name = ${text(bare)} ORDER BY column_index`,
  );
  return rows.map((row) => ({ name: sqlText(row["column_name"]), type: sqlText(row["data_type"]) }));
}

async function storedKey(connection: Connection, table: string): Promise<readonly string[]> {
  const [schema = "", bare = ""] = table.split(".");
  const rows = await connection.rows(
    `SELECT constraint_column_names AS names FROM duckdb_constraints() WHERE database_name = ${text(STORE)} AND schema_name = ${text(schema)} AND table_name = ${text(bare)} AND constraint_type = 'PRIMARY KEY'`,
  );
  const names = rows[0]?.["names"];
  return Array.isArray(names) ? names.map(String) : [];
}

const STORED_TYPES: Readonly<Record<string, string>> = { TIMESTAMPTZ: "TIMESTAMP WITH TIME ZONE" };

function storedType(type: string): string {
  return STORED_TYPES[type] ?? type;
}

function wantedColumns(target: Target): readonly StoredColumn[] {
  return [
    ...target.fields.map((field) => ({ name: field.name, type: duckdbDialect.columnType(field.type) })),
    ...LINEAGE_COLUMNS.map((column) => ({ name: column.name, type: column.type })),
  ];
}

function differencesOf(target: Target, stored: readonly StoredColumn[], key: readonly string[]): readonly string[] {
  const wanted = new Map(wantedColumns(target).map((column) => [column.name, column.type]));
  const differences = stored.flatMap((column) => {
    const type = wanted.get(column.name);
    if (type === undefined) return [`${target.name}.${column.name} is in the store, not in the mapping`];
    return storedType(type) === column.type ? [] : [`${target.name}.${column.name} is ${column.type} in the store, ${type} in the mapping`];
  });
  if (key.join(", ") !== target.primaryKey.join(", "))
    differences.push(
      `the primary key of ${target.name} is (${key.join(", ")}) in the store, (${target.primaryKey.join(", ")}) in the mapping`,
    );
  return differences;
}

function notAdditive(mapping: Mapping, differences: readonly string[]): UserError {
  return new UserError({
    code: "schema.not-additive",
    message: `the store does not fit the mapping ${mapping.name}, and only added columns and tables are migrated`,
    got: differences.join("\n            "),
    next: "load a new store from raw (--store duckdb:FILE), or take the change back",
  });
}

/** NOT NULL is the gate's: in the table it would only stand in the way of a mapping that relaxes it. */
function createTable(target: Target): readonly string[] {
  const schema = target.name.split(".")[0] ?? "";
  const columns = [
    ...target.fields.map((field) => `${name(field.name)} ${duckdbDialect.columnType(field.type)}`),
    ...LINEAGE_COLUMNS.map((column) => `${name(column.name)} ${column.type}`),
    `PRIMARY KEY (${target.primaryKey.map(name).join(", ")})`,
  ];
  return [
    `CREATE SCHEMA IF NOT EXISTS ${STORE}.${name(schema)}`,
    `CREATE TABLE ${storeTable(target.name)} (${columns.join(", ")})`,
    `COMMENT ON TABLE ${storeTable(target.name)} IS ${text(target.description)}`,
    ...target.fields.map(
      (field) =>
        `COMMENT ON COLUMN ${storeTable(target.name)}.${name(field.name)} IS ${text(`${field.description} (${renderColumnType(field.type)})`)}`,
    ),
    ...LINEAGE_COLUMNS.map((column) => `COMMENT ON COLUMN ${storeTable(target.name)}.${name(column.name)} IS ${text(column.comment)}`),
  ];
}

/** New columns are nullable in the table: rows of before have none. The gate keeps NOT NULL for what is written from here on. */
function addColumns(target: Target, stored: readonly StoredColumn[]): readonly string[] {
  const known = new Set(stored.map((column) => column.name));
  return target.fields.flatMap((field) =>
    known.has(field.name)
      ? []
      : [
          `ALTER TABLE ${storeTable(target.name)} ADD COLUMN ${name(field.name)} ${duckdbDialect.columnType(field.type)}`,
          `COMMENT ON COLUMN ${storeTable(target.name)}.${name(field.name)} IS ${text(`${field.description} (${renderColumnType(field.type)})`)}`,
        ],
  );
}
