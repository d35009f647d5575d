import { runnersOn } from "../game/base-state.ts";
import { HIT_BASES, isHit } from "../game/game-record.ts";
import type { Play } from "../game/game-record.ts";
import { BATTING_COUNTS, zeroCounts } from "./counts.ts";
import type { BattingLine } from "./counts.ts";

type OutCount = "groundOuts" | "flyOuts" | "lineOuts" | "popOuts";

/** How a batted-ball out is counted, in batting and pitching lines alike. */
export function outCountsOf(play: Play): readonly (OutCount | "airOuts")[] {
  if (!play.isOut || !play.isPlateAppearance) return [];
  switch (play.events.findLast((event) => event.kind === "pitch")?.hit?.trajectory) {
    case "ground_ball":
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

export function isAtBat(play: Play): boolean {
  return play.isPlateAppearance && play.eventType !== "walk" && play.eventType !== "hit_by_pitch" && play.eventType !== "sac_fly";
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

function tallyRunning(play: Play, line: (id: number) => BattingLine): void {
  for (const movement of play.movements) {
    if (movement.end === "score") line(movement.runner.id).runs += 1;
    if (movement.eventType.startsWith("stolen_base")) line(movement.runner.id).stolenBases += 1;
    if (movement.eventType.startsWith("caught_stealing")) line(movement.runner.id).caughtStealing += 1;
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
  if (eventType === "strikeout") line.strikeOuts += 1;
  if (eventType === "walk") line.baseOnBalls += 1;
  if (eventType === "hit_by_pitch") line.hitByPitch += 1;
  if (eventType === "sac_fly") line.sacFlies += 1;
  if (eventType === "grounded_into_double_play") line.groundIntoDoublePlay += 1;
}
