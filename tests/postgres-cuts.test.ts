import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openIndex } from "../src/pipeline/open-index.ts";
import { type RebuildResult, rebuild } from "../src/pipeline/rebuild.ts";
import { type TransformResult, transform } from "../src/pipeline/transform.ts";
import { compilePlan } from "../src/plan/compile-plan.ts";
import { Postgres } from "../src/postgres/postgres.ts";
import { BodyChecker } from "../src/raw/body.ts";
import { checkCapture } from "../src/raw/check-capture.ts";
import { PostgresRawStore } from "../src/raw/postgres/postgres-raw-store.ts";
import type { SqlRow } from "../src/sql/sql-value.ts";
import { PostgresStore } from "../src/store/postgres/postgres-store.ts";
import { Store } from "../src/store/store.ts";
import { type TestDatabase, describeEachPostgres } from "./each-postgres.ts";
import { EVERYTHING, mappingOf, openDatabase } from "./small-platform.ts";
import { TcpProxy } from "./tcp-proxy.ts";

const MAPPING = mappingOf(`
source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id], version: $.v}
fields: [{name: id, type: INT, json_path: $.id}]
targets:
  - name: lab.thing
    primary_key: [id]
    fields: [{name: size, type: INT, json_path: $.size}]
  - name: lab.item
    array_source: $.items[*]
    primary_key: [id, n]
    fields: [{name: n, type: INT, source_field: index}, {name: word, type: TEXT, json_path: $}]
    relationships: [{from_field: [id], to_table: lab.thing}]
`);
const PLAN = compilePlan(MAPPING);
const OPTIONS = { filter: EVERYTHING, mode: "batch", sliceBytes: 60, connections: 1, failedCaptures: 0 } as const;

/** Items come, go and change from state to state. */
function captureOf(id: number, version: number): ReturnType<typeof checkCapture>["checked"] {
  const items = Array.from({ length: (id * version) % 4 }, (_, n) => `w${String(n * version)}`);
  const body = Buffer.from(JSON.stringify({ id, v: String(version), size: id + version, items }));
  const capture = { endpoint: "lab", method: "things", parameters: {}, url: null, status: 200, kind: "answer", body } as const;
  return checkCapture(capture, new BodyChecker(), () => `2024-07-13T0${String(version)}:00:00.000000Z`).checked;
}

/** Raw and store of a database, as a process has them. */
async function withParts<T>(url: string, work: (parts: { raw: PostgresRawStore; store: PostgresStore }) => Promise<T>): Promise<T> {
  await using raw = new PostgresRawStore(await Postgres.open({ url, environment: {}, waitMs: 30_000 }));
  await using store = new PostgresStore({ postgres: await Postgres.open({ url, environment: {}, waitMs: 30_000 }), waitMs: 30_000 });
  return await work({ raw, store });
}

async function load(url: string, captures: readonly ReturnType<typeof captureOf>[]): Promise<TransformResult> {
  await using database = await openDatabase();
  return await withParts(url, async ({ raw, store }) => {
    await openIndex(PLAN, raw).prepare();
    await raw.append(captures);
    return await transform(MAPPING, PLAN, OPTIONS, { database, store: new Store(store), raw });
  });
}

async function rebuildIn(url: string): Promise<RebuildResult> {
  await using database = await openDatabase();
  return await withParts(url, ({ raw, store }) => rebuild(MAPPING, PLAN, { sliceBytes: 60, connections: 1 }, { database, store, raw }));
}

