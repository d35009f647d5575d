import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { appendFile, cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execPath } from "node:process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { pathToFileURL } from "node:url";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { BodyChecker } from "./body.ts";
import type { Capture, CheckedCapture } from "./capture.ts";
import { checkCapture } from "./check-capture.ts";
import { SegmentStore } from "./segment-store.ts";
import { decodeShape } from "./shape.ts";

const TABLE = "game.feed";
const LIMITS = { maxBytes: 1 << 20, maxCaptures: 3 };
const checker = new BodyChecker();
let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "segment-crash-"));
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

function capture(n: number): CheckedCapture {
  const body = Buffer.from(`{"k${String(n)}":${String(n)}}`);
  return checkCapture(
    { endpoint: "game", method: "feed", parameters: { n: String(n) }, url: null, status: 200, kind: "answer", body },
    checker,
    () => "2024-07-13T04:19:09.000000Z",
  ).checked;
}

/** What a reader sees: `n body paths` of each capture. */
async function contents(folder: string): Promise<string[]> {
  const store = new SegmentStore({ root: folder, limits: LIMITS });
  const list: string[] = [];
  const captures: Capture[] = [];
  for await (const one of store.captures(TABLE)) captures.push(one);
  const dictionary = await store.dictionary(TABLE);
  for await (const { capture: one, body } of store.readBodies(captures)) {
    const paths = dictionary.pairsOf(decodeShape(one.shape ?? "")).map(({ path }) => path);
    list.push(`${String(one.id)} ${one.parameters["n"] ?? ""} ${body.toString("utf8")} ${paths.toSorted().join(",")}`);
  }
  return list;
}

function expectedContents(numbers: readonly number[]): string[] {
  return numbers.map((n, at) => `${String(at + 1)} ${String(n)} {"k${String(n)}":${String(n)}} $,$.k${String(n)}`);
}

async function sizes(folder: string): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (const name of await readdir(folder)) found.set(name, (await readFile(join(folder, name))).length);
  return found;
}

describe("a writer that is killed", () => {
  test("at any byte of what it writes loses nothing that was stored, shows nothing half, and the next one goes on", async () => {
    const before = join(root, "before");
    const after = join(root, "after");
    await new SegmentStore({ root: before, limits: LIMITS }).append([capture(1), capture(2)]);
    await cp(before, after, { recursive: true });
    // Two more: one in the first segment, one in a new one.
    const batch = [capture(3), capture(4)];
    await new SegmentStore({ root: after, limits: LIMITS }).append(batch);
    expect(await contents(after)).toEqual(expectedContents([1, 2, 3, 4]));

    const old = await sizes(join(before, TABLE));
    const full = await sizes(join(after, TABLE));
    const order = ["000001.bodies.gz", "000002.bodies.gz", "paths.jsonl", "000001.captures.jsonl", "000002.captures.jsonl"];
    expect([...full.keys()].toSorted()).toEqual(order.toSorted());

    const work = join(root, "work");
    for (const [stage, torn] of order.entries()) {
      for (let size = old.get(torn) ?? 0; size <= full.get(torn)!; size++) {
        await rm(work, { recursive: true, force: true });
        await cp(after, work, { recursive: true });
        await truncate(join(work, TABLE, torn), size);
        for (const later of order.slice(stage + 1)) {
          if (old.has(later)) await truncate(join(work, TABLE, later), old.get(later));
          else await rm(join(work, TABLE, later));
        }
        const seen = await contents(work);
        expect(seen).toEqual(expectedContents([1, 2, 3, 4]).slice(0, seen.length));
        expect(seen.length).toBeGreaterThanOrEqual(2);
        const results = await new SegmentStore({ root: work, limits: LIMITS }).append(batch);
        expect(results.filter(({ outcome }) => outcome === "duplicate")).toHaveLength(seen.length - 2);
        expect(await contents(work)).toEqual(expectedContents([1, 2, 3, 4]));
      }
    }
  });

  test("in its very first batch leaves nothing behind that hurts", async () => {
    const after = join(root, "after");
    const batch = [capture(1), capture(2)];
    await new SegmentStore({ root: after }).append(batch);
    const work = join(root, "work");
    for (const cut of ["000001.bodies.gz", "paths.jsonl", "000001.captures.jsonl"]) {
      await rm(work, { recursive: true, force: true });
      await cp(after, work, { recursive: true });
      await truncate(join(work, TABLE, cut), 1);
      if (cut !== "000001.captures.jsonl") await rm(join(work, TABLE, "000001.captures.jsonl"));
      expect(await contents(work)).toEqual([]);
      await new SegmentStore({ root: work }).append(batch);
      expect(await contents(work)).toEqual(expectedContents([1, 2]));
    }
  });

  test("leaves a long torn tail of which nothing shows behind what the next one writes, though that is shorter", async () => {
    await new SegmentStore({ root }).append([capture(1)]);
    for (const name of ["000001.captures.jsonl", "paths.jsonl", "000001.bodies.gz"]) {
      await appendFile(join(root, TABLE, name), `{"id":2,"path":"$.${"k".repeat(5000)}`);
    }
    await new SegmentStore({ root }).append([capture(2)]);
    expect(await contents(root)).toEqual(expectedContents([1, 2]));
    for (const name of ["000001.captures.jsonl", "paths.jsonl"])
      expect((await readFile(join(root, TABLE, name), "utf8")).endsWith("}\n")).toBe(true);
    expect(gunzipSync(await readFile(join(root, TABLE, "000001.bodies.gz"))).toString("utf8")).toBe('{"k1":1}{"k2":2}');
  });

  test("with blank blocks at the end of a file, as a power cut leaves them, is followed by one that goes on", async () => {
    await new SegmentStore({ root }).append([capture(1)]);
    for (const name of ["000001.captures.jsonl", "paths.jsonl", "000001.bodies.gz"]) {
      const path = join(root, TABLE, name);
      await writeFile(path, Buffer.concat([await readFile(path), Buffer.alloc(5000)]));
    }
    await new SegmentStore({ root }).append([capture(2)]);
    expect(await contents(root)).toEqual(expectedContents([1, 2]));
  });
});

