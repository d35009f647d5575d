import { expect, test } from "vitest";
import { mappingOf, openDatabase } from "../../../tests/small-platform.ts";
import { compilePlan } from "../../plan/compile-plan.ts";
import { DuckdbEngine } from "./duckdb-engine.ts";

const PLAN = compilePlan(
  mappingOf(`
source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id]}
fields: [{name: id, type: BIGINT, json_path: $.id}]
targets:
  - name: lab.thing
    primary_key: [id]
    fields: [{name: parts, type: INT, json_path: $.count}]
    data_quality: [{rule: "parts = (select count(*) from lab.part)", severity: error}]
  - name: lab.part
    array_source: $.parts[*]
    primary_key: [id, part]
    fields: [{name: part, type: INT, json_path: $.part}, {name: of, type: INT, json_path: $.of}]
    relationships: [{from_field: [id, of], to_table: lab.part, to_field: [id, part], type: many_to_one}]
`),
);

test("each slice of a connection is checked for itself, though its checks were planned for one before", async () => {
  await using database = await openDatabase();
  const connection = await database.connect();
  const engine = new DuckdbEngine(PLAN);
  const findings = async (count: number, parts: readonly { readonly part: number; readonly of: number }[]): Promise<readonly unknown[]> => {
    const body = Buffer.from(JSON.stringify({ id: 1, count, parts }));
    const document = { slot: 0, capture: 1, position: "", capturedAt: "2024-07-13T00:00:00.000000Z", parameters: {} };
    const verdict = await engine.run(connection, [{ capture: 1, body }], [document]);
    return verdict.findings.map(({ kind, rule }) => [kind, rule]);
  };
  const well = [
    { part: 1, of: 1 },
    { part: 2, of: 1 },
  ];
  expect(await findings(2, well)).toEqual([]);
  expect(await findings(3, well)).toEqual([["rule", "parts = (select count(*) from lab.part)"]]);
  expect(await findings(1, [{ part: 1, of: 9 }])).toEqual([["fail", "id, of is in lab.part"]]);
  expect(await findings(2, [...well.slice(0, 1), ...well.slice(0, 1)])).toEqual([["fail", "the primary key is unique"]]);
  expect(await findings(2, well)).toEqual([]);
});
