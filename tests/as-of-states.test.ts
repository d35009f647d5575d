import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compilePlan } from "../src/plan/compile-plan.ts";
import { type Answer, EVERYTHING, SmallPlatform, mappingOf } from "./small-platform.ts";

/** More in the night: `AS_OF_RUNS=1000 npx vitest run tests/as-of-states.test.ts`. */
const RUNS = Number(process.env["AS_OF_RUNS"] ?? 8);

const MAPPING = `
source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id], date: day, version: $.v}
fields:
  - {name: id, type: INT, json_path: $.id}
  - {name: day, type: DATE, json_path: $.day}
targets:
  - name: lab.thing
    primary_key: [id]
    fields:
      - {name: size, type: INT, json_path: $.size}
    data_quality: [{rule: size >= 0, severity: error}]
  - name: lab.item
    array_source: $.items[*]
    primary_key: [id, n]
    fields:
      - {name: n, type: INT, source_field: index}
      - {name: word, type: TEXT, json_path: $}
`;

interface State {
  readonly id: number;
  readonly v?: string;
  readonly size: number | string;
  readonly items: readonly string[];
}
const state: fc.Arbitrary<State> = fc.record(
  {
    id: fc.integer({ min: 1, max: 3 }),
    v: fc.constantFrom("1", "2", "10"),
    // One that fails, one that is bad.
    size: fc.constantFrom<(number | string)[]>(0, 1, 2, -1, "x"),
    items: fc.subarray(["a", "b", "c"]),
  },
  { requiredKeys: ["id", "size", "items"] },
);
const story = fc.record({
  states: fc.array(fc.tuple(state, fc.integer({ min: 0, max: 5 })), { minLength: 1, maxLength: 10 }),
  asOf: fc.integer({ min: 0, max: 5 }),
  /** How many captures came in before the tables were made for the first time. */
  early: fc.nat({ max: 10 }),
});

const CONTENT = [
  "SELECT id, day, size FROM store.lab.thing ORDER BY id",
  "SELECT id, day, n, word FROM store.lab.item ORDER BY id, n",
  "SELECT document_key, version, captured_at, content_hash FROM store.mlb.documents ORDER BY document_key",
  "SELECT document_key, content_hash, rule, pointer, value FROM store.mlb.quarantine WHERE status = 'open' ORDER BY 1, 2, 3, 4, 5",
  "SELECT document_key, pointer, value FROM store.mlb.bad_values ORDER BY 1, 2, 3",
];

describe("whatever was captured, in whatever order", () => {
  const mapping = mappingOf(MAPPING, "lab/things");
  const plan = compilePlan(mapping);
  const instant = (minute: number): string => `2024-07-12T20:0${String(minute)}:00.000000Z`;

  test("tables as of a time are those of a home that has only the captures until then", async () => {
    await fc.assert(
      fc.asyncProperty(story, async ({ states, asOf, early }) => {
        const answers = states.map(([body, minute]): Answer => ({ body: { ...body, day: "2024-07-12" }, capturedAt: instant(minute) }));
        const known = answers.filter((_, at) => states[at]![1] <= asOf);
        await using all = await SmallPlatform.open();
        await using then = await all.withStore("then.duckdb");
        const filter = { ...EVERYTHING, asOf: instant(asOf) };
        await all.capture(mapping, answers.slice(0, early));
        if (early > 0) await then.transform(mapping, plan, { filter });
        await all.capture(mapping, answers.slice(early));
        await then.transform(mapping, plan, { filter });
        await using fresh = await SmallPlatform.open();
        await fresh.capture(mapping, known);
        await fresh.transform(mapping, plan);
        expect(await then.queries(...CONTENT)).toEqual(await fresh.queries(...CONTENT));
      }),
      { numRuns: RUNS, verbose: fc.VerbosityLevel.Verbose },
    );
  }, 3_600_000);
});
