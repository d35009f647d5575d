import type { Play } from "../game/game-record.ts";
import type { GameStatus } from "../game/game-status.ts";
import type { JsonObject } from "../json-value.ts";
import type { SimulatedGame } from "../simulate-game.ts";
import { writeGameState } from "../simulate-game.ts";
import { cutGame } from "./cut-game.ts";
import type { Cut } from "./cut-game.ts";
import { scoredAtFirst } from "./first-scoring.ts";
import { PlaysAsSeen } from "./late-figures.ts";
import { timelineOf } from "./timeline.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A state of the feed, and since when it has been there: milliseconds since 1970. */
export interface FeedState {
  readonly body: JsonObject;
  readonly since: number;
}

/** The states before the game has its first play. One that was put off on the day had its line-ups already, and has lost them again. */
function* statesBefore(simulated: SimulatedGame): Generator<FeedState> {
  const { game, setting } = simulated;
  const write = (status: GameStatus, at: number, day: SimulatedGame["setting"]): FeedState => {
    const cut: Cut = { status, at, completePlays: 0, openEvents: null };
    return { body: writeGameState({ ...simulated, setting: day }, cutGame(game, cut)), since: at };
  };
  const { fixture, postponedFrom } = setting;
  const days = postponedFrom === null ? [setting] : [{ ...setting, fixture: { ...fixture, ...postponedFrom } }, setting];
  for (const day of days) {
    const { startTime } = day.fixture;
    yield write("Scheduled", startTime - 20 * HOUR, day);
    yield write("Scheduled", startTime - 8 * HOUR, day);
    if (day === setting) continue;
    yield write("Pre-Game", startTime - 3 * HOUR, day);
    yield write("Postponed", startTime - 90 * MINUTE, day);
  }
}

/** How many plays at the end of a game are played when those before them are gone over again. */
const PLAYS_AFTER_REWRITING = [1, 4] as const;
/** How many plays are still in their first form when the game is declared final. */
const PLAYS_MENDED_LATE = 15;

/**
 * Gives the states of a game's feed, each once, in the order in which they came: the last is what `simulateGame` gives.
 * A state says no more than was known then. After the game its version stands still, as that of real games does.
 */
export function* feedStates(simulated: SimulatedGame): Generator<FeedState> {
  const { game } = simulated;
  const random = simulated.random.fork("states");
  const first = scoredAtFirst(game);
  const { plays } = first;
  const seen = new PlaysAsSeen(random.fork("seen"), plays);
  const rewrittenPlays = plays.length - random.integer(...PLAYS_AFTER_REWRITING);
  let state = 0;

  const write = (cut: Cut): JsonObject => {
    state += 1;
    const { completePlays, openEvents } = cut;
    const finalPlays = completePlays < rewrittenPlays ? 0 : rewrittenPlays;
    const known = plays.slice(0, completePlays + 1).map((play, i): Play => {
      if (i < finalPlays) return play;
      return seen.play(i, i < completePlays ? play.events.length : (openEvents ?? 0), state);
    });
    return writeGameState(simulated, cutGame({ ...first, plays: known }, cut));
  };

  yield* statesBefore(simulated);
  for (const cut of timelineOf(first, random.fork("timeline"))) {
    yield { body: write(cut), since: cut.at };
    // Measurements come in without a new version.
    if (cut.openEvents !== null && random.chance(0.02)) yield { body: write(cut), since: cut.at + 6000 };
  }
  const over = game.endTime;
  yield { body: write({ status: "Game Over", at: over, completePlays: plays.length, openEvents: null }), since: over };
  const late = new Set(random.shuffled(plays.map((play) => play.index)).slice(0, PLAYS_MENDED_LATE));
  const mended = plays.map((play) => (late.has(play.index) ? seen.play(play.index, 0, state) : play));
  yield { body: writeGameState(simulated, { ...first, plays: mended }), since: over + 4 * MINUTE };
  if (first !== game) yield { body: writeGameState(simulated, first), since: over + 30 * MINUTE };
  yield { body: writeGameState(simulated, game), since: over + 15 * HOUR };
}
