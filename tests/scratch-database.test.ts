import { afterAll, beforeAll, expect, test } from "vitest";
import { makeDatabase } from "../src/cli/scratch-database.ts";
import { type TestDatabase, administer, sharedServer } from "./each-postgres.ts";
import { Postgres } from "../src/postgres/postgres.ts";
import { sqlText } from "../src/sql/sql-value.ts";

const server = sharedServer(null);
let beside: TestDatabase;
beforeAll(async () => {
  beside = await server.createDatabase();
});
afterAll(async () => {
  await beside[Symbol.asyncDispose]();
});

const nameIn = (url: string): string => new URL(url).pathname.slice(1);

async function databases(): Promise<readonly string[]> {
  await using postgres = await Postgres.open({ url: beside.url, environment: {}, waitMs: 0 });
  const rows = await postgres.withSession((session) =>
    session.rows(
      "SELECT d.datname::text AS name FROM pg_database d, pg_database own WHERE own.datname = current_database() AND starts_with(d.datname, 'mlb_verify_' || own.oid || '_')",
    ),
  );
  return rows.map((row) => sqlText(row["name"]));
}

test("a database of a killed process is dropped by the next one, one that is used is not; each drops its own", async () => {
  const said: string[] = [];
  const options = { url: beside.url, environment: {}, waitMs: 0, say: (text: string) => said.push(text) };
  {
    await using first = await makeDatabase(options);
    const used = nameIn(first.url);
    expect(await databases()).toEqual([used]);
    // Nobody holds a lock of their names: as where the process that made them was killed.
    const [left, watched] = ["00000000", "11111111"].map((end) => used.replace(/[0-9a-f]{8}$/, end));
    for (const name of [left, watched]) await administer(await server.place(), `CREATE DATABASE ${name ?? ""}`);
    await using watcher = await Postgres.open({ url: beside.url.replace(beside.name, watched ?? ""), environment: {}, waitMs: 0 });
    await watcher.withSession(async () => {
      await using second = await makeDatabase(options, first.url);
      expect(new Set(await databases())).toEqual(new Set([used, watched, nameIn(second.url)]));
    });
    expect(said).toEqual([expect.stringContaining(`the database ${watched ?? ""}, which a killed process left, was not dropped`)]);
  }
  expect(await databases()).toHaveLength(1);
  await (await makeDatabase(options))[Symbol.asyncDispose]();
  expect(await databases()).toEqual([]);
  // Where the session that holds the lock is lost, it is dropped all the same.
  const lost = await makeDatabase(options);
  await administer(
    await server.place(),
    "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database = " +
      `(SELECT oid FROM pg_database WHERE datname = '${beside.name}')`,
  );
  await lost[Symbol.asyncDispose]();
  expect(await databases()).toEqual([]);
}, 60_000);
