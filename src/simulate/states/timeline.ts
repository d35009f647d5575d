import type { Play, PlayEvent, PlayedGame } from "../game/game-record.ts";
import { GAME_STATUSES } from "../game/game-status.ts";
import type { GameStatus } from "../game/game-status.ts";
import type { RandomSource } from "../random-source.ts";
import type { Cut } from "./cut-game.ts";

const SECOND = 1000;
/** How many of the states of an open play are there long enough to be seen by who asks every few seconds. */
const SEEN_STUBS = 0.45;
const SEEN_EVENTS = 0.9;
/** A call that is reviewed for so long has been shown before it is settled. */
const SHOWN_UNSETTLED = 10 * SECOND;

/** The status that an event announces, if it announces one. */
function announcedStatus(event: PlayEvent | undefined): GameStatus | undefined {
  if (event?.kind !== "action" || event.eventType !== "game_advisory") return undefined;
  return GAME_STATUSES.find((status) => event.description === `Status Change - ${status}`);
}

/** The states of one play: open and empty, with each of its events, complete. */
function* statesOfPlay(play: Play, random: RandomSource, statusBefore: GameStatus): Generator<Cut> {
  const open = (status: GameStatus, at: number, openEvents: number): Cut => ({ status, at, completePlays: play.index, openEvents });
  let status = statusBefore;
  if (play.index > 0 && random.chance(SEEN_STUBS)) yield open(status, play.startTime, 0);
  for (const [i, event] of play.events.entries()) {
    status = announcedStatus(event) ?? status;
    const isLast = i === play.events.length - 1;
    // Nobody misses a change of status: it lasts.
    const isSeen = announcedStatus(event) !== undefined || random.chance(SEEN_EVENTS);
    if (!isSeen) continue;
    if (!isLast) yield open(status, event.endTime, i + 1);
    else if (event.kind === "pitch" && event.hit !== null) yield open(status, event.startTime + SECOND, i + 1);
    else if (play.endTime > event.endTime + SHOWN_UNSETTLED) yield open(status, event.endTime, i + 1);
  }
  yield { status, at: play.endTime, completePlays: play.index + 1, openEvents: null };
}

/** Gives the moments at which the feed of a game changes while it is played, from the first line-up card to the last out. */
export function* timelineOf(game: PlayedGame, random: RandomSource): Generator<Cut> {
  let status: GameStatus = "Pre-Game";
  let at = 0;
  for (const play of game.plays) {
    for (const cut of statesOfPlay(play, random.fork(`play ${play.index}`), status)) {
      status = cut.status;
      at = Math.max(at, cut.at);
      if (cut.completePlays < game.plays.length) yield { ...cut, at };
    }
  }
}
