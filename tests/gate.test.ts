import { describe, expect, test } from "vitest";
import { type SqlRow, sqlText } from "../src/sql/sql-value.ts";
import { compilePlan } from "../src/plan/compile-plan.ts";
import { type Answer, SmallPlatform, mappingOf } from "./small-platform.ts";

const mapping = mappingOf(`
source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id], version: {json_path: $.v, pattern: '[0-9]+'}}
null_values: ['-']
fields:
  - {name: id, type: BIGINT, json_path: $.id}
  - {name: year, type: INT, json_path: $.meta.year, nullable: false}
targets:
  - name: lab.thing
    primary_key: [id]
    fields:
      - {name: name, type: TEXT, json_path: $.meta.name}
      - {name: size, type: INT, json_path: $.size}
      - {name: weight, type: DOUBLE, json_path: $.weight, on_bad_value: quarantine}
      - {name: half, type: INT, expression: "name::INT"}
      - {name: extra, type: JSONB, json_path: $.extra}
    data_quality:
      - {rule: size > 0, severity: error}
      - {rule: "size = (select count(*) from lab.item)", severity: warn}
  - name: lab.place
    object_source: $.place
    primary_key: [id]
    fields:
      - {name: city, type: TEXT, json_path: $.city, nullable: false}
  - name: lab.member
    object_source: $.members.*
    primary_key: [id, member]
    fields:
      - {name: member, type: TEXT, source_field: key}
      - {name: age, type: INT, json_path: $.age}
      - {name: team, type: BIGINT, json_path: $.team.id}
  - name: lab.item
    array_source: $.items[*]
    primary_key: [id, value]
    fields:
      - {name: value, type: BIGINT, json_path: $.id}
      - {name: owner, type: TEXT, json_path: $.owner}
    relationships:
      - {from_field: [id, owner], to_table: lab.member}
    data_quality:
      - {rule: "value < (select sum(n) from lab.part) or value < 100", severity: error}
  - name: lab.part
    array_source: $.items[*].parts[*]
    filter: $.kept = true
    primary_key: [id, value, n]
    fields:
      - {name: value, type: BIGINT, json_path: parent.id}
      - {name: n, type: INT, source_field: index}
      - {name: label, type: VARCHAR(3), json_path: $.label}
  - name: lab.note
    array_source: $.notes[*]
    optional: true
    primary_key: [id, n]
    fields:
      - {name: n, type: INT, source_field: index}
      - {name: note, type: TEXT, json_path: $}
`);

type Body = Readonly<Record<string, unknown>>;

/** A document that passes; `change` makes it another one, undefined takes a key away. */
function thing(id: number, change: Body = {}): Body {
  return {
    id,
    v: "1",
    meta: { year: 2024, name: "12" },
    size: 1,
    weight: 1.5,
    extra: { any: ["thing"] },
    place: { city: "Here" },
    members: { m1: { age: 30, team: { id: 7 } } },
    items: [{ id: 1, owner: "m1", parts: [{ kept: true, label: "abc" }] }],
    notes: ["first"],
    ...change,
  };
}

const QUARANTINE =
  "SELECT document_key, kind, target, rule, column_name, pointer, value FROM store.mlb.quarantine WHERE status = 'open' ORDER BY document_key, rule, target";
const APPLIED = "SELECT id FROM store.lab.thing ORDER BY id";

interface Outcome {
  readonly exit: number;
  readonly quarantine: readonly SqlRow[];
  readonly applied: readonly number[];
}

async function outcome(platform: SmallPlatform, exit: number): Promise<Outcome> {
  const [quarantine = [], applied = []] = await platform.queries(QUARANTINE, APPLIED);
  return { exit, quarantine, applied: applied.map((row) => Number(row["id"])) };
}

async function judge(answers: readonly Answer[], strict = false): Promise<Outcome> {
  await using platform = await SmallPlatform.open();
  await platform.capture(mapping, answers);
  const { exit } = await platform.transform(mapping, compilePlan(mapping, { strict }));
  return await outcome(platform, exit);
}

/** What a document fails by: kind, target, rule, column, pointer, value. */
type Failure = readonly [kind: string, target: string | null, rule: string, column: string | null, pointer: string, value: string | null];

