import { expect, test } from "vitest";
import { EVERYTHING, SmallPlatform, mappingOf, openDatabase } from "../../tests/small-platform.ts";
import type { Database } from "../duckdb/database.ts";
import { compilePlan } from "../plan/compile-plan.ts";
import { Store } from "../store/store.ts";
import { streamUntilIdle } from "./stream-until-idle.ts";
import { transform } from "./transform.ts";

const MAPPING = mappingOf(`
source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id]}
fields: [{name: id, type: BIGINT, json_path: $.id}]
targets:
  - name: lab.thing
    primary_key: [id]
    fields: [{name: note, type: TEXT, json_path: $.note}]
  - name: lab.part
    array_source: $.parts[*]
    primary_key: [id, part]
    fields: [{name: part, type: INT, source_field: index}, {name: of, type: INT, json_path: $}]
    relationships: [{from_field: [id, of], to_table: lab.part, to_field: [id, part], type: many_to_one}]
`);
const PLAN = compilePlan(MAPPING);
const SLICE_BYTES = 1 << 20;

type Run = (platform: SmallPlatform, database: Database) => Promise<unknown>;
const batch: Run = ({ store, raw }, database) =>
  transform(
    MAPPING,
    PLAN,
    { filter: EVERYTHING, mode: "batch", sliceBytes: SLICE_BYTES, connections: 2, failedCaptures: 0 },
    { database, store: new Store(store), raw },
  );
const streaming: Run = ({ store, raw }, database) =>
  streamUntilIdle(MAPPING, PLAN, { database, store, raw }, { from: { kind: "checkpoint" }, sliceBytes: SLICE_BYTES });

test.each([
  ["batch", batch],
  ["streaming", streaming],
])("a run leaves nothing of its slices on the database it worked with: %s", async (_mode, run) => {
  await using platform = await SmallPlatform.open();
  await using database = await openDatabase();
  const connection = await database.connect();
  const held: number[] = [];
  for (let day = 1; day <= 4; day++) {
    const things = Array.from({ length: 3 }, (_, id) => ({
      body: { id: 10 * day + id, note: "x".repeat(100_000), parts: [1, 0] },
      capturedAt: `2024-07-1${String(day)}T00:00:00.000000Z`,
    }));
    await platform.capture(MAPPING, things);
    await run(platform, database);
    const [row] = await connection.rows(
      "SELECT sum(memory_usage_bytes) AS bytes FROM duckdb_memory() WHERE tag IN ('HASH_TABLE', 'COLUMN_DATA', 'OVERFLOW_STRINGS')",
    );
    held.push(Number(row?.["bytes"]));
  }
  expect(await platform.rows("SELECT count(*) AS n FROM store.lab.part")).toEqual([{ n: 24n }]);
  expect(held).toEqual([0, 0, 0, 0]);
});
