import { describePlay } from "../game/describe-play.ts";
import type { Movement, Play, PlayedGame } from "../game/game-record.ts";

const HIT = { event: "Single", eventType: "single" };

function isError(play: Play): boolean {
  return play.eventType === "field_error";
}

function isSameHalf(a: Play, b: Play): boolean {
  return a.inning === b.inning && a.battingSide === b.battingSide;
}

/** Without the error every run of the half inning is earned, but for those of placed runners. */
function earned(movement: Movement): Movement {
  return movement.end === "score" ? { ...movement, isEarned: !movement.isTeamUnearned } : movement;
}

function asHit(play: Play): Play {
  const movements = play.movements.map((movement): Movement => {
    if (movement.eventType !== play.eventType) return earned(movement);
    const credits = movement.credits.map((credit) => ({ ...credit, credit: "f_fielded_ball" as const }));
    return { ...earned(movement), ...HIT, isRbi: movement.end === "score", credits };
  });
  const pitch = play.events.findLast((event) => event.kind === "pitch");
  const description = describePlay({
    ...HIT,
    batterId: play.batter.id,
    batterName: play.batter.fullName,
    hit: pitch?.hit ?? null,
    isCalledStrike: false,
    movements: movements.filter((movement) => movement.eventType === HIT.eventType),
  });
  return { ...play, ...HIT, description, movements, rbi: movements.filter((movement) => movement.isRbi).length };
}

/**
 * Gives the game as it was scored at first: the first error that is the only one of its half inning was a hit then, with all that
 * hangs on it (runs batted in, earned runs). Without such an error, the game itself.
 */
export function scoredAtFirst(game: PlayedGame): PlayedGame {
  const corrected = game.plays.find(
    (play) => isError(play) && game.plays.filter((other) => isError(other) && isSameHalf(play, other)).length === 1,
  );
  if (corrected === undefined) return game;
  const plays = game.plays.map((play) => {
    if (play === corrected) return asHit(play);
    return play.index > corrected.index && isSameHalf(play, corrected) ? { ...play, movements: play.movements.map(earned) } : play;
  });
  return { ...game, plays };
}
