import { afterEach, beforeEach, expect, test } from "vitest";
import { mappingOf, openDatabase } from "../../../tests/small-platform.ts";
import type { Connection } from "../../duckdb/connection.ts";
import type { Database } from "../../duckdb/database.ts";
import { compilePlan } from "../../plan/compile-plan.ts";
import type { SliceVerdict } from "../slice.ts";
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
    fields: [{name: part, type: INT, json_path: $.part}, {name: of, type: INT, json_path: $.of}, {name: note, type: TEXT, json_path: $.note}]
    relationships: [{from_field: [id, of], to_table: lab.part, to_field: [id, part], type: many_to_one}]
`),
);
/** Of a slice that is not small with ten documents. */
const LONG = "x".repeat(500_000);

interface Thing {
  readonly count?: number;
  readonly parts: readonly { readonly part: number; readonly of: number; readonly note?: string }[];
}
const WELL: Thing = {
  count: 2,
  parts: [
    { part: 1, of: 1 },
    { part: 2, of: 1 },
  ],
};
const COUNTED_WRONG: Thing = { ...WELL, count: 3 };
const OF_NONE: Thing = { count: 1, parts: [{ part: 1, of: 9 }] };
const TWICE: Thing = { count: 2, parts: [...WELL.parts.slice(0, 1), ...WELL.parts.slice(0, 1)] };

let database: Database;
let engine: DuckdbEngine;
let connection: Connection;
beforeEach(async () => {
  database = await openDatabase();
  engine = new DuckdbEngine(PLAN);
  connection = await database.connect();
});
afterEach(async () => {
  await database[Symbol.asyncDispose]();
});

const check = (things: readonly Thing[], on = connection): Promise<SliceVerdict> =>
  engine.run(
    on,
    things.map((thing, capture) => ({ capture, body: Buffer.from(JSON.stringify({ id: capture, ...thing })) })),
    things.map((_, slot) => ({ slot, capture: slot, position: "", capturedAt: "2024-07-13T00:00:00.000000Z", parameters: {} })),
  );

const held = async (): Promise<number> =>
  Number(
    (await connection.rows("SELECT sum(memory_usage_bytes) AS bytes FROM duckdb_memory() WHERE tag IN ('HASH_TABLE', 'COLUMN_DATA')"))[0]?.[
      "bytes"
    ],
  );

test("each slice of a connection is checked for itself, whatever its checks were planned for", async () => {
  const many = (count: number, at: number, broken: Thing): readonly Thing[] =>
    Array.from({ length: count }, (_, slot) => (slot === at ? broken : WELL));
  const large = many(10, 4, COUNTED_WRONG).map((thing) => ({ ...thing, parts: thing.parts.map((part) => ({ ...part, note: LONG })) }));
  const slices = [[WELL], [WELL, COUNTED_WRONG, WELL], [OF_NONE, TWICE], many(600, 577, OF_NONE), large, many(40, 39, TWICE), [], [WELL]];
  const findings: (readonly string[])[] = [];
  for (const slice of slices) {
    const verdict = await check(slice);
    findings.push(verdict.findings.map(({ slot, rule }) => `${String(slot)} ${rule}`).toSorted());
    expect(verdict).toEqual(await check(slice, await database.connect()));
  }
  const [counts, refers, unique] = ["parts = (select count(*) from lab.part)", "id, of is in lab.part", "the primary key is unique"];
  expect(findings).toEqual([
    [],
    [`1 ${counts}`],
    [`0 ${refers}`, `1 ${unique}`],
    [`577 ${refers}`],
    [`4 ${counts}`],
    [`39 ${unique}`],
    [],
    [],
  ]);
});

test("what its plans keep is freed for a large slice, and with the connection's last one", async () => {
  const before = await held();
  await check([WELL]);
  expect(await held()).toBeGreaterThan(before);
  await check(Array.from({ length: 10 }, () => ({ ...WELL, parts: WELL.parts.map((part) => ({ ...part, note: LONG })) })));
  expect(await held()).toBe(before);
  await check([WELL]);
  expect(await held()).toBeGreaterThan(before);
  await engine.release(connection);
  expect(await held()).toBe(before);
  expect((await check([COUNTED_WRONG])).findings).toHaveLength(1);
});
