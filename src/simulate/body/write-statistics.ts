import type { JsonObject } from "../json-value.ts";
import type { BattingLine, FieldingLine, PitchingLine } from "../statistics/counts.ts";
import { writtenOnce } from "./written-once.ts";
import { average, inningsText, ratio, strikeShare } from "../statistics/rate-text.ts";

/** The feed's three kinds of statistics. Each adds its rates to the counts; which rates depends on whose line it is. */
export interface BattingRates {
  readonly avg: string;
  readonly obp: string;
  readonly slg: string;
  readonly ops: string;
}

export function battingRates(line: BattingLine): BattingRates {
  const onBase = line.hits + line.baseOnBalls + line.hitByPitch;
  const chances = line.atBats + line.baseOnBalls + line.hitByPitch + line.sacFlies;
  const ops = (chances === 0 ? 0 : onBase / chances) + (line.atBats === 0 ? 0 : line.totalBases / line.atBats);
  return {
    avg: average(line.hits, line.atBats),
    obp: average(onBase, chances),
    slg: average(line.totalBases, line.atBats),
    ops: average(ops, 1),
  };
}

function stealRate(line: { readonly stolenBases: number; readonly caughtStealing: number }): string {
  return average(line.stolenBases, line.stolenBases + line.caughtStealing, ".---");
}

function caughtRate(line: { readonly stolenBases: number; readonly caughtStealing: number }): string {
  return average(line.caughtStealing, line.stolenBases + line.caughtStealing, ".---");
}

function times(count: number, name: string): string {
  return count === 1 ? name : `${count} ${name}`;
}

/** "1-3 | 2B, RBI": a batter's game in a line. */
export function battingSummary(line: BattingLine): string {
  const parts = (
    [
      [line.doubles, "2B"],
      [line.triples, "3B"],
      [line.homeRuns, "HR"],
      [line.baseOnBalls, "BB"],
      [line.hitByPitch, "HBP"],
      [line.strikeOuts, "K"],
      [line.stolenBases, "SB"],
      [line.rbi, "RBI"],
      [line.runs, "R"],
    ] as const
  ).flatMap(([count, name]) => (count === 0 ? [] : [times(count, name)]));
  return [`${line.hits}-${line.atBats}`, ...(parts.length === 0 ? [] : [parts.join(", ")])].join(" | ");
}

export function pitchingSummary(line: PitchingLine): string {
  return `${inningsText(line.outs)} IP, ${times(line.earnedRuns, "ER")}, ${times(line.strikeOuts, "K")}, ${times(line.baseOnBalls, "BB")}`;
}

/** A player's batting in this game; `note` is the mark of a pinch-hitter. */
export function writeGameBatting(line: BattingLine, note: string | null): JsonObject {
  return {
    ...(note === null ? {} : { note }),
    summary: battingSummary(line),
    ...line,
    stolenBasePercentage: stealRate(line),
    atBatsPerHomeRun: ratio(line.atBats, line.homeRuns),
  };
}

export function writeTeamBatting(line: BattingLine, season: BattingLine): JsonObject {
  const { gamesPlayed: _, ...counts } = line;
  return { ...counts, ...battingRates(season), stolenBasePercentage: stealRate(line), atBatsPerHomeRun: ratio(line.atBats, line.homeRuns) };
}

export const writeSeasonBatting: (line: BattingLine) => JsonObject = writtenOnce((line) => {
  return {
    ...line,
    ...battingRates(line),
    stolenBasePercentage: stealRate(line),
    caughtStealingPercentage: caughtRate(line),
    babip: average(line.hits - line.homeRuns, line.atBats - line.strikeOuts - line.homeRuns + line.sacFlies, ".---"),
    groundOutsToAirouts: ratio(line.groundOuts, line.airOuts),
    atBatsPerHomeRun: ratio(line.atBats, line.homeRuns),
  };
});

function perNineInnings(count: number, outs: number): string {
  return ratio(count * 27, outs);
}

function onBaseAgainst(line: PitchingLine): string {
  const { hits, baseOnBalls, hitByPitch } = line;
  return average(hits + baseOnBalls + hitByPitch, line.atBats + baseOnBalls + hitByPitch + line.sacFlies);
}

function writePitchingRates(line: PitchingLine): JsonObject {
  return {
    stolenBasePercentage: stealRate(line),
    inningsPitched: inningsText(line.outs),
    strikePercentage: strikeShare(line.strikes, line.numberOfPitches),
    runsScoredPer9: perNineInnings(line.runs, line.outs),
    homeRunsPer9: perNineInnings(line.homeRuns, line.outs),
  };
}

/** A pitcher's game; `note` is his decision, "(W, 6-3)". */
export function writeGamePitching(line: PitchingLine, note: string | null): JsonObject {
  return { ...(note === null ? {} : { note }), summary: pitchingSummary(line), ...line, ...writePitchingRates(line) };
}

export function writeTeamPitching(line: PitchingLine, season: PitchingLine): JsonObject {
  const {
    gamesPlayed: _p,
    gamesStarted: _s,
    gamesPitched: _g,
    gamesFinished: _f,
    wins: _w,
    losses: _l,
    saves: _v,
    holds: _h,
    blownSaves: _b,
    ...counts
  } = line;
  return {
    ...counts,
    ...writePitchingRates(line),
    caughtStealingPercentage: caughtRate(line),
    obp: onBaseAgainst(line),
    era: perNineInnings(season.earnedRuns, season.outs),
    whip: ratio((season.hits + season.baseOnBalls) * 3, season.outs, "-"),
    groundOutsToAirouts: ratio(line.groundOuts, line.airOuts),
    pitchesPerInning: ratio(line.numberOfPitches * 3, line.outs),
  };
}

/** A season's pitching; who has never pitched has no `pitchesThrown`. */
export const writeSeasonPitching: (line: PitchingLine) => JsonObject = writtenOnce((line) => {
  const { pitchesThrown, ...counts } = line;
  return {
    ...counts,
    ...(line.gamesPitched === 0 ? {} : { pitchesThrown }),
    ...writePitchingRates(line),
    caughtStealingPercentage: caughtRate(line),
    obp: onBaseAgainst(line),
    era: perNineInnings(line.earnedRuns, line.outs),
    whip: ratio((line.hits + line.baseOnBalls) * 3, line.outs, "-"),
    groundOutsToAirouts: ratio(line.groundOuts, line.airOuts),
    winPercentage: average(line.wins, line.wins + line.losses, ".---"),
    pitchesPerInning: ratio(line.numberOfPitches * 3, line.outs),
    strikeoutWalkRatio: ratio(line.strikeOuts, line.baseOnBalls),
    strikeoutsPer9Inn: perNineInnings(line.strikeOuts, line.outs),
    walksPer9Inn: perNineInnings(line.baseOnBalls, line.outs),
    hitsPer9Inn: perNineInnings(line.hits, line.outs),
  };
});

/** The fielding of a player; `isStarter` adds the game started, which the feed gives to no other. */
export function writeFielding(line: FieldingLine, isStarter: boolean): JsonObject {
  return {
    ...(isStarter ? { gamesStarted: 1 } : {}),
    ...writeTeamFielding(line),
    fielding: average(line.putOuts + line.assists, line.chances),
  };
}

export function writeTeamFielding(line: FieldingLine): JsonObject {
  return { ...line, stolenBasePercentage: stealRate(line), caughtStealingPercentage: caughtRate(line) };
}
