import { EXIT, OutsideError, UserError } from "../../core/errors.ts";
import type { Connection } from "../../duckdb/connection.ts";
import { sqlText } from "../../sql/sql-value.ts";
import { duckdbDialect } from "../../sql/duckdb-dialect.ts";
import { STORE } from "./attach.ts";
import { LIVE, type Placement } from "./placement.ts";
import { STATE_TABLES, STATE_VERSION } from "./state-tables.ts";

const text = duckdbDialect.text.bind(duckdbDialect);

/** @throws OutsideError `store.foreign`: the attached file is a database, but none of this platform. */
export async function requireState(connection: Connection): Promise<void> {
  if (await hasState(connection, LIVE)) return;
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

export async function hasState(connection: Connection, placement: Placement): Promise<boolean> {
  return (await knownTables(connection, placement)).has("store");
}

/** The state tables that the store has: one of an older version, which is only read, lacks some. */
export async function knownTables(connection: Connection, placement: Placement): Promise<ReadonlySet<string>> {
  const rows = await connection.rows(
    `SELECT table_name AS name FROM duckdb_tables() WHERE database_name = ${text(STORE)} AND schema_name = ${text(placement.stateSchema)}`,
  );
  return new Set(rows.map((row) => sqlText(row["name"])));
}

/**
 * Makes the state tables, or those that a store of an older version lacks; gives whether there were none. Inside a transaction.
 * @throws UserError `store.version`: a newer program wrote the store.
 */
export async function prepareState(connection: Connection, placement: Placement): Promise<boolean> {
  const known = await knownTables(connection, placement);
  if (known.has("store")) {
    const version = (await connection.rows(`SELECT version FROM ${placement.state("store")}`))[0]?.["version"];
    if (Number(version) === STATE_VERSION) return false;
    if (!(Number(version) < STATE_VERSION)) throw newerStore(sqlText(version));
  }
  await connection.run(`CREATE SCHEMA IF NOT EXISTS ${STORE}.${placement.stateSchema}`);
  for (const table of STATE_TABLES.filter(({ name }) => !known.has(name))) {
    await connection.run(`CREATE TABLE ${placement.state(table.name)} (${table.columns})`);
    await connection.run(`COMMENT ON TABLE ${placement.state(table.name)} IS ${text(table.comment)}`);
  }
  await connection.run(
    known.has("store")
      ? `UPDATE ${placement.state("store")} SET version = ${String(STATE_VERSION)}`
      : `INSERT INTO ${placement.state("store")} VALUES (${String(STATE_VERSION)})`,
  );
  return !known.has("store");
}

function newerStore(version: string): UserError {
  return new UserError({
    code: "store.version",
    message: "the store was written by another version of this program",
    expected: `state tables of version ${String(STATE_VERSION)} or older`,
    got: version,
    next: "use that version, or a new store: --store duckdb:FILE",
  });
}
