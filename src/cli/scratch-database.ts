import { randomUUID } from "node:crypto";
import { UserError } from "../core/errors.ts";
import { Postgres, type PostgresOptions } from "../postgres/postgres.ts";
import type { Session } from "../postgres/session.ts";
import { quoteName, quoteText as text } from "../sql/quote.ts";
import { sqlText } from "../sql/sql-value.ts";
import { HeldSession } from "../store/postgres/held-session.ts";

/** A database of its own. It is dropped when it is disposed of. */
export interface ScratchDatabase extends AsyncDisposable {
  readonly url: string;
}

/**
 * Makes a database beside another one. A session there holds a lock of its name for as long as it is used: those that nobody holds
 * a lock of were left by processes that were killed, and are dropped.
 * @param from the URL of one that it is a copy of
 * @throws UserError `scratch.no-right`
 */
export async function makeDatabase(beside: PostgresOptions, from: string | null = null): Promise<ScratchDatabase> {
  const postgres = await Postgres.open(beside);
  const held = await HeldSession.take(postgres);
  const leave = async (failure: Error | null = null): Promise<void> => {
    await held.letGo(failure);
    await postgres[Symbol.asyncDispose]();
  };
  try {
    const { session } = held;
    await requireRight(session);
    // Locks are of a database: who is connected to another one would not see that this one's are held.
    const prefix = `mlb_verify_${await databaseNumber(session)}_`;
    await dropLeft(session, prefix);
    const name = `${prefix}${randomUUID().replaceAll("-", "")}`;
    await tryLock(session, name);
    await session.run(`CREATE DATABASE ${name}${from === null ? "" : ` TEMPLATE ${quoteName(new URL(from).pathname.slice(1))}`}`);
    const url = new URL(beside.url);
    url.pathname = `/${name}`;
    return {
      url: url.href,
      async [Symbol.asyncDispose]() {
        try {
          await session.run(`DROP DATABASE ${name} WITH (FORCE)`);
        } finally {
          await leave();
        }
      },
    };
  } catch (error) {
    await leave(error instanceof Error ? error : new Error("unknown"));
    throw error;
  }
}

async function requireRight(session: Session): Promise<void> {
  const [role] = await session.rows("SELECT rolcreatedb OR rolsuper AS may FROM pg_catalog.pg_roles WHERE rolname = current_user");
  if (role?.["may"] === true) return;
  throw new UserError({
    code: "scratch.no-right",
    message: "this is tried in databases of its own, which this role may not create",
    next: "name a server of your own with --store, or leave --store away: then it is tried in embedded stores; or, as a superuser: ALTER ROLE … CREATEDB",
  });
}

async function databaseNumber(session: Session): Promise<string> {
  const [row] = await session.rows("SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()");
  return sqlText(row?.["oid"]);
}

/** Drops what killed processes left, as far as this role may. */
async function dropLeft(session: Session, prefix: string): Promise<void> {
  const left = await session.rows(
    `SELECT datname::text AS name FROM pg_catalog.pg_database WHERE starts_with(datname, ${text(prefix)}) AND pg_has_role(datdba, 'USAGE')`,
  );
  for (const row of left) {
    const name = sqlText(row["name"]);
    if (!(await tryLock(session, name))) continue;
    await session.run(`DROP DATABASE IF EXISTS ${quoteName(name)} WITH (FORCE)`);
    await session.rows(`SELECT pg_advisory_unlock(hashtextextended(${text(name)}, 0))`);
  }
}

/** Until the session ends. */
async function tryLock(session: Session, name: string): Promise<boolean> {
  const [row] = await session.rows(`SELECT pg_try_advisory_lock(hashtextextended(${text(name)}, 0)) AS taken`);
  return row?.["taken"] === true;
}
