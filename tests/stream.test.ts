import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type StreamOptions, type StreamResult, stream } from "../src/pipeline/stream.ts";
import { compilePlan } from "../src/plan/compile-plan.ts";
import { Store } from "../src/store/store.ts";
import { SmallPlatform, mappingOf, openDatabase, without } from "./small-platform.ts";

const MAPPING = mappingOf(`
source:
  {endpoint: lab, method: things, raw_table: lab.things, document_key: [id], version: {json_path: $.rev, pattern: 'r[0-9]+'}}
fields: [{name: id, type: BIGINT, json_path: $.id}]
targets:
  - name: lab.thing
    description: One row per thing
    primary_key: [id]
    fields: [{name: size, type: INT, json_path: $.size}]
    data_quality: [{rule: size > 0, severity: error}]
  - name: lab.part
    description: One row per part
    array_source: $.parts[*]
    primary_key: [id, n]
    fields: [{name: n, type: INT, source_field: ordinal}, {name: name, type: TEXT, json_path: $}]
`);
const PLAN = compilePlan(MAPPING);

let platform: SmallPlatform;
beforeEach(async () => {
  platform = await SmallPlatform.open();
});
afterEach(async () => {
  await platform[Symbol.asyncDispose]();
});

interface Thing {
  readonly id: number;
  readonly rev: number;
  readonly size?: number;
  readonly parts?: readonly string[];
}

const thing = ({ id, rev, size = rev, parts = [] }: Thing): { body: unknown; capturedAt: string } => ({
  body: { id, rev: `r${String(rev).padStart(4, "0")}`, size, parts },
  capturedAt: `2024-07-13T04:00:${String(rev % 60).padStart(2, "0")}.000000Z`,
});

const capture = (...things: readonly Thing[]): Promise<unknown> => platform.capture(MAPPING, things.map(thing));

async function run(options: Partial<StreamOptions> = {}, on = platform): Promise<StreamResult> {
  await using database = await openDatabase();
  return await stream(
    MAPPING,
    PLAN,
    {
      from: { kind: "checkpoint" },
      triggerMs: 20,
      untilIdle: true,
      waitMs: 0,
      processId: "one",
      sliceBytes: 1 << 20,
      connections: 1,
      ...options,
    },
    { database, store: new Store(on.store), raw: on.raw },
  );
}

const THINGS = "SELECT id, size FROM store.lab.thing ORDER BY id";
const RUNS = "SELECT selected, applied, unchanged, stale, quarantined FROM store.mlb.runs ORDER BY started_at DESC LIMIT 1";

test("what is behind the checkpoint is taken, once, and nothing twice", async () => {
  await capture({ id: 1, rev: 1 }, { id: 2, rev: 1 }, { id: 1, rev: 2, parts: ["a", "b"] });
  const first = await run();
  expect({ exit: first.exit, captures: first.captures }).toEqual({ exit: 0, captures: 3 });
  expect(await platform.rows(THINGS)).toEqual([
    { id: 1n, size: 2 },
    { id: 2n, size: 1 },
  ]);
  expect(await platform.rows(RUNS)).toEqual([{ selected: 2n, applied: 2n, unchanged: 0n, stale: 0n, quarantined: 0n }]);
  expect((await run()).captures).toBe(0);
  await capture({ id: 3, rev: 1 });
  expect((await run()).captures).toBe(1);
  expect(await platform.rows("SELECT position IS NOT NULL AS known, captures, owner FROM store.mlb.streams")).toEqual([
    { known: true, captures: 4n, owner: null },
  ]);
});

test("a late older capture is stale, an equal one unchanged, and neither writes a row", async () => {
  await capture({ id: 1, rev: 5, parts: ["a"] });
  await run();
  const rows = await platform.rows("SELECT * FROM store.lab.part");
  await capture({ id: 1, rev: 3, parts: ["ghost", "ghost"] });
  expect((await run()).exit).toBe(0);
  expect(await platform.rows(RUNS)).toEqual([{ selected: 1n, applied: 0n, unchanged: 0n, stale: 1n, quarantined: 0n }]);
  expect(await platform.rows("SELECT * FROM store.lab.part")).toEqual(rows);
});

