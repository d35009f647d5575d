import { UserError } from "../core/errors.ts";
import type { OpenStore } from "./open-store.ts";
import { sqlText } from "../sql/sql-value.ts";
import { quoteText as text } from "../sql/quote.ts";
import { knownTables } from "./state-schema.ts";

/** A store holds its tables as of one time, or (null) live: tables of two times never get among each other. */

/** Of a store that is being made. */
export async function recordStoreTime(store: OpenStore, asOf: string | null): Promise<void> {
  if (asOf !== null) await store.run(`INSERT INTO ${store.state("as_of")} VALUES (${text(asOf)})`);
}

/** Canonical; null where the attached store is live, as every store of an older version is. */
export async function readStoreTime(store: OpenStore): Promise<string | null> {
  if (!(await knownTables(store)).has("as_of")) return null;
  const [row] = await store.rows(`SELECT known_until FROM ${store.state("as_of")}`);
  return row === undefined ? null : sqlText(row["known_until"]);
}

/** @throws UserError `store.as-of`: the store holds its tables as of another time. */
export async function requireStoreTime(store: OpenStore, asOf: string | null): Promise<void> {
  const held = await readStoreTime(store);
  if (held === asOf) return;
  const says = (time: string | null): string => (time === null ? "the tables as they are now" : `the tables as of ${time}`);
  throw new UserError({
    code: "store.as-of",
    message: "a store holds its tables as of one time, and this one as of another",
    expected: `a store of ${says(asOf)}, or a new one`,
    got: says(held),
    next: "name another store with --store; what a store with a time holds can be made again from raw at any time",
  });
}
