import { mkdtemp, readFile, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { SidecarFile, SidecarLine } from "./sidecar-file.ts";
import { SegmentStore } from "./segment-store.ts";

let root: string;
let sidecar: SidecarFile;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "sidecar-"));
  sidecar = new SegmentStore({ root }).sidecar("game.feed", "abc");
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

async function lines(from = 0, of: SidecarFile = sidecar): Promise<SidecarLine[]> {
  const list = [];
  for await (const line of of.lines(from)) list.push(line);
  return list;
}

test("a sidecar keeps its lines in order and says how far it came", async () => {
  expect(await sidecar.lastId()).toBe(0);
  expect(await lines()).toEqual([]);
  expect(
    await sidecar.append([
      { capture: 1, documents: [["a"]] },
      { capture: 4, documents: [] },
    ]),
  ).toBe(2);
  expect(await sidecar.append([])).toBe(0);
  expect(await sidecar.lastId()).toBe(4);

  expect(await lines()).toEqual([
    { capture: 1, documents: [["a"]] },
    { capture: 4, documents: [] },
  ]);
  expect((await lines(1)).map(({ capture }) => capture)).toEqual([4]);
  expect(await readFile(join(root, "game.feed", "documents-abc.jsonl"), "utf8")).toBe(
    '{"capture":1,"documents":[["a"]]}\n{"capture":4,"documents":[]}\n',
  );
});

test("lines of captures that another process has covered are left out", async () => {
  await sidecar.append([{ capture: 1 }, { capture: 2 }]);
  const other = new SegmentStore({ root }).sidecar("game.feed", "abc");
  expect(await other.append([{ capture: 1 }, { capture: 2 }, { capture: 3 }])).toBe(1);
  expect((await lines()).map(({ capture }) => capture)).toEqual([1, 2, 3]);
});

test("lines that are not in order of captures are a mistake", async () => {
  await expect(sidecar.append([{ capture: 2 }, { capture: 2 }])).rejects.toThrow(RangeError);
});

test("a torn tail is not seen and is cut off by the next writer", async () => {
  await sidecar.append([
    { capture: 1, n: "one" },
    { capture: 2, n: "two" },
  ]);
  const path = join(root, "game.feed", "documents-abc.jsonl");
  const whole = await readFile(path, "utf8");
  const firstEnd = whole.indexOf("\n") + 1;
  for (let size = firstEnd; size < whole.length; size++) {
    await truncate(path, size);
    expect(await sidecar.lastId()).toBe(1);
    expect(await lines()).toHaveLength(1);
    expect(await sidecar.append([{ capture: 2, n: "two" }])).toBe(1);
    expect(await readFile(path, "utf8")).toBe(whole);
  }
});

test("two sidecars of one raw table know nothing of each other", async () => {
  const other = new SegmentStore({ root }).sidecar("game.feed", "def");
  await Promise.all([sidecar.append([{ capture: 1 }]), other.append([{ capture: 1 }, { capture: 2 }])]);
  expect(await sidecar.lastId()).toBe(1);
  expect(await other.lastId()).toBe(2);
});

test("a removed sidecar starts anew", async () => {
  await sidecar.append([{ capture: 5 }]);
  await sidecar.remove();
  await sidecar.remove();
  expect(await sidecar.lastId()).toBe(0);
  await sidecar.append([{ capture: 1 }]);
  expect(await lines()).toHaveLength(1);
});
