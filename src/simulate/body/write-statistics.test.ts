import { expect, test } from "vitest";
import { BATTING_COUNTS, PITCHING_COUNTS, zeroCounts } from "../statistics/counts.ts";
import { battingRates, battingSummary, pitchingSummary, writeSeasonPitching } from "./write-statistics.ts";

const batter = { ...zeroCounts(BATTING_COUNTS), atBats: 4, hits: 2, doubles: 1, totalBases: 3, baseOnBalls: 1, rbi: 2, runs: 1 };
const pitcher = { ...zeroCounts(PITCHING_COUNTS), gamesPitched: 1, outs: 20, earnedRuns: 3, strikeOuts: 1, hits: 6, baseOnBalls: 2 };

test("a batter's game is a line: hits and at bats, then what counts", () => {
  expect(battingSummary(batter)).toBe("2-4 | 2B, BB, 2 RBI, R");
  expect(battingSummary(zeroCounts(BATTING_COUNTS))).toBe("0-0");
});

test("a pitcher's game is a line: innings, earned runs, strikeouts, walks", () => {
  expect(pitchingSummary(pitcher)).toBe("6.2 IP, 3 ER, K, 2 BB");
});

test("rates follow the rules of scoring", () => {
  expect(battingRates(batter)).toEqual({ avg: ".500", obp: ".600", slg: ".750", ops: "1.350" });
});

test("who has never pitched has dashes for rates and no pitches thrown", () => {
  const season = writeSeasonPitching(zeroCounts(PITCHING_COUNTS));
  expect(season).toMatchObject({ era: "-.--", whip: "-", inningsPitched: "0.0", winPercentage: ".---" });
  expect(season).not.toHaveProperty("pitchesThrown");
  expect(writeSeasonPitching(pitcher)).toMatchObject({ era: "4.05", whip: "1.20" });
});
