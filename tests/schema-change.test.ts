import { expect, test } from "vitest";
import { UserError } from "../src/core/errors.ts";
import { SmallPlatform, mappingOf } from "./small-platform.ts";
import { homes } from "./test-home.ts";

const store = homes.dialect;

const HEAD = `
source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id]}
fields: [{name: id, type: BIGINT, json_path: $.id, description: Id}]
`;

/** One target with the columns given, as YAML flow maps. */
const thing = (columns: string, more = ""): string => `${HEAD}
targets:
  - name: lab.thing
    description: One row per thing
    primary_key: [id]
    fields: [${columns}]
${more}`;

const NAME = "{name: label, type: TEXT, json_path: $.label, description: Label}";
const SIZE = "{name: size, type: INT, json_path: $.size, nullable: false, description: Size}";
const PARTS = `  - name: lab.part
    description: One row per part
    array_source: $.parts[*]
    primary_key: [id, part]
    fields: [{name: part, type: INT, source_field: index, description: Position}]
`;

const BODY = { id: 1, label: "a", size: 7, parts: [1, 2] };

test("a mapping with a new column and a new target migrates the store and brings every document up to it", async () => {
  await using platform = await SmallPlatform.open();
  const before = mappingOf(thing(NAME));
  await platform.capture(before, [{ body: BODY }]);
  await platform.transform(before);
  const after = mappingOf(thing(`${NAME}, ${SIZE}`, PARTS));
  const result = await platform.transform(after);
  expect(result.record.run).toMatchObject({ selected: 1n, applied: 1n });
  expect(await platform.rows("SELECT id, label, size FROM store.lab.thing")).toEqual([{ id: 1n, label: "a", size: 7 }]);
  expect(await platform.rows("SELECT part FROM store.lab.part ORDER BY part")).toEqual([{ part: 0 }, { part: 1 }]);
  expect((await platform.transform(after)).record.run).toMatchObject({ applied: 0n, unchanged: 1n });
});

test.each([
  ["a removed column", thing(SIZE), "lab.thing.label is in the store, not in the mapping"],
  [
    "a column of another type",
    thing(`${NAME.replace("TEXT", "INT")}, ${SIZE}`),
    `lab.thing.label is ${store.storedType({ name: "TEXT" })} in the store, ${store.storedType({ name: "INT" })} in the mapping`,
  ],
  [
    "another primary key",
    thing(`${NAME}, ${SIZE}`).replace("primary_key: [id]", "primary_key: [id, size]"),
    "the primary key of lab.thing is (id) in the store, (id, size) in the mapping",
  ],
])("%s is refused with the difference and the way out, and nothing is changed", async (_what, yaml, difference) => {
  await using platform = await SmallPlatform.open();
  const before = mappingOf(thing(`${NAME}, ${SIZE}`));
  await platform.capture(before, [{ body: BODY }]);
  await platform.transform(before);
  const refused = await platform.transform(mappingOf(yaml)).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(UserError);
  expect(String(refused)).toContain(difference);
  expect(String(refused)).toContain("next:");
  expect(await platform.rows("SELECT id, label, size FROM store.lab.thing")).toEqual([{ id: 1n, label: "a", size: 7 }]);
  expect(await platform.rows("SELECT count(*) AS runs FROM store.mlb.runs")).toEqual([{ runs: 1n }]);
});
