/** Counted figures by name. The names are the feed's own, because the lines are written as they are counted. */
export type Counts<Name extends string> = Record<Name, number>;

export function zeroCounts<Name extends string>(names: readonly Name[]): Counts<Name> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Counts<Name>;
}

export function sumCounts<Name extends string>(names: readonly Name[], lines: Iterable<Readonly<Counts<Name>>>): Counts<Name> {
  const sum = zeroCounts(names);
  for (const line of lines) for (const name of names) sum[name] += line[name];
  return sum;
}

export const BATTING_COUNTS = [
  "gamesPlayed",
  "flyOuts",
  "groundOuts",
  "airOuts",
  "runs",
  "doubles",
  "triples",
  "homeRuns",
  "strikeOuts",
  "baseOnBalls",
  "intentionalWalks",
  "hits",
  "hitByPitch",
  "atBats",
  "caughtStealing",
  "stolenBases",
  "groundIntoDoublePlay",
  "groundIntoTriplePlay",
  "plateAppearances",
  "totalBases",
  "rbi",
  "leftOnBase",
  "sacBunts",
  "sacFlies",
  "catchersInterference",
  "pickoffs",
  "popOuts",
  "lineOuts",
] as const;
export type BattingLine = Counts<(typeof BATTING_COUNTS)[number]>;

export const PITCHING_COUNTS = [
  "gamesPlayed",
  "gamesStarted",
  "flyOuts",
  "groundOuts",
  "airOuts",
  "runs",
  "doubles",
  "triples",
  "homeRuns",
  "strikeOuts",
  "baseOnBalls",
  "intentionalWalks",
  "hits",
  "hitByPitch",
  "atBats",
  "caughtStealing",
  "stolenBases",
  "numberOfPitches",
  "wins",
  "losses",
  "saves",
  "saveOpportunities",
  "holds",
  "blownSaves",
  "earnedRuns",
  "battersFaced",
  "outs",
  "gamesPitched",
  "completeGames",
  "shutouts",
  "pitchesThrown",
  "balls",
  "strikes",
  "hitBatsmen",
  "balks",
  "wildPitches",
  "pickoffs",
  "rbi",
  "gamesFinished",
  "inheritedRunners",
  "inheritedRunnersScored",
  "catchersInterference",
  "sacBunts",
  "sacFlies",
  "passedBall",
  "popOuts",
  "lineOuts",
] as const;
export type PitchingLine = Counts<(typeof PITCHING_COUNTS)[number]>;

export const FIELDING_COUNTS = [
  "caughtStealing",
  "stolenBases",
  "assists",
  "putOuts",
  "errors",
  "chances",
  "passedBall",
  "pickoffs",
] as const;
export type FieldingLine = Counts<(typeof FIELDING_COUNTS)[number]>;
