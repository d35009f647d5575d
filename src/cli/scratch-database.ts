import { randomUUID } from "node:crypto";
import { UserError } from "../core/errors.ts";
import { Postgres, type PostgresOptions } from "../postgres/postgres.ts";
import type { Session } from "../postgres/session.ts";
import { quoteName, quoteText as text } from "../sql/quote.ts";
import { sqlText } from "../sql/sql-value.ts";
import { HeldSession } from "../store/postgres/held-session.ts";
import type { CliContext } from "./context.ts";

/** A database of its own. It is dropped when it is disposed of. */
export interface ScratchDatabase extends AsyncDisposable {
  readonly url: string;
}

/** Where databases are made. */
export interface ScratchServer extends PostgresOptions {
  readonly say: (text: string) => void;
}

/** The server of the settings' store; null where that is a file. */
export function scratchServer({ settings, environment, out }: CliContext): ScratchServer | null {
  const url = settings.urls.store;
  return url === null ? null : { url, environment, waitMs: settings.values.lockWaitS * 1000, say: out.say.bind(out) };
}

/**
 * Makes a database beside the one of the URL. A session there holds a lock of its name for as long as it is used: those that nobody holds a lock of
 * were left by processes that were killed, and are dropped.
 * @param from the URL of one that it is a copy of
 * @throws UserError `scratch.no-right`
 */
export async function makeDatabase(server: ScratchServer, from: string | null = null): Promise<ScratchDatabase> {
  const postgres = await Postgres.open(server);
  try {
    const held = await HeldSession.take(postgres);
    try {
      const name = await createLocked(held.session, server, from);
      const url = new URL(server.url);
      url.pathname = `/${name}`;
      return { url: url.href, [Symbol.asyncDispose]: () => drop(postgres, held, name) };
    } catch (error) {
      await held.letGo(error instanceof Error ? error : new Error("unknown"));
      throw error;
    }
  } catch (error) {
    await postgres[Symbol.asyncDispose]();
    throw error;
  }
}

async function createLocked(session: Session, { say }: ScratchServer, from: string | null): Promise<string> {
  await requireRight(session);
  // It has nothing to do until the end.
  await session.run("SET idle_session_timeout = 0");
  // Locks are of a database: who is connected to another one would not see that this one's are held.
  const prefix = `mlb_verify_${await databaseNumber(session)}_`;
  await dropLeft(session, prefix, say);
  const name = `${prefix}${randomUUID().replaceAll("-", "")}`;
  await tryLock(session, name);
  await session.run(`CREATE DATABASE ${name}${from === null ? "" : ` TEMPLATE ${quoteName(new URL(from).pathname.slice(1))}`}`);
  return name;
}

/** By another session than the one that holds its lock, which may be lost by now. */
async function drop(postgres: Postgres, held: HeldSession, name: string): Promise<void> {
  try {
    await postgres.withSession((session) => session.run(`DROP DATABASE ${name} WITH (FORCE)`));
  } finally {
    try {
      await held.letGo();
    } finally {
      await postgres[Symbol.asyncDispose]();
    }
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

/** Drops what killed processes left, but for what this role may not drop and what somebody looks into. */
async function dropLeft(session: Session, prefix: string, say: (text: string) => void): Promise<void> {
  const left = await session.rows(
    `SELECT datname::text AS name FROM pg_catalog.pg_database WHERE starts_with(datname, ${text(prefix)}) AND pg_has_role(datdba, 'USAGE')`,
  );
  for (const row of left) {
    const name = sqlText(row["name"]);
    if (!(await tryLock(session, name))) continue;
    try {
      await session.run(`DROP DATABASE IF EXISTS ${quoteName(name)}`);
    } catch (error) {
      if (!session.isUsable) throw error;
      say(`the database ${name}, which a killed process left, was not dropped: ${error instanceof Error ? error.message : "unknown"}`);
    }
    await session.rows(`SELECT pg_advisory_unlock(hashtextextended(${text(name)}, 0))`);
  }
}

/** Until the session ends. */
async function tryLock(session: Session, name: string): Promise<boolean> {
  const [row] = await session.rows(`SELECT pg_try_advisory_lock(hashtextextended(${text(name)}, 0)) AS taken`);
  return row?.["taken"] === true;
}
