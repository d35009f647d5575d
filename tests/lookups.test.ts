import { expect, test } from "vitest";
import { compilePlan } from "../src/plan/compile-plan.ts";
import { SmallPlatform, mappingOf } from "./small-platform.ts";

/** Lookups that look in several places: the first place that has the entry counts, also where what is read there is nothing. */
const mapping = mappingOf(`
source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id]}
fields: [{name: id, type: INT, json_path: $.id}]
targets:
  - name: lab.part
    array_source: $.parts[*]
    primary_key: [id, n]
    lookups:
      first: ["document.a.K{$.k}", "document.b.K{$.k}", "document.c.K{$.k}"]
      back: ["document.c.K{$.k}", "document.a.K{$.k}"]
      other: ["document.a.K{$.k}", "document.b.K{$.l}", "document.c.K{$.k}"]
      only: "document.b.K{$.k}"
      listed: ["document.p[{$.n}]", "document.q[{$.n}]"]
      mixed: ["document.q[{$.n}]", "document.b.K{$.k}"]
    fields:
      - {name: n, type: INT, source_field: index}
      - for_each: [{of: first}, {of: back}, {of: other}, {of: only}, {of: listed}, {of: mixed}]
        fields: [{name: <of>_x, type: INT, json_path: <of>.x}]
      - {name: first_json, type: JSONB, json_path: first.deep}
`);

test("a lookup takes the first of its places that has the entry, whatever is read there", async () => {
  await using platform = await SmallPlatform.open();
  const parts = ["1", "2", "3", "4", "5"].map((k, n) => ({ k, l: "3", n }));
  const shelves = {
    a: { K1: { x: 11, deep: [1] }, K2: { x: null } },
    b: { K1: { x: 21 }, K2: { x: 22, deep: 5 }, K3: { x: 23 } },
    c: { K1: { x: 31 }, K3: { x: 33 }, K4: { x: 34, deep: { y: 1 } } },
    p: [{ x: 40 }],
    q: [{ x: 50 }, { x: 51 }],
  };
  // Without its first container, without any, and beside another document whose entries are its own.
  const bodies = [
    { id: 1, ...shelves, parts },
    { id: 2, ...shelves, a: null, parts },
    { id: 3, parts },
    { id: 4, a: { K5: { x: 1 } }, b: {}, c: { K5: { x: 2 } }, parts },
  ];
  await platform.capture(
    mapping,
    bodies.map((body) => ({ body })),
  );
  expect((await platform.transform(mapping)).exit).toBe(0);
  const columns = "n, first_x, back_x, other_x, only_x, listed_x, mixed_x, first_json";
  const rows = async (id: number): Promise<unknown[]> =>
    (await platform.rows(`SELECT ${columns} FROM store.lab.part WHERE id = ${String(id)} ORDER BY n`)).map((row) => Object.values(row));
  expect(await rows(1)).toEqual([
    [0, 11, 31, 11, 21, 40, 50, "[1]"],
    [1, null, null, null, 22, 51, 51, null],
    [2, 23, 33, 23, 23, null, 23, null],
    [3, 34, 34, 23, null, null, null, '{"y":1}'],
    [4, null, null, 23, null, null, null, null],
  ]);
  expect(await rows(2)).toEqual([
    [0, 21, 31, 23, 21, 40, 50, null],
    [1, 22, null, 23, 22, 51, 51, "5"],
    [2, 23, 33, 23, 23, null, 23, null],
    [3, 34, 34, 23, null, null, null, '{"y":1}'],
    [4, null, null, 23, null, null, null, null],
  ]);
  expect(await rows(3)).toEqual([0, 1, 2, 3, 4].map((n) => [n, null, null, null, null, null, null, null]));
  expect((await rows(4))[4]).toEqual([4, 1, 2, 1, null, null, null, null]);
});

test("objects that a lookup looks in together are laid out together, arrays and mixed ones apart", () => {
  expect(compilePlan(mapping).lookupTables.map(({ containers, by }) => [by, ...containers.map(([key]) => key)])).toEqual([
    ["key", "a", "b", "c"],
    ["position", "p"],
    ["position", "q"],
  ]);
});
