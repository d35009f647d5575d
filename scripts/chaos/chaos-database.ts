/** Databases of a chaos run: made from templates, looked at when a round is over. */
import { setTimeout as sleep } from "node:timers/promises";
import { Postgres } from "../../src/postgres/postgres.ts";
import { type SqlRow, sqlText } from "../../src/sql/sql-value.ts";
import { type ServerPlace, SUPERUSER, urlOf } from "../../tests/postgres-server.ts";

export async function queryDatabase(place: ServerPlace, database: string, sql: string): Promise<readonly SqlRow[]> {
  await using postgres = await Postgres.open({ url: urlOf(place, database), environment: {}, waitMs: 60_000, maxSessions: 1 });
  return await postgres.withSession((session) => session.rows(sql));
}

export async function createDatabase(place: ServerPlace, database: string, template: string): Promise<void> {
  await dropDatabase(place, database);
  await queryDatabase(place, SUPERUSER, `CREATE DATABASE ${database} TEMPLATE ${template}`);
}

export async function dropDatabase(place: ServerPlace, database: string): Promise<void> {
  await queryDatabase(place, SUPERUSER, `DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
}

/** What must not be there when nobody is at work: each query gives what it found. */
const LEFT_OVERS: Readonly<Record<string, string>> = {
  "tables of a slice":
    "SELECT n.nspname || '.' || c.relname AS found FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relname LIKE 'slice\\_%'",
  "schemas of a rebuild":
    "SELECT nspname::text AS found FROM pg_catalog.pg_namespace WHERE nspname LIKE '%$rebuild' OR nspname = 'mlb_rebuild'",
  sessions:
    "SELECT state || ' ' || query AS found FROM pg_catalog.pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'",
  locks:
    "SELECT locktype || ' ' || mode AS found FROM pg_catalog.pg_locks WHERE database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()) AND pid <> pg_backend_pid() AND locktype IN ('advisory', 'relation')",
  "prepared transactions": "SELECT gid AS found FROM pg_catalog.pg_prepared_xacts",
};

/** A server notices the end of a client by and by: so long after the last of them it must have. */
const PATIENCE_MS = 30_000;

/** What is left of clients that are gone, as sentences; none where all is clean. `ms`: after which time it was. */
export async function findLeftOvers(
  place: ServerPlace,
  database: string,
): Promise<{ readonly found: readonly string[]; readonly ms: number }> {
  const began = performance.now();
  for (;;) {
    const found: string[] = [];
    for (const [what, sql] of Object.entries(LEFT_OVERS))
      for (const row of await queryDatabase(place, database, sql)) found.push(`${what}: ${sqlText(row["found"])}`);
    const ms = performance.now() - began;
    if (found.length === 0 || ms > PATIENCE_MS) return { found, ms };
    await sleep(200);
  }
}
