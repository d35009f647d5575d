import { beforeAll, describe, expect, test } from "vitest";
import { INVENTED_MAPPING, inventedMapping } from "../../tests/invented-endpoint.ts";
import { laidOut } from "../../tests/laid-out.ts";
import { mappingOf } from "../../tests/small-platform.ts";
import { UserError } from "../core/errors.ts";
import { compilePlan, sourceFingerprint } from "./compile-plan.ts";
import type { Plan } from "./plan.ts";

/** The invented mapping with one thing written in another way. */
function changed(from: string, to: string): Plan {
  if (!INVENTED_MAPPING.includes(from)) throw new Error(`the mapping has no ${from}`);
  return compilePlan(mappingOf(INVENTED_MAPPING.replace(from, to), "railway/board"));
}

const mapping = inventedMapping();
let plan: Plan;
beforeAll(() => {
  plan = compilePlan(mapping);
});

/** JSON has no integers of 64 bits: they are written as text with a mark. */
function throughJson(value: unknown): unknown {
  const text = JSON.stringify(value, (_key, inner: unknown) => (typeof inner === "bigint" ? { bigint: inner.toString() } : inner));
  return JSON.parse(text, (_key, inner: unknown) =>
    inner !== null && typeof inner === "object" && "bigint" in inner ? BigInt(String(inner.bigint)) : inner,
  );
}

function everyObject(value: unknown): object[] {
  return value === null || typeof value !== "object" ? [] : [value, ...Object.values(value).flatMap(everyObject)];
}

describe("a plan", () => {
  test("is frozen to its last part", () => {
    const objects = everyObject(plan);
    expect(objects.length).toBeGreaterThan(300);
    expect(objects.filter((object) => !Object.isFrozen(object))).toEqual([]);
  });

  test("is plain data: it comes back equal from JSON", () => {
    expect(throughJson(plan)).toEqual(plan);
    const plain = new Set<unknown>([Object.prototype, Array.prototype]);
    expect(everyObject(plan).filter((object) => !plain.has(Object.getPrototypeOf(object)))).toEqual([]);
  });

  test("is the same every time", () => {
    expect(compilePlan(mapping)).toEqual(plan);
    expect(plan.fingerprint).toMatch(/^[0-9a-f]{64}$/);
  });

  test("of the invented mapping is the one that was looked at, its fingerprints too (a wanted change: vitest run -u)", async () => {
    const looked = { ...plan, sourceFingerprint: sourceFingerprint(plan) };
    await expect(`${laidOut(looked)}\n`).toMatchFileSnapshot("golden/invented.plan.txt");
  });

  test("reads no more of an answer than is mapped", () => {
    const read = compilePlan(
      mappingOf(`
source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id], version: $.meta.v}
fields: [{name: id, type: INT, json_path: $.id}]
targets:
  - name: lab.item
    array_source: $.a.items[*]
    filter: $.kept = true
    lookups: {other: "document.others.{$.other}"}
    primary_key: [id, n]
    fields:
      - {name: n, type: INT, source_field: index}
      - {name: x, type: TEXT, json_path: $.deep.x}
      - {name: whole, type: JSONB, json_path: $.whole}
      - {name: y, type: TEXT, json_path: other.y}
`),
    ).read;
    const text = { kind: "text" };
    expect(read).toEqual({
      kind: "object",
      keys: {
        meta: { kind: "object", keys: { v: text } },
        id: text,
        a: {
          kind: "object",
          keys: {
            items: {
              kind: "array",
              item: {
                kind: "object",
                keys: { deep: { kind: "object", keys: { x: text } }, whole: { kind: "json" }, kept: text, other: text },
              },
            },
          },
        },
        others: { kind: "map", value: { kind: "object", keys: { y: text } } },
      },
    });
  });

  test("of a mapping that reads a place as a value and as a container is refused, with the place", () => {
    const twoWays = mappingOf(`
source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id]}
fields: [{name: id, type: INT, json_path: $.id}]
targets:
  - name: lab.thing
    primary_key: [id]
    fields:
      - {name: whole, type: JSONB, json_path: $.a.b}
      - {name: part, type: TEXT, json_path: $.a.b.c}
`);
    expect(() => compilePlan(twoWays)).toThrow(UserError);
    expect(() => compilePlan(twoWays)).toThrow("reads $.a.b in two ways");
  });
});

