import { expect, test } from "vitest";
import { type Answer, SmallPlatform, mappingOf, openDatabase } from "../../tests/small-platform.ts";
import { compilePlan } from "../plan/compile-plan.ts";
import { lintCapturesOfRaw } from "./lint-captures.ts";
import { type LintResult, lintMapping } from "./lint-mapping.ts";
import type { LintProblem } from "./lint-problem.ts";

const SOURCE =
  "source: {endpoint: lab, method: games, raw_table: lab.games, document_key: [id], version: $.stamp, filter: parameters.part is null}";
const FIELDS = "fields: [{name: id, type: INT, json_path: $.id}]";

/** A mapping with nothing to find in `GAME`. `more` columns of a game; `ignore` beside the links. */
const yamlOf = ({ game = "", play = "", rules = "", ignore = "" } = {}): string => `
${SOURCE}
${FIELDS}
targets:
  - name: lab.game
    primary_key: [id]
    fields:
      - {name: title, type: TEXT, json_path: $.title}
      - {name: extra, type: JSONB, json_path: $.extra}
      - {name: coach_id, type: INT, json_path: $.coach.id}
      - for_each: [{side: home}, {side: away}]
        fields: [{name: <side>_runs, type: INT, json_path: $.runs.<side>}]
${game}
${rules}
  - name: lab.play
    array_source: $.plays[*]
    filter: $.kind = 'pitch'
    primary_key: [id, n]
    lookups: {player: ["document.home.players.ID{$.who}", "document.away.players.ID{$.who}"]}
    fields:
      - {name: n, type: INT, source_field: index}
      - {name: who, type: BIGINT, json_path: $.who}
      - {name: name, type: TEXT, json_path: player.name}
      - {name: speed, type: DOUBLE, json_path: $.speed}
${play}
ignore:
  - {path: $.**.link, reason: made of an id}
${ignore}
`;

const GAME = {
  id: 1,
  stamp: "20240713_041909",
  title: "first",
  link: "/1",
  extra: { any: [{ thing: 1.5 }], empty: {} },
  coach: { id: 5, link: "/c/5" },
  runs: { home: 3, away: 2 },
  alerts: [],
  plays: [
    { kind: "pitch", who: 7, speed: 91.5 },
    { kind: "walk", who: 8, speed: null },
  ],
  home: { players: { ID7: { name: "Seven" } } },
  away: { players: { ID8: { name: "Eight", link: "/8" } } },
};

async function lint(yaml: string, answers: readonly Answer[], strict = false, signal = new AbortController().signal): Promise<LintResult> {
  const mapping = mappingOf(yaml, "lab/games");
  const plan = compilePlan(mapping, { strict });
  await using platform = await SmallPlatform.open();
  await platform.capture(mapping, answers);
  await using database = await openDatabase();
  return await lintMapping(mapping, plan, lintCapturesOfRaw(platform.raw, plan), { sliceBytes: 500, connections: 2, signal }, { database });
}

const at = (result: LintResult, column: string): LintResult["paths"][number] | undefined =>
  result.paths.find((path) => path.column === column);
const told = ({ problems }: LintResult): readonly (readonly [LintProblem["code"], string | null, string | null])[] =>
  problems.map(({ code, column, path }) => [code, column, path]);

test("a mapping that takes every leaf of its documents has no problem", async () => {
  const result = await lint(yamlOf(), [{ body: GAME }, { body: { ...GAME, id: 2, coach: null } }]);
  expect(result.problems).toEqual([]);
  expect(result.exit).toBe(0);
  expect(result).toMatchObject({ captures: 2, documents: 2, skipped: 0, coverage: { unknown: [], ignored: 3 } });
});

test("hits are all values that are not null, whatever the filter of the target keeps; filled are the rows that it keeps", async () => {
  const result = await lint(yamlOf(), [{ body: GAME }, { body: { ...GAME, id: 2 } }]);
  expect(at(result, "who")).toMatchObject({ target: "lab.play", path: "$.who", hits: 4, types: { integer: 4 }, bad: 0, filled: 2 });
  expect(at(result, "speed")).toMatchObject({ hits: 2, types: { number: 2, null: 2 }, filled: 2 });
  expect(at(result, "home_runs")).toMatchObject({ target: "lab.game", path: "$.runs.home", hits: 2, filled: 2 });
  expect(at(result, "extra")).toMatchObject({ hits: 2, types: { object: 2 } });
  expect(at(result, "id")).toMatchObject({ target: null, hits: 2, filled: 2 });
});

test("a lookup's path is scored over all its places together", async () => {
  const result = await lint(yamlOf(), [{ body: GAME }]);
  expect(at(result, "name")).toMatchObject({ path: "player.name", hits: 2, types: { string: 2 } });
});

