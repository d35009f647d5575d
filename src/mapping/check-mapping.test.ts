import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { format } from "prettier";
import { describe, expect, test } from "vitest";
import { ProblemsError, renderProblem } from "../core/errors.ts";
import { checkMapping, requireMapping } from "./check-mapping.ts";
import { indexName } from "./check-indexes.ts";
import type { Mapping, Target } from "./mapping.ts";
import { readMapping } from "./read-mapping.ts";

const goldenPath = (name: string): string => fileURLToPath(new URL(`golden/${name}`, import.meta.url));
const goldenFile = (name: string): string => readFileSync(goldenPath(name), "utf8");
/** As prettier would leave it; `-u` writes it. */
const asJson = (mapping: Mapping): Promise<string> =>
  format(
    JSON.stringify(mapping, (_, value: unknown) => (typeof value === "bigint" ? `${String(value)}n` : value)),
    { parser: "json", printWidth: 140 },
  );
const problemsOf = (text: string, file: string): readonly string[] => checkMapping(readMapping(text, file)).problems.map(renderProblem);

describe("the examples of the design", () => {
  const game = goldenFile("design-game.yaml.txt");
  const schedule = goldenFile("design-schedule.yaml.txt");
  /** The example's rule looks at this table, which the example leaves out. */
  const innings = `  - name: game.live_game_linescore_innings
    array_source: $.liveData.linescore.innings[*]
    primary_key: [game_pk, inning_number]
    fields:
      - {name: inning_number, type: INT, json_path: $.num}
      - {name: home_runs, type: INT, json_path: $.home.runs}
ignore:
`;

  test("are right word by word, but for the target that each leaves out", () => {
    expect(problemsOf(game, "game/live_game_v1.yaml")).toEqual([
      'game/live_game_v1.yaml:29:28  unknown target "game.live_game_linescore_innings". Expected a target of this mapping, got "game.live_game_linescore_innings"',
    ]);
    expect(problemsOf(schedule, "schedule/schedule.yaml")).toEqual([
      'schedule/schedule.yaml:1:1  the key "targets" is missing. Expected "targets" with a list, got only "source", "fields"',
    ]);
  });

  test("give the mapping of a game", async () => {
    const mapping = requireMapping(
      game.replace("ignore:\n", () => innings),
      "game/live_game_v1.yaml",
    );
    await expect(await asJson(mapping)).toMatchFileSnapshot(goldenPath("design-game.json"));
  });

  test("and one that says everything that can be said gives what was looked at", async () => {
    const mapping = requireMapping(goldenFile("rich.yaml.txt"), "yard/parcels.yaml");
    await expect(await asJson(mapping)).toMatchFileSnapshot(goldenPath("rich.json"));
  });

  test("give the mapping of a bag of documents", async () => {
    const mapping = requireMapping(
      `${schedule}targets:\n  - {name: schedule.games, primary_key: [schedule_date, game_pk], fields: [{name: status, type: TEXT, json_path: $.status}]}\n`,
      "schedule/schedule.yaml",
    );
    await expect(await asJson(mapping)).toMatchFileSnapshot(goldenPath("design-schedule.json"));
  });
});

const HEAD = `source: {endpoint: game, method: plays, raw_table: game.raw_plays, document_key: [game_pk]}
fields:
  - {name: game_pk, type: BIGINT, json_path: $.pk}
`;
const GAMES = "  - {name: game.games, primary_key: [game_pk], fields: [{name: venue, type: TEXT, json_path: $.venue}]}\n";

/** The first target of a mapping. */
function firstTarget(target: string): Target {
  const [first] = requireMapping(`${HEAD}targets:\n${target}${GAMES}`, "game/plays.yaml").targets;
  if (first === undefined) throw new Error("no target");
  return first;
}

