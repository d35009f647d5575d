import type { Play, PlayedGame } from "../game/game-record.ts";
import type { Side } from "../game/side.ts";
import { isHit } from "../game/game-record.ts";
import type { JsonObject, JsonValue } from "../json-value.ts";
import type { RandomSource } from "../random-source.ts";
import { NO_HOT_COLD_ZONES, writeHotColdZones } from "./write-hot-cold-zones.ts";
import { isScoringPlay, writePlay } from "./write-play.ts";
import { writePerson, writeTeam } from "./write-reference.ts";

/** "H" for a hit, "E" for an error, "O" for an out. */
function battedBallType(play: Play): string {
  if (isHit(play.eventType)) return "H";
  return play.eventType === "field_error" ? "E" : "O";
}

function writeBattedBalls(game: PlayedGame, plays: readonly Play[], side: Side): JsonValue[] {
  return plays.flatMap((play) => {
    const hit = play.events.findLast((event) => event.kind === "pitch")?.hit ?? null;
    if (hit === null || play.battingSide !== side || !play.isComplete) return [];
    return {
      team: writeTeam(game.rosters[side].club),
      inning: play.inning,
      pitcher: writePerson(play.pitcher),
      batter: writePerson(play.batter),
      coordinates: { x: hit.coordX, y: hit.coordY },
      type: battedBallType(play),
      description: play.event,
    };
  });
}

function writeInning(game: PlayedGame, inning: number): JsonObject {
  const plays = game.plays.filter((play) => play.inning === inning);
  const indices = (side: Side): number[] => plays.filter((play) => play.battingSide === side).map((play) => play.index);
  return {
    startIndex: plays[0]?.index ?? 0,
    endIndex: plays.at(-1)?.index ?? 0,
    top: indices("away"),
    bottom: indices("home"),
    hits: { away: writeBattedBalls(game, plays, "away"), home: writeBattedBalls(game, plays, "home") },
  };
}

function currentPlay(last: JsonObject | undefined): JsonObject {
  return last === undefined ? {} : { currentPlay: last };
}

/** Writes `liveData.plays`. */
export function writePlays(game: PlayedGame, random: RandomSource): JsonObject {
  const last = game.plays.length - 1;
  const context = { rules: game.conditions.rules, clubs: { away: game.rosters.away.club, home: game.rosters.home.club } };
  const allPlays = game.plays.map((play) =>
    writePlay(play, context, play.index === last ? writeHotColdZones(random.fork(`play ${play.index}`)) : NO_HOT_COLD_ZONES),
  );
  const innings = game.plays.at(-1)?.inning ?? 0;
  return {
    allPlays,
    ...currentPlay(allPlays.at(-1)),
    scoringPlays: game.plays.filter(isScoringPlay).map((play) => play.index),
    playsByInning: Array.from({ length: innings }, (_, i) => writeInning(game, i + 1)),
  };
}