/** A small mapping with other things in its source, its fields and its first target. */
const small = ({ source = "", fields = "", target = "" }): Plan =>
  compilePlan(
    mappingOf(`
source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id]${source}}
fields: [{name: id, type: INT, json_path: $.id}${fields}]
targets:
  - {name: lab.thing, primary_key: [id], fields: [{name: a, type: TEXT, json_path: $.a}]${target}}
  - {name: lab.part, array_source: "$.parts[*]", primary_key: [id, n], fields: [{name: n, type: INT, source_field: index}]}
`),
  );

describe("parts of a plan", () => {
  test("a container that several lookups go to is laid out once; its keys make it", () => {
    const { lookupTables, targets } = small({
      target:
        ', lookups: {k: "document.m.n.K{$.x}", l: "document.m.n.{$.y}", o: "document.mn.{$.x}"}, data_quality: [{rule: k.p.q = l.pq, severity: warn}]',
    });
    expect(lookupTables.map(({ containers, leaves }) => [containers, leaves.map((leaf) => leaf.keys)])).toEqual([
      [[["m", "n"]], [["p", "q"], ["pq"]]],
      [[["mn"]], []],
    ]);
    expect(targets[0]?.lookups.map(({ places }) => places.map(({ table }) => table))).toEqual([[0], [0], [1]]);
  });

  test("a container that lookups take by key and by position is refused", () => {
    expect(() => small({ target: ', lookups: {k: "document.m.{$.x}", l: "document.m[{$.x}]"}' })).toThrow("reads $.m in two ways");
  });

  test("a target of whose rows nothing is read reads that they are there", () => {
    expect(small({}).targets.map(({ read }) => read)).toEqual([null, { kind: "array", item: { kind: "json" } }]);
  });

  test("a relationship that says who holds the many is checked there", () => {
    const { targets } = small({ target: ", relationships: [{from_field: id, to_table: lab.part, to_field: id, type: one_to_many}]" });
    expect(targets.map(({ relationships }) => relationships)).toEqual([
      [],
      [{ fromFields: ["id"], toTable: "lab.thing", toFields: ["id"] }],
    ]);
  });

  test("the version of a document in an answer of many may be the answer's", () => {
    expect(small({ source: ', array_source: "$.things[*]", version: parent.rev' }).read).toMatchObject({ keys: { rev: { kind: "text" } } });
  });

  test("parameters of columns are named once, in order", () => {
    const field = (name: string, parameter: string): string => `, {name: ${name}, type: TEXT, source_field: parameters.${parameter}}`;
    expect(small({ fields: field("b", "y") + field("c", "x") + field("d", "y") }).parameters).toEqual(["x", "y"]);
  });
});

