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
  const options = { url: beside.url, environment: {}, waitMs: 0 };
  const first = await makeDatabase(options);
  const used = new URL(first.url).pathname.slice(1);
  expect(await databases()).toEqual([used]);
  // Nobody holds a lock of its name: as where the process that made it was killed.
  const left = used.replace(/[0-9a-f]{8}$/, "00000000");
  await administer(await server.place(), `CREATE DATABASE ${left}`);
  {
    await using second = await makeDatabase(options, first.url);
    expect((await databases()).toSorted()).toEqual([used, new URL(second.url).pathname.slice(1)].toSorted());
  }
  expect(await databases()).toEqual([used]);
  await first[Symbol.asyncDispose]();
  expect(await databases()).toEqual([]);
}, 60_000);
