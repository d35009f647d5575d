import { runnersOn } from "../game/base-state.ts";
import { HIT_BASES, isHit } from "../game/game-record.ts";
import type { Movement, Play } from "../game/game-record.ts";
import { BATTING_COUNTS, zeroCounts } from "./counts.ts";
import type { BattingLine } from "./counts.ts";

type OutCount = "groundOuts" | "flyOuts" | "lineOuts" | "popOuts";

/** How a batted-ball out is counted, in batting and pitching lines alike. */
export function outCountsOf(play: Play): readonly (OutCount | "airOuts")[] {
  if (!play.isOut || !play.isPlateAppearance) return [];
  switch (play.events.findLast((event) => event.kind === "pitch")?.hit?.trajectory) {
    case "ground_ball":
    case "bunt_grounder":
      return ["groundOuts"];
    case "fly_ball":
      return ["flyOuts", "airOuts"];
    case "line_drive":
      return ["lineOuts", "airOuts"];
    case "popup":
      return ["popOuts", "airOuts"];
    case undefined:
      return [];
  }
}

const NO_AT_BATS: ReadonlySet<string> = new Set(["walk", "intent_walk", "hit_by_pitch", "sac_fly", "sac_bunt"]);

export function isAtBat(play: Play): boolean {
  return play.isPlateAppearance && !NO_AT_BATS.has(play.eventType);
}

export const EXTRA_BASE_COUNTS = { double: "doubles", triple: "triples", home_run: "homeRuns" } as const;

/** Counts the batting lines of all who came to bat or ran, by player id. */
export function tallyBatting(plays: readonly Play[]): Map<number, BattingLine> {
  const lines = new Map<number, BattingLine>();
  const line = (id: number): BattingLine => {
    const found = lines.get(id) ?? { ...zeroCounts(BATTING_COUNTS), gamesPlayed: 1 };
    lines.set(id, found);
    return found;
  };
  for (const play of plays) {
    tallyRunning(play, line);
    if (play.isPlateAppearance) tallyPlateAppearance(play, line(play.batter.id));
  }
  return lines;
}

export function isCaughtStealing({ eventType }: Movement): boolean {
  return eventType.includes("caught_stealing");
}

export function isPickedOff({ eventType, outNumber }: Movement): boolean {
  return eventType.startsWith("pickoff") && outNumber !== null;
}

export function isStrikeout({ eventType }: Play): boolean {
  return eventType === "strikeout" || eventType === "strikeout_double_play";
}

export function isWalk({ eventType }: Play): boolean {
  return eventType === "walk" || eventType === "intent_walk";
}

function tallyRunning(play: Play, line: (id: number) => BattingLine): void {
  for (const movement of play.movements) {
    if (movement.end === "score") line(movement.runner.id).runs += 1;
    if (movement.eventType.startsWith("stolen_base")) line(movement.runner.id).stolenBases += 1;
    if (isCaughtStealing(movement)) line(movement.runner.id).caughtStealing += 1;
    if (isPickedOff(movement)) line(movement.runner.id).pickoffs += 1;
  }
}

function tallyPlateAppearance(play: Play, line: BattingLine): void {
  line.plateAppearances += 1;
  line.rbi += play.rbi;
  if (isAtBat(play)) line.atBats += 1;
  for (const name of outCountsOf(play)) line[name] += 1;
  if (play.isOut) line.leftOnBase += runnersOn(play.basesAfter);
  const { eventType } = play;
  if (isHit(eventType)) {
    line.hits += 1;
    line.totalBases += HIT_BASES[eventType];
    if (eventType !== "single") line[EXTRA_BASE_COUNTS[eventType]] += 1;
  }
  if (isStrikeout(play)) line.strikeOuts += 1;
  if (isWalk(play)) line.baseOnBalls += 1;
  if (eventType === "intent_walk") line.intentionalWalks += 1;
  if (eventType === "sac_bunt") line.sacBunts += 1;
  if (eventType === "hit_by_pitch") line.hitByPitch += 1;
  if (eventType === "sac_fly") line.sacFlies += 1;
  if (eventType === "grounded_into_double_play") line.groundIntoDoublePlay += 1;
}
