import { readFile, readdir, rename, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { SqlRow } from "../src/sql/sql-value.ts";
import { openIndex } from "../src/pipeline/open-index.ts";
import { compilePlan } from "../src/plan/compile-plan.ts";
import { OverlayRawStore } from "../src/raw/overlay-store.ts";
import type { RawStore } from "../src/raw/raw-store.ts";
import { SegmentStore } from "../src/raw/segment-store.ts";
import { EVERYTHING, SmallPlatform, mappingOf, openDatabase } from "./small-platform.ts";

const mapping = mappingOf(`
source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id], version: $.v, array_source: "$.things[*]", date: day}
fields:
  - {name: id, type: BIGINT, json_path: $.id, description: Id}
  - {name: day, type: DATE, json_path: $.day, description: Day}
targets:
  - name: lab.thing
    description: One row per thing
    primary_key: [id]
    fields: [{name: n, type: INT, json_path: $.n, description: Number}]
`);
const plan = compilePlan(mapping);

/** Answers 1 to `count`: each holds two documents, and one of them an older state of the document before. */
async function capture(platform: SmallPlatform, count: number, n = 1): Promise<void> {
  for (let at = 1; at <= count; at++) {
    const things = [
      { id: at, v: "b", day: "2024-07-13", n },
      { id: at - 1, v: "a", n: -1 },
    ];
    await platform.capture(mapping, [{ body: { things, n } }, { body: at % 3 === 0 ? "{" : { things: [], at, n } }]);
  }
}

async function indexOf(raw: RawStore): Promise<SqlRow[]> {
  await using database = await openDatabase();
  const connection = await database.connect();
  const index = openIndex(plan, raw);
  await index.catchUp();
  await index.load(connection, "document_index");
  return await connection.rows("SELECT * FROM document_index ORDER BY raw_id, position");
}

function folderOf(platform: SmallPlatform): string {
  return join(platform.home, "raw", "lab.things");
}

async function parts(platform: SmallPlatform): Promise<string[]> {
  return (await readdir(folderOf(platform))).filter((name) => /^documents-.*\.parquet/.test(name)).toSorted();
}

async function linesFile(platform: SmallPlatform): Promise<string> {
  const name = (await readdir(folderOf(platform))).find((file) => /^documents-.*\.jsonl$/.test(file));
  return join(folderOf(platform), name ?? "");
}

/** What the index says where raw is one segment, so that it has no parts. */
async function expectedIndex(count: number, n = 1): Promise<SqlRow[]> {
  await using platform = await SmallPlatform.open();
  await capture(platform, count, n);
  const rows = await indexOf(platform.raw);
  expect(await parts(platform)).toEqual([]);
  expect(rows).toHaveLength(2 * count);
  return rows;
}

test("the index of full segments is files that are made once, and says the same", async () => {
  await using platform = await SmallPlatform.withSegmentsOf(4);
  await capture(platform, 7);
  const expected = await expectedIndex(7);
  expect(await indexOf(platform.raw)).toEqual(expected);
  const made = await parts(platform);
  expect(made.map((name) => name.split("-")[2])).toEqual(["000001", "000002", "000003"]);
  expect(await indexOf(platform.raw)).toEqual(expected);
  expect(await parts(platform)).toEqual(made);
  // What is settled is not read again: neither its lines …
  const text = await readFile(await linesFile(platform), "utf8");
  await writeFile(await linesFile(platform), text.replace('{"capture":2,', '["capture":2,'));
  expect(await indexOf(platform.raw)).toEqual(expected);
  // … nor, where it goes on, more than what is new.
  await capture(platform, 1, 2);
  expect((await indexOf(platform.raw)).slice(0, 14)).toEqual(expected);
});

test("an answer that came after the files were made is transformed, and nothing else", async () => {
  await using platform = await SmallPlatform.withSegmentsOf(3);
  await capture(platform, 5);
  expect((await platform.transform(mapping)).record.run).toMatchObject({ selected: 6n, applied: 6n });
  await platform.capture(mapping, [{ body: { things: [{ id: 2, v: "c", n: 5 }] } }]);
  expect((await platform.transform(mapping)).record.run).toMatchObject({ selected: 6n, applied: 1n, unchanged: 5n });
  expect((await platform.transform(mapping)).record.run).toMatchObject({ selected: 6n, applied: 0n, unchanged: 6n });
  expect(await platform.rows("SELECT id, n FROM store.lab.thing ORDER BY id")).toEqual(
    [-1, 1, 5, 1, 1, 1].map((n, id) => ({ id: BigInt(id), n })),
  );
  const days = { ...EVERYTHING, startDate: "2024-07-13", endDate: "2024-07-13" };
  expect((await platform.transform(mapping, undefined, { filter: days })).record.run).toMatchObject({ selected: 4n, unchanged: 4n });
});

test.each([
  ["is missing", (file: string) => rm(file)],
  ["is empty", (file: string) => truncate(file)],
  ["was torn", (file: string) => truncate(file, 300)],
  ["is something else", (file: string) => writeFile(file, "nothing")],
  ["was being written by a process that died", (file: string) => rename(file, `${file}.new`)],
])("a file of the index that %s is made again", async (_what, damage) => {
  await using platform = await SmallPlatform.withSegmentsOf(4);
  await capture(platform, 7);
  const expected = await indexOf(platform.raw);
  const made = await parts(platform);
  await damage(join(folderOf(platform), made[1] ?? ""));
  expect(await indexOf(platform.raw)).toEqual(expected);
  expect(await parts(platform)).toEqual(made);
});

test("files of the index that were made of another raw are not believed", async () => {
  await using platform = await SmallPlatform.withSegmentsOf(4);
  await capture(platform, 7);
  await indexOf(platform.raw);
  const before = await parts(platform);
  // Raw is restored from elsewhere: as many captures of the same size, with other contents. The derived files stay.
  await using other = await SmallPlatform.withSegmentsOf(4);
  await capture(other, 7, 2);
  for (const name of await readdir(folderOf(other))) await rename(join(folderOf(other), name), join(folderOf(platform), name));
  expect(await indexOf(new SegmentStore({ root: join(platform.home, "raw") }))).toEqual(await expectedIndex(7, 2));
  const after = await parts(platform);
  expect(after).toHaveLength(3);
  expect(after.filter((name) => before.includes(name))).toEqual([]);
});

test("lines that do not fit raw make no file: they are derived anew", async () => {
  await using platform = await SmallPlatform.withSegmentsOf(4);
  await capture(platform, 7);
  const expected = await indexOf(platform.raw);
  for (const name of await parts(platform)) await rm(join(folderOf(platform), name));
  const lines = (await readFile(await linesFile(platform), "utf8")).split("\n");
  await writeFile(await linesFile(platform), lines.filter((_, at) => at !== 5).join("\n"));
  expect(await indexOf(platform.raw)).toEqual(expected);
  expect(await parts(platform)).toHaveLength(3);
});

test("a dry run reads the files of the index and writes none", async () => {
  await using platform = await SmallPlatform.withSegmentsOf(4);
  await using overlay = await SmallPlatform.open();
  await capture(platform, 7);
  const expected = await indexOf(platform.raw);
  const raw = new OverlayRawStore(platform.raw, overlay.raw, overlay);
  const [, second = ""] = await parts(platform);
  await rm(join(folderOf(platform), second));
  const names = await readdir(folderOf(platform));
  expect(await indexOf(raw)).toEqual(expected);
  await raw.append([]);
  expect(await readdir(folderOf(platform))).toEqual(names);
});
