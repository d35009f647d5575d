import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { OutsideError, UserError } from "../core/errors.ts";
import { sha256Hex } from "../core/hash.ts";
import { BodyChecker } from "./body.ts";
import type { Capture, CheckedCapture } from "./capture.ts";
import { checkCapture } from "./check-capture.ts";
import { DEFAULT_SEGMENT_LIMITS, SegmentStore } from "./segment-store.ts";
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
  test("are given back as they were, with their bodies byte for byte", async () => {
    const text = '{ "gamePk" : 1, "speed": 24.0, "name": "José" }\n';
    const store = new SegmentStore({ root });
    const [result] = await store.append([capture(text, { parameters: { z: "1", a: "2" } })]);
    const [stored] = await all(new SegmentStore({ root }).captures(TABLE));
    expect(stored).toEqual(result!.capture);
    expect(stored).toMatchObject({
      id: 1,
      endpoint: "game",
      method: "feed",
      url: "https://example.test/x",
      status: 200,
      capturedAt: "2024-07-13T04:19:09.000000Z",
      kind: "answer",
      contentHash: sha256Hex(text),
      bytes: Buffer.byteLength(text),
      failure: null,
    });
    expect(Object.keys(stored!.parameters)).toEqual(["a", "z"]);
    expect((await store.readBody(stored!)).toString("utf8")).toBe(text);
  });

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

  test("that were stored before are duplicates, also inside of one batch and in another process", async () => {
    const batch = [capture('{"a":1}'), capture('{"a":2}'), capture('{"a":1}')];
    const first = await new SegmentStore({ root }).append(batch);
    const second = await new SegmentStore({ root }).append(batch);
    expect(first.map(({ outcome, capture: { id } }) => [outcome, id])).toEqual([
      ["stored", 1],
      ["stored", 2],
      ["duplicate", 1],
    ]);
    expect(second.map(({ outcome, capture: { id } }) => [outcome, id])).toEqual([
      ["duplicate", 1],
      ["duplicate", 2],
      ["duplicate", 1],
    ]);
    expect(second[0]!.capture).toEqual(first[0]!.capture);
    expect(await new SegmentStore({ root }).lastId(TABLE)).toBe(2);
  });

  test("that failed are kept with the reason and their bytes", async () => {
    const store = new SegmentStore({ root });
    await store.append([capture('{"a":1,"a":2}'), capture("")]);
    const [double, empty] = await all(store.captures(TABLE));
    expect(double).toMatchObject({ shape: null, failure: { code: "body.duplicate-key", place: { pointer: "/a", offset: 7 } } });
    expect(empty).toMatchObject({ shape: null, failure: { code: "body.empty", place: null }, bytes: 0 });
    expect(await bodies(store)).toEqual(['{"a":1,"a":2}', ""]);
  });

  test("of several raw tables go home in the order of the batch", async () => {
    const store = new SegmentStore({ root });
    const results = await store.append([capture('{"a":1}'), capture('{"b":1}', { endpoint: "team", method: "teams" }), capture('{"a":2}')]);
    expect(results.map((result) => [result.capture.endpoint, result.capture.id])).toEqual([
      ["game", 1],
      ["team", 1],
      ["game", 2],
    ]);
    expect(await store.tables()).toEqual([TABLE, "team.teams"]);
    expect(await bodies(store, "team.teams")).toEqual(['{"b":1}']);
  });

  test("of a raw table that is not there are none", async () => {
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

  test("without a canonical time are refused and nothing is stored", async () => {
    const store = new SegmentStore({ root });
    await expect(store.append([capture("{}"), capture("[]", { capturedAt: "2024-07-13T04:19:09Z" })])).rejects.toThrow(
      "no canonical instant",
    );
    expect(await store.lastId(TABLE)).toBe(0);
  });
});

describe("reading on", () => {
  test("from an id gives what comes after it, over segments", async () => {
    const limits = { maxBytes: 1 << 20, maxCaptures: 2 };
    const store = new SegmentStore({ root, limits });
    await store.append(Array.from({ length: 9 }, (_, n) => capture(`{"n":${String(n)}}`)));
    for (let after = 0; after <= 10; after++) {
      const ids = (await all(store.captures(TABLE, after))).map(({ id }) => id);
      expect(ids).toEqual(Array.from({ length: Math.max(0, 9 - after) }, (_, at) => after + at + 1));
    }
  });

  test("from a position gives each capture once, whatever was appended meanwhile", async () => {
    const limits = { maxBytes: 1 << 20, maxCaptures: 2 };
    const writer = new SegmentStore({ root, limits });
    const reader = new SegmentStore({ root, limits });
    const seen: number[] = [];
    let position: string | null = null;
    for (let round = 0; round < 7; round++) {
      for await (const read of reader.capturesFrom(TABLE, position)) {
        seen.push(read.capture.id);
        ({ position } = read);
      }
      await writer.append([capture(`{"n":${String(round)}}`)]);
    }
    expect(seen).toEqual([1, 2, 3, 4, 5, 6]);
    await expect(all(mapCapture(reader.capturesFrom(TABLE, "7")))).rejects.toThrow(RangeError);
  });

  test("by ids gives these, sorted, and says which are missing", async () => {
    const store = new SegmentStore({ root, limits: { maxBytes: 1 << 20, maxCaptures: 2 } });
    await store.append(Array.from({ length: 9 }, (_, n) => capture(`{"n":${String(n)}}`)));
    expect((await all(store.capturesByIds(TABLE, [8, 1, 2, 5, 8]))).map(({ id }) => id)).toEqual([1, 2, 5, 8]);
    expect(await all(store.capturesByIds(TABLE, []))).toEqual([]);
    await expect(all(store.capturesByIds(TABLE, [3, 10, 11]))).rejects.toMatchObject({ code: "raw.capture-missing" });
  });
});

