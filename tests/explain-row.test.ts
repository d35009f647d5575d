import { existsSync, readdirSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { instantOfMicros } from "../src/core/instant.ts";
import { type SqlRow, type SqlValue, sqlText } from "../src/sql/sql-value.ts";
import type { ColumnType } from "../src/mapping/column-type.ts";
import { loadRegistry } from "../src/mapping/registry.ts";
import { type OriginColumn, RowExplainer } from "../src/pipeline/explain-row.ts";
import { parseRowKey } from "../src/pipeline/row-key.ts";
import { StateShredder } from "../src/pipeline/shredded-state.ts";
import { compilePlan } from "../src/plan/compile-plan.ts";
import { readLeaf } from "../src/plan/leaf.ts";
import { type Plan, type PlanTarget, targetColumns } from "../src/plan/plan.ts";
import { scalarText } from "../src/raw/body-slices.ts";
import { createRandom } from "../src/core/seeded-random.ts";
import { runCli, runOn } from "./run-cli.ts";
import { SmallCli } from "./small-cli.ts";
import { SmallPlatform, openDatabase } from "./small-platform.ts";
import { homes, isOnServer } from "./test-home.ts";

const METHOD = ["--endpoint", "game", "--method", "live_game_v1"];
const FEEDS = join(import.meta.dirname, "..", "..", "shared", "captures", "live_feed");
const hasFeeds = existsSync(FEEDS);
/** Random cells of a store that are looked at, 0.2 s each: `EXPLAIN_CELLS=1000 npx vitest run tests/explain-row.test.ts`. */
const CELLS = Number(process.env["EXPLAIN_CELLS"] ?? (isOnServer ? 60 : 200));

interface ShownColumn {
  readonly name: string;
  readonly value: string;
  readonly reads: readonly { readonly path: string; readonly pointer: string | null; readonly text: string | null }[];
  readonly source_field: string | null;
  readonly uses: Readonly<Record<string, unknown>>;
  readonly cell: unknown;
  readonly decision: string | null;
}
interface Shown {
  readonly equal: boolean;
  readonly differences: readonly unknown[] | null;
  readonly pointer: string;
  readonly fragment: string;
  readonly fragment_length: number;
  readonly lookups: readonly { readonly name: string; readonly pointer: string | null }[];
  readonly columns: readonly ShownColumn[];
  readonly checks: readonly { readonly rule: string; readonly passed: boolean; readonly value: string | null }[];
  readonly bad_values: readonly unknown[];
  readonly exit: number;
}

/** A column without its name, which was asked for. */
function columnOf(shown: Shown, name: string): Omit<ShownColumn, "name"> {
  const column = shown.columns.find((candidate) => candidate.name === name);
  if (column === undefined) throw new Error(`no column ${name}`);
  const { name: _, ...rest } = column;
  return rest;
}

/** The value that a column's definition says a text is, as DuckDB gives it. */
function cellOf(type: ColumnType, text: string, nullValues: readonly string[]): SqlValue {
  const isText = type.name === "TEXT" || type.name === "VARCHAR" || type.name === "JSONB";
  if (!isText && nullValues.includes(text)) return null;
  const reading = readLeaf(type, text);
  if (!reading.ok) return null;
  const { value } = reading;
  if (type.name === "TIMESTAMPTZ" && typeof value === "bigint") return instantOfMicros(value);
  return type.name === "INT" ? Number(value) : value;
}

/** What stands at a column's pointer, read and cast by its rule alone. */
function expectedCell(plan: Plan, { column, reads, source }: OriginColumn): SqlValue {
  if (column.value.kind === "source_field") return source === null ? null : cellOf(column.type, source, plan.nullValues);
  const json = reads[0]?.text ?? null;
  if (json === null || json === "null") return column.default === null ? null : cellOf(column.type, column.default, []);
  return column.type.name === "JSONB" ? json : cellOf(column.type, scalarText(json) ?? "", plan.nullValues);
}

interface Pick {
  readonly target: PlanTarget;
  readonly row: SqlRow;
  readonly column: string;
}

/** Random cells of the store of a home that are a value or a source field; each document, table and column is as likely. */
async function pickCells(platform: SmallPlatform, plan: Plan, count: number): Promise<ReadonlyMap<string, readonly Pick[]>> {
  const random = createRandom(20_240_713);
  const below = (n: number): number => Math.floor(random() * n);
  const tables = plan.targets.map(({ name }) => name);
  const rowsOf = await platform.queries(
    ...tables.map(
      (name) => `SELECT * FROM store.${name} ORDER BY ${plan.targets.find((target) => target.name === name)?.primaryKey.join(", ") ?? ""}`,
    ),
  );
  const documents = [...new Set((rowsOf[0] ?? []).map((row) => sqlText(row["game_pk"])))];
  const picks = new Map<string, Pick[]>();
  for (let picked = 0; picked < count;) {
    const document = documents[below(documents.length)] ?? "";
    const target = plan.targets[below(plan.targets.length)];
    const rows = (rowsOf[target === undefined ? 0 : plan.targets.indexOf(target)] ?? []).filter(
      (row) => sqlText(row["game_pk"]) === document,
    );
    const row = rows[below(rows.length)];
    if (target === undefined || row === undefined) continue;
    const columns = targetColumns(plan, target).filter(({ value }) => value.kind !== "expression");
    picks.set(document, [...(picks.get(document) ?? []), { target, row, column: columns[below(columns.length)]?.name ?? "" }]);
    picked++;
  }
  return picks;
}

/** Compares random cells of the store with what stands in the bodies. Gives how many have a value. */
async function compareCells(
  home: string,
  count: number,
): Promise<{ readonly cells: number; readonly values: number; readonly lookups: number }> {
  const registry = await loadRegistry(join(import.meta.dirname, "..", "config", "schemas", "mappings"));
  const mapping = registry.table("game.live_game_plays")?.mapping;
  if (mapping === undefined) throw new Error("no mapping");
  const plan = compilePlan(mapping);
  await using platform = await SmallPlatform.on(home);
  const picks = await pickCells(platform, plan, count);
  const applied = new Map(
    (await platform.rows("SELECT document_key, raw_id FROM store.mlb.documents")).map((row) => [
      row["document_key"],
      Number(row["raw_id"]),
    ]),
  );
  await using database = await openDatabase();
  const shredder = new StateShredder(plan, platform.raw, await database.connect());
  const explainers = new Map(plan.targets.map((target) => [target, new RowExplainer(target, shredder)]));
  const different: unknown[] = [];
  const seen = { cells: 0, values: 0, lookups: 0 };
  for (const [document, cells] of picks) {
    const state = await shredder.shred({ capture: applied.get(`[${document}]`) ?? 0, position: "", problem: null });
    for (const { target, row, column } of cells) {
      const key = parseRowKey(plan, target, JSON.stringify(target.primaryKey.map((name) => sqlText(row[name]))));
      const origin = await explainers.get(target)?.explain(state, key);
      const shown = origin?.columns.find((candidate) => candidate.column.name === column);
      if (shown === undefined) throw new Error(`no origin of ${target.name} ${sqlText(row[column])}`);
      const stored = row[column] ?? null;
      const expected = expectedCell(plan, shown);
      const same =
        shown.column.type.name === "JSONB" && typeof stored === "string" && typeof expected === "string"
          ? JSON.stringify(JSON.parse(stored)) === JSON.stringify(JSON.parse(expected))
          : stored === expected;
      if (!same) different.push({ document, target: target.name, key: key.values, column, stored, expected, reads: shown.reads });
      seen.cells++;
      if (stored !== null) seen.values++;
      if (shown.column.value.kind === "path" && shown.column.value.reference.root.kind === "lookup") seen.lookups++;
    }
  }
  expect(different).toEqual([]);
  return seen;
}

describe("explain row on the simulated game", () => {
  let home = "";
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), "mlb-explain-"));
    await runOn(home, "transform", ...METHOD, "--stub-mode", "replay", "--save");
  });
  afterAll(async () => {
    await homes.remove(home);
  });

  const explain = async (table: string, key: string, ...more: string[]): Promise<Shown> =>
    (await runOn(home, "--json", "explain", "row", "--table", table, "--key", key, ...more)).json as Shown;

  test("names capture, element, fragment, and of each column the pointer, the text there and the cell", async () => {
    const shown = await explain("game.live_game_plays", "747175,12", "--whole");
    expect(shown).toMatchObject({ equal: true, differences: [], pointer: "/liveData/plays/allPlays/12", exit: 0 });
    expect(shown.fragment).toHaveLength(shown.fragment_length);
    expect(JSON.parse(shown.fragment)).toMatchObject({ about: { atBatIndex: 12 } });
    expect(columnOf(shown, "at_bat_index")).toMatchObject({
      value: "$.about.atBatIndex",
      reads: [{ path: "$.about.atBatIndex", pointer: "/liveData/plays/allPlays/12/about/atBatIndex", text: "12" }],
      cell: 12,
    });
    expect(columnOf(shown, "play_index")).toMatchObject({ value: "source_field index", source_field: "12", cell: 12, reads: [] });
    expect(columnOf(shown, "season")).toMatchObject({ reads: [{ pointer: "/gameData/game/season", text: '"2024"' }], cell: 2024 });
    const indices = columnOf(shown, "runner_index");
    expect(JSON.parse(String(indices.cell))).toEqual(JSON.parse(indices.reads[0]?.text ?? ""));
    expect(shown.checks.filter(({ passed }) => !passed)).toEqual([]);
    expect(shown.checks.map(({ rule }) => rule)).toEqual(
      expect.arrayContaining(["balls between 0 and 4", "the primary key is unique", "game_pk, batter_id is in game.live_game_players"]),
    );
  });

  test("follows lookups to the entry, and expressions to the columns that they use", async () => {
    const order = await explain("game.live_game_home_batting_order", "747175,3");
    const entry = `/liveData/boxscore/teams/home/players/ID${order.fragment}`;
    expect(order).toMatchObject({ equal: true, lookups: [{ name: "entry", pointer: entry }] });
    expect(columnOf(order, "player_name")).toMatchObject({ reads: [{ pointer: `${entry}/person/fullName` }] });
    expect(columnOf(order, "batting_position")).toMatchObject({ source_field: "3", cell: 3 });
    const game = await explain("game.live_game_metadata", "747175");
    expect(game).toMatchObject({ equal: true, pointer: "" });
    expect(game.fragment.length).toBeLessThan(game.fragment_length);
    expect(columnOf(game, "wind_speed").uses).toEqual({ weather_wind: columnOf(game, "weather_wind").cell });
  });

  test("prints the same for people, and keeps explain as it was", async () => {
    const printed = await runOn(home, "explain", "row", "--table", "game.live_game_plays", "--key", "747175,12");
    expect(printed.exit).toBe(0);
    expect(printed.stdout).toContain("element /liveData/plays/allPlays/12\n{");
    expect(printed.stdout).toContain("characters more (--whole)");
    expect(printed.stdout).toMatch(
      /\nhalf_inning VARCHAR\(10\) = "top"\n {4}\$\.about\.halfInning\n {4}\/liveData\/plays\/allPlays\/12\/about\/halfInning {2}"top"\n/,
    );
    expect(printed.stdout).toContain("rules: all passed");
    expect((await runCli("explain", ...METHOD)).stdout).toContain("shred game.live_game_pitch_events");
    expect((await runCli("explain", "--endpoint", "game")).exit).toBe(2);
  });

  test.each([
    ["a key that is too short", "game.live_game_plays", "747175", "expected: game_pk BIGINT, at_bat_index INT"],
    ["a key of another type", "game.live_game_plays", "747175,x", "at_bat_index that is no INT"],
    ["a row that is not there", "game.live_game_plays", "747175,9999", "has no row of game_pk 747175, at_bat_index 9999"],
    ["a table that is not there", "game.live_game_play", "747175,1", "did you mean game.live_game_plays?"],
    ["a mapping", "game/live_game_v1", "747175", "is a mapping, not a table"],
  ])("refuses %s", async (_, table, key, message) => {
    const refused = await runOn(home, "explain", "row", "--table", table, "--key", key);
    expect(refused.exit).toBe(2);
    expect(refused.stderr).toContain(message);
  });

  test(`${String(CELLS)} random cells are the text at their pointer, cast by their rule`, async () => {
    const seen = await compareCells(home, CELLS);
    expect(seen.cells).toBe(CELLS);
    expect(seen.values).toBeGreaterThan(CELLS / 2);
    expect(seen.lookups).toBeGreaterThan(CELLS / 15);
  }, 120_000);
});