/** All that a database says of the data and of what was done; no times, and no ids, of which one that is lost takes some. */
const STATE = {
  things: "SELECT id, size, source_version FROM lab.thing ORDER BY id",
  items: "SELECT id, n, word, source_version FROM lab.item ORDER BY id, n",
  documents: "SELECT document_key, version, content_hash FROM mlb.documents ORDER BY 1",
  captures: "SELECT r.data, r.shape FROM lab.things r ORDER BY r.captured_at, r.content_hash",
  runs: "SELECT mode, status, selected, applied, unchanged, stale, quarantined FROM mlb.runs WHERE mode <> 'schema' ORDER BY started_at",
  targets:
    "SELECT target, sum(inserted) AS inserted, sum(updated) AS updated, sum(deleted) AS deleted FROM mlb.run_targets GROUP BY 1 ORDER BY 1",
  left: "SELECT relname::text AS name FROM pg_class WHERE relname LIKE 'slice\\_%' AND pg_is_other_temp_schema(relnamespace) UNION ALL SELECT nspname::text FROM pg_namespace WHERE nspname LIKE '%$rebuild' OR nspname = 'mlb_rebuild'",
  locks:
    "SELECT count(*) AS n FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
};

async function stateOf(url: string): Promise<Readonly<Record<string, readonly SqlRow[]>>> {
  await using postgres = await Postgres.open({ url, environment: {}, waitMs: 0 });
  return await postgres.withSession(async (session) => {
    const state: Record<string, readonly SqlRow[]> = {};
    for (const [name, sql] of Object.entries(STATE)) state[name] = await session.rows(sql);
    return state;
  });
}

const IDS = [1, 2, 3, 4, 5];
const OLD = IDS.slice(0, 3).map((id) => captureOf(id, 1));
const NEW = IDS.map((id) => captureOf(id, 2));

/** What the client sends when it is cut, for the nth time; `unheard`: it gets through, and its answer does not come back. */
const MOMENTS = [
  ["while it looks for the raw table", "mlb.raw_tables", 1, "lost"],
  ["while it stores captures", 'INSERT INTO "lab"."things"', 1, "lost"],
  ["while it indexes them", "INSERT INTO mlb.document_index", 1, "lost"],
  ["and the index is written, unheard", "INSERT INTO mlb.document_index", 1, "unheard"],
  ["while it reads the index", "DECLARE mlb_cursor", 1, "lost"],
  ["when the run is begun", "INSERT INTO mlb.runs", 1, "unheard"],
  ["while it makes the tables of a slice", "CREATE TEMP TABLE slice_target_1", 1, "lost"],
  ["while it reads bodies", "r.body IS NOT NULL", 2, "lost"],
  ["while a slice is copied", "COPY slice_target_0", 2, "lost"],
  ["before a slice has the lock", "pg_advisory_xact_lock", 3, "unheard"],
  ["between two tables of a slice", 'INSERT INTO "lab"."item"', 1, "unheard"],
  ["between the rows and the documents", "INSERT INTO mlb.documents", 2, "lost"],
  ["before the commit of a slice", "INSERT INTO mlb.run_slices", 2, "unheard"],
  ["and the run is ended, unheard", "UPDATE mlb.runs SET status", 1, "unheard"],
] as const;