test("where the newest fails, the next older one passes, and the checkpoint moves with it", async () => {
  await capture({ id: 1, rev: 1 }, { id: 1, rev: 2 }, { id: 1, rev: 3, size: -1 });
  expect((await run()).exit).toBe(3);
  expect(await platform.rows(THINGS)).toEqual([{ id: 1n, size: 2 }]);
  expect(await platform.rows(RUNS)).toEqual([{ selected: 1n, applied: 1n, unchanged: 0n, stale: 0n, quarantined: 0n }]);
  expect((await run()).captures).toBe(0);
  await capture({ id: 1, rev: 4 });
  expect((await run()).exit).toBe(0);
  expect(await platform.rows(THINGS)).toEqual([{ id: 1n, size: 4 }]);
});

test("a stream in slices of one capture gives the rows of a batch", async () => {
  const states = [4, 1, 3, 1, 5, 2].flatMap((rev) =>
    [1, 2].map((id) => ({ id, rev, parts: Array.from({ length: rev }, (_, n) => `${String(rev)}.${String(n)}`) })),
  );
  await capture(...states);
  await run({ sliceBytes: 1 });
  const contentOf = async (of: SmallPlatform): Promise<unknown> =>
    (await of.queries(THINGS, "SELECT * FROM store.lab.part ORDER BY id, n")).map((rows) =>
      without(rows, "transformed_at", "source_raw_id"),
    );
  await using batch = await platform.withStore("batch.duckdb");
  await batch.transform(MAPPING);
  expect(await contentOf(batch)).toEqual(await contentOf(platform));
});

test("from the earliest, all is taken again and nothing changes; from the latest, only what comes", async () => {
  await capture({ id: 1, rev: 1 }, { id: 2, rev: 1 });
  // What another transaction of the server holds back counts as still to come: other tests work on the same server.
  await vi.waitUntil(async () => (await platform.raw.heldBack("lab.things")) === null, { timeout: 60_000 });
  expect((await run({ from: { kind: "latest" } })).captures).toBe(0);
  expect(await platform.rows(THINGS)).toEqual([]);
  await capture({ id: 3, rev: 1 });
  expect((await run()).captures).toBe(1);
  expect((await run({ from: { kind: "earliest" } })).captures).toBe(3);
  expect(await platform.rows(THINGS)).toHaveLength(3);
  const again = await run({ from: { kind: "time", time: "2024-07-13T04:00:01.000000Z" } });
  expect(again.captures).toBe(3);
});

test("captures that come while it waits are taken at once", async () => {
  const stop = new AbortController();
  const came: number[] = [];
  const running = run({
    untilIdle: false,
    triggerMs: 600_000,
    signal: stop.signal,
    onProgress: ({ captures }) => {
      came.push(captures);
      if (captures === 0 && came.length === 1) void capture({ id: 1, rev: 1 });
      if (captures > 0) stop.abort();
    },
  });
  expect((await running).exit).toBe(0);
  expect(await platform.rows(THINGS)).toEqual([{ id: 1n, size: 1 }]);
});

test("a stream has one owner: a second one waits, and takes over when it may", async () => {
  await capture({ id: 1, rev: 1 });
  await using other = await SmallPlatform.on(platform.home);
  const stop = new AbortController();
  let isAsked = false;
  let second: Promise<unknown> = Promise.resolve();
  const first = run({
    untilIdle: false,
    signal: stop.signal,
    onProgress: ({ captures }) => {
      if (captures > 0 || isAsked) return;
      isAsked = true;
      second = run({ processId: "two", waitMs: 0 }, other).catch((error: unknown) => error);
      void second.finally(() => {
        stop.abort();
      });
    },
  });
  await first;
  expect(await second).toMatchObject({ code: "stream.owned", exit: 7 });
  expect((await run({ processId: "two" })).exit).toBe(0);
});
