import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { describeEachPostgres } from "../../tests/each-postgres.ts";
import { UserError } from "../core/errors.ts";
import { sha256Hex } from "../core/hash.ts";
import { Postgres } from "../postgres/postgres.ts";
import { BodyChecker } from "./body.ts";
import type { CheckedCapture } from "./capture.ts";
import { checkCapture } from "./check-capture.ts";
import { PostgresRawStore } from "./postgres/postgres-raw-store.ts";
import type { RawStore } from "./raw-store.ts";
import { DEFAULT_SEGMENT_LIMITS, SegmentStore } from "./segment-store.ts";
import { decodeShape } from "./shape.ts";

/** Where captures are: each `open` is as another process has it. */
interface RawPlace extends AsyncDisposable {
  open(): Promise<RawStore>;
}

const TABLE = "game.feed";
const checker = new BodyChecker();

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

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const one of items) list.push(one);
  return list;
}

async function bodies(store: RawStore, table = TABLE): Promise<string[]> {
  return (await all(store.readBodies(store.captures(table)))).map(({ body }) => body.toString("utf8"));
}

describe("the segments of the embedded store", () => {
  testRawStore(async () => {
    const root = await mkdtemp(join(tmpdir(), "raw-store-"));
    return {
      // Small segments, so that what is asked goes over several.
      open: () => Promise.resolve(new SegmentStore({ root, limits: { ...DEFAULT_SEGMENT_LIMITS, maxCaptures: 3 } })),
      [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
    };
  });
});

describeEachPostgres((server) => {
  testRawStore(async () => {
    const database = await server.createDatabase();
    const opened: RawStore[] = [];
    return {
      open: async () => {
        const store = new PostgresRawStore(await Postgres.open({ url: database.url, environment: {}, waitMs: 30_000 }));
        opened.push(store);
        return store;
      },
      [Symbol.asyncDispose]: async () => {
        for (const store of opened) await store[Symbol.asyncDispose]();
        await database[Symbol.asyncDispose]();
      },
    };
  });
});

function testRawStore(makePlace: () => Promise<RawPlace>): void {
  let place: RawPlace;
  let store: RawStore;

  beforeEach(async () => {
    place = await makePlace();
    store = await place.open();
  });

  afterEach(async () => {
    await place[Symbol.asyncDispose]();
  });

  describe("captures", () => {
    test("are given back as they were, with their bodies byte for byte", async () => {
      const text = '{ "gamePk" : 1, "speed": 24.0, "name": "José" }\n';
      const [result] = await store.append([capture(text, { parameters: { z: "1", a: "2" } })]);
      const other = await place.open();
      const [stored] = await all(other.captures(TABLE));
      expect(stored).toEqual(result!.capture);
      expect(stored).toMatchObject({
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
      expect((await other.readBody(stored!)).toString("utf8")).toBe(text);
    });

    test("have ids that grow from 1 in the order of storing, over batches and processes", async () => {
      for (let batch = 0; batch < 4; batch++)
        await (await place.open()).append([0, 1].map((at) => capture(`{"n":${String(batch * 2 + at)}}`)));
      const ids = (await all(store.captures(TABLE))).map(({ id }) => id);
      expect(ids[0]).toBe(1);
      expect(ids).toEqual([...new Set(ids)].toSorted((a, b) => a - b));
      expect(await bodies(store)).toEqual(Array.from({ length: 8 }, (_, n) => `{"n":${String(n)}}`));
      expect(await store.lastId(TABLE)).toBe(ids.at(-1));
    });

    test("with one body share its bytes", async () => {
      const first = await store.append([capture('{"a":1}')]);
      const again = await store.append([
        capture('{"a":1}', { capturedAt: "2025-08-13T04:20:00.000000Z" }),
        capture('{"a":1}', { parameters: { game_pk: "2" } }),
        capture('{"b":1}'),
        capture('{"b":1}', { parameters: { game_pk: "2" } }),
      ]);
      expect(first.map(({ outcome, sharedBody }) => [outcome, sharedBody])).toEqual([["stored", false]]);
      expect(again.map(({ outcome, sharedBody }) => [outcome, sharedBody])).toEqual([
        ["stored", true],
        ["stored", true],
        ["stored", false],
        ["stored", true],
      ]);
      expect(again.slice(0, 2).map((result) => result.capture.place)).toEqual([first[0]!.capture.place, first[0]!.capture.place]);
      expect(again[3]!.capture.place).toEqual(again[2]!.capture.place);
      expect(await bodies(await place.open())).toEqual(['{"a":1}', '{"a":1}', '{"a":1}', '{"b":1}', '{"b":1}']);
    });

    test("that were stored before are duplicates, also inside of one batch and in another process", async () => {
      const batch = [capture('{"a":1}'), capture('{"a":2}'), capture('{"a":1}')];
      const first = await store.append(batch);
      const second = await (await place.open()).append(batch);
      const [one, two] = (await all(store.captures(TABLE))).map(({ id }) => id);
      expect(first.map(({ outcome, capture: { id } }) => [outcome, id])).toEqual([
        ["stored", one],
        ["stored", two],
        ["duplicate", one],
      ]);
      expect(second.map(({ outcome, capture: { id } }) => [outcome, id])).toEqual([
        ["duplicate", one],
        ["duplicate", two],
        ["duplicate", one],
      ]);
      expect(second[0]!.capture).toEqual(first[0]!.capture);
      expect(await all(store.captures(TABLE))).toHaveLength(2);
    });

    test("are found by request, time and content", async () => {
      const batch = [capture('{"a":1}'), capture('{"a":1}', { parameters: { game_pk: "2" } }), capture('{"a":2}')];
      expect(await store.find(batch[0]!)).toBeNull();
      const results = await store.append(batch);
      for (const [at, checked] of batch.entries()) expect(await store.find(checked)).toEqual(results[at]!.capture);
      expect(await store.find(capture('{"a":3}'))).toBeNull();
      expect(await store.find(capture('{"a":1}', { capturedAt: "2024-07-13T04:19:09.000001Z" }))).toBeNull();
      expect(await store.find(capture('{"a":1}', { parameters: { game_pk: "3" } }))).toBeNull();
    });

    test("that failed are kept with the reason and their bytes", async () => {
      await store.append([capture('{"a":1,"a":2}'), capture(""), capture('{"\\u0000":1}'), capture('{"\\ud800":[{"a":1,"a":2}]}')]);
      const [double, empty, nul, half] = await all(store.captures(TABLE));
      expect(double).toMatchObject({ shape: null, failure: { code: "body.duplicate-key", place: { pointer: "/a", offset: 7 } } });
      expect(empty).toMatchObject({ shape: null, failure: { code: "body.empty", place: null }, bytes: 0 });
      expect(nul).toMatchObject({ shape: null, failure: { code: "body.nul-character" } });
      expect(half).toMatchObject({ shape: null, failure: { code: "body.lone-surrogate" } });
      expect(await bodies(store)).toEqual(['{"a":1,"a":2}', "", '{"\\u0000":1}', '{"\\ud800":[{"a":1,"a":2}]}']);
    });

    test("with odd parameters are given back with them", async () => {
      const odd = { nul: "a\u0000b", half: "\ud800", quote: `'"\\`, empty: "", long: "7".repeat(20_000), constructor: "x" };
      const [result] = await store.append([capture("{}", { parameters: odd })]);
      const [stored] = await all((await place.open()).captures(TABLE));
      expect(stored!.parameters).toEqual(odd);
      expect(stored).toEqual(result!.capture);
      expect((await (await place.open()).append([capture("{}", { parameters: odd })]))[0]!.outcome).toBe("duplicate");
    });

    test("of any time that there is are stored", async () => {
      const times = [
        "0001-01-01T00:00:00.000000Z",
        "1969-12-31T23:59:59.999999Z",
        "2024-02-29T23:59:59.999999Z",
        "9999-12-31T23:59:59.999999Z",
      ];
      await store.append(times.map((capturedAt, n) => capture(`{"n":${String(n)}}`, { capturedAt })));
      expect((await all(store.captures(TABLE))).map(({ capturedAt }) => capturedAt)).toEqual(times);
    });

    test("of several raw tables go home in the order of the batch", async () => {
      const results = await store.append([
        capture('{"a":1}'),
        capture('{"b":1}', { endpoint: "team", method: "teams" }),
        capture('{"a":2}'),
      ]);
      expect(results.map((result) => [result.capture.endpoint, result.capture.id])).toEqual([
        ["game", 1],
        ["team", 1],
        ["game", 2],
      ]);
      expect(await store.tables()).toEqual([TABLE, "team.teams"]);
      expect(await bodies(store, "team.teams")).toEqual(['{"b":1}']);
      const both = [results[1]!.capture, results[0]!.capture, results[2]!.capture];
      expect((await all(store.readBodies(both))).map(({ body }) => body.toString("utf8"))).toEqual(['{"b":1}', '{"a":1}', '{"a":2}']);
    });

    test("of a raw table that is not there are none", async () => {
      expect(await all(store.captures(TABLE))).toEqual([]);
      expect(await all(store.capturesFrom(TABLE, null))).toEqual([]);
      expect(await store.lastId(TABLE)).toBe(0);
      expect(await store.tables()).toEqual([]);
      expect((await store.dictionary(TABLE)).size).toBe(0);
      await expect(all(store.capturesByIds(TABLE, [1]))).rejects.toMatchObject({ code: "raw.capture-missing" });
    });

    test("without a canonical time are refused and nothing is stored", async () => {
      await expect(store.append([capture("{}"), capture("[]", { capturedAt: "2024-07-13T04:19:09Z" })])).rejects.toThrow(
        "no canonical instant",
      );
      expect(await store.lastId(TABLE)).toBe(0);
    });
  });

  describe("reading on", () => {
    test("from an id gives what comes after it", async () => {
      await store.append(Array.from({ length: 9 }, (_, n) => capture(`{"n":${String(n)}}`)));
      const ids = (await all(store.captures(TABLE))).map(({ id }) => id);
      for (let after = 0; after <= 10; after++)
        expect((await all(store.captures(TABLE, after))).map(({ id }) => id)).toEqual(ids.filter((id) => id > after));
    });

    test("from a position gives each capture once, whatever was appended meanwhile", async () => {
      const reader = await place.open();
      const seen: number[] = [];
      let position: string | null = null;
      const read = async (most: number): Promise<void> => {
        let count = 0;
        for await (const one of reader.capturesFrom(TABLE, position)) {
          seen.push(one.capture.id);
          ({ position } = one);
          if (++count === most) break;
        }
      };
      for (let round = 0; round < 7; round++) {
        // Sometimes it stops in the middle.
        await read(round % 3 === 0 ? 1 : 100);
        await store.append([capture(`{"n":${String(round)}}`), capture(`{"m":${String(round)}}`)]);
      }
      const ids = (await all(store.captures(TABLE))).map(({ id }) => id);
      // A server may have other work that holds it back for a while.
      await vi.waitUntil(
        async () => {
          await read(100);
          return seen.length >= ids.length;
        },
        { timeout: 30_000 },
      );
      expect(seen).toEqual(ids);
      await expect(all(reader.capturesFrom(TABLE, "7"))).rejects.toThrow(RangeError);
    });

    test("by ids gives these, sorted, and says which are missing", async () => {
      await store.append(Array.from({ length: 9 }, (_, n) => capture(`{"n":${String(n)}}`)));
      expect((await all(store.capturesByIds(TABLE, [8, 1, 2, 5, 8]))).map(({ id }) => id)).toEqual([1, 2, 5, 8]);
      expect(await all(store.capturesByIds(TABLE, []))).toEqual([]);
      await expect(all(store.capturesByIds(TABLE, [3, 10, 11]))).rejects.toMatchObject({ code: "raw.capture-missing" });
    });
  });

  describe("shapes", () => {
    async function pathsOf(of: RawStore): Promise<string[][]> {
      const captures = await all(of.captures(TABLE));
      const dictionary = await of.dictionary(TABLE);
      return captures.map((one) =>
        dictionary
          .pairsOf(decodeShape(one.shape!))
          .map(({ path, type }) => `${path} ${type}`)
          .toSorted(),
      );
    }

    test("are kept as numbers of the raw table's dictionary, which mean the same for ever", async () => {
      await (await place.open()).append([capture('{"a":1}')]);
      await (await place.open()).append([capture('{"b":[1.5]}'), capture('{"a":"x"}')]);
      expect(await pathsOf(store)).toEqual([
        ["$ object", "$.a int32"],
        ["$ object", "$.b array", "$.b[*] number"],
        ["$ object", "$.a string"],
      ]);
      const captures = await all(store.captures(TABLE));
      const dictionary = await store.dictionary(TABLE);
      expect(dictionary.idOf("$.b[*]", "number")).not.toBeNull();
      expect(dictionary.idOf("$.b[*]", "string")).toBeNull();
      expect(decodeShape(captures[0]!.shape!).has(dictionary.idOf("$.a", "int32")!)).toBe(true);
      expect(decodeShape(captures[1]!.shape!).has(dictionary.idOf("$.a", "int32")!)).toBe(false);
    });

    test("survive that two writers take turns", async () => {
      const other = await place.open();
      await store.append([capture('{"a":1}')]);
      await other.append([capture('{"b":1}')]);
      await store.append([capture('{"c":1}'), capture('{"b":2}')]);
      await other.append([capture('{"c":2}')]);
      expect(await pathsOf(other)).toEqual(["a", "b", "c", "b", "c"].map((key) => ["$ object", `$.${key} int32`]));
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
      'game.feed"',
      "",
    ])("%j is no raw table", async (name) => {
      await expect(all(store.captures(name))).rejects.toThrow(UserError);
    });

    test("of captures are checked before anything is stored", async () => {
      await expect(store.append([capture("{}", { endpoint: "..", method: "x" })])).rejects.toMatchObject({ code: "raw.bad-name" });
      expect(await store.tables()).toEqual([]);
    });

    test("as long as a table's are names of raw tables, also where they differ at their ends only", async () => {
      const methods = ["a", "b"].map((end) => `${"m".repeat(62)}${end}`);
      await store.append(methods.map((method) => capture("{}", { method })));
      expect(await store.tables()).toEqual(methods.map((method) => `game.${method}`));
      for (const method of methods) expect(await bodies(store, `game.${method}`)).toEqual(["{}"]);
    });
  });

  test("two writers of the same captures at the same time store each once", async () => {
    const pool = Array.from({ length: 30 }, (_, n) => capture(`{"n":${String(n % 7)}}`, { parameters: { game_pk: String(n) } }));
    const write = async (of: RawStore, order: readonly number[]): Promise<void> => {
      for (const at of order) await of.append(pool.slice(at * 5, at * 5 + 5));
    };
    await Promise.all([
      write(store, [0, 1, 2, 3, 4, 5]),
      write(await place.open(), [0, 5, 1, 4, 2, 3]),
      write(await place.open(), [3, 0, 1, 2, 5, 4]),
    ]);
    const games = (await all(store.captures(TABLE))).map(({ parameters }) => Number(parameters["game_pk"]));
    expect(games.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, n) => n));
    expect(await bodies(store)).toEqual(games.map((game) => `{"n":${String(game % 7)}}`));
  });

  test("any order of batches over any number of writers stores each capture once, in order", async () => {
    const pool = Array.from({ length: 12 }, (_, n) => capture(`{"n":${String(n % 5)}}`, { parameters: { game_pk: String(n) } }));
    const writers = [store, await place.open(), await place.open()];
    const reader = await place.open();
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(2), fc.array(fc.nat(pool.length - 1), { minLength: 1, maxLength: 5 })), { minLength: 1, maxLength: 6 }),
        async (steps) => {
          const method = `feed${String(++run)}`;
          const table = `game.${method}`;
          const expected: string[] = [];
          for (const [writer, batch] of steps) {
            const results = await writers[writer]!.append(batch.map((at) => ({ ...pool[at]!, method })));
            for (const [at, result] of results.entries()) {
              const game = pool[batch[at]!]!.parameters["game_pk"]!;
              expect(result.outcome).toBe(expected.includes(game) ? "duplicate" : "stored");
              if (result.outcome === "stored") expected.push(game);
              expect(result.capture.parameters["game_pk"]).toBe(game);
            }
          }
          expect((await all(reader.captures(table))).map(({ parameters }) => parameters["game_pk"])).toEqual(expected);
          expect(await bodies(reader, table)).toEqual(expected.map((game) => `{"n":${String(Number(game) % 5)}}`));
        },
      ),
      { numRuns: 20 },
    );
  });
}
