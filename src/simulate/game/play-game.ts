import type { Roster } from "../league/team.ts";
import type { RandomSource } from "../random-source.ts";
import { GameInProgress } from "./game-in-progress.ts";
import { SIDES } from "./side.ts";
import type { Delays, PlayedGame } from "./game-record.ts";
import type { GameConditions } from "./game-conditions.ts";
import type { Side } from "./side.ts";
import { PlayRecorder } from "./play-recorder.ts";
import { playPlateAppearance } from "./play-plate-appearance.ts";
import { TeamInGame } from "./team-in-game.ts";

const MINUTE = 60_000;

/** The status changes before the first pitch, which the feed keeps in the first play. */
function recordOpening(recorder: PlayRecorder, game: GameInProgress, delayMinutes: number): void {
  const firstPitch = game.now;
  const player = game.offense.batter().player;
  const statuses: readonly (readonly [status: string, minutesBefore: number])[] = [
    ["Pre-Game", delayMinutes + 185],
    ...(delayMinutes > 0 ? [["Delayed Start: Rain", delayMinutes + 4] as const] : []),
    ["Warmup", 21],
    ["In Progress", 1],
  ];
  for (const [status, minutesBefore] of statuses) {
    game.now = firstPitch - minutesBefore * MINUTE;
    recorder.action({ event: "Game Advisory", eventType: "game_advisory", description: `Status Change - ${status}`, player });
  }
  game.now = firstPitch;
}

function playHalfInning(game: GameInProgress, inning: number, side: Side, delayMinutes: number): void {
  game.startHalf(inning, side);
  let isStart = true;
  while (game.diamond.outs < 3 && !game.isWalkOff) {
    const recorder = new PlayRecorder(game);
    if (game.plays.length === 0) recordOpening(recorder, game, delayMinutes);
    playPlateAppearance(game, recorder, isStart);
    isStart = false;
    game.wait("betweenPlays");
  }
  game.wait("betweenHalves");
}

/** Whether the inning that follows has to be played, in full or its bottom half only. */
function isDecided(game: GameInProgress, nextSide: Side): boolean {
  const { away, home } = game.score;
  return nextSide === "home" ? game.inning >= game.scheduledInnings && home > away : game.inning >= game.scheduledInnings && home !== away;
}

/** Plays a game from the first pitch to the last out, with extra innings where they are needed. */
export function playGame(random: RandomSource, rosters: Readonly<Record<Side, Roster>>, conditions: GameConditions): PlayedGame {
  const teams = { away: new TeamInGame("away", rosters.away), home: new TeamInGame("home", rosters.home) };
  const game = new GameInProgress(random, teams, conditions);
  const weather = random.fork("rain");
  const delayMinutes = conditions.canRain && weather.chance(0.02) ? weather.integer(25, 170) : 0;
  game.now += delayMinutes * MINUTE;
  const startTime = game.now;
  for (let inning = 1; ; inning++) {
    for (const side of SIDES) {
      if (isDecided(game, side)) {
        const endTime = game.plays.at(-1)?.endTime ?? startTime;
        const delays: Delays = { ofStart: delayMinutes * MINUTE, inGame: game.delayed };
        return { status: "Final", rosters, teams, plays: game.plays, conditions, startTime, endTime, delays };
      }
      playHalfInning(game, inning, side, delayMinutes);
    }
  }
}
