import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { OutsideError } from "../src/core/errors.ts";
import { SmallPlatform, mappingOf } from "./small-platform.ts";
import { StartedProcess } from "./started-process.ts";
import { homes, isOnServer } from "./test-home.ts";
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
let platform: SmallPlatform;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "two-processes-"));
  platform = await SmallPlatform.on(home);
  await writeFile(join(home, "things.yaml"), MAPPING);
});
afterEach(async () => {
  await platform[Symbol.asyncDispose]();
  await homes.remove(home);
});

async function capture(version: number, count = DOCUMENTS): Promise<void> {
  await platform.capture(
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
    const [items, runs, unbalanced] = await platform.queries(
      ITEMS,
      "SELECT CAST(sum(applied) AS BIGINT) AS applied, CAST(sum(stale) + sum(unchanged) AS BIGINT) AS settled_by_the_other, count(*) AS runs FROM store.mlb.runs WHERE status = 'done' AND selected = applied + stale + unchanged",
      "SELECT * FROM store.mlb.run_targets WHERE rows_in <> inserted + updated + unchanged + stale + quarantined",
    );
    expect(items).toEqual(Array.from({ length: DOCUMENTS }, (_, id) => ({ id, n: 1n })));
    expect(runs).toEqual([{ applied: BigInt(DOCUMENTS), settled_by_the_other: BigInt(DOCUMENTS), runs: 2n }]);
    expect(unbalanced).toEqual([]);
  });

  test("where the slower one comes with older states change nothing by them: they are stale", async () => {
    await capture(2);
    // It has read what to do, a document for each slice, and stops when some are applied; with the file in its hands, where the store is one.
    await using slow = start({
      sliceBytes: 1,
      connections: 1,
      stopAt: { how: "wait", when: "after", statement: "^INSERT INTO slice_documents", nth: 3 },
    });
    expect(await slow.until("waiting")).toEqual({ said: "waiting" });
    await capture(3);
    await using fast = start({ sliceBytes: 1 << 20 });
    const done = await fast.until(isOnServer ? "done" : "asked");
    // From here on they take turns at a file: the fast one has one slice, the slow one one for each document.
    slow.goOn();
    expect(isOnServer ? done : await fast.until("done")).toMatchObject({ said: "done", exit: 0, run: { selected: "30", applied: "30" } });
    const word = await slow.until("done");
    const { run = {}, exit } = word?.said === "done" ? word : { exit: null };
    expect([exit, run["selected"], Number(run["applied"]) + Number(run["stale"])]).toEqual([0, "30", DOCUMENTS]);
    expect(Number(run["applied"])).toBeGreaterThan(0);
    expect(Number(run["stale"])).toBeGreaterThan(0);
    expect(await platform.rows(ITEMS)).toEqual(Array.from({ length: DOCUMENTS }, (_, id) => ({ id, n: 3n })));
    const stale = BigInt(run["stale"] ?? 0);
    expect(await platform.rows("SELECT target, stale FROM store.mlb.run_targets WHERE stale > 0 ORDER BY target")).toEqual([
      { target: "lab.item", stale: 2n * stale },
      { target: "lab.thing", stale },
    ]);
  });

  test("that cannot wait fail with exit 7, and leave nothing half", async () => {
    await capture(1, 2);
    await platform.transform(mapping);
    await capture(2, 2);
    await using holder = start({ work: "hold" });
    await holder.until("held");
    await using late = start({ waitMs: 50 });
    const locked = { code: isOnServer ? "postgres.lock" : "store.locked", exit: 7 };
    expect(await late.until("failed")).toMatchObject({ said: "failed", ...locked });
    await using another = await SmallPlatform.on(home, 50);
    const failure: unknown = await another.transform(mapping).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(OutsideError);
    expect(failure).toMatchObject({ ...locked, retryable: true });
    holder.goOn();
    await holder.ended();
    const { record } = await platform.transform(mapping);
    expect(record.run).toMatchObject({ selected: 2n, applied: 2n });
    expect(await platform.rows(ITEMS)).toEqual([0, 1].map((id) => ({ id, n: 2n })));
  });

  test("one of which is killed while it is the only writer leave it to the other", async () => {
    await capture(1, 2);
    await using holder = start({ work: "hold" });
    await holder.until("held");
    holder.kill();
    expect(await holder.ended()).toBe("SIGKILL");
    // The lock of a file goes with its process; a server hears of it a moment later.
    await using other = await SmallPlatform.on(home, isOnServer ? 60_000 : 0);
    const { record } = await other.transform(mapping);
    expect(record.run).toMatchObject({ applied: 2n });
  });
});

describe("two engines of one process on one store", () => {
  test("take turns", async () => {
    await capture(1);
    await using other = await SmallPlatform.on(home);
    await Promise.all([
      platform.transform(mapping, undefined, { sliceBytes: 200 }),
      other.transform(mapping, undefined, { sliceBytes: 500, connections: 2 }),
    ]);
    const [things, applied] = await platform.queries(
      "SELECT count(*) AS n, CAST(sum(size) AS BIGINT) AS sizes FROM store.lab.thing",
      "SELECT CAST(sum(applied) AS BIGINT) AS n FROM store.mlb.runs",
    );
    expect(things).toEqual([{ n: BigInt(DOCUMENTS), sizes: BigInt((DOCUMENTS * (DOCUMENTS + 1)) / 2) }]);
    expect(applied).toEqual([{ n: BigInt(DOCUMENTS) }]);
  });
});
