import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type CliRun, SmallCli } from "./small-cli.ts";
import { EVERYTHING, SmallPlatform, mappingOf } from "./small-platform.ts";
import { StartedProcess } from "./started-process.ts";

const MAPPING = `
source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id], date: day, version: $.v}
fields:
  - {name: id, type: INT, json_path: $.id}
  - {name: day, type: DATE, json_path: $.day}
targets:
  - name: lab.thing
    primary_key: [id]
    fields:
      - {name: size, type: INT, json_path: $.size}
    data_quality: [{rule: size >= 0, severity: error}]
  - name: lab.item
    array_source: $.items[*]
    primary_key: [id, n]
    fields:
      - {name: n, type: INT, source_field: index}
      - {name: word, type: TEXT, json_path: $}
`;
/** Another method, which a question about things has nothing to do with. */
const OTHER = `
source: {endpoint: lab, method: others, raw_table: lab.others, document_key: [other_id]}
fields: [{name: other_id, type: INT, json_path: $.id}]
targets:
  - name: lab.other
    primary_key: [other_id]
    fields: [{name: size, type: INT, json_path: $.size}]
`;
const FILES = {
  "config/endpoints/lab.yaml":
    "endpoint: lab\ndescription: Invented\nmethods:\n  things: {upstream_name: things, description: Things, path: /api/v1/things}\n  others: {upstream_name: others, description: Others, path: /api/v1/others}\n",
  "config/schemas/mappings/lab/things.yaml": MAPPING,
  "config/schemas/mappings/lab/others.yaml": OTHER,
};
const SOURCE = ["--endpoint", "lab", "--method", "things"];
const THINGS = "SELECT id, size, (SELECT count(*) FROM lab.item i WHERE i.id = t.id)::INT AS items FROM lab.thing t ORDER BY id";