describe.skipIf(!hasFeeds)("explain row on real games", () => {
  let home = "";
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), "mlb-explain-real-"));
    const files = readdirSync(FEEDS).map((file) => join(FEEDS, file));
    await runOn(home, "ingest", ...METHOD, "--from-files", ...files);
    await runOn(home, "transform", ...METHOD, "--save");
  }, 240_000);
  afterAll(async () => {
    await homes.remove(home);
  });

  test(`${String(CELLS)} random cells are the text at their pointer, cast by their rule`, async () => {
    const seen = await compareCells(home, CELLS);
    expect(seen.cells).toBe(CELLS);
    expect(seen.values).toBeGreaterThan(CELLS / 2);
    expect(seen.lookups).toBeGreaterThan(CELLS / 10);
  }, 300_000);

  test("the history of a game under way tells how its row went on", async () => {
    const run = await runOn(home, "--json", "explain", "row", "--table", "game.live_game_metadata", "--key", "823717", "--history");
    const { states } = run.json as {
      states: {
        version: string;
        passed: boolean;
        row: Record<string, unknown>;
        changes: { column: string; before: unknown; after: unknown }[];
      }[];
    };
    expect(states.map(({ version }) => version)).toEqual(states.map(({ version }) => version).toSorted());
    expect(states.map(({ passed }) => passed)).toEqual([true, true, true, true, true, true]);
    const changed = states.slice(1).map(({ row }, at) => Object.keys(row).filter((column) => row[column] !== states[at]?.row[column]));
    expect(states.map(({ changes }) => changes.map(({ column }) => column))).toEqual([[], ...changed]);
    expect(changed.every((columns) => columns.includes("time_stamp"))).toBe(true);
  }, 120_000);
});

