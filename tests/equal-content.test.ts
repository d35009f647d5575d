import { describe, expect, test } from "vitest";
import type { SqlRow } from "../src/sql/sql-value.ts";
import { openIndex } from "../src/pipeline/open-index.ts";
import { compilePlan } from "../src/plan/compile-plan.ts";
import { SmallPlatform, mappingOf } from "./small-platform.ts";
import { homes } from "./test-home.ts";

const MAPPING = `
source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [kind, id]}
fields:
  - {name: kind, type: TEXT, json_path: $.kind}
  - {name: id, type: INT, json_path: $.id}
targets:
  - name: lab.thing
    primary_key: [kind, id]
    data_quality: [{rule: size < 100, severity: warn}]
    fields:
      - {name: size, type: INT, json_path: $.size}
      - {name: weight, type: DOUBLE, json_path: $.weight}
      - {name: asked_for, type: TEXT, source_field: parameters.part}
  - name: lab.item
    array_source: $.items[*]
    primary_key: [kind, id, n]
    fields:
      - {name: n, type: INT, source_field: index}
      - {name: word, type: TEXT, json_path: $}
`;
const mapping = mappingOf(MAPPING);
const FIRST = "2024-07-13T01:00:00.000000Z";
const LATER = "2024-07-13T02:00:00.000000Z";

/** Two documents: one with a bad weight and three items, one that breaks a rule of severity warn and has no item. */
const BODIES = [
  { kind: "a,b", id: 1, size: 5, weight: "heavy", items: ["x", "y", "z"] },
  { kind: 'quote "', id: 2, size: 500, weight: 1.5, items: [] },
];

const capture = (
  platform: SmallPlatform,
  capturedAt: string,
  parameters: Readonly<Record<string, string>> = {},
  bodies: readonly unknown[] = BODIES,
) =>
  platform.capture(
    mapping,
    bodies.map((body) => ({ body, capturedAt, parameters })),
  );

/** Once the captures are indexed, nothing but shredding needs their bodies. */
async function forgetBodies(platform: SmallPlatform): Promise<void> {
  await openIndex(compilePlan(mapping), platform.raw).catchUp();
  await homes.spoilBodies(platform.home, "lab.things");
}

const STATES = "SELECT document_key, captured_at, raw_id FROM store.mlb.documents ORDER BY document_key";
const ROWS = "SELECT * FROM store.lab.thing ORDER BY kind, id";
const FINDINGS =
  "SELECT 'bad' AS kind, document_key, raw_id, value FROM store.mlb.bad_values UNION ALL SELECT 'warn', document_key, raw_id, value FROM store.mlb.warnings ORDER BY 1, 2, 3";

interface Counts {
  readonly documents: SqlRow;
  readonly rows: readonly SqlRow[];
}

async function run(platform: SmallPlatform, of = mapping): Promise<Counts> {
  const { record } = await platform.transform(of, compilePlan(of));
  const { selected, applied, unchanged, bad_values, warnings } = record.run;
  return {
    documents: {
      selected: selected ?? null,
      applied: applied ?? null,
      unchanged: unchanged ?? null,
      bad_values: bad_values ?? null,
      warnings: warnings ?? null,
    },
    rows: record.targets.map(({ target, rows_in, inserted, updated, unchanged: same, deleted }) => ({
      target: target ?? null,
      counts: [rows_in, inserted, updated, same, deleted].map(Number),
    })),
  };
}

