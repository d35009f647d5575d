import { Readable } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestDatabase, describeEachPostgres } from "../../tests/each-postgres.ts";
import { Postgres } from "./postgres.ts";

describeEachPostgres((server) => {
  let database: TestDatabase;
  let postgres: Postgres;
  beforeAll(async () => {
    database = await server.createDatabase();
    postgres = await Postgres.open({ url: database.url, environment: {}, waitMs: 0 });
  });
  afterAll(async () => {
    await postgres[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });

  test("values come back as they were given", async () => {
    const [row] = await postgres.withSession((session) =>
      session.rows("SELECT $1::int8 AS a, $2::float8 AS b, $3::int8[] AS c, '2024-07-13 04:19:09.5+02'::timestamptz AS d", [
        9_223_372_036_854_775_807n,
        -0,
        [1n, null],
      ]),
    );
    expect(row).toStrictEqual({ a: 9_223_372_036_854_775_807n, b: -0, c: [1n, null], d: "2024-07-13T02:19:09.500000Z" });
  });

  test("a cursor gives batches, and a copy takes a stream", async () => {
    await postgres.withSession(async (session) => {
      await session.run("CREATE TEMP TABLE numbers (n int)");
      expect(await session.copyIn("COPY numbers FROM STDIN", Readable.from(["1\n2\n", "3\n"]))).toBe(3);
      let count = 0;
      for await (const rows of session.batches("SELECT * FROM generate_series(1, $1)", [2500])) count += rows.length;
      expect(count).toBe(2500);
    });
  });
});
