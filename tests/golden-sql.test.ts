import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { DuckdbEngine } from "../src/engine/duckdb/duckdb-engine.ts";
import { requireMapping } from "../src/mapping/check-mapping.ts";
import type { Mapping } from "../src/mapping/mapping.ts";
import { compilePlan } from "../src/plan/compile-plan.ts";
import type { Plan } from "../src/plan/plan.ts";
import type { Stage } from "../src/sql/slice-tables.ts";
import { inventedMapping } from "./invented-endpoint.ts";

const MAPPINGS: readonly (readonly [name: string, mapping: () => Mapping])[] = [
  [
    "live-game",
    () =>
      requireMapping(
        readFileSync(join(import.meta.dirname, "../config/schemas/mappings/game/live_game_v1.yaml"), "utf8"),
        "game/live_game_v1.yaml",
      ),
  ],
  ["invented", inventedMapping],
];
const DIALECTS: readonly (readonly [name: string, stages: (plan: Plan) => readonly Stage[]])[] = [
  ["duckdb", (plan) => new DuckdbEngine(plan).stages()],
];

/** One statement after the other, broken so that a change shows where it is. */
function render(stages: readonly Stage[]): string {
  return stages
    .map(({ name, sql }) => {
      const lines = sql
        .replaceAll(/ (?=(?:SELECT|FROM|LEFT JOIN|JOIN|WHERE|GROUP BY|UNION ALL)\b)/g, "\n")
        .replaceAll(/, (?=CASE WHEN |"[a-z])/g, ",\n  ")
        .replaceAll(/ OR (?=\()/g, "\n    OR ");
      return `-- ${name}\n${lines};\n`;
    })
    .join("\n");
}

describe.each(MAPPINGS)("the SQL of the mapping %s", (name, mapping) => {
  test.each(DIALECTS)("for %s is the one that was looked at (a wanted change: vitest run -u)", async (dialect, stages) => {
    await expect(render(stages(compilePlan(mapping())))).toMatchFileSnapshot(`golden/${name}.${dialect}.sql.txt`);
  });

  test.each(DIALECTS)("for %s is the same every time", (_dialect, stages) => {
    expect(stages(compilePlan(mapping()))).toEqual(stages(compilePlan(mapping())));
  });

  test.each(DIALECTS)("for %s has a name for each statement, no two the same", (_dialect, stages) => {
    const names = stages(compilePlan(mapping())).map((stage) => stage.name);
    expect(new Set(names).size).toBe(names.length);
  });
});
