import { batSideAgainst } from "../league/player.ts";
import type { Play, PlayEvent, PlayedGame } from "../game/game-record.ts";
import { isAnnounced, isOver } from "../game/game-status.ts";
import type { GameStatus } from "../game/game-status.ts";
import { otherSide } from "../game/side.ts";

/** How far a game has come at one moment. */
export interface Cut {
  readonly status: GameStatus;
  /** Milliseconds since 1970; the version of the feed is made of it. */
  readonly at: number;
  readonly completePlays: number;
  /** Events of the play that is open; `null` where none is, as between half innings. */
  readonly openEvents: number | null;
}

function lastEvent(events: readonly PlayEvent[], isLastOfPlay: boolean): PlayEvent[] {
  const last = events.at(-1);
  if (last === undefined) return [];
  // Whether a ball in play makes an out is seen only when it has been played out.
  return last.kind === "pitch" && isLastOfPlay ? [{ ...last, isOut: false, pending: new Set([...last.pending, "landing"]) }] : [last];
}

/** A play of which only the first events have happened. */
function openPlay(play: Play, eventCount: number): Play {
  const situation = play.situations[eventCount];
  if (situation === undefined) throw new RangeError(`play ${play.index} has no event ${eventCount}`);
  const { teams, bases, count, score, movements } = situation;
  const batter = teams[play.battingSide].batter().player;
  const { pitcher } = teams[otherSide(play.battingSide)].stint;
  const events = [
    ...play.events.slice(0, Math.max(0, eventCount - 1)),
    ...lastEvent(play.events.slice(0, eventCount), eventCount === play.events.length),
  ];
  const latest = events.at(-1);
  const endTime = latest?.endTime ?? play.startTime;
  return {
    ...play,
    isComplete: false,
    batter,
    batSide: batSideAgainst(batter, pitcher),
    pitcher,
    // What goes before the first pitch of a game opens its first play long before.
    startTime: endTime < play.startTime ? (events[0]?.startTime ?? play.startTime) : play.startTime,
    endTime,
    ...(latest?.kind === "action"
      ? { event: latest.event, eventType: latest.eventType, description: latest.description }
      : { event: "", eventType: "", description: "" }),
    rbi: 0,
    isOut: false,
    isPlateAppearance: false,
    count,
    score,
    basesAfter: bases,
    events,
    movements: play.movements.slice(0, movements),
    review: null,
  };
}

/** Gives as much of a game as had been played at a moment. */
export function cutGame(game: PlayedGame, cut: Cut): PlayedGame {
  const { status, at, completePlays, openEvents } = cut;
  const next = game.plays[completePlays];
  const { teams } = next?.situations[openEvents ?? 0] ?? game;
  const complete = game.plays.slice(0, completePlays);
  return {
    ...game,
    status,
    teams: isAnnounced(status) ? teams : { away: teams.away.unannounced(), home: teams.home.unannounced() },
    plays: next === undefined || openEvents === null ? complete : [...complete, openPlay(next, openEvents)],
    endTime: isOver(status) ? game.endTime : at,
  };
}
