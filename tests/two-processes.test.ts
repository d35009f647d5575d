import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { OutsideError } from "../src/core/errors.ts";
import { Store } from "../src/store/store.ts";
import { DuckdbStore } from "../src/store/duckdb/duckdb-store.ts";
import { SmallPlatform, mappingOf, openDatabase } from "./small-platform.ts";
import { StartedProcess } from "./started-process.ts";
import type { ProcessOrder } from "./transform-process.ts";

const MAPPING = `
source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id], version: $.v}
fields: [{name: id, type: INT, json_path: $.id}]
targets:
  - name: lab.thing
    primary_key: [id]
    fields: [{name: size, type: INT, json_path: $.size}]
  - name: lab.item
    array_source: $.items[*]
    primary_key: [id, n]
    fields: [{name: n, type: INT, source_field: index}]
`;
const mapping = mappingOf(MAPPING);
const DOCUMENTS = 30;
const ITEMS = "SELECT id, count(*) AS n FROM store.lab.item GROUP BY id ORDER BY id";

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "two-processes-"));
  await writeFile(join(home, "things.yaml"), MAPPING);
});
afterEach(async () => {
  await rm(home, { recursive: true, force: true });
});

async function capture(version: number, count = DOCUMENTS): Promise<void> {
  await SmallPlatform.on(home).capture(
    mapping,
    Array.from({ length: count }, (_, id) => ({
      body: { id, v: String(version), size: id + version, items: Array.from({ length: version }, () => ({})) },
      capturedAt: `2024-07-13T0${String(version)}:00:00.000000Z`,
    })),
  );
}

const start = (change: Partial<ProcessOrder> = {}): StartedProcess =>
  new StartedProcess({
    home,
    mapping: join(home, "things.yaml"),
    waitMs: 60_000,
    sliceBytes: 200,
    connections: 2,
    work: "transform",
    ...change,
  });

describe("two processes on one store", () => {
  test("that transform at the same time both end right, and what they did adds up", async () => {
    await capture(1);
    await using one = start();
    await using other = start({ sliceBytes: 500, connections: 1 });
    const words = await Promise.all([one.until("done"), other.until("done")]);
    expect(words).toMatchObject([
      { said: "done", exit: 0 },
      { said: "done", exit: 0 },
    ]);
    const [items, runs, unbalanced] = await SmallPlatform.on(home).queries(
      ITEMS,
      "SELECT sum(applied) AS applied, sum(stale) + sum(unchanged) AS settled_by_the_other, count(*) AS runs FROM store.mlb.runs WHERE status = 'done' AND selected = applied + stale + unchanged",
      "SELECT * FROM store.mlb.run_targets WHERE rows_in <> inserted + updated + unchanged + stale + quarantined",
    );
    expect(items).toEqual(Array.from({ length: DOCUMENTS }, (_, id) => ({ id, n: 1n })));
    expect(runs).toEqual([{ applied: BigInt(DOCUMENTS), settled_by_the_other: BigInt(DOCUMENTS), runs: 2n }]);
    expect(unbalanced).toEqual([]);
  });

  test("where the slower one comes with older states change nothing by them: they are stale", async () => {
    await capture(2);
    // It has read what to do, a document for each slice, and stops with the file in its hands.
    await using slow = start({
      sliceBytes: 1,
      connections: 1,
      stopAt: { how: "wait", when: "after", statement: "^INSERT INTO slice_documents", nth: 1 },
    });
    expect(await slow.until("waiting")).toEqual({ said: "waiting" });
    await capture(3);
    await using fast = start({ sliceBytes: 1 << 20 });
    await fast.until("asked");
    // From here on they take turns: the fast one has one slice, the slow one one for each document.
    slow.goOn();
    expect(await fast.until("done")).toMatchObject({ said: "done", exit: 0, run: { selected: "30", applied: "30" } });
    const word = await slow.until("done");
    const { run = {}, exit } = word?.said === "done" ? word : { exit: null };
    expect([exit, run["selected"], Number(run["applied"]) + Number(run["stale"])]).toEqual([0, "30", DOCUMENTS]);
    expect(Number(run["applied"])).toBeGreaterThan(0);
    expect(Number(run["stale"])).toBeGreaterThan(0);
    const platform = SmallPlatform.on(home);
    expect(await platform.rows(ITEMS)).toEqual(Array.from({ length: DOCUMENTS }, (_, id) => ({ id, n: 3n })));
    const stale = BigInt(run["stale"] ?? 0);
    expect(await platform.rows("SELECT target, stale FROM store.mlb.run_targets WHERE stale > 0 ORDER BY target")).toEqual([
      { target: "lab.item", stale: 2n * stale },
      { target: "lab.thing", stale },
    ]);
  });

  test("wait for each other: the one that waits is told who holds the file, and goes on by itself", async () => {
    await capture(1, 2);
    await using holder = start({ work: "hold" });
    expect(await holder.until("held")).toEqual({ said: "held" });
    const told: string[] = [];
    const store = new DuckdbStore({
      file: join(home, "platform.duckdb"),
      waitMs: 60_000,
      onWait: (who) => {
        told.push(who);
        holder.goOn();
      },
    });
    await using database = await openDatabase();
    const connection = await database.connect();
    await new Store(store).prepare(connection, mapping, null);
    expect(told).toHaveLength(1);
    expect(told[0]).toContain(`PID ${String(holder.pid)}`);
  });

  test("do not keep it from each other while nothing is written: who asks gets the file, although the other goes on later", async () => {
    await using database = await openDatabase();
    await using another = await openDatabase();
    const [kept, asking] = [await database.connect(), await another.connect()];
    const keeper = new DuckdbStore({ file: join(home, "platform.duckdb"), waitMs: 60_000 });
    const asker = new DuckdbStore({ file: join(home, "platform.duckdb"), waitMs: 60_000 });
    await keeper.keeping(kept, async () => {
      await new Store(keeper).prepare(kept, mapping, null);
      await expect(new Store(asker).prepare(asking, mapping, null)).resolves.toBeUndefined();
      await expect(new Store(keeper).prepare(kept, mapping, null)).resolves.toBeUndefined();
    });
  });

  test("that cannot wait fail with the holder's name, exit 7, and leave nothing half", async () => {
    await capture(1, 2);
    await using holder = start({ work: "hold" });
    await holder.until("held");
    await using late = start({ waitMs: 50 });
    const word = await late.until("failed");
    expect(word).toMatchObject({ said: "failed", code: "store.locked", exit: 7 });
    expect(word?.said === "failed" ? word.message : "").toContain(`PID ${String(holder.pid)}`);
    const failure: unknown = await SmallPlatform.on(home, 50)
      .transform(mapping)
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(OutsideError);
    expect(failure).toMatchObject({ code: "store.locked", exit: 7, retryable: true });
    holder.goOn();
    await holder.ended();
    const { record } = await SmallPlatform.on(home).transform(mapping);
    expect(record.run).toMatchObject({ selected: 2n, applied: 2n });
  });

  test("one of which is killed while it holds the file leave it to the other", async () => {
    await capture(1, 2);
    await using holder = start({ work: "hold" });
    await holder.until("held");
    holder.kill();
    expect(await holder.ended()).toBe("SIGKILL");
    const { record } = await SmallPlatform.on(home, 0).transform(mapping);
    expect(record.run).toMatchObject({ applied: 2n });
  });
});

