import type { Play, PlayEvent, PlayedGame } from "../game/game-record.ts";
import { isOver } from "../game/game-status.ts";
import type { PitchCall } from "../game/pitch-call.ts";
import type { JsonObject } from "../json-value.ts";
import { timeStampText } from "./write-time.ts";

/** What made the feed change: its own names, of which only those for pitches differ from event types. */
interface Change {
  readonly gameEvents: readonly string[];
  readonly logicalEvents: readonly string[];
}

const PITCH_EVENTS: Partial<Record<PitchCall, string>> = { ballInDirt: "blocked_ball" };

function pitchEvent(call: PitchCall): string {
  return PITCH_EVENTS[call] ?? call.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function countEvents({ count }: Play): string[] {
  return ["countChange", `count${count.balls}${count.strikes}`];
}

function changeOfEvent(play: Play, event: PlayEvent): Change {
  switch (event.kind) {
    case "pitch":
      return { gameEvents: [event.hit === null ? pitchEvent(event.call) : "hit_into_play"], logicalEvents: countEvents(play) };
    case "pickoff":
    case "stepoff":
    case "no_pitch":
      return { gameEvents: [event.kind], logicalEvents: [] };
    case "action":
      return { gameEvents: [event.eventType], logicalEvents: event.eventType === "pitching_substitution" ? ["pitcherChange"] : [] };
  }
}

function changeOf(game: PlayedGame): Change {
  const last = game.plays.at(-1);
  if (last === undefined) return { gameEvents: [], logicalEvents: [] };
  if (isOver(game.status))
    return {
      gameEvents: [last.eventType, "game_finished"],
      logicalEvents: ["midInning", ...countEvents(last), "gameStateChangeToGameOver"],
    };
  if (last.isComplete) return { gameEvents: [last.eventType], logicalEvents: countEvents(last) };
  const latest = last.events.at(-1);
  return latest === undefined
    ? { gameEvents: ["at_bat_start"], logicalEvents: [...countEvents(last), "newBatter"] }
    : changeOfEvent(last, latest);
}

/** Writes `metaData`: the version of the feed and what changed with it. */
export function writeMetaData(game: PlayedGame): JsonObject {
  return { wait: 10, timeStamp: timeStampText(game.endTime), ...changeOf(game) };
}