/** Appends captures `from` … `to` one batch each of `size`, and says so on stdout after each. */
function startWriter(from: number, to: number, size: number): ChildProcessByStdio<null, Readable, null> {
  const module = (name: string): string => JSON.stringify(pathToFileURL(join(import.meta.dirname, name)).href);
  const program = `
    const { BodyChecker } = await import(${module("body.ts")});
    const { checkCapture } = await import(${module("check-capture.ts")});
    const { SegmentStore } = await import(${module("segment-store.ts")});
    const store = new SegmentStore({ root: ${JSON.stringify(root)}, limits: ${JSON.stringify(LIMITS)}, lockWaitMs: 240_000 });
    const checker = new BodyChecker();
    const capture = (n) => checkCapture({ endpoint: "game", method: "feed", parameters: { n: String(n) }, url: null, status: 200, kind: "answer",
      body: Buffer.from('{"k' + n + '":' + n + '}') }, checker, () => "2024-07-13T04:19:09.000000Z").checked;
    for (let n = ${String(from)}; n <= ${String(to)}; n += ${String(size)}) {
      const batch = Array.from({ length: Math.min(${String(size)}, ${String(to)} - n + 1) }, (_, at) => capture(n + at));
      await store.append(batch);
      process.stdout.write(n + "\\n");
    }`;
  return spawn(execPath, ["--import", "tsx", "--input-type=module", "--eval", program], {
    cwd: join(import.meta.dirname, "../.."),
    stdio: ["ignore", "pipe", "inherit"],
  });
}

describe("processes", () => {
  test("that write at the same time lose nothing and store nothing twice", async () => {
    // Both have 21 … 40.
    const writers = [startWriter(1, 40, 3), startWriter(21, 60, 2)];
    for (const writer of writers) writer.stdout.resume();
    const codes = await Promise.all(writers.map(async (writer) => (await once(writer, "exit"))[0] as unknown));
    expect(codes).toEqual([0, 0]);
    const seen = await contents(root);
    expect(seen).toHaveLength(60);
    expect(seen.map((line) => Number(line.split(" ")[0]))).toEqual(Array.from({ length: 60 }, (_, at) => at + 1));
    expect(seen.map((line) => Number(line.split(" ")[1])).toSorted((left, right) => left - right)).toEqual(
      Array.from({ length: 60 }, (_, at) => at + 1),
    );
    for (const line of seen) {
      const n = line.split(" ")[1] ?? "";
      expect(line.endsWith(` ${n} {"k${n}":${n}} $,$.k${n}`)).toBe(true);
    }
  });

  test("that are killed leave what they had said to be stored, and no lock that stays", async () => {
    let said = 0;
    for (let round = 0; round < 3; round++) {
      const writer = startWriter(1, 100_000, 1);
      for await (const line of createInterface({ input: writer.stdout })) {
        said = Math.max(said, Number(line));
        if (Number(line) >= 10 * (round + 1)) break;
      }
      writer.kill("SIGKILL");
      await once(writer, "exit");
    }
    const left = await contents(root);
    expect(left.length).toBeGreaterThanOrEqual(said);
    expect(left).toEqual(expectedContents(Array.from({ length: left.length }, (_, at) => at + 1)));
    await new SegmentStore({ root, limits: LIMITS, lockWaitMs: 0 }).append([capture(left.length + 1)]);
    expect(await contents(root)).toHaveLength(left.length + 1);
  });
});
