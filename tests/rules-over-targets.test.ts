import { expect, test } from "vitest";
import { SmallPlatform, mappingOf } from "./small-platform.ts";

const mapping = (relationship: string, rule: string): ReturnType<typeof mappingOf> =>
  mappingOf(`
source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id]}
fields: [{name: id, type: BIGINT, json_path: $.id, description: Id}]
targets:
  - name: lab.thing
    description: One row per thing
    primary_key: [id]
    fields: [{name: parts_text, type: TEXT, json_path: $.partsText, description: Number of parts as a text}]
    relationships: [${relationship}]
    data_quality: [${rule}]
  - name: lab.part
    description: One row per part
    array_source: $.parts[*]
    primary_key: [id, part]
    fields:
      - {name: part, type: INT, source_field: index, description: Position}
      - {name: thing_id, type: BIGINT, json_path: $.thing, description: Id of the thing}
`);

test("a text that a rule over other targets cannot cast fails the document", async () => {
  await using platform = await SmallPlatform.open();
  const rule = mapping("", '{rule: "parts_text::INT = (select count(*) from lab.part)", severity: error}');
  await platform.capture(rule, [
    { body: { id: 1, partsText: "1", parts: [{ thing: 1 }] } },
    { body: { id: 2, partsText: "2", parts: [{ thing: 2 }] } },
    { body: { id: 3, partsText: "x", parts: [{ thing: 3 }] } },
  ]);
  expect((await platform.transform(rule)).exit).toBe(3);
  expect(await platform.rows("SELECT id FROM store.lab.thing")).toEqual([{ id: 1n }]);
  expect(await platform.rows("SELECT document_key, kind FROM store.mlb.quarantine ORDER BY 1")).toEqual([
    { document_key: "[2]", kind: "rule" },
    { document_key: "[3]", kind: "rule" },
  ]);
});

test("a one-to-many relationship is checked in the rows of the many: one without many is well", async () => {
  await using platform = await SmallPlatform.open();
  const many = mapping("{from_field: [id], to_table: lab.part, to_field: [thing_id], type: one_to_many}", "");
  await platform.capture(many, [
    { body: { id: 1, parts: [] } },
    { body: { id: 2, parts: [{ thing: 2 }] } },
    { body: { id: 3, parts: [{ thing: 9 }] } },
  ]);
  expect((await platform.transform(many)).exit).toBe(1);
  expect(await platform.rows("SELECT id FROM store.lab.thing ORDER BY id")).toEqual([{ id: 1n }, { id: 2n }]);
  expect(await platform.rows("SELECT document_key, target, rule FROM store.mlb.quarantine")).toEqual([
    { document_key: "[3]", target: "lab.part", rule: "thing_id is in lab.thing" },
  ]);
});

test("one body that two requests gave at one time is the same row in every order", async () => {
  const asked = mappingOf(`
source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id]}
fields: [{name: id, type: BIGINT, json_path: $.id, description: Id}]
targets:
  - name: lab.thing
    description: One row per thing
    primary_key: [id]
    fields: [{name: asked, type: TEXT, source_field: parameters.x, description: What was asked}]
`);
  const answers = ["a", "b"].map((x) => ({ body: { id: 1 }, parameters: { x } }));
  const rows: unknown[] = [];
  for (const order of [answers, answers.toReversed()]) {
    await using platform = await SmallPlatform.open();
    for (const answer of order) {
      await platform.capture(asked, [answer]);
      await platform.transform(asked);
    }
    rows.push(await platform.rows("SELECT asked FROM store.lab.thing"));
  }
  expect(rows).toEqual([[{ asked: "b" }], [{ asked: "b" }]]);
});
