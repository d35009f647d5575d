import { beforeAll, describe, expect, test } from "vitest";
import { checkGates, hasGates, hasLeafPaths, strangeLeaves } from "../../../tests/real-feeds.ts";
import type { JsonObject } from "../json-value.ts";
import type { SimulationSpec } from "../simulate-game.ts";
import { simulateStates } from "./simulate-states.ts";

/** Every n-th state. All of them: `STATES_EVERY=1 npx vitest run src/simulate/states/states-beside-real-feeds.test.ts`. */
const EVERY = Number(process.env["STATES_EVERY"] ?? 23);

/** The first is put off and broken off. */
const GAMES: readonly Omit<SimulationSpec, "gamePk">[] = [
  { seed: 11, date: "2024-07-12", postponedFrom: "2024-07-10", suspendedIn: 4 },
  { seed: 5, date: "2026-07-12" },
];
const LAST = 4;

/** Some states of each game, its first and its last ones among them. */
function someStates(): JsonObject[] {
  return GAMES.flatMap((game, i) => {
    const some: JsonObject[] = [];
    let others: JsonObject[] = [];
    let n = 0;
    for (const { body } of simulateStates({ ...game, gamePk: 900_001 + i })) {
      if (n++ % EVERY === 0) some.push(body);
      else others = [...others.slice(1 - LAST), body];
    }
    return [...some, ...others];
  });
}

describe.skipIf(!hasLeafPaths || !hasGates)("beside real feeds (../shared), states of simulated games", () => {
  let states: JsonObject[] = [];
  beforeAll(() => {
    states = someStates();
  }, 120_000);

  test("have no path and no type that they do not have", () => {
    expect(states.length).toBeGreaterThan(30);
    expect(strangeLeaves(states)).toEqual([]);
  });

  test("pass every check of baseball that all real ones pass, of games that are over and of those that are not", async () => {
    const { evaluated, broken } = await checkGates(states);
    expect(evaluated.final).toBeGreaterThan(60);
    expect(evaluated["not final"]).toBeGreaterThan(60);
    expect(broken).toEqual([]);
  }, 120_000);
});