describe("two engines of one process on one store", () => {
  test("take turns, although the file's lock keeps out other processes only", async () => {
    await capture(1);
    await Promise.all([
      SmallPlatform.on(home).transform(mapping, undefined, { sliceBytes: 200 }),
      SmallPlatform.on(home).transform(mapping, undefined, { sliceBytes: 500, connections: 2 }),
    ]);
    const [things, applied] = await SmallPlatform.on(home).queries(
      "SELECT count(*) AS n, sum(size) AS sizes FROM store.lab.thing",
      "SELECT sum(applied) AS n FROM store.mlb.runs",
    );
    expect(things).toEqual([{ n: BigInt(DOCUMENTS), sizes: BigInt((DOCUMENTS * (DOCUMENTS + 1)) / 2) }]);
    expect(applied).toEqual([{ n: BigInt(DOCUMENTS) }]);
  });

  test("tell that it is this process that holds the file", async () => {
    const holder = SmallPlatform.on(home);
    await using database = await openDatabase();
    const connection = await database.connect();
    await holder.store.whileAttached(connection, async () => {
      await expect(SmallPlatform.on(home, 0).transform(mapping)).rejects.toThrow(`held by this process (PID ${String(process.pid)})`);
    });
    expect((await SmallPlatform.on(home, 0).transform(mapping)).exit).toBe(0);
  });

  test("that read and write the same store one after the other have it for what they do", async () => {
    const platform = SmallPlatform.on(home);
    await platform.transform(mapping);
    await using database = await openDatabase();
    const [reader, writer] = [await database.connect(), await database.connect()];
    const read = platform.store.whileAttached(reader, () => reader.rows("SELECT count(*) AS n FROM store.mlb.runs"), "read");
    const written = platform.store.whileAttached(writer, () => writer.run("UPDATE store.mlb.runs SET error = 'none'"));
    const after = platform.store.whileAttached(reader, () => reader.rows("SELECT error FROM store.mlb.runs"), "read");
    expect(await Promise.all([read, written, after])).toEqual([[{ n: 1n }], 1, [{ error: "none" }]]);
  });
});
