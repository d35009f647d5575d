import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { OutsideError, UserError } from "../core/errors.ts";
import { BodyChecker } from "./body.ts";
import type { Capture, CheckedCapture } from "./capture.ts";
import { checkCapture } from "./check-capture.ts";
import { SegmentStore } from "./segment-store.ts";
import { decodeShape } from "./shape.ts";

const TABLE = "game.feed";
const checker = new BodyChecker();
let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "segment-store-"));
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

function capture(
  body: string,
  change: Partial<{ capturedAt: string; endpoint: string; method: string; parameters: Record<string, string> }> = {},
): CheckedCapture {
  const { capturedAt = "2024-07-13T04:19:09.000000Z", endpoint = "game", method = "feed", parameters = { game_pk: "1" } } = change;
  return checkCapture(
    { endpoint, method, parameters, url: "https://example.test/x", status: 200, kind: "answer", body: Buffer.from(body, "utf8") },
    checker,
    () => capturedAt,
  ).checked;
}

async function all(captures: AsyncIterable<Capture>): Promise<Capture[]> {
  const list: Capture[] = [];
  for await (const one of captures) list.push(one);
  return list;
}

async function bodies(store: SegmentStore, table = TABLE): Promise<string[]> {
  const list: string[] = [];
  for await (const { body } of store.readBodies(store.captures(table))) list.push(body.toString("utf8"));
  return list;
}