/** Documents of one slice, each with what it must fail by (nothing: it must pass), and none must hurt another. */
async function expectFailures(cases: readonly (readonly [change: Body, ...failures: readonly Failure[]])[]): Promise<Outcome> {
  const found = await judge(cases.map(([change], at) => ({ body: thing(at + 1, change) })));
  const told = cases.map(([change], at) => [
    change,
    ...found.quarantine
      .filter((row) => row["document_key"] === `[${String(at + 1)}]`)
      .map((row) => [row["kind"], row["target"], row["rule"], row["column_name"], row["pointer"], row["value"]]),
  ]);
  expect(told).toEqual(cases);
  expect(found.applied).toEqual(cases.flatMap(([, ...failures], at) => (failures.length === 0 ? [at + 1] : [])));
  expect(found.quarantine.length).toBe(cases.flatMap(([, ...failures]) => failures).length);
  return found;
}

const wrong = (expected: "an object" | "an array" | "a scalar", pointer: string, value: unknown): Failure => [
  "fail",
  null,
  `the value is ${expected}`,
  null,
  pointer,
  JSON.stringify(value),
];
const missing = (target: string, pointer: string): Failure => ["fail", null, `the container of ${target} is there`, null, pointer, null];

describe("the gate keeps a whole document out, names rule, place and value, and lets the others of the slice go on", () => {
  test("for keys and values that must be there", async () => {
    const item = (id: unknown): Body => ({ id, owner: "m1", parts: [] });
    const { exit } = await expectFailures([
      [{}],
      [{ items: [item(1), item(null)] }, ["fail", "lab.item", "value is not null", "value", "/items/1/id", null]],
      [{ items: [{ owner: "m1", parts: [] }] }, ["fail", "lab.item", "value is not null", "value", "/items/0/id", null]],
      [{ items: [item(1), item(5), item(5), item(5)] }, ["fail", "lab.item", "the primary key is unique", null, "", "id=4, value=5"]],
      [{ items: [item(1), item("1")] }, ["fail", "lab.item", "the primary key is unique", null, "", "id=5, value=1"]],
      [{ meta: { name: "1" } }, ["fail", null, "year is not null", "year", "/meta/year", null]],
      [{ meta: { year: null } }, ["fail", null, "year is not null", "year", "/meta/year", null]],
      [{ meta: { year: "-" } }, ["fail", null, "year is not null", "year", "/meta/year", "-"]],
      [{ place: {} }, ["fail", "lab.place", "city is not null", "city", "/place/city", null]],
      [{}],
    ]);
    expect(exit).toBe(1);
  });

  test("for a key of a type that does not take it", async () => {
    await expectFailures([
      [{ items: [{ id: "one", owner: "m1", parts: [] }] }, ["fail", "lab.item", "value is not null", "value", "/items/0/id", "one"]],
    ]);
  });

  test("for a value of another kind than is read, at every kind of place", async () => {
    await expectFailures([
      [{}],
      // A text, a number, a boolean, an array where an object is read.
      [{ meta: "x" }, wrong("an object", "/meta", "x")],
      [{ meta: "" }, wrong("an object", "/meta", "")],
      [{ meta: false }, wrong("an object", "/meta", false)],
      [{ meta: [{ year: 2024 }] }, wrong("an object", "/meta", [{ year: 2024 }])],
      [{ place: "Here" }, wrong("an object", "/place", "Here")],
      [{ place: [] }, wrong("an object", "/place", [])],
      [{ members: "m1" }, wrong("an object", "/members", "m1")],
      [{ members: [{ age: 1 }] }, wrong("an object", "/members", [{ age: 1 }])],
      [{ members: { m1: 5 } }, wrong("an object", "/members/m1", 5)],
      [{ members: { m1: {}, ID7: "x" } }, wrong("an object", "/members/ID7", "x")],
      [{ members: { m1: { team: 7 } } }, wrong("an object", "/members/m1/team", 7)],
      // An object, a text where an array is read.
      [{ items: {} }, wrong("an array", "/items", {})],
      [{ items: "" }, wrong("an array", "/items", "")],
      [{ items: [{ id: 1, owner: "m1", parts: { kept: true } }] }, wrong("an array", "/items/0/parts", { kept: true })],
      [{ notes: { "0": "first" } }, wrong("an array", "/notes", { "0": "first" })],
      // One of another kind among the right ones.
      [{ items: [{ id: 1, owner: "m1", parts: [] }, 5] }, wrong("an object", "/items/1", 5)],
      [{ items: [[{ id: 1 }]] }, wrong("an object", "/items/0", [{ id: 1 }])],
      [{ items: [{ id: 1, owner: "m1", parts: [{ kept: true }, "x"] }] }, wrong("an object", "/items/0/parts/1", "x")],
      [{ notes: ["first", {}] }, wrong("a scalar", "/notes/1", {})],
      // A container where a leaf is read.
      [{ size: [1] }, wrong("a scalar", "/size", [1])],
      [{ meta: { year: 2024, name: { first: "x" } } }, wrong("a scalar", "/meta/name", { first: "x" })],
      [{ members: { m1: { age: [] } } }, wrong("a scalar", "/members/m1/age", [])],
      [{ items: [{ id: {}, owner: "m1", parts: [] }] }, wrong("a scalar", "/items/0/id", {})],
      // Anything is right for JSONB, and null everywhere.
      [{ extra: "text" }],
      [{ extra: [1] }],
      [{ extra: null, notes: null, weight: null, meta: { year: 2024, name: null } }],
      [{}],
    ]);
  });

  test("but for no value of which nothing is read but that it is there", async () => {
    const counted = mappingOf(`
source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id]}
fields: [{name: id, type: INT, json_path: $.id}]
targets:
  - name: lab.place
    array_source: $.places[*]
    lookups: {name: "document.names.{$}"}
    primary_key: [id, n]
    fields: [{name: n, type: INT, source_field: index}]
  - name: lab.name
    object_source: $.names.*
    primary_key: [id, name]
    fields: [{name: name, type: TEXT, source_field: key}]
  - name: lab.hall
    object_source: $.hall
    optional: true
    primary_key: [id]
    fields: [{name: at, type: TIMESTAMPTZ, source_field: captured_at}]
  - name: lab.room
    array_source: $.rooms[*]
    primary_key: [id, n]
    fields: [{name: n, type: INT, source_field: index}]
`);
    await using platform = await SmallPlatform.open();
    await platform.capture(counted, [
      {
        body: {
          id: 1,
          places: ["x", "y"],
          names: { a: { of: 1 }, b: "text", c: [1] },
          hall: { any: "thing" },
          rooms: [{}, [], null, 5, "x"],
        },
      },
    ]);
    const { exit, record } = await platform.transform(counted);
    expect(exit).toBe(0);
    expect(record.targets.map(({ target, inserted }) => [target, inserted])).toEqual([
      ["lab.place", 2n],
      ["lab.name", 3n],
      ["lab.hall", 1n],
      ["lab.room", 5n],
    ]);
  });

  test("for a container that is absent or null, which is not an empty one", async () => {
    const parts: Failure[] = [missing("lab.item", "/items"), missing("lab.part", "/items")];
    await expectFailures([
      [{ items: undefined }, ...parts],
      [{ items: null }, ...parts],
      [{ members: null, items: [] }, missing("lab.member", "/members")],
      [{ place: undefined }, missing("lab.place", "/place")],
      [{ place: null }, missing("lab.place", "/place")],
      [{ items: [] }],
      [{ members: {}, items: [] }],
      // Below the first wildcard an absent one states no rows; an optional one may be absent.
      [
        {
          items: [
            { id: 1, owner: "m1" },
            { id: 2, owner: null, parts: null },
          ],
        },
      ],
      [{ notes: undefined }],
      [{ notes: null }],
      [{ notes: [] }],
    ]);
  });

  test("for rules of severity error and relationships", async () => {
    const found = await expectFailures([
      [{ size: 0 }, ["rule", "lab.thing", "size > 0", null, "", "size=0"]],
      [{ size: null }],
      [
        { items: [{ id: 1, owner: "m2", parts: [] }] },
        ["fail", "lab.item", "id, owner is in lab.member", "id, owner", "/items/0", "id=3, owner=m2"],
      ],
      [{ items: [{ id: 1, owner: null, parts: [] }] }],
      [
        { items: [{ id: 500, owner: "m1", parts: [{ kept: true }, { kept: true }] }] },
        [
          "rule",
          "lab.item",
          "value < (select sum(n) from lab.part) or value < 100",
          null,
          "/items/0",
          "value=500, sum of lab.part=1, value=500",
        ],
      ],
    ]);
    expect(found.exit).toBe(3);
  });

  test("for a bad value that is said to quarantine, and one in a filter", async () => {
    await expectFailures([
      [{ weight: "heavy" }, ["fail", "lab.thing", "weight takes DOUBLE", "weight", "/weight", "heavy"]],
      [{ weight: "1e999" }, ["fail", "lab.thing", "weight takes DOUBLE", "weight", "/weight", "1e999"]],
      [{ weight: "-" }],
      [
        { items: [{ id: 1, owner: "m1", parts: [{ kept: "maybe" }] }] },
        ["fail", "lab.part", "the filter's values are of their types", null, "/items/0/parts/0/kept", "maybe"],
      ],
      [{ items: [{ id: 1, owner: "m1", parts: [{ kept: false, label: "far too long" }, {}] }] }],
    ]);
  });

  test("for a version that does not match its pattern; one that is absent is none", async () => {
    await expectFailures([
      [{ v: "x9" }, ["fail", null, "the version matches [0-9]+", null, "/v", "x9"]],
      [{ v: "1\n" }, ["fail", null, "the version matches [0-9]+", null, "/v", "1\n"]],
      [{ v: "" }, ["fail", null, "the version matches [0-9]+", null, "/v", ""]],
      [{ v: null }],
      [{ v: undefined }],
      [{ v: 7 }],
    ]);
  });

  test("for a document without a name", async () => {
    const found = await judge([
      { body: thing(1) },
      { body: { ...thing(2), id: null } },
      { body: { ...thing(3), id: "three" } },
      { body: [] },
      { body: { ...thing(4), id: { is: 4 } } },
    ]);
    expect(found.applied).toEqual([1]);
    expect(found.quarantine.map((row) => [row["document_key"], row["rule"], row["pointer"], row["value"]])).toEqual([
      ["capture 2", "id is not null", "/id", null],
      ["capture 3", "id takes BIGINT", "/id", "three"],
      ["capture 4", "id is not null", "/id", null],
      ["capture 5", "id takes BIGINT", "/id", '{"is":4}'],
    ]);
  });

  test("for a key that is no exact number, which would be taken for another document", async () => {
    const found = await judge([
      { body: JSON.stringify(thing(1)).replace('"id":1,', '"id":9007199254740993,') },
      { body: { ...thing(2), id: "9007199254740993" } },
      { body: { ...thing(3), id: 9007199254740991 } },
    ]);
    expect(found.quarantine.map((row) => [row["document_key"], row["rule"], row["pointer"]])).toEqual([
      ["capture 1", "id is an exact number", "/id"],
    ]);
    expect(found.applied).toEqual([9007199254740991, Number("9007199254740993")]);
  });
});