async function* mapCapture(read: AsyncIterable<{ readonly capture: Capture }>): AsyncGenerator<Capture> {
  for await (const { capture: one } of read) yield one;
}

describe("shapes", () => {
  test("are kept as numbers of the raw table's dictionary, which mean the same for ever", async () => {
    await new SegmentStore({ root }).append([capture('{"a":1}')]);
    await new SegmentStore({ root }).append([capture('{"b":[1.5]}'), capture('{"a":"x"}')]);
    const store = new SegmentStore({ root });
    const captures = await all(store.captures(TABLE));
    const dictionary = await store.dictionary(TABLE);
    const pairs = captures.map((one) =>
      dictionary
        .pairsOf(decodeShape(one.shape!))
        .map(({ path, type }) => `${path} ${type}`)
        .toSorted(),
    );
    expect(pairs).toEqual([
      ["$ object", "$.a int32"],
      ["$ object", "$.b array", "$.b[*] number"],
      ["$ object", "$.a string"],
    ]);
    expect(dictionary.idOf("$.b[*]", "number")).not.toBeNull();
    expect(dictionary.idOf("$.b[*]", "string")).toBeNull();
    expect(decodeShape(captures[0]!.shape!).has(dictionary.idOf("$.a", "int32")!)).toBe(true);
    expect(decodeShape(captures[1]!.shape!).has(dictionary.idOf("$.a", "int32")!)).toBe(false);
  });

  test("survive that two writers take turns", async () => {
    const one = new SegmentStore({ root });
    const two = new SegmentStore({ root });
    await one.append([capture('{"a":1}')]);
    await two.append([capture('{"b":1}')]);
    await one.append([capture('{"c":1}'), capture('{"b":2}')]);
    await two.append([capture('{"c":2}')]);
    const dictionary = await one.dictionary(TABLE);
    const paths = (await all(two.captures(TABLE))).map((stored) =>
      dictionary
        .pairsOf(decodeShape(stored.shape!))
        .map(({ path }) => path)
        .toSorted(),
    );
    expect(paths).toEqual([
      ["$", "$.a"],
      ["$", "$.b"],
      ["$", "$.c"],
      ["$", "$.b"],
      ["$", "$.c"],
    ]);
  });
});

describe("names", () => {
  test.each([
    "..",
    "game",
    "game.",
    "../x.y",
    "game.feed/../../x",
    "Game.feed",
    "game.liveGameV1",
    "game.feed.x",
    "game.\0",
    "1game.feed",
    `${"a".repeat(64)}.b`,
    "",
  ])("%j is no raw table", async (name) => {
    const store = new SegmentStore({ root });
    await expect(all(store.captures(name))).rejects.toThrow(UserError);
    expect(() => store.sidecar(name, "x")).toThrow(UserError);
  });

  test.each(["..", "../x", "a/b", "", "A", "x".repeat(65)])("%j is no sidecar", (name) => {
    expect(() => new SegmentStore({ root }).sidecar(TABLE, name)).toThrow(UserError);
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

test("any order of batches over any number of writers stores each capture once, in order", async () => {
  const pool = Array.from({ length: 12 }, (_, n) => capture(`{"n":${String(n % 5)}}`, { parameters: { game_pk: String(n) } }));
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(2), fc.array(fc.nat(pool.length - 1), { minLength: 1, maxLength: 5 })), { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 1, max: 4 }),
      async (steps, maxCaptures) => {
        const folder = await mkdtemp(join(root, "run-"));
        const limits = { ...DEFAULT_SEGMENT_LIMITS, maxCaptures };
        const writers = Array.from({ length: 3 }, () => new SegmentStore({ root: folder, limits }));
        const expected: string[] = [];
        for (const [writer, batch] of steps) {
          const results = await writers[writer]!.append(batch.map((at) => pool[at]!));
          for (const [at, result] of results.entries()) {
            const game = pool[batch[at]!]!.parameters["game_pk"]!;
            expect(result.outcome).toBe(expected.includes(game) ? "duplicate" : "stored");
            if (result.outcome === "stored") expected.push(game);
            expect(result.capture.id).toBe(expected.indexOf(game) + 1);
          }
        }
        const reader = new SegmentStore({ root: folder, limits });
        expect((await all(reader.captures(TABLE))).map(({ parameters }) => parameters["game_pk"])).toEqual(expected);
        expect(await bodies(reader)).toEqual(expected.map((game) => `{"n":${String(Number(game) % 5)}}`));
      },
    ),
    { numRuns: 60 },
  );
});