test("fills in every default", () => {
  const mapping = requireMapping(`${HEAD}targets:\n${GAMES}`, "game/plays.yaml");
  expect(mapping).toEqual({
    name: "game/plays",
    file: "game/plays.yaml",
    source: {
      endpoint: "game",
      method: "plays",
      rawTable: "game.raw_plays",
      arraySource: null,
      documentKey: ["game_pk"],
      version: null,
      date: null,
      filter: null,
    },
    nullValues: [],
    fields: [
      {
        name: "game_pk",
        type: { name: "BIGINT" },
        nullable: false,
        description: "",
        value: { kind: "path", reference: { root: { kind: "element" }, keys: ["pk"] } },
        default: null,
        onBadValue: "null",
      },
    ],
    targets: [
      {
        name: "game.games",
        description: "",
        rowSource: { kind: "document" },
        optional: false,
        lookups: [],
        filter: null,
        primaryKey: ["game_pk"],
        partitionBy: [],
        fields: [
          mapping.fields[0],
          {
            name: "venue",
            type: { name: "TEXT" },
            nullable: true,
            description: "",
            value: { kind: "path", reference: { root: { kind: "element" }, keys: ["venue"] } },
            default: null,
            onBadValue: "null",
          },
        ],
        relationships: [],
        indexes: [],
        rules: [],
        export: null,
      },
    ],
    ignore: [],
  });
});

test("takes the older spellings and makes them the same", () => {
  const older = firstTarget(`  - name: game.events
    array_source: $.plays[*]
    nested_array: events[*]
    primary_key: [game_pk, play_index, event_index]
    upsert_keys: [play_index, game_pk, event_index]
    fields:
      - {name: play_index, type: INT, source_field: parent.index}
      - {name: event_index, type: INT, source_field: index, on_bad_value: null}
    relationships:
      - {from_field: game_pk, to_table: game.games, to_field: game_pk, type: many_to_one}
    indexes:
      - {fields: [play_index], type: btree, unique: false}
`);
  const plain = firstTarget(`  - name: game.events
    array_source: $.plays[*].events[*]
    primary_key: [game_pk, play_index, event_index]
    fields:
      - {name: play_index, type: INT, source_field: parent.index}
      - {name: event_index, type: INT, source_field: index}
    relationships:
      - {from_field: [game_pk], to_table: game.games}
    indexes: [[play_index]]
`);
  expect(older).toEqual(plain);
  expect(plain.relationships).toEqual([
    { fromFields: ["game_pk"], toTable: "game.games", toFields: ["game_pk"], type: "many_to_one", optional: false },
  ]);
  expect(plain.indexes).toEqual([{ name: "events_play_index_idx", fields: ["play_index"], type: "btree", unique: false }]);
});

test("takes a plain version path", () => {
  const text = `${HEAD}targets:\n${GAMES}`.replace("document_key: [game_pk]", "document_key: [game_pk], version: $.stamp");
  expect(requireMapping(text, "game/plays.yaml").source.version).toEqual({
    reference: { root: { kind: "element" }, keys: ["stamp"] },
    pattern: null,
  });
});

test("takes the default as it is written", () => {
  const target = firstTarget(`  - name: game.plays
    primary_key: [game_pk]
    fields:
      - {name: a, type: DOUBLE, json_path: $.a, default: 1.50}
      - {name: b, type: BIGINT, json_path: $.b, default: 1234567890123456789}
      - {name: c, type: BOOLEAN, json_path: $.c, default: true}
      - {name: d, type: TEXT, json_path: $.d, default: '0x10'}
      - {name: e, type: VARCHAR(3), source_field: parameters.x, default: abc}
`);
  expect(target.fields.map((field) => field.default)).toEqual([null, "1.50", "1234567890123456789", "true", "0x10", "abc"]);
});

