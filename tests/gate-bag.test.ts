import { describe, expect, test } from "vitest";
import type { SqlRow } from "../src/sql/sql-value.ts";
import type { Mapping } from "../src/mapping/mapping.ts";
import { type Answer, SmallPlatform, mappingOf, withJson } from "./small-platform.ts";

const bag = mappingOf(
  `
source: {endpoint: lab, method: bags, raw_table: lab.bags, array_source: "$.days[*].games[*]", document_key: [day, id], version: $.v}
fields:
  - {name: day, type: DATE, json_path: parent.date}
  - {name: id, type: BIGINT, json_path: $.id}
  - {name: venue, type: TEXT, json_path: parent.venue}
targets:
  - name: lab.game
    primary_key: [day, id]
    fields:
      - {name: team, type: TEXT, json_path: $.team.name}
`,
  "lab/bags",
);

async function run(
  mapping: Mapping,
  answers: readonly Answer[],
  ...queries: readonly string[]
): Promise<{ readonly exit: number; readonly quarantine: readonly SqlRow[]; readonly results: readonly SqlRow[][] }> {
  await using platform = await SmallPlatform.open();
  await platform.capture(mapping, answers);
  const { exit } = await platform.transform(mapping);
  const [quarantine = [], ...results] = await platform.queries(
    "SELECT document_key, rule, pointer, value FROM store.mlb.quarantine ORDER BY document_key, pointer",
    ...queries,
  );
  return { exit, quarantine, results };
}

const GAMES = "SELECT day, id, team FROM store.lab.game ORDER BY day, id";
const game = (id: unknown, change: Readonly<Record<string, unknown>> = {}): object => ({
  id,
  v: "1",
  team: { name: `team ${String(id)}` },
  ...change,
});
const stored = (day: string, ...ids: readonly number[]): SqlRow[] => ids.map((id) => ({ day, id: BigInt(id), team: `team ${String(id)}` }));

describe("of a bag of documents", () => {
  test("one without its key is quarantined by its place, the others go on", async () => {
    const { quarantine, results, exit } = await run(
      bag,
      [
        {
          body: {
            days: [
              { date: "2024-07-01", games: [game(1), game(null), game("x")] },
              { games: [game(4)] },
              { date: "2024-02-30", games: [game(5)] },
            ],
          },
        },
      ],
      GAMES,
    );
    expect(quarantine).toEqual([
      { document_key: "capture 1 at 0,1", rule: "id is not null", pointer: "/days/0/games/1/id", value: null },
      { document_key: "capture 1 at 0,2", rule: "id takes BIGINT", pointer: "/days/0/games/2/id", value: "x" },
      { document_key: "capture 1 at 1,0", rule: "day is not null", pointer: "/days/1/date", value: null },
      { document_key: "capture 1 at 2,0", rule: "day takes DATE", pointer: "/days/2/date", value: "2024-02-30" },
    ]);
    expect(results).toEqual([stored("2024-07-01", 1)]);
    expect(exit).toBe(1);
  });

  test("one that is there twice fails, both times, and an older answer decides", async () => {
    const { quarantine, results } = await run(
      bag,
      [
        { capturedAt: "2024-07-01T00:00:00.000000Z", body: { days: [{ date: "2024-07-01", games: [game(1)] }] } },
        {
          capturedAt: "2024-07-02T00:00:00.000000Z",
          body: { days: [{ date: "2024-07-01", games: [game(1, { v: "2" }), game(2), game("1")] }] },
        },
      ],
      GAMES,
    );
    expect(quarantine).toEqual([
      {
        document_key: '["2024-07-01",1]',
        rule: "the document key is unique in its answer",
        pointer: "/days/0/games/0",
        value: '["2024-07-01",1]',
      },
      {
        document_key: '["2024-07-01",1]',
        rule: "the document key is unique in its answer",
        pointer: "/days/0/games/2",
        value: '["2024-07-01",1]',
      },
    ]);
    expect(results).toEqual([stored("2024-07-01", 1, 2)]);
  });

  test("each with a wrong container fails, however many they are", async () => {
    const games = Array.from({ length: 250 }, (_, at) => game(at + 1, at === 249 ? {} : { team: "text" }));
    const { quarantine, results } = await run(bag, [{ body: { days: [{ date: "2024-07-01", games }] } }], GAMES);
    expect(quarantine.length).toBe(249);
    expect(new Set(quarantine.map((row) => row["rule"]))).toEqual(new Set(["the value is an object"]));
    expect(results).toEqual([stored("2024-07-01", 250)]);
  });

  test("all that read a wrong container above them fail, and no others", async () => {
    const { quarantine, results } = await run(
      bag,
      [
        {
          body: {
            days: [
              { date: "2024-07-01", venue: { name: "Park" }, games: [game(1), game(2)] },
              { date: "2024-07-02", venue: "Park", games: [game(1)] },
            ],
          },
        },
      ],
      GAMES,
    );
    expect(quarantine).toEqual([
      { document_key: '["2024-07-01",1]', rule: "the value is a scalar", pointer: "/days/0/venue", value: '{"name":"Park"}' },
      { document_key: '["2024-07-01",2]', rule: "the value is a scalar", pointer: "/days/0/venue", value: '{"name":"Park"}' },
    ]);
    expect(results).toEqual([stored("2024-07-02", 1)]);
  });

  test("the container itself must be there and of its kind; below the first wildcard an absent one states no documents", async () => {
    const { quarantine, results } = await run(
      bag,
      [
        { body: {} },
        { body: { days: null } },
        { body: { days: "none" } },
        { body: { days: [] } },
        {
          body: {
            days: [
              { date: "2024-07-01" },
              { date: "2024-07-02", games: null },
              { date: "2024-07-03", games: { "0": game(1) } },
              { date: "2024-07-04", games: [game(4)] },
            ],
          },
        },
      ],
      GAMES,
    );
    const rule = "the container of the documents is there";
    expect(quarantine).toEqual([
      { document_key: "capture 1", rule, pointer: "/days", value: null },
      { document_key: "capture 2", rule, pointer: "/days", value: "null" },
      { document_key: "capture 3", rule, pointer: "/days", value: '"none"' },
      { document_key: "capture 5 at 2", rule, pointer: "/days/2/games", value: JSON.stringify({ "0": game(1) }) },
    ]);
    expect(results).toEqual([stored("2024-07-04", 4)]);
  });
});

