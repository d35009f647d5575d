import { UserError } from "../../core/errors.ts";
import type { Connection } from "../../duckdb/connection.ts";
import { sqlText } from "../../sql/sql-value.ts";
import { duckdbDialect } from "../../sql/duckdb-dialect.ts";
import { LIVE, type Placement } from "./placement.ts";
import { knownTables } from "./state-schema.ts";

/** A store holds its tables as of one time, or (null) live: tables of two times never get among each other. */

/** Of a store that is being made. */
export async function recordStoreTime(connection: Connection, asOf: string | null, placement: Placement): Promise<void> {
  if (asOf !== null) await connection.run(`INSERT INTO ${placement.state("as_of")} VALUES (${duckdbDialect.text(asOf)})`);
}

/** Canonical; null where the attached store is live, as every store of an older version is. */
export async function readStoreTime(connection: Connection, placement: Placement = LIVE): Promise<string | null> {
  if (!(await knownTables(connection, placement)).has("as_of")) return null;
  const [row] = await connection.rows(`SELECT known_until FROM ${placement.state("as_of")}`);
  return row === undefined ? null : sqlText(row["known_until"]);
}

/** @throws UserError `store.as-of`: the store holds its tables as of another time. */
export async function requireStoreTime(connection: Connection, asOf: string | null, placement: Placement): Promise<void> {
  const held = await readStoreTime(connection, placement);
  if (held === asOf) return;
  const says = (time: string | null): string => (time === null ? "the tables as they are now" : `the tables as of ${time}`);
  throw new UserError({
    code: "store.as-of",
    message: "a store holds its tables as of one time, and this one as of another",
    expected: `a store of ${says(asOf)}, or a new one`,
    got: says(held),
    next: "name another file with --store duckdb:FILE; what a store with a time holds can be made again from raw at any time",
  });
}
