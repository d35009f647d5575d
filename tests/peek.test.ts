import { readdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCli } from "./run-cli.ts";
import { SmallCli } from "./small-cli.ts";

const ROOT = join(import.meta.dirname, "..");
const STUB = readdirSync(join(ROOT, "stubs"), { recursive: true, encoding: "utf8" }).find((file) => file.endsWith(".json.gz")) ?? "";

interface Peeked {
  readonly mapping: string | null;
  readonly documents: readonly { readonly key: string | null; readonly version: string | null }[];
  readonly targets: readonly { readonly name: string; readonly count: number; readonly rows: readonly Record<string, unknown>[] }[];
  readonly failures: readonly unknown[];
  readonly tree: readonly { readonly path: string; readonly types: Record<string, number>; readonly example: string | null }[] | null;
  readonly exit: number;
}

describe("peek at the simulated game", () => {
  let home = "";
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), "mlb-peek-"));
  });
  afterAll(async () => {
    await rm(home, { recursive: true, force: true });
  });
  const peek = (...words: string[]): ReturnType<typeof runCli> => runCli("--home", home, "peek", ...words);

  test("shows a recording as the tables of its mapping, and writes nothing", async () => {
    const shown = await peek(join(ROOT, "stubs", STUB), "--rows", "3");
    expect(shown).toMatchObject({ exit: 0, stderr: "" });
    expect(shown.stdout).toContain("1 document: [747175]");
    expect(shown.stdout).toMatch(
      /\ngame\.live_game_plays {2}88 rows, the first 3\nat_bat_index {2}.*\bevent\b.*\n-.*\n0 .*\n1 .*\n2 .*\n\n/,
    );
    expect(
      Math.max(
        ...shown.stdout
          .split("\n")
          .slice(1)
          .map((line) => line.length),
      ),
    ).toBeLessThanOrEqual(120);
    expect(readdirSync(home)).toEqual([]);
  });

  test("shows one table with all columns, one row as a list", async () => {
    const plays = await peek(join(ROOT, "stubs", STUB), "--target", "game.live_game_plays", "--rows", "2");
    expect(plays.stdout.match(/^at_bat_index/gm)?.length).toBeGreaterThan(3);
    expect(plays.stdout).not.toContain("game.live_game_runners");
    const game = await peek(join(ROOT, "stubs", STUB), "--target", "game.live_game_metadata");
    expect(game.stdout).toMatch(/\nhome_team_id +\d+\n/);
  });

  test("shows the newest capture of a document in raw, and its paths", async () => {
    await runCli("--home", home, "transform", "--endpoint", "game", "--method", "live_game_v1", "--stub-mode", "replay", "--save");
    const { targets, mapping, tree } = (await peek("747175", "--json")).json as Peeked;
    expect(mapping).toBe("game/live_game_v1");
    expect(targets).toHaveLength(23);
    expect(tree).toBeNull();
    const paths = ((await peek("747175", "--tree", "--json")).json as Peeked).tree ?? [];
    expect(paths.find(({ path }) => path === "$.gamePk")).toEqual({ path: "$.gamePk", types: { integer: 1 }, example: "747175" });
    expect(paths.find(({ path }) => path === "$.liveData.plays.allPlays[*]")).toMatchObject({ types: { object: 88 }, example: null });
  });

  test.each([
    ["what is neither file nor document", ["12"], "is no file, and raw has no document of this key"],
    ["a file that is no JSON", [join(ROOT, "README.md")], "README.md"],
    ["a table that is not there", ["747175", "--target", "game.live_game_play"], "did you mean game.live_game_plays?"],
    ["a number of rows that is none", ["747175", "--rows", "0"], "--rows is no number of rows"],
  ])("refuses %s", async (_, words, message) => {
    const refused = await peek(...words);
    expect(refused.exit).toBe(2);
    expect(refused.stderr).toContain(message);
  });
});

const LAB =
  "endpoint: lab\ndescription: Invented\nmethods:\n  things: {upstream_name: things, description: Things, path: /api/v1/things}\n";
const THINGS = `source: {endpoint: lab, method: things, raw_table: lab.things, array_source: "$.days[*].things[*]", document_key: [id]}
fields: [{name: id, type: INT, json_path: $.id}]
targets:
  - name: lab.parts
    array_source: $.parts[*]
    primary_key: [id, part]
    fields: [{name: part, type: INT, source_field: index}, {name: label, type: TEXT, json_path: $.label}]
    data_quality: [{rule: label != 'bad', severity: error}]
`;

test("peek shows a bag of documents, what fails of it, and sends no control character to the terminal", async () => {
  await using cli = await SmallCli.open({
    "config/endpoints/lab.yaml": LAB,
    "config/schemas/mappings/lab/things.yaml": THINGS,
    "bag.json":
      '{"days":[{"things":[{"id":1,"parts":[{"label":"\\u001b[31mred\u009b"}]},{"id":2,"parts":[{"label":"bad"}]},{"id":3,"parts":7}]}]}',
    "other.json": '{"odd key\\u001b":[1,2.5,null]}',
  });
  const shown = await cli.run(["peek", join(cli.folder, "bag.json")]);
  expect(shown.exit).toBe(3);
  expect(shown.stdout).toContain("3 documents: [1], [2], [3]");
  expect(shown.stdout).toContain("1   0     \\u001b[31mred\\u009b\n");
  expect(shown.stdout).toContain("FAILED: document: the value is an array at /days/0/things/2/parts (7)\n");
  expect(shown.stdout).toContain("FAILED: lab.parts: label != 'bad' at /days/0/things/1/parts/0 (label=bad)\n");
  const tree = await cli.run(["peek", join(cli.folder, "other.json")]);
  expect(tree).toMatchObject({ exit: 0 });
  expect(tree.stdout).toContain("no mapping takes it: its paths\n");
  expect(tree.stdout).toMatch(/\[\*\] +integer, number, null {2}1\n/);
  expect(shown.stdout + tree.stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
});