describe("names and values that a body chooses", () => {
  const odd = mappingOf(
    `
source: {endpoint: lab, method: odd, raw_table: lab.odd, array_source: "$.bags.*", document_key: [change], version: $.v}
null_values: ['-', 'none']
fields:
  - {name: change, type: TEXT, source_field: key}
  - {name: entry, type: INT, source_field: parameters.entry, default: 7}
  - {name: slot, type: INT, json_path: $.slot, default: 9}
targets:
  - name: lab.select
    object_source: $.group.*
    primary_key: [change, value]
    fields:
      - {name: value, type: TEXT, source_field: key}
      - {name: kind, type: TEXT, json_path: $.v}
      - {name: rule, type: TEXT, json_path: $.V}
      - {name: column, type: JSONB, json_path: $.j}
      - {name: t, type: INT, json_path: "$.__proto__.constructor"}
    data_quality:
      - {rule: "(select count(*) from lab.order) >= t", severity: error}
  - name: lab.order
    array_source: $.group.*.list[*]
    lookups: {r: "document.group.{$.to}"}
    primary_key: [change, value, a0]
    fields:
      - {name: value, type: TEXT, source_field: parent.key}
      - {name: a0, type: INT, source_field: index}
      - {name: c, type: TEXT, json_path: r.v}
      - {name: n, type: INT, json_path: r.list_size}
    relationships:
      - {from_field: [change, value], to_table: lab.select}
    data_quality:
      - {rule: "(select sum(a0) from lab.order where value = 'x') >= 0", severity: error}
`,
    "lab/odd",
  );
  const QUERIES = [
    'SELECT "change", "entry", "slot", "value", "kind", "rule", "column", "t" FROM store.lab."select" ORDER BY 1, 4',
    'SELECT "change", "value", "a0", "c", "n" FROM store.lab."order" ORDER BY 1, 2, 3',
  ];
  const body = (v: string, third: object): string =>
    `{"bags":{"it's, \\"odd\\"/~":{"v":"${v}","slot":"none","group":{"a/b~c":{"v":"low","V":"up","j":null,"__proto__":{"constructor":1},"list":[{"to":"ID7"},{"to":"nobody"}]},"ID7":${JSON.stringify(third)}}},"plain":{"v":"1","slot":3,"group":{}}}}`;

  test("are told apart by case, escaped in pointers, and collide with no word of ours", async () => {
    const { quarantine, results } = await run(
      odd,
      [{ body: body("1", { v: "seven", j: { b: 1, a: [] }, list_size: "many" }), parameters: { entry: "-" } }],
      ...QUERIES,
      "SELECT pointer, value FROM store.mlb.bad_values ORDER BY pointer",
    );
    expect(quarantine).toEqual([]);
    const key = 'it\'s, "odd"/~';
    const [selects = [], ...others] = results;
    expect([withJson(selects, "column"), ...others]).toEqual([
      [
        { change: key, entry: 7, slot: 9, value: "ID7", kind: "seven", rule: null, column: { b: 1, a: [] }, t: null },
        { change: key, entry: 7, slot: 9, value: "a/b~c", kind: "low", rule: "up", column: null, t: 1 },
      ],
      [
        { change: key, value: "a/b~c", a0: 0, c: "seven", n: null },
        { change: key, value: "a/b~c", a0: 1, c: null, n: null },
      ],
      [{ pointer: '/bags/it\'s, "odd"~1~0/group/ID7/list_size', value: "many" }],
    ]);
  });

  test("are reconciled with what is stored", async () => {
    await using platform = await SmallPlatform.open();
    await platform.capture(odd, [{ body: body("1", { v: "seven" }) }]);
    await platform.transform(odd);
    await platform.capture(odd, [{ body: body("2", { v: "eight", list: [{}] }), capturedAt: "2024-07-14T00:00:00.000000Z" }]);
    const { exit, record } = await platform.transform(odd);
    expect(exit).toBe(0);
    expect(
      record.targets.map(({ target, inserted, updated, unchanged, deleted }) =>
        [target, inserted, updated, unchanged, deleted].map(String),
      ),
    ).toEqual([
      ["lab.select", "0", "1", "1", "0"],
      ["lab.order", "1", "1", "1", "0"],
    ]);
  });

  test("fail with their names in the pointer", async () => {
    const { quarantine } = await run(odd, [{ body: body("1", { v: { not: "scalar" } }) }]);
    expect(quarantine).toEqual([
      {
        document_key: '["it\'s, \\"odd\\"/~"]',
        rule: "the value is a scalar",
        pointer: '/bags/it\'s, "odd"~1~0/group/ID7/v',
        value: '{"not":"scalar"}',
      },
    ]);
    const aggregate = await run(odd, [{ body: body("1", { v: "x" }).replace('"constructor":1', '"constructor":5') }]);
    expect(aggregate.quarantine.map((row) => [row["rule"], row["pointer"], row["value"]])).toEqual([
      ["(select count(*) from lab.order) >= t", '/bags/it\'s, "odd"~1~0/group/a~1b~0c', "count of lab.order=2, t=5"],
    ]);
  });
});