describeEachPostgres((server) => {
  let before: TestDatabase;
  let expected: Readonly<Record<string, readonly SqlRow[]>>;
  let database: TestDatabase;
  let proxy: TcpProxy;
  const proxied = (): string => database.url.replace(/:[0-9]+\//, `:${String(proxy.port)}/`);

  beforeAll(async () => {
    before = await server.createDatabase();
    await load(before.url, OLD);
    await using undisturbed = await server.createDatabase(`TEMPLATE ${before.name}`);
    await load(undisturbed.url, NEW);
    expected = await stateOf(undisturbed.url);
  });
  afterAll(async () => {
    await before[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    database = await server.createDatabase(`TEMPLATE ${before.name}`);
    proxy = await TcpProxy.start((await server.place()).port);
  });
  afterEach(async () => {
    await proxy[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });

  /** Cuts all connections where the client sends a text for the nth time, or where that is answered. */
  function cutAt(text: string, nth: number, how: "lost" | "unheard", after = ""): void {
    let [seen, isReached, isDue] = [0, after === "", false];
    proxy.onClientData = (data) => {
      isReached ||= data.includes(after);
      if (!isReached || !data.includes(text) || ++seen !== nth) return true;
      if (how === "unheard") isDue = true;
      else proxy.cut();
      return how === "unheard";
    };
    proxy.onServerData = () => {
      if (!isDue) return true;
      isDue = false;
      proxy.cut();
      return false;
    };
  }

  test("the load that is cut has everything in it", () => {
    expect(expected["targets"]).toEqual([
      {
        target: "lab.item",
        inserted: expect.any(String) as unknown,
        updated: expect.any(String) as unknown,
        deleted: expect.any(String) as unknown,
      },
      { target: "lab.thing", inserted: "5", updated: "3", deleted: "0" },
    ]);
    for (const count of ["inserted", "updated", "deleted"]) expect(Number(expected["targets"]?.[0]?.[count])).toBeGreaterThan(0);
    expect({ left: expected["left"], locks: expected["locks"] }).toEqual({ left: [], locks: [{ n: 0n }] });
  });

  test.each(MOMENTS)("a load whose connections are cut %s goes on by itself, and does everything once", async (_, text, nth, how) => {
    cutAt(text, nth, how);
    const { exit } = await load(proxied(), NEW);
    expect({ exit, isCut: proxy.cuts > 0 }).toEqual({ exit: 0, isCut: true });
    expect(await stateOf(database.url)).toEqual(expected);
  });

  test("a slice whose commit is not heard of is not written again", async () => {
    cutAt("COMMIT", 1, "unheard", "INSERT INTO mlb.run_slices");
    expect((await load(proxied(), NEW)).exit).toBe(0);
    expect(proxy.cuts).toBeGreaterThan(0);
    expect(await stateOf(database.url)).toEqual(expected);
  });

  describe("a rebuild", () => {
    const ROWS = { "lab.thing": 3n, "lab.item": 6n };
    const swapped = [
      { table: "lab.thing", rowsBefore: 3, rows: 3 },
      { table: "lab.item", rowsBefore: 6, rows: 6 },
    ];

    test.each([
      ["is cut before its swap", "lost"],
      ["swaps, and its commit is not heard of", "unheard"],
    ] as const)("that %s comes to its end and says what it swapped", async (_, how) => {
      cutAt("COMMIT", 1, how, "SET SCHEMA");
      expect(await rebuildIn(proxied())).toMatchObject({ exit: 0, swapped });
      expect(proxy.cuts).toBeGreaterThan(0);
      const { left, locks } = await stateOf(database.url);
      expect({ left, locks }).toEqual({ left: [], locks: [{ n: 0n }] });
    });

    test.each([
      ["lab.thing", "lab.item"],
      ["lab.item", "lab.thing"],
    ] as const)("ends no reader that reads %s, and then %s", async (first, second) => {
      await using admin = await Postgres.open({ url: database.url, environment: {}, waitMs: 0 });
      // Of the two, the reader would be the one that the server ends.
      await admin.withSession((session) => session.run(`ALTER DATABASE ${database.name} SET deadlock_timeout = '1h'`));
      await using postgres = await Postgres.open({ url: database.url, environment: {}, waitMs: 30_000 });
      const rebuildings: Promise<RebuildResult>[] = [];
      await postgres.withSession(async (session) => {
        await session.run("SET deadlock_timeout = '1s'");
        await session.transaction(async () => {
          const count = async (table: string): Promise<unknown> => (await session.rows(`SELECT count(*) AS n FROM ${table}`))[0]?.["n"];
          expect(await count(first)).toBe(ROWS[first]);
          rebuildings.push(rebuildIn(database.url));
          const waits =
            "SELECT count(*) > 0 AS is_waiting FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
          await expect
            .poll(() => admin.withSession((one) => one.rows(waits)), { interval: 5, timeout: 30_000 })
            .toEqual([{ is_waiting: true }]);
          expect(await count(second)).toBe(ROWS[second]);
        });
      });
      expect(await Promise.all(rebuildings)).toMatchObject([{ exit: 0, swapped }]);
    });
  });
});
