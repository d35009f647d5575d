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
import { laidOutSql } from "./laid-out-sql.ts";

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

const render = (stages: readonly Stage[]): string => stages.map(({ name, sql }) => `-- ${name}\n${laidOutSql(sql)};\n`).join("\n");

/** Without what lays it out. */
const bare = (sql: string): string => sql.replaceAll(/\/\* \d+ \*\/|\s+/g, "");

describe.each(MAPPINGS)("the SQL of the mapping %s", (name, mapping) => {
  test.each(DIALECTS)("for %s is the one that was looked at (a wanted change: vitest run -u)", async (dialect, stages) => {
    await expect(render(stages(compilePlan(mapping())))).toMatchFileSnapshot(`golden/${name}.${dialect}.sql.txt`);
  });

  test.each(DIALECTS)("for %s is laid out without a change", (_dialect, stages) => {
    for (const { sql } of stages(compilePlan(mapping()))) expect(bare(laidOutSql(sql))).toBe(bare(sql));
  });

  test.each(DIALECTS)("for %s is the same every time", (_dialect, stages) => {
    expect(stages(compilePlan(mapping()))).toEqual(stages(compilePlan(mapping())));
  });

  test.each(DIALECTS)("for %s has a name for each statement, no two the same", (_dialect, stages) => {
    const names = stages(compilePlan(mapping())).map((stage) => stage.name);
    expect(new Set(names).size).toBe(names.length);
  });
});