test("for_each makes targets of groups of columns", () => {
  const mapping = requireMapping(
    `${HEAD}targets:
  - for_each: [{side: home, other: away}, {side: away, other: home}]
    name: game.<side>_team
    description: The <side> team; <anything> stays
    object_source: $.teams.<side>
    primary_key: [game_pk]
    lookups: {rival: "document.teams.{$.<other>_key}"}
    fields:
      - for_each: [{stat: runs}, {stat: hits}]
        fields:
          - {name: <side>_<stat>, type: INT, json_path: $.<stat>}
      - {name: rival, type: TEXT, json_path: document.teams.<other>.name}
    data_quality:
      - {rule: <side>_runs <= <side>_hits, severity: warn}
`.replace("name: rival,", "name: rival_name,"),
    "game/plays.yaml",
  );
  expect(
    mapping.targets.map((target) => [target.name, target.description, ...target.fields.map((field) => field.name), target.rules[0]?.rule]),
  ).toEqual([
    ["game.home_team", "The home team; <anything> stays", "game_pk", "home_runs", "home_hits", "rival_name", "home_runs <= home_hits"],
    ["game.away_team", "The away team; <anything> stays", "game_pk", "away_runs", "away_hits", "rival_name", "away_runs <= away_hits"],
  ]);
  expect(mapping.targets[1]?.lookups[0]?.places[0]?.reference.keys).toEqual(["home_key"]);
});

test("a problem in a group is at the character that was written", () => {
  const text = `${HEAD}targets:
  - name: game.teams
    primary_key: [game_pk]
    fields:
      - for_each: [{side: longest}]
        fields:
          - {name: <side>_runs, type: INT, expression: "coalesce(<side>_runz, <side>_hits)"}
`;
  expect(problemsOf(text, "m.yaml")).toEqual([
    'm.yaml:10:66  unknown column "longest_runz". Expected a column of this row, got "longest_runz". Did you mean "longest_runs"?',
    'm.yaml:10:79  unknown column "longest_hits". Expected a column of this row, got "longest_hits". Did you mean "longest_runs"?',
  ]);
});

test("for_each that multiplies without end is refused", () => {
  const group = (count: number): string => `[${Array.from({ length: count }, (_, each) => `{x: n${each}}`).join(", ")}]`;
  const fields = Array.from({ length: 2 }, (_, each) => `{name: c_<y>_${each}, type: INT, json_path: $.a}`).join(", ");
  const text = `${HEAD}targets:\n  - {for_each: ${group(100)}, name: game.t_<x>, primary_key: [game_pk], fields: [{for_each: ${group(100).replaceAll("x:", "y:")}, fields: [${fields}]}]}\n`;
  expect(problemsOf(text, "m.yaml").some((problem) => problem.includes("for_each makes too many columns"))).toBe(true);
  expect(problemsOf(text.replace(group(100), group(101)), "m.yaml")).toEqual([
    expect.stringContaining('"for_each" is too long. Expected at most 100 entries'),
  ]);
});

test("levels of an answer's documents count for parent and index", () => {
  const text = `source: {endpoint: game, method: plays, raw_table: game.raw_plays, array_source: "$.dates[*].games.*", document_key: [game_key]}
fields:
  - {name: game_key, type: TEXT, source_field: key}
  - {name: date_index, type: INT, source_field: parent.index}
  - {name: day, type: DATE, json_path: parent.date}
  - {name: answer, type: TEXT, json_path: parent.parent.id}
targets:
  - name: game.plays
    array_source: $.plays[*]
    primary_key: [game_key, play_index]
    fields:
      - {name: play_index, type: INT, source_field: index}
      - {name: same_key, type: TEXT, source_field: parent.key}
      - {name: date_type, type: TEXT, json_path: parent.parent.type}
      - {name: wrong, type: TEXT, json_path: parent.parent.parent.parent.type}
`;
  expect(problemsOf(text, "m.yaml")).toEqual([
    'm.yaml:15:46  the path "parent.parent.parent.parent.type" goes out further than the row source has levels. Expected at most parent.parent.parent, got "parent.parent.parent.parent"',
  ]);
});

test("throws all problems at once", () => {
  expect(() => requireMapping("source: 1\n", "m.yaml")).toThrow(ProblemsError);
});

test("long index names are cut to 63 bytes and stay different", () => {
  const long = (last: string): string =>
    indexName("game.live_game_metadata", ["home_team_league_record_wins", "away_team_league_record_wins", last]);
  expect(indexName("game.plays", ["a", "b"])).toBe("plays_a_b_idx");
  expect(long("a")).toHaveLength(63);
  expect(long("a")).not.toBe(long("b"));
  expect(long("a")).toBe(long("a"));
});