const LAB =
  "endpoint: lab\ndescription: Invented\nmethods:\n  things: {upstream_name: things, description: Things, path: /api/v1/things}\n";
const THINGS = `source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id], version: {json_path: $.v}}
null_values: ['-']
fields: [{name: id, type: INT, json_path: $.id}]
targets:
  - name: lab.parts
    object_source: $.parts.*
    primary_key: [id, part]
    lookups: {colour: "document.colours.C{$.colour}"}
    fields:
      - {name: part, type: TEXT, source_field: key}
      - {name: size, type: "NUMERIC(8,2)", json_path: $.size}
      - {name: weight, type: INT, json_path: $.weight, default: '7'}
      - {name: colour_name, type: TEXT, json_path: colour.name}
      - {name: twice, type: DOUBLE, expression: "size * 2 + $.more::INT"}
      - {name: tags, type: JSONB, json_path: $.tags}
    data_quality: [{rule: size < 100, severity: error}, {rule: weight > 1, severity: warn}]
`;
const SOURCE = ["--endpoint", "lab", "--method", "things"];

/** A laboratory with a few states of one thing. */
async function openLab(...bodies: readonly string[]): Promise<SmallCli> {
  const files = Object.fromEntries(bodies.map((body, at) => [`in/${String(at)}.json`, body]));
  const cli = await SmallCli.open({ "config/endpoints/lab.yaml": LAB, "config/schemas/mappings/lab/things.yaml": THINGS, ...files });
  await cli.run(["ingest", ...SOURCE, "--from-files", `${cli.folder}/in/*`, "--captured-at", "2024-07-13T04:19:09Z"]);
  return cli;
}

