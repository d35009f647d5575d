import { afterEach, expect, test, vi } from "vitest";
import { SmallPlatform, mappingOf } from "../../tests/small-platform.ts";
import { Connection } from "../duckdb/connection.ts";

const MAPPING = mappingOf(`
source: {endpoint: lab, method: things, raw_table: lab.things, array_source: "$.things[*]", document_key: [id], version: $.v}
fields:
  - {name: id, type: INT, json_path: $.id}
targets:
  - name: lab.thing
    primary_key: [id]
    fields:
      - {name: size, type: INT, json_path: $.size}
    data_quality: [{rule: size >= 0, severity: error}]
`);

afterEach(() => {
  vi.restoreAllMocks();
});

/** Of so many things, three states in three answers; an odd one passes in its oldest state, an even one in none. Gives the statements of the run. */
async function statementsFor(things: number): Promise<number> {
  await using platform = await SmallPlatform.open();
  await platform.capture(
    MAPPING,
    ["a", "b", "c"].map((v, age) => ({
      body: {
        things: Array.from({ length: things }, (_, id) => ({ id, v, size: age === 0 && id % 2 === 1 ? id : -1 })),
      },
      capturedAt: `2024-07-12T20:0${String(age)}:00.000000Z`,
    })),
  );
  const [queries, statements] = [vi.spyOn(Connection.prototype, "batches"), vi.spyOn(Connection.prototype, "run")];
  const { record } = await platform.transform(MAPPING);
  const count = queries.mock.calls.length + statements.mock.calls.length;
  vi.restoreAllMocks();
  const passing = Math.floor(things / 2);
  expect(record.run).toMatchObject({
    applied: BigInt(passing),
    quarantined: BigInt(things - passing),
    failed_states: BigInt(3 * things - passing),
  });
  const rows = await platform.rows("SELECT id, size, source_version AS v FROM store.lab.thing ORDER BY id");
  expect(rows).toEqual(Array.from({ length: passing }, (_, i) => ({ id: 2 * i + 1, size: 2 * i + 1, v: "a" })));
  return count;
}

test("documents that fail are tried in their older states by as many queries as there are states, however many fail", async () => {
  expect(await statementsFor(100)).toBe(await statementsFor(4));
});
