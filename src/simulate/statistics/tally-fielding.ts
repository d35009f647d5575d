import type { Play } from "../game/game-record.ts";
import { FIELDING_COUNTS, zeroCounts } from "./counts.ts";
import type { FieldingLine } from "./counts.ts";

/** Counts the fielding lines of one team, by player id: all who were credited, and the catchers on whom runners tried to steal. */
export function tallyFielding(plays: readonly Play[]): Map<number, FieldingLine> {
  const lines = new Map<number, FieldingLine>();
  const line = (id: number): FieldingLine => {
    const found = lines.get(id) ?? zeroCounts(FIELDING_COUNTS);
    lines.set(id, found);
    return found;
  };
  for (const play of plays) {
    for (const movement of play.movements) {
      for (const { player, credit } of movement.credits) {
        if (credit === "f_assist_of") line(player.id).assists += 1;
        if (credit === "f_putout") line(player.id).putOuts += 1;
        if (credit === "f_assist") line(player.id).assists += 1;
        if (credit === "f_fielding_error" || credit === "f_throwing_error") line(player.id).errors += 1;
      }
      if (movement.eventType.startsWith("stolen_base")) line(play.catcher.id).stolenBases += 1;
      if (movement.eventType.startsWith("caught_stealing")) line(play.catcher.id).caughtStealing += 1;
    }
    for (const event of play.events) {
      if (event.kind === "action" && event.eventType === "passed_ball") line(play.catcher.id).passedBall += 1;
    }
  }
  for (const fielding of lines.values()) fielding.chances = fielding.putOuts + fielding.assists + fielding.errors;
  return lines;
}
