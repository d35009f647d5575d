import type { FieldPosition } from "../league/position.ts";
import type { FieldingCredit } from "./game-record.ts";
import type { TeamInGame } from "./team-in-game.ts";

function credit(team: TeamInGame, position: FieldPosition, kind: FieldingCredit["credit"]): FieldingCredit {
  return { player: team.fielder(position), position, credit: kind };
}

/** A throw to the one who makes the out; who does it alone gets the putout only. */
export function outCredits(team: TeamInGame, from: FieldPosition, to: FieldPosition): readonly FieldingCredit[] {
  return from === to ? [credit(team, to, "f_putout")] : [credit(team, from, "f_assist"), credit(team, to, "f_putout")];
}

/** A throw from hand to hand: all but the last have an assist; an outfielder's is one of its own kind. */
export function relayCredits(team: TeamInGame, way: readonly FieldPosition[]): readonly FieldingCredit[] {
  return way.map((position, i) => {
    const isOutfielder = position === "LF" || position === "CF" || position === "RF";
    return credit(team, position, i === way.length - 1 ? "f_putout" : isOutfielder ? "f_assist_of" : "f_assist");
  });
}

export function fieldedCredit(team: TeamInGame, position: FieldPosition): readonly FieldingCredit[] {
  return [credit(team, position, "f_fielded_ball")];
}

export function errorCredit(team: TeamInGame, position: FieldPosition, kind: "fielding" | "throwing"): readonly FieldingCredit[] {
  return [credit(team, position, kind === "fielding" ? "f_fielding_error" : "f_throwing_error")];
}

/** Who takes the throw at first base: the pitcher covers when the first baseman fields far from the bag. */
export function coversFirst(fielder: FieldPosition, isFirstBasemanAway: boolean): FieldPosition {
  return fielder === "1B" && isFirstBasemanAway ? "P" : "1B";
}

/** Who takes the throw at second base. */
export function coversSecond(fielder: FieldPosition): FieldPosition {
  return fielder === "SS" || fielder === "3B" ? "2B" : "SS";
}
