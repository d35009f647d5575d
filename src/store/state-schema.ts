import { EXIT, OutsideError, UserError } from "../core/errors.ts";
import type { OpenStore } from "./open-store.ts";
import { sqlText } from "../sql/sql-value.ts";
import { quoteText as text } from "../sql/quote.ts";
import { STATE_TABLES, STATE_VERSION, writeStateColumns } from "./state-tables.ts";

/** @throws OutsideError `store.foreign`: the store is a database, but none of this platform. */
export async function requireState(store: OpenStore): Promise<void> {
  if (await hasState(store)) return;
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

export async function hasState(store: OpenStore): Promise<boolean> {
  return (await knownTables(store)).has("store");
}

/** The state tables that the store has: one of an older version, which is only read, lacks some. */
export function knownTables(store: OpenStore): Promise<ReadonlySet<string>> {
  return store.tablesIn(store.stateSchema);
}

/**
 * Makes the state tables, or those that a store of an older version lacks; gives whether there were none. Inside a transaction.
 * @throws UserError `store.version`: a newer program wrote the store.
 */
export async function prepareState(store: OpenStore): Promise<boolean> {
  await store.lock("state");
  const known = await knownTables(store);
  if (known.has("store")) {
    const version = (await store.rows(`SELECT version FROM ${store.state("store")}`))[0]?.["version"];
    if (Number(version) === STATE_VERSION) return false;
    if (!(Number(version) < STATE_VERSION)) throw newerStore(sqlText(version));
  }
  await store.run(store.dialect.writeSchema(store.stateSchema));
  for (const table of STATE_TABLES.filter(({ name }) => !known.has(name))) {
    await store.run(`CREATE TABLE ${store.state(table.name)} (${writeStateColumns(table, store.dialect.textType)})`);
    await store.run(`COMMENT ON TABLE ${store.state(table.name)} IS ${text(table.comment)}`);
  }
  await store.run(
    known.has("store")
      ? `UPDATE ${store.state("store")} SET version = ${String(STATE_VERSION)}`
      : `INSERT INTO ${store.state("store")} VALUES (${String(STATE_VERSION)})`,
  );
  return !known.has("store");
}

function newerStore(version: string): UserError {
  return new UserError({
    code: "store.version",
    message: "the store was written by another version of this program",
    expected: `state tables of version ${String(STATE_VERSION)} or older`,
    got: version,
    next: "use that version, or a new store: --store names it",
  });
}