test("paths of filters, rules, lookups and the version are scored too", async () => {
  const result = await lint(yamlOf({ rules: "    data_quality: [{rule: $.titel is null, severity: warn}]" }), [{ body: GAME }]);
  expect(result.paths.filter((path) => path.use !== "column").map(({ target, use, path, hits }) => [target, use, path, hits])).toEqual([
    [null, "version", "$.stamp", 1],
    ["lab.game", "rule", "$.titel", 0],
    ["lab.play", "filter", "$.kind", 2],
    ["lab.play", "lookup", "$.who", 2],
  ]);
  expect(told(result)).toEqual([["lint.no-hit", null, "$.titel"]]);
});

test("a path that never hits is a problem, and so is one with nothing but null", async () => {
  const result = await lint(
    yamlOf({ game: "      - {name: nowhere, type: TEXT, json_path: $.nowhere}\n      - {name: nil, type: TEXT, json_path: $.nil}" }),
    [{ body: { ...GAME, nil: null } }],
  );
  expect(told(result)).toEqual([
    ["lint.no-hit", "nowhere", "$.nowhere"],
    ["lint.no-hit", "nil", "$.nil"],
  ]);
  expect(result.problems[1]?.message).toContain("only null is there (1×)");
  expect(result.exit).toBe(1);
});

test("for_each is expanded before paths are scored", async () => {
  const { away: _away, ...runs } = GAME.runs;
  expect(told(await lint(yamlOf(), [{ body: { ...GAME, runs } }]))).toEqual([["lint.no-hit", "away_runs", "$.runs.away"]]);
});

test("an ignore that never hits is a problem: an empty container is no leaf", async () => {
  const ignore = "  - {path: $.alerts, reason: always empty}\n  - {path: $.gone, reason: was there}";
  expect(told(await lint(yamlOf({ ignore }), [{ body: GAME }]))).toEqual([
    ["lint.ignore-no-hit", null, "$.alerts"],
    ["lint.ignore-no-hit", null, "$.gone"],
  ]);
});

test("an ignore that covers a mapped path is a problem, below a JSONB column too", async () => {
  const ignore = "  - {path: $.coach, reason: not wanted}\n  - {path: '$.extra.any[*].thing', reason: not wanted}";
  const { problems } = await lint(yamlOf({ ignore }), [{ body: GAME }]);
  expect(problems.map(({ code, path, message }) => [code, path, message])).toEqual([
    ["lint.ignore-covers-mapped", "$.coach", "the ignore covers $.coach.id, which lab.game.coach_id reads"],
    ["lint.ignore-covers-mapped", "$.extra.any[*].thing", "the ignore covers $.extra.any[*].thing, which lab.game.extra reads"],
  ]);
});

test("every leaf that is neither mapped nor ignored is listed once, keys that are ids as one", async () => {
  const body = {
    ...GAME,
    plays: [{ kind: "pitch", who: 7, speed: 90.5, spin: { rate: 2 } }],
    away: { players: { ID8: { name: "Eight", age: 20 }, ID9: { name: "Nine", age: null } } },
  };
  const result = await lint(yamlOf(), [{ body }]);
  expect(result.coverage.unknown).toEqual(["$.away.players.*.age", "$.plays[*].spin.rate"]);
  expect(told(result)).toEqual([
    ["lint.unknown-path", null, "$.away.players.*.age"],
    ["lint.unknown-path", null, "$.plays[*].spin.rate"],
  ]);
  expect(result.problems[0]?.message).toContain("1 integer, 1 null");
});

test("a leaf that is always null counts as mapped above a mapped path, as ignored above an ignored one", async () => {
  const ignore = "  - {path: $.venue.name, reason: not wanted}";
  const { coverage } = await lint(yamlOf({ ignore }), [{ body: { ...GAME, coach: null, venue: null } }]);
  expect(coverage.unknown).toEqual([]);
  // id, stamp, title, extra.any[*].thing, runs × 2, plays: kind, who, speed; names of home and away; coach
  expect(coverage).toMatchObject({ leaf_paths: 15, mapped: 12, ignored: 3 });
});

test("a wildcard takes named keys too", async () => {
  const { problems } = await lint(yamlOf({ ignore: "  - {path: $.teams.*.code, reason: not wanted}" }), [
    { body: { ...GAME, teams: { home: { code: "H" }, away: { code: "A" } } } },
  ]);
  expect(problems).toEqual([]);
});

