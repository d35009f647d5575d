import { afterAll, beforeAll, expect, test } from "vitest";
import { Postgres } from "../src/postgres/postgres.ts";
import { compilePlan } from "../src/plan/compile-plan.ts";
import { openIndex } from "../src/pipeline/open-index.ts";
import { transform } from "../src/pipeline/transform.ts";
import { BodyChecker } from "../src/raw/body.ts";
import { checkCapture } from "../src/raw/check-capture.ts";
import { PostgresRawStore } from "../src/raw/postgres/postgres-raw-store.ts";
import { PostgresStore } from "../src/store/postgres/postgres-store.ts";
import { writeRoles } from "../src/store/postgres/write-roles.ts";
import { applySchemas } from "../src/store/prepare-schema.ts";
import { Store } from "../src/store/store.ts";
import { type TestDatabase, administer, describeEachPostgres } from "./each-postgres.ts";
import { urlOf } from "./postgres-server.ts";
import { EVERYTHING, mappingOf, openDatabase } from "./small-platform.ts";

const MAPPING = mappingOf(`
source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id]}
fields: [{name: id, type: BIGINT, json_path: $.id}]
targets:
  - name: lab.thing
    description: One row per thing
    primary_key: [id]
    fields: [{name: colour, type: TEXT, json_path: $.colour}]
`);
const PLAN = compilePlan(MAPPING);

describeEachPostgres((server) => {
  let database: TestDatabase;
  const names = { owner: "", loader: "", reader: "" };
  const as = async <T>(role: string, work: (postgres: Postgres) => Promise<T>): Promise<T> => {
    await using postgres = await connectAs(role);
    return await work(postgres);
  };
  const connectAs = async (role: string): Promise<Postgres> =>
    Postgres.open({ url: urlOf(await server.place(), database.name, role), environment: {}, waitMs: 0 });
  const run = (role: string, sql: string): Promise<number> => as(role, (postgres) => postgres.withSession((session) => session.run(sql)));
  const rows = (role: string, sql: string): Promise<unknown> =>
    as(role, (postgres) => postgres.withSession((session) => session.rows(sql)));

  /** As the superuser, in the test's database. */
  const script = async (): Promise<void> => {
    await using postgres = await Postgres.open({ url: database.url, environment: {}, waitMs: 0 });
    for (const statement of writeRoles([MAPPING], names))
      if (!statement.startsWith("--")) await postgres.withSession((session) => session.run(statement));
  };

  const load = async (role: string, id: number): Promise<number> => {
    const raw = new PostgresRawStore(await connectAs(role));
    await using access = new PostgresStore({ postgres: await connectAs(role), waitMs: 0 });
    await using engine = await openDatabase();
    try {
      const body = Buffer.from(JSON.stringify({ id, colour: "red" }));
      const capture = { endpoint: "lab", method: "things", parameters: {}, url: null, status: 200, kind: "answer", body } as const;
      await openIndex(PLAN, raw).prepare();
      await raw.append([checkCapture(capture, new BodyChecker(), () => `2024-07-13T04:19:0${String(id)}.000000Z`).checked]);
      const options = { filter: EVERYTHING, mode: "batch", sliceBytes: 1 << 20, connections: 1, failedCaptures: 0 } as const;
      return (await transform(MAPPING, PLAN, options, { database: engine, store: new Store(access), raw })).exit;
    } finally {
      await raw[Symbol.asyncDispose]();
    }
  };

  beforeAll(async () => {
    database = await server.createDatabase();
    const place = await server.place();
    for (const part of ["owner", "loader", "reader"] as const) {
      names[part] = `${database.name}_${part}`;
      await administer(place, `CREATE ROLE ${names[part]} LOGIN`);
    }
    await script();
    await using access = new PostgresStore({ postgres: await connectAs(names.owner), waitMs: 0 });
    await using engine = await openDatabase();
    await access.open(await engine.connect(), (store) => applySchemas(store, [MAPPING], { allowDrop: false, planId: null }));
    const raw = new PostgresRawStore(await connectAs(names.owner));
    await openIndex(PLAN, raw).prepare();
    await raw[Symbol.asyncDispose]();
    await script();
  });
  afterAll(async () => {
    await database[Symbol.asyncDispose]();
    const place = await server.place();
    for (const role of Object.values(names)) await administer(place, `DROP ROLE ${role}`);
  });

  test("the loader stores captures, in months that nobody had made ready, and fills the tables", async () => {
    expect(await load(names.loader, 1)).toBe(0);
    expect(await rows(names.reader, "SELECT id, colour FROM lab.thing")).toEqual([{ id: 1n, colour: "red" }]);
    expect(await rows(names.reader, "SELECT count(*)::int AS n FROM lab.things_2024_07")).toEqual([{ n: 1 }]);
  });

  test.each([
    ["drops a table", "DROP TABLE lab.thing"],
    ["adds a column", "ALTER TABLE lab.thing ADD COLUMN mine INT"],
    ["makes a table", "CREATE TABLE lab.mine (id INT)"],
    ["makes a schema", "CREATE SCHEMA mine"],
    ["changes a capture", "UPDATE lab.things SET url = 'x'"],
    ["deletes a capture", "DELETE FROM lab.things"],
    ["empties the captures", "TRUNCATE lab.things"],
    ["tells that it migrated", "DELETE FROM mlb.migrations"],
  ])("the loader never %s", async (_, sql) => {
    await expect(run(names.loader, sql)).rejects.toMatchObject({ code: "postgres.privilege", exit: 5 });
  });

  test.each([
    ["a row", "INSERT INTO lab.thing (id) VALUES (9)"],
    ["a change", "UPDATE lab.thing SET colour = 'blue'"],
    ["a capture", "INSERT INTO lab.things (request) VALUES ('[]')"],
    ["the state", "UPDATE mlb.runs SET status = 'done'"],
    ["a partition", "SELECT mlb.make_raw_partition('lab.things', '2024-01-01')"],
    ["a temporary table", "CREATE TEMP TABLE mine (id INT)"],
  ])("the reader writes nothing: %s", async (_, sql) => {
    await expect(run(names.reader, sql)).rejects.toMatchObject({ code: "postgres.privilege" });
  });

  test("not even the owner changes a capture", async () => {
    await expect(run(names.owner, "UPDATE lab.things SET url = 'x'")).rejects.toMatchObject({ code: "postgres.privilege" });
    await expect(run(names.owner, "TRUNCATE lab.things")).rejects.toMatchObject({ code: "postgres.privilege" });
  });
});
