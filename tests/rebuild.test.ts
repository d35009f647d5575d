import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { beginRebuild, rebuildBeside } from "../src/store/rebuild-tables.ts";
import { Store } from "../src/store/store.ts";
import { compilePlan } from "../src/plan/compile-plan.ts";
import { SmallPlatform, mappingOf, openDatabase } from "./small-platform.ts";
import { StartedProcess } from "./started-process.ts";
import { homes, isOnServer } from "./test-home.ts";
import type { ProcessOrder } from "./transform-process.ts";

/** What others see and do while tables are rebuilt. */

const OLD_YAML = `source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id]}
fields: [{name: id, type: INT, json_path: $.id}]
targets:
  - name: lab.thing
    primary_key: [id]
    fields: [{name: size, type: INT, json_path: $.size}]
`;
const NEW_YAML = OLD_YAML.replace("type: INT, json_path: $.size", "type: TEXT, json_path: $.size");
const OLD = mappingOf(OLD_YAML);
const NEW = mappingOf(NEW_YAML);
const ROWS = "SELECT id, size FROM store.lab.thing ORDER BY id";
const DOCUMENTS = "SELECT count(*) AS n FROM store.mlb.documents";

let home: string;
let platform: SmallPlatform;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "rebuild-"));
  platform = await SmallPlatform.on(home);
  await writeFile(join(home, "new.yaml"), NEW_YAML);
  await capture(platform, 1, 2, 3);
  await platform.transform(OLD);
});
afterEach(async () => {
  await platform[Symbol.asyncDispose]();
  await homes.remove(home);
});

async function capture(on: SmallPlatform, ...ids: readonly number[]): Promise<void> {
  await on.capture(
    OLD,
    ids.map((id) => ({ body: { id, size: id * 10 } })),
  );
}

/** Of a rebuild: all documents are in the tables beside, and others have the store, before the swap. */
const FILLED = isOnServer ? { statement: "^UPDATE store.mlb_rebuild.runs SET status", nth: 1 } : { statement: "^DETACH", nth: 2 };

const start = (stopAt: ProcessOrder["stopAt"]): StartedProcess =>
  new StartedProcess({ home, mapping: join(home, "new.yaml"), waitMs: 60_000, sliceBytes: 1, connections: 1, work: "rebuild", stopAt });

describe("while a rebuild is at work", () => {
  test("readers and writers have the old tables; it catches up, swaps, and who still writes the old tables is told", async () => {
    await using rebuilding = start({ how: "wait", when: "after", ...FILLED });
    expect(await rebuilding.until("waiting")).toEqual({ said: "waiting" });
    const [rows, documents] = await platform.queries(ROWS, DOCUMENTS);
    expect(rows).toEqual([1, 2, 3].map((id) => ({ id, size: id * 10 })));
    expect(documents).toEqual([{ n: 3n }]);

    // Another one is refused, and names who is at work.
    await using another = await SmallPlatform.on(home, 0);
    await expect(another.rebuild(NEW)).rejects.toMatchObject({ code: "lock.held", exit: 7 });

    // New captures come, and one who has the old mapping writes them to the old tables, and goes on writing after the swap.
    await capture(platform, 4, 5);
    await using database = await openDatabase();
    const connection = await database.connect();
    const store = new Store(platform.store);
    await store.prepare(connection, OLD, null);
    await store.prepareConnection(connection, compilePlan(OLD));
    await platform.transform(OLD);
    expect(await platform.rows(DOCUMENTS)).toEqual([{ n: 5n }]);

    rebuilding.goOn();
    expect(await rebuilding.until("done")).toEqual({ said: "done", exit: 0 });
    expect(await platform.rows(ROWS)).toEqual([1, 2, 3, 4, 5].map((id) => ({ id, size: String(id * 10) })));
    expect(await platform.rows(DOCUMENTS)).toEqual([{ n: 5n }]);
    const late = store.apply(connection, compilePlan(OLD), { runId: "late", number: 0, tried: [], findings: [], rows: [], stream: null });
    await expect(late).rejects.toMatchObject({ code: "schema.changed" });
    expect((await platform.transform(NEW)).record.run).toMatchObject({ selected: 5n, unchanged: 5n });
  });
});

describe("a rebuild that did not finish", () => {
  const stopped = async (): Promise<void> => {
    const stop = new AbortController();
    const { exit, swapped } = await platform.rebuild(NEW, undefined, {
      sliceBytes: 1,
      signal: stop.signal,
      onProgress: () => {
        stop.abort();
      },
    });
    expect({ exit, swapped }).toEqual({ exit: 130, swapped: null });
  };

  test("leaves the old tables, is gone on with, and counts what it did once", async () => {
    await stopped();
    expect(await platform.rows(ROWS)).toEqual([1, 2, 3].map((id) => ({ id, size: id * 10 })));
    const { resumed, swapped, state } = await platform.rebuild(NEW);
    expect({ resumed, swapped, documents: state.documents }).toEqual({
      resumed: true,
      swapped: [{ table: "lab.thing", rowsBefore: 3, rows: 3 }],
      documents: 3,
    });
    expect(
      await platform.rows("SELECT mode, CAST(sum(applied) AS BIGINT) AS applied FROM store.mlb.runs GROUP BY mode ORDER BY mode"),
    ).toEqual([
      { mode: "batch", applied: 3n },
      { mode: "rebuild", applied: 3n },
      { mode: "schema", applied: 0n },
    ]);
    expect(await platform.rows("SELECT CAST(sum(inserted) - sum(deleted) AS BIGINT) AS n FROM store.mlb.run_targets")).toEqual([{ n: 3n }]);
  });

  test("is removed by one of another mapping", async () => {
    await stopped();
    await platform.inStore(async (store) => {
      expect(await rebuildBeside(store)).toEqual({ mapping: "lab/things" });
      expect(await beginRebuild(store, NEW, compilePlan(NEW))).toBe(true);
      expect(await beginRebuild(store, OLD, compilePlan(OLD))).toBe(false);
      expect(await rebuildBeside(store)).toBe(null);
    });
    expect(await platform.leftovers()).toEqual([]);
  });
});

test("a rebuild into a store that does not exist is a first load", async () => {
  await using fresh = await SmallPlatform.open();
  await capture(fresh, 1, 2, 3);
  expect(await fresh.rebuild(NEW)).toMatchObject({
    resumed: false,
    exit: 0,
    swapped: [{ table: "lab.thing", rowsBefore: null, rows: 3 }],
  });
});
