import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { attachStore } from "../src/store/duckdb/attach.ts";
import { duckdbStoreDialect } from "../src/store/duckdb/duckdb-store-dialect.ts";
import { DuckdbStore } from "../src/store/duckdb/duckdb-store.ts";
import { OpenStore } from "../src/store/open-store.ts";
import { swapRebuilt } from "../src/store/rebuild-tables.ts";
import { Store } from "../src/store/store.ts";
import { compilePlan } from "../src/plan/compile-plan.ts";
import { SmallPlatform, mappingOf, openDatabase } from "./small-platform.ts";
import { StartedProcess } from "./started-process.ts";

/** The embedded store is a file: who has it, and who waits for it. */

const MAPPING = `
source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id]}
fields: [{name: id, type: INT, json_path: $.id}]
targets:
  - name: lab.thing
    primary_key: [id]
    fields: [{name: size, type: INT, json_path: $.size}]
`;
const mapping = mappingOf(MAPPING);
const THINGS = "SELECT id, size FROM store.lab.thing ORDER BY id";

let home: string;
let file: string;
let platform: SmallPlatform;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "store-file-"));
  file = join(home, "platform.duckdb");
  await writeFile(join(home, "things.yaml"), MAPPING);
  platform = await SmallPlatform.on(home);
  await platform.capture(
    mapping,
    [1, 2, 3].map((id) => ({ body: { id, size: id * 10 } })),
  );
});
afterEach(async () => {
  await rm(home, { recursive: true, force: true });
});

const storeOf = (waitMs: number, onWait?: (who: string) => void): DuckdbStore =>
  new DuckdbStore({ file, waitMs, ...(onWait === undefined ? {} : { onWait }) });
const hold = (): StartedProcess =>
  new StartedProcess({ home, mapping: join(home, "things.yaml"), waitMs: 60_000, sliceBytes: 200, connections: 2, work: "hold" });

describe("two processes", () => {
  test("wait for each other: the one that waits is told who holds the file, and goes on by itself", async () => {
    await using holder = hold();
    expect(await holder.until("held")).toEqual({ said: "held" });
    const told: string[] = [];
    const store = storeOf(60_000, (who) => {
      told.push(who);
      holder.goOn();
    });
    await using database = await openDatabase();
    const connection = await database.connect();
    await new Store(store).prepare(connection, mapping, null);
    expect(told).toHaveLength(1);
    expect(told[0]).toContain(`PID ${String(holder.pid)}`);
  });

  test("that cannot wait are told who holds the file", async () => {
    await using holder = hold();
    await holder.until("held");
    await using late = await SmallPlatform.on(home, 50);
    await expect(late.transform(mapping)).rejects.toThrow(`PID ${String(holder.pid)}`);
  });
});

describe("two engines of one process", () => {
  test("do not keep it from each other while nothing is written: who asks gets the file, although the other goes on later", async () => {
    await using database = await openDatabase();
    await using another = await openDatabase();
    const [kept, asking] = [await database.connect(), await another.connect()];
    const [keeper, asker] = [storeOf(60_000), storeOf(60_000)];
    await keeper.keeping(kept, async () => {
      await new Store(keeper).prepare(kept, mapping, null);
      await expect(new Store(asker).prepare(asking, mapping, null)).resolves.toBeUndefined();
      await expect(new Store(keeper).prepare(kept, mapping, null)).resolves.toBeUndefined();
    });
  });

  test("tell that it is this process that holds the file, whose lock keeps out others only", async () => {
    await using other = await SmallPlatform.on(home, 0);
    await platform.inStore(async () => {
      await expect(other.transform(mapping)).rejects.toThrow(`held by this process (PID ${String(process.pid)})`);
    });
    expect((await other.transform(mapping)).exit).toBe(0);
  });

  test("that read and write the same store one after the other have it for what they do", async () => {
    await platform.transform(mapping);
    await using database = await openDatabase();
    const [reader, writer] = [await database.connect(), await database.connect()];
    const store = storeOf(60_000);
    const read = store.whileAttached(reader, () => reader.rows("SELECT count(*) AS n FROM store.mlb.runs"), "read");
    const written = store.whileAttached(writer, () => writer.run("UPDATE store.mlb.runs SET error = 'none'"));
    const after = store.whileAttached(reader, () => reader.rows("SELECT error FROM store.mlb.runs"), "read");
    expect(await Promise.all([read, written, after])).toEqual([[{ n: 1n }], 1, [{ error: "none" }]]);
  });
});

test("a query that began before a rebuild is swapped in sees the old rows to its end", async () => {
  await platform.transform(mapping);
  const rebuilt = mappingOf(MAPPING.replace("size, type: INT", "size, type: TEXT"));
  await using database = await openDatabase();
  const [reader, writer] = [await database.connect(), await database.connect()];
  await new Store(storeOf(0), "beside").prepare(writer, rebuilt, null);
  await attachStore(writer, { file, access: "write", waitMs: 0 });
  await reader.run("BEGIN TRANSACTION");
  const before = await reader.rows(THINGS);
  await swapRebuilt(new OpenStore(writer, duckdbStoreDialect, "live"), rebuilt, compilePlan(rebuilt), () => undefined);
  expect(await reader.rows(THINGS)).toEqual(before);
  await reader.run("COMMIT");
  expect(before).toHaveLength(3);
  expect(await reader.rows(THINGS)).toEqual([]);
  await writer.run("DETACH store");
});

test("of work that fails and leaves a store that cannot be let go, the first error is told", async () => {
  await platform.execute("CREATE TABLE store.thing (id INTEGER)");
  await using database = await openDatabase();
  const connection = await database.connect();
  const work = storeOf(60_000).whileAttached(connection, async () => {
    // A transaction that is never ended is in the way of DETACH.
    await connection.run("BEGIN TRANSACTION");
    await connection.run("INSERT INTO store.thing VALUES (1)");
    throw new Error("what went wrong");
  });
  await expect(work).rejects.toThrow("what went wrong");
});