describe("the fingerprint", () => {
  test.each([
    [
      "the type of a column",
      "{name: delay, type: INT, json_path: $.delay, default: 0}",
      "{name: delay, type: BIGINT, json_path: $.delay, default: 0}",
    ],
    ["the length of a text", "VARCHAR(8)", "VARCHAR(9)"],
    ["a path", "json_path: $.series", "json_path: $.serie"],
    ["a name of a column", "{name: series, type", "{name: series_name, type"],
    [
      "the order of columns",
      "{name: series, type: TEXT, json_path: $.series}\n      - {name: cars, type: INT, json_path: $.cars}",
      "{name: cars, type: INT, json_path: $.cars}\n      - {name: series, type: TEXT, json_path: $.series}",
    ],
    ["an expression", "speed > 160", "speed >= 160"],
    ["a default", "default: 0", "default: 1"],
    ["a filter of rows", "and $.weight is not null", "and $.weight is null"],
    ["the filter of captures", "parameters.preview is null", "parameters.draft is null"],
    ["a source of rows", "array_source: $.remarks[*]", "array_source: $.remark[*]"],
    ["whether a container may be absent", "    optional: true\n    primary_key: [day, train_no]", "    primary_key: [day, train_no]"],
    ["a place of a lookup", '"document.guests.{$.by}"', '"document.guest.{$.by}"'],
    [
      "the order of places of a lookup",
      '["document.crew.C{$.by}", "document.guests.{$.by}"]',
      '["document.guests.{$.by}", "document.crew.C{$.by}"]',
    ],
    ["a rule of severity error", "from_station != to_station", "from_station > to_station"],
    ["the severity of a rule", "{rule: doubled > 0, severity: error}", "{rule: doubled > 0, severity: warn}"],
    ["an enforced relationship", "      - {from_field: [day, train_no, stop_index], to_table: railway.stop}\n", ""],
    ["what may be null", "json_path: $.route.<end>.code, nullable: false", "json_path: $.route.<end>.code"],
    ["what a bad value does", "json_path: $.fare}", "json_path: $.fare, on_bad_value: quarantine}"],
    ["texts that mean no value", "null_values: ['-', '']", "null_values: ['-']"],
    ["a pattern of the version", "r[0-9]{4}", "r[0-9]{5}"],
    ["a primary key", "primary_key: [day, train_no, platform]", "primary_key: [day, train_no, platform, open]"],
  ])("changes with %s", (_what, from, to) => {
    expect(changed(from, to).fingerprint).not.toBe(plan.fingerprint);
  });

  test("changes with strict, which makes every bad value quarantine", () => {
    const strict = compilePlan(mapping, { strict: true });
    expect(strict.fingerprint).not.toBe(plan.fingerprint);
    expect(strict.targets.flatMap((target) => target.columns).every((column) => column.onBadValue === "quarantine")).toBe(true);
    expect(plan.targets.flatMap((target) => target.columns).some((column) => column.onBadValue === "quarantine")).toBe(false);
  });

  test.each([
    ["a description of a column", "description: Day of the board", "description: The day"],
    ["a description of a table", "description: One row per train and day", "description: Trains"],
    ["a rule of severity warn", "(select max(delay) from railway.stop where delay is not null)", "(select max(delay) from railway.stop)"],
    ["an index", "indexes: [[from_station, to_station]]", "indexes: [[to_station]]"],
    ["an export", "    indexes: [[from_station, to_station]]", "    export: {formats: [parquet]}"],
    ["a partition", "    partition_by: [day]\n", ""],
    ["an optional relationship", "      - {from_field: [day, train_no, by_id], to_table: railway.crew, optional: true}\n", ""],
    ["the way that blanks are written", "{name: cars, type: INT, json_path: $.cars}", "{ name:   cars,   type: INT, json_path: $.cars }"],
  ])("stays with %s", (_what, from, to) => {
    expect(changed(from, to).fingerprint).toBe(plan.fingerprint);
  });
});

describe("the fingerprint of a source", () => {
  test("changes with what names documents, and with nothing of the tables", () => {
    const source = sourceFingerprint(plan);
    expect(sourceFingerprint(changed("json_path: $.no}", "json_path: $.number}"))).not.toBe(source);
    expect(sourceFingerprint(changed("parameters.preview is null", "parameters.draft is null"))).not.toBe(source);
    expect(sourceFingerprint(changed("$.days[*].trains[*]", "$.days[*].train[*]"))).not.toBe(source);
    expect(sourceFingerprint(changed("r[0-9]{4}", "r[0-9]{5}"))).not.toBe(source);
    expect(sourceFingerprint(changed("speed > 160", "speed >= 160"))).toBe(source);
    expect(sourceFingerprint(changed("default: unknown", "default: nobody"))).toBe(source);
  });

  test("changes with the date, which documents are asked for by", () => {
    const dated = (path: string): string =>
      sourceFingerprint(small({ source: ", date: day", fields: `, {name: day, type: DATE, json_path: ${path}}` }));
    const undated = (path: string): string => sourceFingerprint(small({ fields: `, {name: day, type: DATE, json_path: ${path}}` }));
    expect(dated("$.day")).not.toBe(dated("$.night"));
    expect(undated("$.day")).toBe(undated("$.night"));
  });

  test("changes with the null values, which decide what a key is", () => {
    expect(sourceFingerprint(changed("null_values: ['-', '']", "null_values: ['-', '', '0']"))).not.toBe(sourceFingerprint(plan));
  });
});
