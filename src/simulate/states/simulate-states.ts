import type { JsonObject } from "../json-value.ts";
import { playSimulation } from "../simulate-game.ts";
import type { SimulatedGame, SimulationSpec } from "../simulate-game.ts";
import { feedStates } from "./feed-states.ts";

/** One answer that somebody who polls the feed of a game has got. */
export interface SimulatedState {
  readonly body: JsonObject;
  /** ISO 8601, UTC. */
  readonly capturedAt: string;
}

/** How many states back a stale copy may be. */
const OLDEST_COPY = 4;
const STALE_SHARE = 0.015;

/**
 * Simulates what polling the feed of one game from its announcement to its last correction brings in, in the order of the polls:
 * each state once, and now and then, after a newer one, an older one from a cache. The newest of them is what `simulateGame` gives.
 * Only a few bodies are held at a time. Pure, as `simulateGame` is: the same spec gives the same bodies at the same times.
 */
export function simulateStates(spec: SimulationSpec): Generator<SimulatedState> {
  return pollStates(playSimulation(spec));
}

/** The same of a game that has been played already. */
export function* pollStates(simulated: SimulatedGame): Generator<SimulatedState> {
  const random = simulated.random.fork("polls");
  const copies: JsonObject[] = [];
  let now = 0;
  const answer = (body: JsonObject, since: number): SimulatedState => {
    now = Math.max(now + random.integer(500, 2000), since + random.integer(1500, 9000));
    return { body, capturedAt: new Date(now).toISOString() };
  };
  for (const { body, since } of feedStates(simulated)) {
    yield answer(body, since);
    copies.push(body);
    if (copies.length > OLDEST_COPY) copies.shift();
    const stale = copies[copies.length - OLDEST_COPY];
    if (stale !== undefined && random.chance(STALE_SHARE)) yield answer(stale, now);
  }
}
