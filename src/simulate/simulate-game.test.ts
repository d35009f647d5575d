import { describe, expect, test } from "vitest";
import { checkGates, hasGates, hasLeafPaths, missingLeaves, strangeLeaves } from "../../tests/real-feeds.ts";
import { SIMULATED_COPYRIGHT } from "./body/write-live-feed.ts";
import type { JsonObject } from "./json-value.ts";
import { simulateGame } from "./simulate-game.ts";

/** One after the other: rules differ. */
const SEASONS = [2020, 2024, 2022, 2026];
const SEEDS = Array.from({ length: 24 }, (_, i) => i + 1);

function bodyOf(seed: number): JsonObject {
  return simulateGame({ seed, gamePk: 700_000 + seed, date: `${SEASONS[seed % SEASONS.length] ?? 2024}-07-12` });
}

const bodies = new Map(SEEDS.map((seed) => [seed, bodyOf(seed)]));

describe("a simulated game", () => {
  test("is the same, byte by byte, for the same seed", () => {
    expect(JSON.stringify(bodyOf(3))).toBe(JSON.stringify(bodies.get(3)));
    expect(JSON.stringify(bodyOf(4))).not.toBe(JSON.stringify(bodies.get(3)));
  });

  test("is marked as simulated in its copyright and in the names of teams, players and officials", () => {
    const body = bodyOf(1) as unknown as {
      copyright: string;
      gameData: {
        teams: Record<string, { name: string }>;
        players: Record<string, { fullName: string }>;
        officialScorer: { fullName: string };
      };
      liveData: { boxscore: { officials: { official: { fullName: string } }[] } };
    };
    expect(body.copyright).toBe(SIMULATED_COPYRIGHT);
    expect(body.copyright).toMatch(/^SIMULATED/);
    for (const team of Object.values(body.gameData.teams)) expect(team.name).toContain("(simulated)");
    const people = [
      ...Object.values(body.gameData.players),
      body.gameData.officialScorer,
      ...body.liveData.boxscore.officials.map((entry) => entry.official),
    ];
    for (const person of people) expect(person.fullName).toContain("(sim)");
  });

  test("is a final state with a version", () => {
    expect(bodies.get(1)).toMatchObject({
      gamePk: 700_001,
      metaData: { timeStamp: expect.stringMatching(/^20240713_\d{6}$/) as string },
      gameData: { status: { abstractGameState: "Final" }, datetime: { officialDate: "2024-07-12" }, game: { pk: 700_001, season: "2024" } },
    });
  });

  test("has the size of a real one", () => {
    const sizes = [...bodies.values()].map((body) => JSON.stringify(body).length).toSorted((a, b) => a - b);
    expect(sizes[0]).toBeGreaterThan(600_000);
    expect(sizes[Math.floor(sizes.length / 2)]).toBeLessThan(900_000);
  });

  test("ends with the play that is the current one", () => {
    for (const body of bodies.values()) {
      const { plays } = body["liveData"] as unknown as { plays: { allPlays: unknown[]; currentPlay: unknown } };
      expect(plays.currentPlay).toEqual(plays.allPlays.at(-1));
    }
  });

  test("has one score in plays, line score and box score", () => {
    for (const body of bodies.values()) {
      const { linescore, boxscore, plays } = body["liveData"] as unknown as {
        linescore: {
          innings: Record<"away" | "home", { runs?: number; hits: number }>[];
          teams: Record<"away" | "home", { runs: number; hits: number }>;
        };
        boxscore: { teams: Record<"away" | "home", { teamStats: { batting: { runs: number; hits: number } } }> };
        plays: { currentPlay: { result: { awayScore: number; homeScore: number } } };
      };
      for (const side of ["away", "home"] as const) {
        const { runs, hits } = linescore.teams[side];
        expect(linescore.innings.reduce((sum, inning) => sum + (inning[side].runs ?? 0), 0)).toBe(runs);
        expect(linescore.innings.reduce((sum, inning) => sum + inning[side].hits, 0)).toBe(hits);
        expect(boxscore.teams[side].teamStats.batting).toMatchObject({ runs, hits });
        expect(plays.currentPlay.result[`${side}Score`]).toBe(runs);
      }
    }
  });
});

describe("beside real feeds (../shared), a simulated game", () => {
  test.skipIf(!hasLeafPaths)("has no path and no type that they do not have", () => {
    expect(strangeLeaves(bodies.values())).toEqual([]);
  });

  test.skipIf(!hasLeafPaths)("has every path that most of them have", () => {
    expect(missingLeaves(bodies.values())).toEqual([]);
  });

  test.skipIf(!hasGates)("passes every check of baseball that all real games pass", async () => {
    const { evaluated, broken } = await checkGates(bodies.values());
    expect(evaluated.final).toBeGreaterThan(60);
    expect(broken).toEqual([]);
  });
});
