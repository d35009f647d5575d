import { afterEach, beforeEach, expect, test } from "vitest";
import type { Connection } from "../src/duckdb/connection.ts";
import type { Database } from "../src/duckdb/database.ts";
import { DuckdbEngine } from "../src/engine/duckdb/duckdb-engine.ts";
import { compilePlan } from "../src/plan/compile-plan.ts";
import { Postgres } from "../src/postgres/postgres.ts";
import { sqlText } from "../src/sql/sql-value.ts";
import { PostgresStore } from "../src/store/postgres/postgres-store.ts";
import { Store } from "../src/store/store.ts";
import { type TestDatabase, describeEachPostgres } from "./each-postgres.ts";
import { mappingOf, openDatabase } from "./small-platform.ts";

const MAPPING = mappingOf(`
source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id], version: $.v}
fields: [{name: id, type: INT, json_path: $.id}]
targets:
  - name: lab.thing
    primary_key: [id]
    fields: [{name: size, type: INT, json_path: $.size}]
  - name: lab.part
    array_source: $.parts[*]
    primary_key: [id, n]
    fields: [{name: n, type: INT, json_path: $.n}, {name: text, type: TEXT, json_path: $.text}]
`);
const PLAN = compilePlan(MAPPING);

interface State {
  readonly v: number;
  readonly size: number;
  readonly parts: readonly string[];
}

describeEachPostgres((server) => {
  let place: TestDatabase;
  let engine: Database;
  let connection: Connection;
  let reader: Postgres;
  /** Two processes. */
  let one: Writer;
  let other: Writer;

  class Writer {
    readonly #access: PostgresStore;
    readonly #store: Store;
    #slices = 0;
    private constructor(access: PostgresStore) {
      this.#access = access;
      this.#store = new Store(access);
    }
    static async open(runId: string): Promise<Writer> {
      const postgres = await Postgres.open({ url: place.url, environment: {}, waitMs: 10_000 });
      const writer = new Writer(new PostgresStore({ postgres, waitMs: 10_000 }));
      await writer.#store.prepare(connection, MAPPING, null);
      await writer.#store.startRun(connection, PLAN, { runId, mode: "streaming", engine: "duckdb", options: "{}", failedCaptures: 0 });
      return writer;
    }
    async apply(runId: string, { v, size, parts }: State): Promise<void> {
      const body = JSON.stringify({ id: 7, v: String(v), size, parts: parts.map((text, n) => ({ n, text })) });
      const capturedAt = `2024-07-13T00:00:0${String(v)}.000000Z`;
      const verdict = await new DuckdbEngine(PLAN).run(
        connection,
        [{ capture: v, body: Buffer.from(body) }],
        [{ slot: 0, capture: v, position: "", capturedAt, parameters: {} }],
      );
      const state = { documentKey: "[7]", capture: v, position: "", version: String(v), capturedAt, contentHash: body, request: "{}" };
      await this.#store.apply(connection, PLAN, {
        runId,
        number: this.#slices++,
        stream: null,
        tried: [{ slot: 0, state, passed: true, confirms: false, last: true }],
        ...verdict,
      });
    }
    async close(): Promise<void> {
      await this.#access[Symbol.asyncDispose]();
    }
  }

  beforeEach(async () => {
    place = await server.createDatabase();
    engine = await openDatabase();
    connection = await engine.connect();
    reader = await Postgres.open({ url: place.url, environment: {}, waitMs: 10_000 });
    one = await Writer.open("one");
    other = await Writer.open("other");
  });
  afterEach(async () => {
    await one.close();
    await other.close();
    await reader[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
    await place[Symbol.asyncDispose]();
  });

  const read = async (sql: string): Promise<readonly string[]> =>
    (await reader.withSession((session) => session.rows(sql))).map((row) => sqlText(row["line"]));
  const parts = (): Promise<readonly string[]> => read("SELECT concat_ws(' ', n, text, source_raw_id) AS line FROM lab.part ORDER BY n");
  const counts = (runId: string): Promise<readonly string[]> =>
    read(
      `SELECT concat_ws(' ', target, rows_in, inserted, updated, unchanged, deleted) AS line FROM mlb.run_targets WHERE run_id = '${runId}' ORDER BY target`,
    );

  test("rows that the state before had too are left alone and counted", async () => {
    await one.apply("one", { v: 1, size: 1, parts: ["a\tb\n\\N", "c"] });
    await one.apply("one", { v: 2, size: 2, parts: ["a\tb\n\\N", "c"] });
    expect(await parts()).toEqual(["0 a\tb\n\\N 1", "1 c 1"]);
    expect(await counts("one")).toEqual(["lab.part 4 2 0 2 0", "lab.thing 2 1 1 0 0"]);
  });

  test("rows that another process changed since are compared, though this one wrote the same before", async () => {
    await one.apply("one", { v: 1, size: 1, parts: ["a", "c"] });
    await other.apply("other", { v: 2, size: 1, parts: ["x"] });
    await one.apply("one", { v: 3, size: 1, parts: ["a", "c"] });
    expect(await parts()).toEqual(["0 a 3", "1 c 3"]);
    expect(await counts("one")).toEqual(["lab.part 4 3 1 0 0", "lab.thing 2 1 0 1 0"]);
  });

  test("a target that loses all its rows and gets them again has them again", async () => {
    await one.apply("one", { v: 1, size: 1, parts: ["a"] });
    await one.apply("one", { v: 2, size: 1, parts: [] });
    await one.apply("one", { v: 3, size: 1, parts: [] });
    expect(await parts()).toEqual([]);
    await one.apply("one", { v: 4, size: 1, parts: ["a"] });
    expect(await parts()).toEqual(["0 a 4"]);
  });

  test("an older state writes nothing, and what was noted of the applied one still holds", async () => {
    await one.apply("one", { v: 2, size: 1, parts: ["a"] });
    await one.apply("one", { v: 1, size: 5, parts: ["z"] });
    await one.apply("one", { v: 3, size: 1, parts: ["a", "b"] });
    expect(await parts()).toEqual(["0 a 2", "1 b 3"]);
  });

  test("the tables of a session hold nothing of a slice that was committed", async () => {
    await one.apply("one", { v: 1, size: 1, parts: ["a", "c"] });
    await one.apply("one", { v: 2, size: 2, parts: ["b", "c"] });
    expect(await counts("one")).toEqual(["lab.part 4 2 1 1 0", "lab.thing 2 1 1 0 0"]);
    const tables = "FROM pg_class WHERE relpersistence = 't' AND relkind = 'r' AND relname LIKE 'slice%'";
    expect(await read(`SELECT count(*) > 4 AS line ${tables}`)).toEqual(["true"]);
    expect(await read(`SELECT relname AS line ${tables} AND pg_relation_size(oid) > 0`)).toEqual([]);
  });
});