let cli: SmallCli;
let ingested = 0;
beforeEach(async () => {
  cli = await SmallCli.open(FILES);
  ingested = 0;
  // What is left behind in the system's temporary folder is seen.
  await mkdir(join(cli.folder, "tmp"));
  vi.stubEnv("TMPDIR", join(cli.folder, "tmp"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await cli[Symbol.asyncDispose]();
});

/** One capture of a thing, `2024-07-12T` and its time. */
async function capture(time: string, body: Readonly<Record<string, unknown>>, method = "things"): Promise<void> {
  const file = await cli.write(`in/${String(++ingested)}.json`, JSON.stringify({ day: "2024-07-12", ...body }));
  const run = await cli.run([
    "ingest",
    "--endpoint",
    "lab",
    "--method",
    method,
    "--from-files",
    file,
    "--captured-at",
    `2024-07-12T${time}Z`,
  ]);
  expect(run.exit).toBe(0);
}

const store = (name: string): string => `duckdb:${join(cli.folder, name)}`;
const transformAsOf = (time: string, ...more: string[]): Promise<CliRun & { readonly data: unknown }> =>
  cli.json(["transform", ...SOURCE, "--as-of", time, "--store", store("then.duckdb"), "--save", ...more]);
const rowsThen = async (): Promise<unknown> => (await cli.json(["sql", THINGS, "--store", store("then.duckdb")])).data;
const askAsOf = (time: string, query: string, ...more: string[]): Promise<CliRun & { readonly data: unknown }> =>
  cli.json(["sql", query, "--as-of", time, ...more]);

/** Hash of every file of the home. */
async function homeFiles(): Promise<Readonly<Record<string, string>>> {
  const names = await readdir(join(cli.folder, "home"), { recursive: true, withFileTypes: true });
  return Object.fromEntries(
    names
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .toSorted()
      .map((file) => [file, createHash("sha256").update(readFileSync(file)).digest("hex")]),
  );
}

/** Three states of thing 1, of which the second loses an item, and thing 2, which comes last. */
async function threeStates(): Promise<void> {
  await capture("20:00:00", { id: 1, v: "a", size: 1, items: ["p", "q"] });
  await capture("20:10:00", { id: 1, v: "b", size: 2, items: ["r"] });
  await capture("20:20:00", { id: 1, v: "c", size: 3, items: ["s", "t", "u"] });
  await capture("20:20:00", { id: 2, v: "a", size: 9, items: [] });
}
const BETWEEN = "2024-07-12T20:15:00Z";
const OLD = [{ id: 1, size: 2, items: 1 }];
const NEW = [
  { id: 1, size: 3, items: 3 },
  { id: 2, size: 9, items: 0 },
];

describe("tables as of a time", () => {
  test("are those of the captures until then, while the live ones are of all, and not a byte of the home changes", async () => {
    await threeStates();
    await cli.run(["transform", ...SOURCE, "--save"]);
    const before = await homeFiles();
    const made = await transformAsOf(BETWEEN);
    expect(made).toMatchObject({
      exit: 0,
      data: { as_of: "2024-07-12T20:15:00.000000Z", saved: true, documents: { selected: 1, applied: 1 } },
    });
    expect(await rowsThen()).toEqual(OLD);
    expect((await askAsOf(BETWEEN, THINGS)).data).toEqual(OLD);
    expect((await cli.json(["sql", THINGS])).data).toEqual(NEW);
    expect(await homeFiles()).toEqual(before);
    expect((await cli.run(["verify", "accounting", "--store", store("then.duckdb")])).exit).toBe(0);
  });

  test("see a capture of the very moment, and one that came in late", async () => {
    await capture("20:00:00", { id: 1, v: "a", size: 1, items: [] });
    await transformAsOf("2024-07-12T20:10:00Z");
    expect(await rowsThen()).toEqual([{ id: 1, size: 1, items: 0 }]);
    await capture("20:10:00", { id: 1, v: "b", size: 2, items: ["r"] });
    expect((await transformAsOf("2024-07-12T16:10:00-04:00")).data).toMatchObject({ documents: { applied: 1 } });
    expect(await rowsThen()).toEqual(OLD);
    expect((await transformAsOf("2024-07-12T20:10:00Z")).data).toMatchObject({ documents: { applied: 0, unchanged: 1 } });
  });

  test("have no row of a document that nobody knew yet, and say so where it is asked for", async () => {
    await threeStates();
    const made = await transformAsOf(BETWEEN, "--documents", "id=1,2");
    expect(made).toMatchObject({ exit: 1, data: { documents: { selected: 1 } } });
    expect(made.stderr).toContain("as of 2024-07-12T20:15:00.000000Z raw had no document with id 2");
    expect(await rowsThen()).toEqual(OLD);
    const before = await askAsOf("2024-07-12T19:00:00Z", THINGS);
    expect(before).toMatchObject({ exit: 0, data: [] });
    expect(before.stderr).toContain("lab/things as of 2024-07-12T19:00:00.000000Z: 0 documents");
  });

  test("are chosen by the date that was known then", async () => {
    await capture("20:00:00", { id: 1, v: "a", size: 1, items: [], day: "2024-07-12" });
    await capture("20:10:00", { id: 1, v: "b", size: 2, items: [], day: "2024-07-20" });
    const days = ["--start-date", "2024-07-12", "--end-date", "2024-07-12"];
    expect((await transformAsOf("2024-07-12T20:05:00Z", ...days)).data).toMatchObject({ documents: { selected: 1 } });
    expect((await askAsOf("2024-07-12T20:05:00Z", THINGS, ...days)).data).toEqual([{ id: 1, size: 1, items: 0 }]);
    expect((await askAsOf("2024-07-12T20:15:00Z", THINGS, ...days)).data).toEqual([]);
  });

  test("take a day to its end in UTC, as --end-date does", async () => {
    await capture("23:59:59", { id: 1, v: "a", size: 1, items: [] });
    expect((await askAsOf("2024-07-12", THINGS)).data).toEqual([{ id: 1, size: 1, items: 0 }]);
    expect((await askAsOf("2024-07-11", THINGS)).data).toEqual([]);
  });

  test("need a newer state only to have been captured: where it failed, the one before it stands", async () => {
    await capture("20:00:00", { id: 1, v: "a", size: 1, items: ["p"] });
    await capture("20:10:00", { id: 1, v: "b", size: -1, items: [] });
    expect(await transformAsOf(BETWEEN)).toMatchObject({ exit: 3, data: { documents: { applied: 1 } } });
    expect(await rowsThen()).toEqual([{ id: 1, size: 1, items: 1 }]);
  });

  test("are not written without --save", async () => {
    await threeStates();
    const dry = await cli.json(["transform", ...SOURCE, "--as-of", BETWEEN, "--store", store("then.duckdb")]);
    expect(dry.data).toMatchObject({ saved: false, documents: { applied: 1 } });
    expect(existsSync(join(cli.folder, "then.duckdb"))).toBe(false);
  });
});

describe("a store as of a time", () => {
  test.each([
    ["a time without zone", "2024-07-12T20:15:00"],
    ["a day that does not exist", "2024-02-30"],
    ["words", "yesterday"],
    ["nothing", ""],
  ])("is not made of %s", async (_name, time) => {
    await capture("20:00:00", { id: 1, v: "a", size: 1, items: [] });
    expect(await transformAsOf(time)).toMatchObject({ exit: 2, data: { error: { code: "usage.as-of" } } });
    expect(await askAsOf(time, THINGS)).toMatchObject({ exit: 2, data: { error: { code: "usage.as-of" } } });
  });

  test("is named, and never the home's own, even where there is none yet", async () => {
    await threeStates();
    const own = `duckdb:${join(cli.folder, "home", "platform.duckdb")}`;
    for (const words of [[], ["--store", own]]) {
      const refused = await cli.json(["transform", ...SOURCE, "--as-of", BETWEEN, "--save", ...words]);
      expect(refused).toMatchObject({ exit: 2, data: { error: { code: "usage.as-of-store" } } });
    }
    expect(existsSync(join(cli.folder, "home", "platform.duckdb"))).toBe(false);
  });

  test("holds one time: another one, and live tables, are refused and change nothing", async () => {
    await threeStates();
    await transformAsOf(BETWEEN);
    const other = await transformAsOf("2024-07-12T20:05:00Z");
    expect(other).toMatchObject({ exit: 2, data: { error: { code: "store.as-of", got: "the tables as of 2024-07-12T20:15:00.000000Z" } } });
    const live = await cli.json(["transform", ...SOURCE, "--store", store("then.duckdb"), "--save"]);
    expect(live).toMatchObject({ exit: 2, data: { error: { code: "store.as-of" } } });
    expect(await rowsThen()).toEqual(OLD);
  });

  test("is no store of live tables", async () => {
    await threeStates();
    await cli.run(["transform", ...SOURCE, "--save", "--store", store("live.duckdb")]);
    const refused = await cli.json(["transform", ...SOURCE, "--as-of", BETWEEN, "--save", "--store", store("live.duckdb")]);
    expect(refused).toMatchObject({ exit: 2, data: { error: { code: "store.as-of", got: "the tables as they are now" } } });
    expect((await cli.json(["sql", THINGS, "--store", store("live.duckdb")])).data).toEqual(NEW);
  });

  test("that a killed process left is made whole by the same command", async () => {
    await threeStates();
    await using platform = await SmallPlatform.on(join(cli.folder, "home"));
    const mapping = mappingOf(MAPPING, "lab/things");
    const asOf = { time: "2024-07-12T20:20:00.000000Z", store: "../then.duckdb" };
    // While the store is made, and when one document is in it.
    for (const [nth, statement] of [
      [1, "^INSERT INTO store.mlb.store"],
      [3, "^COMMIT"],
    ] as const) {
      await using started = new StartedProcess({
        home: platform.home,
        mapping: await cli.write("lab/things.yaml", MAPPING),
        waitMs: 10_000,
        sliceBytes: 1,
        connections: 1,
        work: "transform",
        asOf,
        stopAt: { how: "die", when: "before", statement, nth },
      });
      await started.until("done");
      expect(await started.ended()).toBe("SIGKILL");
    }
    await using then = await platform.withStore(asOf.store);
    const { record } = await then.transform(mapping, undefined, { filter: { ...EVERYTHING, asOf: asOf.time } });
    expect(record.run).toMatchObject({ status: "done", quarantined: 0n });
    expect(await rowsThen()).toEqual(NEW);
    expect((await cli.run(["verify", "accounting", "--store", store("then.duckdb")])).exit).toBe(0);
  });

  const digestThen = async (): Promise<unknown> => (await cli.json(["verify", "digest", "--store", store("then.duckdb")])).data;

  test("that is rebuilt keeps its time and its rows: what was captured later stays unknown, what came in late is there", async () => {
    await threeStates();
    await transformAsOf(BETWEEN);
    const before = await digestThen();
    const rebuild = ["rebuild", ...SOURCE, "--store", store("then.duckdb")];
    expect(await cli.json(rebuild)).toMatchObject({ exit: 0, data: { swapped: true, documents: { applied: 1, quarantined: 0 } } });
    expect(await digestThen()).toEqual(before);
    expect(await rowsThen()).toEqual(OLD);
    expect((await transformAsOf(BETWEEN)).data).toMatchObject({ documents: { selected: 1, unchanged: 1 } });
    expect(await transformAsOf("2024-07-12T20:20:00Z")).toMatchObject({ exit: 2, data: { error: { code: "store.as-of" } } });
    expect((await cli.run(["verify", "accounting", "--store", store("then.duckdb")])).exit).toBe(0);

    await capture("20:15:00", { id: 3, v: "a", size: 5, items: [] });
    await capture("20:15:01", { id: 3, v: "b", size: 6, items: [] });
    await cli.run(rebuild);
    expect(await rowsThen()).toEqual([...OLD, { id: 3, size: 5, items: 0 }]);
  });

  test("that is rebuilt for a mapping of other columns has the rows of its time in them, by the command that the plan names", async () => {
    await threeStates();
    await transformAsOf(BETWEEN);
    await cli.write("config/schemas/mappings/lab/things.yaml", MAPPING.replace("size, type: INT", "size, type: BIGINT"));
    const planned = await cli.json(["schema", "plan", "--store", store("then.duckdb")]);
    const { mappings } = planned.data as { mappings: { mapping: string; command: string }[] };
    const command = mappings.find(({ mapping }) => mapping === "lab/things")?.command ?? "";
    expect(command).toBe(`mlb-etl rebuild ${SOURCE.join(" ")}`);
    expect((await cli.run(["rebuild", ...SOURCE, "--store", store("then.duckdb")])).exit).toBe(0);
    expect(await rowsThen()).toEqual([{ id: 1, size: "2", items: 1 }]);
    expect((await cli.json(["sql", "SELECT known_until FROM mlb.as_of", "--store", store("then.duckdb")])).data).toEqual([
      { known_until: "2024-07-12T20:15:00.000000Z" },
    ]);
  });

  test("is told by doctor, with the command that brings it up to its mapping", async () => {
    await threeStates();
    await transformAsOf(BETWEEN);
    await cli.write("config/schemas/mappings/lab/things.yaml", MAPPING.replace("size >= 0", "size >= -5"));
    const looked = await cli.run(["doctor", "--store", store("then.duckdb")]);
    expect(looked.stdout).toContain("the tables as of 2024-07-12T20:15:00.000000Z");
    expect(looked.stdout).toContain(`--as-of 2024-07-12T20:15:00.000000Z --store ${store("then.duckdb")} --save`);
  });
});

describe("a question as of a time", () => {
  const left = (): Promise<string[]> => readdir(join(cli.folder, "tmp"));

  test("makes the tables that it reads, and no other, and leaves nothing behind", async () => {
    await threeStates();
    // It could not be made: the other mapping has no captures.
    expect((await askAsOf(BETWEEN, "SELECT * FROM lab.other")).data).toMatchObject({ error: { code: "raw.empty" }, exit: 4 });
    const asked = await askAsOf(BETWEEN, "WITH other AS (SELECT 1 AS a) SELECT word FROM item, other");
    expect(asked).toMatchObject({ exit: 0, data: [{ word: "r" }] });
    expect(asked.stderr).not.toContain("others");
    await capture("20:00:00", { id: 7, size: 7 }, "others");
    const both = await askAsOf(BETWEEN, "SELECT t.size + o.size AS n FROM lab.thing t, lab.other o");
    expect(both.data).toEqual([{ n: 9 }]);
    expect(await left()).toEqual([]);
  });

  test("is about some documents where they are named", async () => {
    await threeStates();
    expect((await askAsOf("2024-07-12", THINGS, "--documents", "id=2")).data).toEqual([NEW[1]]);
    expect((await askAsOf("2024-07-12", "SELECT 1", "--documents", "nothing=2")).exit).toBe(0);
    expect((await askAsOf("2024-07-12", THINGS, "--documents", "nothing=2")).data).toMatchObject({ error: { code: "usage.documents" } });
    expect(await cli.json(["sql", THINGS, "--documents", "id=2"])).toMatchObject({
      exit: 2,
      data: { error: { code: "usage.sql-documents" } },
    });
  });

  test("can be about documents, bad values and quarantine, and is then about every mapping that has captures", async () => {
    await threeStates();
    expect((await askAsOf(BETWEEN, "SELECT mapping, document_key, version FROM mlb.documents")).data).toEqual([
      { mapping: "lab/things", document_key: "[1]", version: "b" },
    ]);
  });

  test("tells what failed on stderr and by the exit code, and answers of the rest", async () => {
    await threeStates();
    await capture("20:12:00", { id: 3, v: "a", size: -1, items: [] });
    await capture("20:12:00", { id: 4, v: "a", size: "big", items: [] });
    const asked = await askAsOf(BETWEEN, THINGS);
    expect(asked).toMatchObject({ exit: 3, data: [...OLD, { id: 4, size: null, items: 0 }] });
    expect(asked.stderr).toContain("1 state of documents failed and cannot be in the answer:\n  [3] capture 5  size >= 0");
    expect(asked.stderr).toContain("warning: 1 value of another kind than the column");
  });

  test.each([
    ["a column that is not there", "SELECT colour FROM lab.thing", "sql.refused"],
    ["a table that is not there", "SELECT * FROM lab.thingy", "sql.refused"],
    ["a statement that writes", "DELETE FROM lab.thing", "sql.not-a-select"],
    ["a plan", "EXPLAIN SELECT * FROM lab.thing", "sql.not-a-select"],
    ["two statements", "SELECT 1; SELECT 2", "sql.not-a-select"],
  ])("with %s is refused before anything is made", async (_name, query, code) => {
    await threeStates();
    const refused = await askAsOf(BETWEEN, query);
    expect(refused).toMatchObject({ exit: 2, data: { error: { code } } });
    expect(refused.stderr).not.toContain("lab/things as of");
    expect(await left()).toEqual([]);
  });

  test("shows tables and columns without making any", async () => {
    await threeStates();
    expect((await askAsOf(BETWEEN, "SHOW TABLES")).data).toEqual(expect.arrayContaining([{ name: "lab.thing" }, { name: "lab.item" }]));
    const described = await askAsOf(BETWEEN, "DESCRIBE lab.thing");
    expect(described.stderr).not.toContain("lab/things as of");
    expect((await askAsOf(BETWEEN, "SUMMARIZE lab.thing")).data).toEqual(
      expect.arrayContaining([expect.objectContaining({ column_name: "size", min: "2", count: "1" })]),
    );
  });
});