describe("a bad value in a nullable column", () => {
  const odd = {
    size: "big",
    members: { m1: { age: "old", team: { id: 7 } }, "a/b~c": { age: 1.5 } },
    items: [
      {
        id: 1,
        owner: "m1",
        parts: [
          { kept: true, label: "abcd" },
          { kept: true, label: "-" },
        ],
      },
    ],
    meta: { year: 2024, name: "x12" },
  };
  const BAD = [
    {
      target: "lab.member",
      column_name: "age",
      rule: "age takes INT",
      pointer: "/members/a~1b~0c/age",
      value: "1.5",
      raw_id: 1n,
      document_key: "[1]",
    },
    {
      target: "lab.member",
      column_name: "age",
      rule: "age takes INT",
      pointer: "/members/m1/age",
      value: "old",
      raw_id: 1n,
      document_key: "[1]",
    },
    {
      target: "lab.part",
      column_name: "label",
      rule: "label takes VARCHAR(3)",
      pointer: "/items/0/parts/0/label",
      value: "abcd",
      raw_id: 1n,
      document_key: "[1]",
    },
    {
      target: "lab.thing",
      column_name: "half",
      rule: "half takes INT",
      pointer: "name::INT",
      value: "x12",
      raw_id: 1n,
      document_key: "[1]",
    },
    { target: "lab.thing", column_name: "size", rule: "size takes INT", pointer: "/size", value: "big", raw_id: 1n, document_key: "[1]" },
  ];
  const BAD_VALUES =
    "SELECT target, column_name, rule, pointer, value, raw_id, document_key FROM store.mlb.bad_values ORDER BY target, column_name, pointer";

  test("becomes NULL and is kept with pointer, text and capture", async () => {
    await using platform = await SmallPlatform.open();
    await platform.capture(mapping, [{ body: thing(1, odd) }]);
    const { exit, record } = await platform.transform(mapping);
    expect(exit).toBe(0);
    expect(record.run).toMatchObject({ applied: 1n, bad_values: 5n });
    const [bad, things, members, parts] = await platform.queries(
      BAD_VALUES,
      "SELECT size, half, name FROM store.lab.thing",
      "SELECT member, age FROM store.lab.member ORDER BY member",
      "SELECT n, label FROM store.lab.part ORDER BY n",
    );
    expect(bad).toEqual(BAD);
    expect(things).toEqual([{ size: null, half: null, name: "x12" }]);
    expect(members).toEqual([
      { member: "a/b~c", age: null },
      { member: "m1", age: null },
    ]);
    expect(parts).toEqual([
      { n: 0, label: null },
      { n: 1, label: "-" },
    ]);

    // The next state says better: nothing bad is left.
    await platform.capture(mapping, [{ body: thing(1, { v: "2" }) }]);
    await platform.transform(mapping);
    expect(await platform.rows(BAD_VALUES)).toEqual([]);
  });

  test("quarantines under strict, with the same places", async () => {
    const found = await judge([{ body: thing(1, odd) }, { body: thing(2) }], true);
    expect(found.applied).toEqual([2]);
    expect(found.exit).toBe(1);
    const places = found.quarantine
      .map((row) => `${sqlText(row["target"])} ${sqlText(row["pointer"])} ${sqlText(row["value"])}`)
      .toSorted();
    expect(places).toEqual(BAD.map((bad) => `${bad.target} ${bad.pointer} ${bad.value}`).toSorted());
  });
});

