import { describe, expect, test } from "vitest";
import { inventedMapping } from "../../tests/invented-endpoint.ts";
import { laidOut } from "../../tests/laid-out.ts";
import { mappingOf } from "../../tests/small-platform.ts";
import { compilePlan } from "./compile-plan.ts";
import type { Plan, ReadNode } from "./plan.ts";
import { nodeAt, TypedLeaves } from "./typed-leaves.ts";

/** Each leaf of a read schema with its place, `$.a[*].b text`. */
function leavesOf(node: ReadNode, place = "$"): readonly (readonly [ReadNode, string])[] {
  switch (node.kind) {
    case "text":
    case "typed":
    case "json":
      return [[node, place]];
    case "array":
      return leavesOf(node.item, `${place}[*]`);
    case "map":
      return leavesOf(node.value, `${place}.*`);
    case "object":
      return Object.entries(node.keys).flatMap(([key, child]) => leavesOf(child, `${place}.${key}`));
  }
}

const mapping = mappingOf(`
source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id]}
fields: [{name: id, type: INT, json_path: $.id}]
targets:
  - name: lab.thing
    primary_key: [id]
    filter: $.kept = true
    lookups:
      by_key: "document.map.K{$.key}"
      by_number: "document.map.K{$.number}"
      by_double: "document.map.K{$.double}"
      by_truth: "document.map.K{$.truth}"
      by_place: "document.list[{$.place}]"
      either: ["document.first.{$.number}", "document.list[{$.place}]"]
    data_quality: [{rule: $.ruled > 1.5, severity: warn}]
    fields:
      - {name: a_int, type: INT, json_path: $.int}
      - {name: a_text, type: TEXT, json_path: $.text}
      - {name: a_json, type: JSONB, json_path: $.json}
      - {name: a_date, type: DATE, json_path: $.date}
      - {name: two_ways, type: INT, json_path: $.two_ways}
      - {name: other_way, type: BIGINT, json_path: $.two_ways}
      - {name: a_number, type: INT, json_path: $.number}
      - {name: a_double, type: DOUBLE, json_path: $.double}
      - {name: a_truth, type: BOOLEAN, json_path: $.truth}
      - {name: computed, type: DOUBLE, expression: $.computed * 2}
      - {name: found, type: INT, json_path: by_key.x}
      - {name: placed, type: INT, json_path: by_place.x}
      - {name: one_of_two, type: INT, json_path: either.y}
      - {name: index_like, type: INT, source_field: parameters.p}
`);
const plan = (): Plan => compilePlan(mapping);
const inventedOne = inventedMapping();

/** Places and types of the leaves that may be read as themselves. */
function named(of: Plan): readonly string[] {
  const places = new Map(leavesOf(of.read));
  return new TypedLeaves(of).leaves.map(({ node, type }) => `${places.get(node) ?? "?"} ${type}`);
}

describe("leaves that may be read as numbers and booleans", () => {
  test("are those that all readers read as one such type; a key of a lookup may be an integer, a position is one", () => {
    expect(named(plan()).toSorted()).toEqual([
      "$.computed DOUBLE",
      "$.first.*.y INT",
      "$.id INT",
      "$.int INT",
      "$.kept BOOLEAN",
      "$.list[*].x INT",
      "$.list[*].y INT",
      "$.map.*.x INT",
      "$.number INT",
      "$.place BIGINT",
      "$.ruled DOUBLE",
    ]);
  });

  test("are none of a type that has one of the mapping's null values: it is told by its text", () => {
    const withNullValues = (...values: readonly string[]): Plan => ({ ...plan(), nullValues: values });
    expect(named(withNullValues("-.--", "unknown"))).toEqual(named(plan()));
    expect(named(withNullValues("-1")).filter((name) => !name.endsWith("BOOLEAN"))).toEqual([]);
    expect(named(withNullValues("0.0"))).toEqual(named(plan()).filter((name) => !name.endsWith("DOUBLE")));
    expect(named(withNullValues("false"))).toEqual(named(plan()).filter((name) => !name.endsWith("BOOLEAN")));
  });

  /** The places that are read as themselves where these leaves are proven. */
  const typedBy = (...proven: readonly string[]): readonly string[] => {
    const of = plan();
    const names = named(of);
    const { read, lookupTables } = new TypedLeaves(of).read(new Set(proven.map((name) => names.indexOf(name))));
    const all = [
      ...leavesOf(read),
      ...lookupTables.flatMap((table) => leavesOf(table.read, table.containers.map((keys) => keys.join(".")).join("+"))),
    ];
    return all.flatMap(([node, place]) => (node.kind === "typed" ? [`${place} ${node.type}`] : [])).toSorted();
  };

  test("are read as such where they are proven", () => {
    expect(typedBy("$.int INT", "$.map.*.x INT")).toEqual(["$.int INT", "$.map.*.x INT", "map.*.x INT"]);
    expect(typedBy()).toEqual([]);
  });

  test("are read as such in all places that a lookup looks in, or in none", () => {
    expect(typedBy("$.first.*.y INT")).toEqual([]);
    expect(typedBy("$.list[*].y INT")).toEqual([]);
    expect(typedBy("$.first.*.y INT", "$.list[*].y INT")).toEqual(["$.first.*.y INT", "$.list[*].y INT", "first.*.y INT", "list[*].y INT"]);
  });

  test("change nothing else of a plan: the invented one, all of it proven, is the one that was looked at (vitest run -u)", async () => {
    const invented = compilePlan(inventedOne);
    const leaves = new TypedLeaves(invented);
    expect(leaves.read(new Set())).toEqual(invented);
    const typed = leaves.read(new Set(leaves.leaves.keys()));
    const reads = {
      read: typed.read,
      lookupTables: typed.lookupTables.map(({ read }) => read),
      targets: typed.targets.map(({ read }) => read),
    };
    await expect(`${laidOut(reads)}\n`).toMatchFileSnapshot("golden/invented.typed-reads.txt");
  });
});

test("a place that is not read is nowhere", () => {
  const { read } = plan();
  const kinds = ["key", "items", "values"] as const;
  const steps = kinds.map((kind) => (kind === "key" ? { kind, key: "none" } : { kind }));
  for (const step of steps) expect(() => nodeAt(read, [step])).toThrow("the read schema has no such place");
  expect(() => nodeAt(read, [{ kind: "key", key: "list" }, { kind: "values" }])).toThrow(
    'the read schema has no such place: [{"kind":"key","key":"list"},{"kind":"values"}]',
  );
  expect(() => nodeAt(read, [{ kind: "key", key: "map" }, { kind: "items" }])).toThrow("no such place");
});