test("a value that its column does not take is a problem, with the place of the first", async () => {
  const result = await lint(yamlOf(), [
    { body: { ...GAME, runs: { home: "three", away: 2 } } },
    { body: { ...GAME, id: 2, runs: { home: "four", away: 1 } } },
  ]);
  expect(at(result, "home_runs")).toMatchObject({ hits: 2, types: { string: 2 }, bad: 2, filled: 0 });
  expect(told(result)).toEqual([["lint.bad-value", "home_runs", "$.runs.home"]]);
  expect(result.problems[0]?.message).toBe('home_runs takes INT: 2 times it does not (first "three" at /runs/home of capture 1)');
});

test("a bad value stays one where it quarantines its document", async () => {
  const result = await lint(yamlOf(), [{ body: { ...GAME, runs: { home: "three", away: 2 } } }], true);
  expect(told(result)).toEqual([["lint.bad-value", "home_runs", "$.runs.home"]]);
});

test("a text column on numbers that are no integers is refused, also where the number is 1.0", async () => {
  const more = {
    game: "      - {name: ratio, type: TEXT, json_path: $.ratio}",
    play: "      - {name: speed_text, type: VARCHAR(9), json_path: $.speed}",
  };
  const result = await lint(yamlOf(more), [{ body: JSON.stringify({ ...GAME, ratio: 0 }).replace('"ratio":0', '"ratio":1.0') }]);
  expect(at(result, "ratio")?.types).toEqual({ number: 1 });
  expect(told(result)).toEqual([
    ["lint.text-of-number", "ratio", "$.ratio"],
    ["lint.text-of-number", "speed_text", "$.speed"],
  ]);
});

test("a text column on integers is fine", async () => {
  expect(told(await lint(yamlOf({ play: "      - {name: who_text, type: TEXT, json_path: $.who}" }), [{ body: GAME }]))).toEqual([]);
});

test("whatever fails a document is a problem: a rule, a null key, a wrong container", async () => {
  const rules = "    data_quality: [{rule: home_runs < 10, severity: error}, {rule: away_runs > 2, severity: warn}]";
  const result = await lint(yamlOf({ rules }), [
    { body: GAME },
    { body: { ...GAME, id: 2, runs: { home: 12, away: 2 } } },
    { body: { ...GAME, id: null } },
    { body: { ...GAME, id: 4, plays: "none" } },
  ]);
  expect(result.problems.map(({ code, target, path }) => [code, target, path])).toEqual(
    expect.arrayContaining([
      ["lint.document-failed", "lab.game", ""],
      ["lint.document-failed", null, "/id"],
      ["lint.document-failed", null, "/plays"],
    ]),
  );
  expect(result.documents).toBe(4);
  expect(result.warnings).toEqual([
    { target: "lab.game", rule: "away_runs > 2", count: 3, value: "away_runs=2", capture: "capture 1", path: "" },
  ]);
});

test("a rule that only warns is told and is no problem", async () => {
  const result = await lint(yamlOf({ rules: "    data_quality: [{rule: away_runs > 2, severity: warn}]" }), [
    { body: GAME },
    { body: { ...GAME, id: 2 } },
  ]);
  expect(result).toMatchObject({ exit: 0, problems: [], warnings: [{ count: 2 }] });
});

test("captures that the mapping does not take are left out, and no captures at all is an error", async () => {
  const part = { body: { ...GAME, id: 9, odd: 1 }, parameters: { part: "plays" } };
  expect(await lint(yamlOf(), [{ body: GAME }, part])).toMatchObject({ captures: 1, problems: [] });
  await expect(lint(yamlOf(), [part])).rejects.toThrow("raw has no captures of lab.games that lab/games takes");
});

test("where one answer is a bag of documents, what stands around them is mapped by parent and ignored from the answer", async () => {
  const yaml = `
source: {endpoint: lab, method: days, raw_table: lab.days, array_source: "$.dates[*].games[*]", document_key: [day, id]}
fields: [{name: day, type: DATE, json_path: parent.date}, {name: id, type: INT, json_path: $.id}]
targets:
  - name: lab.scheduled
    primary_key: [day, id]
    fields: [{name: state, type: TEXT, json_path: $.status.state}]
ignore:
  - {path: $.total, reason: a count}
  - {path: $.status.code, reason: repeats the state}
`;
  const game = (id: number): object => ({ id, status: { state: "Final", code: "F" } });
  const result = await lint(yaml, [
    {
      body: {
        total: 3,
        dates: [
          { date: "2024-07-12", games: [game(1), game(2)] },
          { date: "2024-07-13", games: [game(1)] },
        ],
      },
    },
  ]);
  expect(result).toMatchObject({ problems: [], captures: 1, documents: 3, coverage: { leaf_paths: 5, mapped: 3, ignored: 2 } });
});

test("an interrupted lint judges nothing", async () => {
  await expect(lint(yamlOf(), [{ body: GAME }], false, AbortSignal.abort())).rejects.toMatchObject({ code: "lint.interrupted", exit: 130 });
});