describe("captures", () => {
  test("have ids from 1 without gaps, over batches, processes and segments", async () => {
    const limits = { maxBytes: 1 << 20, maxCaptures: 3 };
    for (let batch = 0; batch < 4; batch++) {
      await new SegmentStore({ root, limits }).append([0, 1].map((at) => capture(`{"n":${String(batch * 2 + at)}}`)));
    }
    const store = new SegmentStore({ root, limits });
    expect((await all(store.captures(TABLE))).map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(await bodies(store)).toEqual(Array.from({ length: 8 }, (_, n) => `{"n":${String(n)}}`));
    expect(await store.lastId(TABLE)).toBe(8);
    expect((await readdir(join(root, TABLE))).filter((name) => name.endsWith(".captures.jsonl"))).toEqual([
      "000001.captures.jsonl",
      "000002.captures.jsonl",
      "000003.captures.jsonl",
    ]);
  });

  test("with one body share its bytes", async () => {
    const store = new SegmentStore({ root });
    const first = await store.append([capture('{"a":1}')]);
    const again = await store.append([
      capture('{"a":1}', { capturedAt: "2024-07-13T04:20:00.000000Z" }),
      capture('{"a":1}', { parameters: { game_pk: "2" } }),
    ]);
    expect(first.map(({ outcome, sharedBody }) => [outcome, sharedBody])).toEqual([["stored", false]]);
    expect(again.map(({ outcome, sharedBody }) => [outcome, sharedBody])).toEqual([
      ["stored", true],
      ["stored", true],
    ]);
    expect(again.map((result) => result.capture.place)).toEqual([first[0]!.capture.place, first[0]!.capture.place]);
    expect(gunzipSync(await readFile(join(root, TABLE, "000001.bodies.gz"))).toString("utf8")).toBe('{"a":1}');
  });

  test("of a folder that is not there are none", async () => {
    const store = new SegmentStore({ root: join(root, "nowhere") });
    expect(await all(store.captures(TABLE))).toEqual([]);
    expect(await store.lastId(TABLE)).toBe(0);
    expect(await store.tables()).toEqual([]);
    expect((await store.dictionary(TABLE)).size).toBe(0);
  });

  test("are all readable with zcat", async () => {
    const store = new SegmentStore({ root });
    await store.append([capture('{"a":1}\n'), capture('{"a":2}\n')]);
    await store.append([capture('{"a":3}\n')]);
    expect(gunzipSync(await readFile(join(root, TABLE, "000001.bodies.gz"))).toString("utf8")).toBe('{"a":1}\n{"a":2}\n{"a":3}\n');
  });
});

describe("names", () => {
  test.each(["..", "../x", "a/b", "", "A", "x".repeat(65)])("%j is no sidecar", (name) => {
    expect(() => new SegmentStore({ root }).sidecar(TABLE, name)).toThrow(UserError);
    expect(() => new SegmentStore({ root }).sidecar(`${TABLE}/`, "x")).toThrow(UserError);
  });

  test("of captures cannot lead out of the folder", async () => {
    await expect(new SegmentStore({ root }).append([capture("{}", { endpoint: "..", method: "x" })])).rejects.toMatchObject({
      code: "raw.bad-name",
    });
  });

  test("of other folders and files are passed over", async () => {
    await writeFile(join(root, "notes.txt"), "");
    const store = new SegmentStore({ root });
    await store.append([capture("{}")]);
    expect(await store.tables()).toEqual([TABLE]);
  });
});

describe("damage", () => {
  test("to a body is said, not passed on", async () => {
    const store = new SegmentStore({ root });
    const [first] = await store.append([capture('{"a":"a body that is longer than a few bytes"}')]);
    const path = join(root, TABLE, "000001.bodies.gz");
    const bytes = await readFile(path);
    for (const at of [0, 15, bytes.length - 6]) {
      const damaged = Buffer.from(bytes);
      damaged[at] = (damaged[at] ?? 0) ^ 0xff;
      await writeFile(path, damaged);
      await expect(store.readBody(first!.capture)).rejects.toMatchObject({ code: "raw.damaged" });
    }
    await writeFile(path, bytes.subarray(0, -1));
    await expect(store.readBody(first!.capture)).rejects.toThrow(OutsideError);
    await expect(new SegmentStore({ root }).append([capture("{}")])).rejects.toMatchObject({ code: "raw.damaged" });
    await rm(path);
    await expect(store.readBody(first!.capture)).rejects.toMatchObject({ code: "raw.damaged" });
  });

  test("to a line inside of a manifest or dictionary is said, with its place, and nothing is cut off", async () => {
    await new SegmentStore({ root }).append([capture('{"a":1}'), capture('{"a":2}')]);
    for (const name of ["000001.captures.jsonl", "paths.jsonl"]) {
      const path = join(root, TABLE, name);
      const text = await readFile(path, "utf8");
      const damaged = text.replace("{", "[");
      await writeFile(path, damaged);
      await expect(new SegmentStore({ root }).append([capture('{"a":3}')])).rejects.toThrow(`${path}, byte 0`);
      expect(await readFile(path, "utf8")).toBe(damaged);
      await writeFile(path, text);
    }
    expect(await bodies(new SegmentStore({ root }))).toEqual(['{"a":1}', '{"a":2}']);
  });

  test("that a write fails leaves the store as it was, and the same batch completes it", async () => {
    const store = new SegmentStore({ root, limits: { maxBytes: 1 << 20, maxCaptures: 1 } });
    await store.append([capture('{"a":1}')]);
    const batch = [capture('{"b":2}'), capture('{"c":3}')];
    for (const name of ["000002.bodies.gz", "000003.bodies.gz", "000002.captures.jsonl", "000003.captures.jsonl"]) {
      const path = join(root, TABLE, name);
      await rm(path, { recursive: true, force: true });
      await mkdir(path);
      await expect(store.append(batch)).rejects.toThrow("EISDIR");
      await rm(path, { recursive: true });
      const stored = await store.lastId(TABLE);
      expect(stored).toBe(name === "000003.captures.jsonl" ? 2 : 1);
    }
    expect((await store.append(batch)).map(({ outcome, capture: { id } }) => [outcome, id])).toEqual([
      ["duplicate", 2],
      ["stored", 3],
    ]);
    const dictionary = await new SegmentStore({ root }).dictionary(TABLE);
    const captures = await all(new SegmentStore({ root }).captures(TABLE));
    expect(captures.map((one) => dictionary.pairsOf(decodeShape(one.shape!)).map(({ path }) => path))).toEqual([
      ["$", "$.a"],
      ["$", "$.b"],
      ["$", "$.c"],
    ]);
    expect(await bodies(new SegmentStore({ root }))).toEqual(['{"a":1}', '{"b":2}', '{"c":3}']);
  });

  test("in one append does not hurt the next one", async () => {
    const store = new SegmentStore({ root });
    await store.append([capture('{"a":1}')]);
    const path = join(root, TABLE, "paths.jsonl");
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replace("{", "["));
    await expect(new SegmentStore({ root }).append([capture('{"b":2}')])).rejects.toThrow(OutsideError);
    await writeFile(path, text);
    await store.append([capture('{"b":2}')]);
    expect(await bodies(store)).toEqual(['{"a":1}', '{"b":2}']);
  });
});