describe("explain row on an invented endpoint", () => {
  const row = (part: string): string[] => ["explain", "row", "--table", "lab.parts", "--key", JSON.stringify([1, part])];

  test("says what decided each cell: null values, defaults, bad values, lookups without an entry; keys may hold anything", async () => {
    await using cli = await openLab(
      '{"id":1,"v":"1","colours":{"C1":{"name":"r\\u0065d"}},"parts":{"a,b/~\'":{"size": 1.50e1,"weight":null,"colour":1,"more":"3","tags":{"z": 1,"a":[]}},"b":{"size":"-","weight":"x","colour":2,"more":null}}}',
    );
    await cli.run(["transform", ...SOURCE, "--save"]);
    const odd = (await cli.json(row("a,b/~'"))).data as Shown;
    expect(odd).toMatchObject({ equal: true, pointer: "/parts/a,b~1~0'", lookups: [{ pointer: "/colours/C1" }] });
    expect(odd.fragment).toBe('{"size": 1.50e1,"weight":null,"colour":1,"more":"3","tags":{"z": 1,"a":[]}}');
    expect(columnOf(odd, "part")).toMatchObject({ source_field: "a,b/~'", cell: "a,b/~'" });
    expect(columnOf(odd, "size")).toMatchObject({ reads: [{ text: "1.50e1" }], cell: "15.00", decision: null });
    expect(columnOf(odd, "weight")).toMatchObject({ reads: [{ text: "null" }], cell: 7, decision: "default" });
    expect(columnOf(odd, "colour_name")).toMatchObject({ reads: [{ pointer: "/colours/C1/name", text: '"r\\u0065d"' }], cell: "red" });
    expect(columnOf(odd, "twice")).toMatchObject({
      reads: [{ path: "$.more", pointer: "/parts/a,b~1~0'/more", text: '"3"' }],
      cell: 33,
      uses: { size: "15.00" },
    });
    const other = (await cli.json(row("b"))).data as Shown;
    expect(other).toMatchObject({ equal: true, lookups: [{ pointer: null }], bad_values: [{ column_name: "weight", value: "x" }] });
    expect(columnOf(other, "size")).toMatchObject({ cell: null, decision: "null value" });
    expect(columnOf(other, "weight")).toMatchObject({ reads: [{ text: '"x"' }], cell: null, decision: "bad value" });
    expect(columnOf(other, "colour_name")).toMatchObject({
      reads: [{ pointer: null, text: null }],
      cell: null,
      decision: "lookup found nothing",
    });
    expect(other.checks.filter(({ passed }) => !passed)).toMatchObject([{ rule: "weight takes INT", value: "x" }]);
  });

  test("finds a document of a bag, and what it reads around itself", async () => {
    const mapping = THINGS.replace("document_key", 'array_source: "$.days[*].things.*", document_key').replace(
      "json_path: $.id}]",
      "json_path: $.id}, {name: day, type: DATE, json_path: parent.date}, {name: name, type: TEXT, source_field: key}]",
    );
    const thing = (id: number): unknown => ({
      id,
      v: "1",
      colours: { C3: { name: "blue" } },
      parts: { a: { size: id, weight: 2, colour: 3 } },
    });
    await using cli = await SmallCli.open({
      "config/endpoints/lab.yaml": LAB,
      "config/schemas/mappings/lab/things.yaml": mapping,
      "in/0.json": JSON.stringify({
        days: [
          { date: "2024-07-12", things: {} },
          { date: "2024-07-13", things: { "x~y": thing(4), "b/c,": thing(1) } },
        ],
      }),
    });
    await cli.run(["ingest", ...SOURCE, "--from-files", `${cli.folder}/in/*`, "--captured-at", "2024-07-13T04:19:09Z"]);
    await cli.run(["transform", ...SOURCE, "--save"]);
    const shown = (await cli.json(row("a"))).data as Shown;
    const thingAt = "/days/1/things/b~1c,";
    expect(shown).toMatchObject({ equal: true, pointer: `${thingAt}/parts/a`, lookups: [{ pointer: `${thingAt}/colours/C3` }] });
    expect(columnOf(shown, "day")).toMatchObject({
      reads: [{ path: "parent.date", pointer: "/days/1/date", text: '"2024-07-13"' }],
      cell: "2024-07-13",
    });
    expect(columnOf(shown, "name")).toMatchObject({ source_field: "b/c,", cell: "b/c," });
    expect(columnOf(shown, "size")).toMatchObject({ reads: [{ text: "1" }], cell: "1.00" });
    const history = (await cli.json([...row("a"), "--history"])).data as { states: unknown };
    expect(history.states).toMatchObject([{ passed: true, row: { size: "1.00", day: "2024-07-13" } }]);
  });

  test("says where the store holds something else than the capture", async () => {
    await using cli = await openLab('{"id":1,"v":"1","colours":{},"parts":{"a":{"size":1,"weight":2}}}');
    await cli.run(["transform", ...SOURCE, "--save"]);
    await cli.execute("UPDATE store.lab.parts SET weight = 3");
    const changed = await cli.json(row("a"));
    expect(changed).toMatchObject({
      exit: 1,
      data: { equal: false, differences: [{ column: "weight", stored: 3, shredded: 2 }], exit: 1 },
    });
    expect(changed.stderr).toContain("has other values in weight: not what the store holds");
  });

  test("tells the history of a row from raw alone, failed states too, oldest first", async () => {
    const state = (version: number, parts: unknown): string => JSON.stringify({ id: 1, v: String(version), colours: {}, parts });
    await using cli = await openLab(
      state(5, { a: { size: 9, weight: 2 } }),
      state(2, { a: { size: 1, weight: 2 } }),
      state(3, { a: { size: 200, weight: 2 } }),
      state(4, {}),
      state(1, { b: { size: 1 } }),
      state(6, "none"),
      state(7, { a: { size: 9, weight: 3 } }),
      JSON.stringify({ id: 2, v: "9", colours: {}, parts: { a: { size: 1 } } }),
    );
    const { data, exit } = await cli.json([...row("a"), "--history"]);
    expect(exit).toBe(0);
    expect((data as { states: unknown }).states).toMatchObject([
      { version: "1", passed: true, state: "absent", row: null, changes: [] },
      { version: "2", passed: true, state: "row", row: { size: "1.00" }, changes: [] },
      {
        version: "3",
        passed: false,
        failure: { rule: "size < 100", path: "/parts/a" },
        changes: [{ column: "size", before: "1.00", after: "200.00" }],
      },
      { version: "4", passed: true, state: "absent", row: null, changes: [] },
      { version: "5", passed: true, state: "row", row: { size: "9.00" }, changes: [] },
      { version: "6", passed: false, failure: { rule: "the value is an object", path: "/parts" }, state: "unknown" },
      { version: "7", passed: true, state: "row", changes: [{ column: "weight", before: 2, after: 3 }] },
    ]);
    const printed = await cli.run([...row("a"), "--history"]);
    expect(printed.stdout).toContain("the row appears\n  id = 1\n");
    expect(printed.stdout).toContain('1 cell changed  FAILED: lab.parts: size < 100 at /parts/a\n  size: "1.00" → "200.00"\n');
    expect(printed.stdout).toContain("the row is gone\n");
    expect(printed.stdout).toContain("could not be shredded  FAILED: the value is an object at /parts\n");
    expect(printed.stdout).toContain("1 cell changed\n  weight: 2 → 3\n");
    expect((await cli.run(["explain", "row", "--table", "lab.parts", "--key", "3,a", "--history"])).exit).toBe(2);
  });
});