describe("the same body at a later time", () => {
  test("is applied without being read: its rows are unchanged, its state is the later one", async () => {
    await using platform = await SmallPlatform.open();
    await capture(platform, FIRST);
    const first = await run(platform);
    expect(first.documents).toEqual({ selected: 2n, applied: 2n, unchanged: 0n, bad_values: 1n, warnings: 1n });
    const before = await platform.rows(ROWS);
    await capture(platform, LATER);
    await forgetBodies(platform);
    expect(await run(platform)).toEqual({
      documents: { selected: 2n, applied: 2n, unchanged: 0n, bad_values: 1n, warnings: 1n },
      rows: [
        { target: "lab.thing", counts: [2, 0, 0, 2, 0] },
        { target: "lab.item", counts: [3, 0, 0, 3, 0] },
      ],
    });
    // The rows still say what last changed them.
    expect(await platform.rows(ROWS)).toEqual(before);
    expect(await platform.rows(STATES)).toEqual([
      { document_key: '["a,b",1]', captured_at: LATER, raw_id: 3n },
      { document_key: '["quote \\"",2]', captured_at: LATER, raw_id: 4n },
    ]);
    expect(await platform.rows(FINDINGS)).toEqual([
      { kind: "bad", document_key: '["a,b",1]', raw_id: 3n, value: "heavy" },
      { kind: "warn", document_key: '["quote \\"",2]', raw_id: 4n, value: "size=500" },
    ]);
    expect((await run(platform)).documents).toMatchObject({ selected: 2n, applied: 0n, unchanged: 2n });
  });

  test("goes beside one that has changed in the same run", async () => {
    await using platform = await SmallPlatform.open();
    await capture(platform, FIRST);
    await run(platform);
    await capture(platform, LATER, {}, [{ ...BODIES[0], items: ["x"] }, BODIES[1]]);
    expect(await run(platform)).toEqual({
      documents: { selected: 2n, applied: 2n, unchanged: 0n, bad_values: 1n, warnings: 1n },
      rows: [
        { target: "lab.thing", counts: [2, 0, 0, 2, 0] },
        { target: "lab.item", counts: [1, 0, 0, 1, 2] },
      ],
    });
  });

  test("is shredded where it was asked for in another way, which its columns may say", async () => {
    await using platform = await SmallPlatform.open();
    await capture(platform, FIRST);
    await run(platform);
    await capture(platform, LATER, { part: "all" });
    expect((await run(platform)).rows[0]).toEqual({ target: "lab.thing", counts: [2, 0, 2, 0, 0] });
    expect(await platform.rows("SELECT DISTINCT asked_for FROM store.lab.thing")).toEqual([{ asked_for: "all" }]);
  });

  test("is shredded where a column says when it was captured", async () => {
    const timed = mappingOf(MAPPING.replace("type: TEXT, source_field: parameters.part", "type: TIMESTAMPTZ, source_field: captured_at"));
    await using platform = await SmallPlatform.open();
    await capture(platform, FIRST);
    await run(platform, timed);
    await capture(platform, LATER);
    expect((await run(platform, timed)).rows[0]).toEqual({ target: "lab.thing", counts: [2, 0, 2, 0, 0] });
  });

  test("stands in a slice for little, but a body that another document is read from counts whole", async () => {
    const bag = mappingOf(`
source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id], array_source: "$.all[*]"}
fields: [{name: id, type: INT, json_path: $.id}]
targets:
  - name: lab.thing
    primary_key: [id]
    data_quality: [{rule: size > 0, severity: error}]
    fields: [{name: size, type: INT, json_path: $.size}]
`);
    await using platform = await SmallPlatform.open();
    // In each answer the first document passes and the second one fails: it is tried again in every later capture.
    const answers = (capturedAt: string) =>
      [1, 3, 5].map((id) => ({
        body: {
          all: [
            { id, size: 1 },
            { id: id + 1, size: 0 },
          ],
          more: "x".repeat(9000),
        },
        capturedAt,
      }));
    const slices = async (): Promise<number> => {
      let count = 0;
      await platform.transform(bag, compilePlan(bag), { sliceBytes: 12_000, onProgress: () => count++ });
      return count;
    };
    await platform.capture(bag, answers(FIRST));
    expect(await slices()).toBe(3);
    await platform.capture(bag, answers(LATER));
    expect(await slices()).toBe(3);
    await platform.capture(bag, answers("2024-07-13T03:00:00.000000Z").slice(0, 1));
    expect(await slices()).toBe(1);
  });

  test("is shredded under another plan", async () => {
    const stricter = mappingOf(MAPPING.replace("json_path: $.size}", "json_path: $.size, default: 1}"));
    await using platform = await SmallPlatform.open();
    await capture(platform, FIRST);
    await run(platform);
    await capture(platform, LATER);
    await forgetBodies(platform);
    await expect(run(platform, stricter)).rejects.toThrow("cannot be read");
  });
});
