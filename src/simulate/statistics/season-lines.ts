import type { Player } from "../league/player.ts";
import type { RandomSource } from "../random-source.ts";
import { BATTING_COUNTS, FIELDING_COUNTS, PITCHING_COUNTS, zeroCounts } from "./counts.ts";
import type { BattingLine, FieldingLine, PitchingLine } from "./counts.ts";

/** What a player did in the season before this game: invented, but of one piece (hits fit at bats, runs fit innings). */
export interface SeasonLines {
  readonly batting: BattingLine;
  readonly pitching: PitchingLine;
  readonly fielding: FieldingLine;
}

function inventBatting(random: RandomSource, player: Player): BattingLine {
  const { contact, power, eye, speed } = player.batting;
  const gamesPlayed = random.integer(45, 90);
  const plateAppearances = Math.round(gamesPlayed * random.between(3.3, 4.2));
  const share = (rate: number): number => Math.max(0, Math.round(plateAppearances * rate * random.between(0.85, 1.15)));
  const baseOnBalls = share(0.082 * eye);
  const hitByPitch = share(0.011);
  const sacFlies = share(0.008);
  const strikeOuts = share(0.215 / contact);
  const doubles = share(0.044 * power);
  const triples = share(0.004 * speed);
  const homeRuns = share(0.031 * power * power);
  const hits = doubles + triples + homeRuns + share(0.138 * contact);
  const atBats = plateAppearances - baseOnBalls - hitByPitch - sacFlies;
  const fielded = Math.max(0, atBats - hits - strikeOuts) + sacFlies;
  const groundOuts = Math.round(fielded * 0.47);
  const lineOuts = Math.round(fielded * 0.12);
  const popOuts = Math.round(fielded * 0.13);
  const airOuts = fielded - groundOuts;
  return {
    ...zeroCounts(BATTING_COUNTS),
    gamesPlayed,
    plateAppearances,
    atBats,
    hits,
    doubles,
    triples,
    homeRuns,
    strikeOuts,
    baseOnBalls,
    hitByPitch,
    sacFlies,
    groundOuts,
    airOuts,
    lineOuts,
    popOuts,
    flyOuts: airOuts - lineOuts - popOuts,
    totalBases: hits + doubles + 2 * triples + 3 * homeRuns,
    runs: homeRuns + share(0.085),
    rbi: homeRuns + share(0.082),
    leftOnBase: share(0.38),
    stolenBases: share(0.02 * speed),
    caughtStealing: share(0.006),
    groundIntoDoublePlay: share(0.018),
  };
}

function inventPitching(random: RandomSource, player: Player): PitchingLine {
  const skill = player.pitching;
  if (skill === null) return zeroCounts(PITCHING_COUNTS);
  const gamesPlayed = skill.isStarter ? random.integer(14, 19) : random.integer(22, 45);
  const outs = skill.isStarter ? gamesPlayed * random.integer(14, 18) : Math.round(gamesPlayed * random.between(2.6, 3.4));
  const share = (rate: number): number => Math.max(0, Math.round(outs * rate * random.between(0.85, 1.15)));
  const strikeOuts = share(0.32 * skill.stuff);
  const baseOnBalls = share(0.115 / skill.control);
  const hitByPitch = share(0.015);
  const homeRuns = share(0.042);
  const doubles = share(0.06);
  const triples = share(0.005);
  const hits = homeRuns + doubles + triples + share(0.2);
  const sacFlies = share(0.01);
  const battersFaced = outs + hits + baseOnBalls + hitByPitch;
  const fielded = outs - strikeOuts;
  const groundOuts = Math.round(fielded * 0.48);
  const lineOuts = Math.round(fielded * 0.12);
  const popOuts = Math.round(fielded * 0.13);
  const airOuts = fielded - groundOuts;
  const numberOfPitches = Math.round(battersFaced * 3.9);
  const strikes = Math.round(numberOfPitches * random.between(0.61, 0.67));
  const runs = homeRuns + share(0.115);
  const decisions = skill.isStarter ? Math.round(gamesPlayed * 0.7) : random.integer(0, 6);
  const wins = random.integer(Math.floor(decisions / 3), Math.ceil((decisions * 2) / 3));
  const saves = skill.isStarter ? 0 : random.integer(0, 3);
  return {
    ...zeroCounts(PITCHING_COUNTS),
    gamesPlayed,
    gamesPitched: gamesPlayed,
    gamesStarted: skill.isStarter ? gamesPlayed : 0,
    gamesFinished: skill.isStarter ? 0 : random.integer(4, 18),
    outs,
    strikeOuts,
    baseOnBalls,
    hitByPitch,
    hitBatsmen: hitByPitch,
    homeRuns,
    doubles,
    triples,
    hits,
    sacFlies,
    battersFaced,
    atBats: battersFaced - baseOnBalls - hitByPitch - sacFlies,
    groundOuts,
    airOuts,
    lineOuts,
    popOuts,
    flyOuts: airOuts - lineOuts - popOuts,
    numberOfPitches,
    pitchesThrown: numberOfPitches,
    strikes,
    balls: numberOfPitches - strikes,
    runs,
    earnedRuns: Math.round(runs * 0.92),
    rbi: Math.round(runs * 0.95),
    wins,
    losses: decisions - wins,
    saves,
    saveOpportunities: saves,
    holds: skill.isStarter ? 0 : random.integer(0, 9),
    wildPitches: share(0.012),
    stolenBases: share(0.02),
    caughtStealing: share(0.006),
    inheritedRunners: skill.isStarter ? 0 : random.integer(6, 15),
    inheritedRunnersScored: skill.isStarter ? 0 : random.integer(0, 6),
  };
}

function inventFielding(random: RandomSource, player: Player): FieldingLine {
  const putOuts = random.integer(8, 160);
  const assists = random.integer(2, 90);
  const errors = random.integer(0, 6);
  const isCatcher = player.primaryPosition === "C";
  return {
    ...zeroCounts(FIELDING_COUNTS),
    putOuts,
    assists,
    errors,
    chances: putOuts + assists + errors,
    stolenBases: isCatcher ? random.integer(15, 40) : 0,
    caughtStealing: isCatcher ? random.integer(3, 12) : 0,
    passedBall: isCatcher ? random.integer(0, 4) : 0,
  };
}

/** Invents the season of one player; a pitcher has not batted, a batter has not pitched. */
export function inventSeason(random: RandomSource, player: Player): SeasonLines {
  return {
    batting: player.pitching === null ? inventBatting(random, player) : zeroCounts(BATTING_COUNTS),
    pitching: inventPitching(random, player),
    fielding: inventFielding(random, player),
  };
}
