import { existsSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { SmallCli } from "../../../tests/small-cli.ts";

const CATALOGUE = `endpoint: lab
description: Invented
methods:
  things: {upstream_name: things, description: Things, path: /api/v1/things}
`;
const MAPPING = `source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id]}
fields: [{name: id, type: INT, json_path: $.id}]
targets:
  - name: lab.thing
    primary_key: [id]
    fields:
      - {name: seen_at, type: TIMESTAMPTZ, source_field: captured_at}
      - {name: size, type: INT, json_path: $.size}
`;
const FILES = { "config/endpoints/lab.yaml": CATALOGUE, "config/schemas/mappings/lab/things.yaml": MAPPING };

test("mapping lint of files needs no time of their captures and writes nothing", async () => {
  await using cli = await SmallCli.open({ ...FILES, "in/1.json": '{"id":1,"size":5}' });
  await writeFile(join(cli.folder, "in/2.json.gz"), gzipSync('{"id":2,"size":null}'));
  const { exit, data } = await cli.json(["mapping", "lint", "lab/things", "--captures", `${cli.folder}/in/*`]);
  expect(exit).toBe(0);
  expect(data).toMatchObject({
    schema_version: 1,
    mapping: "lab/things",
    captures: 2,
    documents: 2,
    problems: [],
    coverage: { leaf_paths: 2, mapped: 2 },
    exit: 0,
  });
  expect(existsSync(join(cli.folder, "home"))).toBe(false);
});

test("mapping lint without files takes the captures of raw, by the name of the mapping or of a table", async () => {
  await using cli = await SmallCli.open({ ...FILES, "in/1.json": '{"id":1,"size":"big","shape":{"round":true}}' });
  const none = await cli.run(["mapping", "lint", "lab/things"]);
  expect(none.exit).toBe(2);
  expect(none.stderr).toContain("raw has no captures of lab.things");
  await cli.run(["ingest", "--endpoint", "lab", "--method", "things", "--from-files", `${cli.folder}/in/*`, "--captured-at", "file"]);
  const { exit, stdout } = await cli.run(["mapping", "lint", "lab.thing"]);
  expect(exit).toBe(1);
  expect(stdout).toContain("lab/things: 2 problems in 1 document of 1 capture");
  expect(stdout).toContain(
    'lint.bad-value  lab.thing.size  $.size\n  size takes INT: once it does not (first "big" at /size of capture 1)',
  );
  expect(stdout).toContain("  $.shape.round  (1 boolean)");
});

test("mapping lint tells of files that are no captures", async () => {
  await using cli = await SmallCli.open({ ...FILES, "in/1.json": '{"id":1,"size":5}', "in/2.json": '{"id":2,"size":5,"size":6}' });
  const { exit, data } = await cli.json(["mapping", "lint", "lab/things", "--captures", `${cli.folder}/in/*`]);
  expect(exit).toBe(1);
  expect(data).toMatchObject({
    captures: 1,
    problems: [
      { code: "lint.capture-refused", message: expect.stringContaining("2.json: an object of the body has one key twice") as unknown },
    ],
  });
});

test("mapping lint of a mapping that does not check gives 2", async () => {
  await using cli = await SmallCli.open({ ...FILES, "config/schemas/mappings/lab/things.yaml": MAPPING.replace("$.size", "size") });
  const { exit, data } = await cli.json(["mapping", "lint", "lab/things"]);
  expect(exit).toBe(2);
  expect(data).toMatchObject({ error: { code: "file.problems", problems: [{ line: 8 }] } });
});

test("--captured-at without files is a mistake", async () => {
  await using cli = await SmallCli.open(FILES);
  expect((await cli.run(["mapping", "lint", "lab/things", "--captured-at", "file"])).exit).toBe(2);
});

const shared = join(import.meta.dirname, "../../../../shared");
describe.skipIf(!existsSync(join(shared, "captures/live_feed")))("over all real live feeds (../shared)", () => {
  test("the bundled mapping has no unknown path, no path without a hit and no bad value", async () => {
    await using cli = await SmallCli.open();
    const captures = ["captures/live_feed/*.json.gz", "stubs/game/liveGameV1/*.json.gz"].map((pattern) => join(shared, pattern));
    const { exit, data } = await cli.json(["mapping", "lint", "game/live_game_v1", "--captures", ...captures], false);
    expect(data).toMatchObject({ captures: 42, documents: 42, problems: [], warnings: [], coverage: { unknown: [] } });
    expect((data as { paths: { hits: number; bad: number }[] }).paths.filter(({ hits, bad }) => hits === 0 || bad > 0)).toEqual([]);
    expect(exit).toBe(0);
  });
});