describe("when the newest state of a document fails", () => {
  const states = (bad: Body): Answer[] => [
    { body: thing(1, { v: "1", size: 1 }), capturedAt: "2024-07-13T01:00:00.000000Z" },
    { body: thing(1, { v: "2", size: 2 }), capturedAt: "2024-07-13T02:00:00.000000Z" },
    { body: thing(1, { v: "3", ...bad }), capturedAt: "2024-07-13T03:00:00.000000Z" },
  ];
  const SIZE = "SELECT size, source_version FROM store.lab.thing";

  test("the next newest decides, and what failed sets the exit code", async () => {
    await using platform = await SmallPlatform.open();
    await platform.capture(mapping, states({ size: -1 }));
    const { exit, record } = await platform.transform(mapping);
    expect(exit).toBe(3);
    expect(record.run).toMatchObject({ selected: 1n, applied: 1n, quarantined: 0n, failed_states: 1n });
    expect(await platform.rows(SIZE)).toEqual([{ size: 2, source_version: "2" }]);
    expect(await platform.rows("SELECT version, raw_id, status FROM store.mlb.quarantine")).toEqual([
      { version: "3", raw_id: 3n, status: "open" },
    ]);
  });

  test("that is remembered: a second run does not try again, and counts the document as unchanged", async () => {
    await using platform = await SmallPlatform.open();
    await platform.capture(mapping, states({ items: "x" }));
    await platform.transform(mapping);
    const again = await platform.transform(mapping);
    expect(again.exit).toBe(0);
    expect(again.record.run).toMatchObject({ selected: 1n, applied: 0n, unchanged: 1n, failed_states: 0n });
    expect(await platform.rows("SELECT count(*) AS n FROM store.mlb.quarantine")).toEqual([{ n: 1n }]);
  });

  test("it is tried again when it is told so, and once only", async () => {
    await using platform = await SmallPlatform.open();
    await platform.capture(mapping, states({ size: -1 }));
    await platform.transform(mapping);
    await platform.execute("UPDATE store.mlb.quarantine SET status = 'retried'");
    const again = await platform.transform(mapping);
    expect(again.exit).toBe(3);
    expect(again.record.run).toMatchObject({ selected: 1n, applied: 0n, quarantined: 1n, failed_states: 1n });
    expect(await platform.rows("SELECT status FROM store.mlb.quarantine ORDER BY status")).toEqual([
      { status: "open" },
      { status: "resolved" },
    ]);
    expect((await platform.transform(mapping)).record.run).toMatchObject({ unchanged: 1n, failed_states: 0n });
  });

  test("and no state passes, the document is quarantined once, with every state that was tried", async () => {
    await using platform = await SmallPlatform.open();
    await platform.capture(
      mapping,
      [1, 2, 3].map((v) => ({ body: thing(1, { v: String(v), size: -v }) })),
    );
    const { record } = await platform.transform(mapping);
    expect(record.run).toMatchObject({ selected: 1n, applied: 0n, quarantined: 1n, failed_states: 3n });
    expect(await platform.rows("SELECT version FROM store.mlb.quarantine ORDER BY version")).toEqual([
      { version: "1" },
      { version: "2" },
      { version: "3" },
    ]);
    expect(await platform.rows("SELECT * FROM store.mlb.documents")).toEqual([]);
  });

  test("another plan tries it anew, and what it settles is resolved", async () => {
    await using platform = await SmallPlatform.open();
    await platform.capture(mapping, states({ weight: 1, size: "big" }));
    const strict = compilePlan(mapping, { strict: true });
    await platform.transform(mapping, strict);
    expect(await platform.rows(SIZE)).toEqual([{ size: 2, source_version: "2" }]);
    const mild = await platform.transform(mapping);
    expect(mild.record.run).toMatchObject({ selected: 1n, applied: 1n, bad_values: 1n });
    expect(await platform.rows(SIZE)).toEqual([{ size: null, source_version: "3" }]);
    expect(await platform.rows("SELECT DISTINCT status FROM store.mlb.quarantine")).toEqual([{ status: "resolved" }]);
  });
});