describe("an object of which a target reads every value", () => {
  test("can be read by name as well, by the same target and by others", async () => {
    const both = mappingOf(`
source: {endpoint: lab, method: both, raw_table: lab.both, document_key: [id]}
fields: [{name: id, type: INT, json_path: $.id}]
targets:
  - name: lab.member
    object_source: $.teams[*].members.*
    primary_key: [id, team, member]
    fields:
      - {name: team, type: INT, source_field: parent.index}
      - {name: member, type: TEXT, source_field: key}
      - {name: points, type: INT, json_path: $.points}
      - {name: captain_points, type: INT, json_path: parent.members.captain.points}
  - name: lab.team
    array_source: $.teams[*]
    primary_key: [id, team]
    fields:
      - {name: team, type: INT, source_field: index}
      - {name: captain_points, type: INT, json_path: $.members.captain.points}
`);
    const { quarantine, results } = await run(
      both,
      [{ body: { id: 1, teams: [{ members: { a: { points: 1 }, captain: { points: "5" } } }, { members: { b: {} } }, {}] } }],
      "SELECT team, member, points, captain_points FROM store.lab.member ORDER BY team, member",
      "SELECT team, captain_points FROM store.lab.team ORDER BY team",
    );
    expect(quarantine).toEqual([]);
    expect(results).toEqual([
      [
        { team: 0, member: "a", points: 1, captain_points: 5 },
        { team: 0, member: "captain", points: 5, captain_points: 5 },
        { team: 1, member: "b", points: null, captain_points: null },
      ],
      [
        { team: 0, captain_points: 5 },
        { team: 1, captain_points: null },
        { team: 2, captain_points: null },
      ],
    ]);
  });
});
