import type { Player } from "../league/player.ts";
import type { PitchTarget } from "../measurement/measure-pitch.ts";
import type { RandomSource } from "../random-source.ts";
import type { Count } from "./count.ts";

const BALL_COLOR = "rgba(39, 161, 39, 1.0)";
const STRIKE_COLOR = "rgba(170, 21, 11, 1.0)";
const IN_PLAY_COLOR = "rgba(26, 86, 190, 1.0)";

export const PITCH_CALL_NAMES = [
  "ball",
  "ballInDirt",
  "hitByPitch",
  "calledStrike",
  "swingingStrike",
  "swingingStrikeBlocked",
  "foulTip",
  "foul",
  "foulBunt",
  "missedBunt",
  "pitchout",
  "inPlayOut",
  "inPlayNoOut",
  "inPlayRuns",
] as const;
export type PitchCall = (typeof PITCH_CALL_NAMES)[number];

export interface PitchCallEntry {
  readonly code: string;
  readonly description: string;
  readonly color: string;
  readonly verdict: "ball" | "strike" | "inPlay";
}

/** Every call of a pitch with its code in the feed. */
export const PITCH_CALLS: Readonly<Record<PitchCall, PitchCallEntry>> = {
  ball: { code: "B", description: "Ball", color: BALL_COLOR, verdict: "ball" },
  ballInDirt: { code: "*B", description: "Ball In Dirt", color: BALL_COLOR, verdict: "ball" },
  hitByPitch: { code: "H", description: "Hit By Pitch", color: BALL_COLOR, verdict: "ball" },
  calledStrike: { code: "C", description: "Called Strike", color: STRIKE_COLOR, verdict: "strike" },
  swingingStrike: { code: "S", description: "Swinging Strike", color: STRIKE_COLOR, verdict: "strike" },
  swingingStrikeBlocked: { code: "W", description: "Swinging Strike (Blocked)", color: STRIKE_COLOR, verdict: "strike" },
  foulTip: { code: "T", description: "Foul Tip", color: STRIKE_COLOR, verdict: "strike" },
  foul: { code: "F", description: "Foul", color: STRIKE_COLOR, verdict: "strike" },
  foulBunt: { code: "L", description: "Foul Bunt", color: STRIKE_COLOR, verdict: "strike" },
  missedBunt: { code: "M", description: "Missed Bunt", color: STRIKE_COLOR, verdict: "strike" },
  pitchout: { code: "P", description: "Pitchout", color: BALL_COLOR, verdict: "ball" },
  inPlayOut: { code: "X", description: "In play, out(s)", color: IN_PLAY_COLOR, verdict: "inPlay" },
  inPlayNoOut: { code: "D", description: "In play, no out", color: IN_PLAY_COLOR, verdict: "inPlay" },
  inPlayRuns: { code: "E", description: "In play, run(s)", color: IN_PLAY_COLOR, verdict: "inPlay" },
};

export type NoPitchCall = "none" | "intentionalBall" | "pitcherTimer" | "catcherTimer" | "batterTimer";

export interface NoPitchEntry {
  readonly code: string;
  /** `null` where nothing is called. */
  readonly description: string | null;
  readonly verdict: "ball" | "strike" | null;
  /** What was violated: its code and its name. */
  readonly violation: { readonly type: string; readonly description: string } | null;
}

function violation(code: string, call: string, verdict: "ball" | "strike", who: string): NoPitchEntry {
  const description = `${who} Pitch Timer Violation`;
  return {
    code,
    description: `${call} - ${description}`,
    verdict,
    violation: { type: `${who.toLowerCase()}_pitch_timer`, description },
  };
}

/** Every call without a pitch with its code in the feed. */
export const NO_PITCH_CALLS: Readonly<Record<NoPitchCall, NoPitchEntry>> = {
  none: { code: "N", description: null, verdict: null, violation: null },
  intentionalBall: { code: "VB", description: "Automatic Ball - Intentional", verdict: "ball", violation: null },
  pitcherTimer: violation("VP", "Automatic Ball", "ball", "Pitcher"),
  catcherTimer: violation("VC", "Automatic Ball", "ball", "Catcher"),
  batterTimer: violation("AC", "Automatic Strike", "strike", "Batter"),
};

/** What a pitch becomes before it is known what becomes of a ball in play. */
export type PitchOutcome = Exclude<PitchCall, "inPlayOut" | "inPlayNoOut" | "inPlayRuns"> | "inPlay";

/** Chooses what happens to a pitch: behind in the count the pitcher throws strikes, with two strikes the batter protects. */
export function choosePitchOutcome(random: RandomSource, pitcher: Player, batter: Player, count: Count, isTired: boolean): PitchOutcome {
  const control = (pitcher.pitching?.control ?? 0.7) * (isTired ? 0.9 : 1);
  const stuff = (pitcher.pitching?.stuff ?? 0.7) * (isTired ? 0.88 : 1);
  const { contact, eye } = batter.batting;
  const hasTwoStrikes = count.strikes === 2;
  const isAhead = count.balls - count.strikes >= 2;
  const chased = hasTwoStrikes ? 0.86 : 1;
  return random.weighted({
    ball: (0.322 * chased * eye * (isAhead ? 0.9 : 1)) / control,
    ballInDirt: 0.026 * chased,
    hitByPitch: 0.0032 / control,
    calledStrike: 0.165 * control * (hasTwoStrikes ? 0.42 : isAhead ? 1.35 : 1.05),
    swingingStrike: (0.102 * stuff) / contact,
    swingingStrikeBlocked: (0.006 * stuff) / contact,
    foulTip: 0.007,
    foul: hasTwoStrikes ? 0.225 : 0.174,
    inPlay: 0.164 * contact * (hasTwoStrikes ? 1.12 : 1),
  });
}

/** Where the pitch went, given what became of it. */
export function targetOf(random: RandomSource, outcome: PitchOutcome): PitchTarget {
  switch (outcome) {
    case "ball":
      return "edge";
    case "ballInDirt":
    case "swingingStrikeBlocked":
      return "dirt";
    case "hitByPitch":
      return "batter";
    case "pitchout":
      return "edge";
    case "foulBunt":
    case "missedBunt":
    case "calledStrike":
      return "zone";
    case "swingingStrike":
    case "foulTip":
      return random.chance(0.45) ? "zone" : "edge";
    case "foul":
    case "inPlay":
      return random.chance(0.78) ? "zone" : "edge";
  }
}
