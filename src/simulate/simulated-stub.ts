import { createHash } from "node:crypto";
import type { JsonObject } from "./json-value.ts";
import type { SeasonAnswer } from "./season/simulate-season.ts";
import { simulateGame, writeGameState } from "./simulate-game.ts";
import type { SimulatedGame, SimulationSpec } from "./simulate-game.ts";
import { pollStates } from "./states/simulate-states.ts";

/** A recorded answer in the layout of the Python client `pymlb_statsapi`. */
export interface StubEnvelope {
  readonly endpoint: string;
  readonly method: string;
  readonly path_params: Readonly<Record<string, string>>;
  readonly query_params: Readonly<Record<string, string>>;
  readonly url: string;
  readonly status_code: number;
  /** Where the answer itself does not tell its time. */
  readonly captured_at?: string;
  readonly response: JsonObject;
}

/** The host in the URL of a simulated answer: no such host can exist (RFC 2606), so the origin is seen without the body. */
export const SIMULATED_HOST = "simulated.invalid";

/** The methods whose answers are simulated, by the names of the client. */
export const FEED_METHOD = { endpoint: "game", method: "liveGameV1" } as const;
export const SCHEDULE_METHOD = { endpoint: "schedule", method: "schedule" } as const;

/** Gives the stub of a game's live feed; `capturedAt` (ISO 8601, UTC) where one of many answers is meant. */
export function gameStub(gamePk: number, response: JsonObject, capturedAt?: string): StubEnvelope {
  return {
    ...FEED_METHOD,
    path_params: { game_pk: String(gamePk) },
    query_params: {},
    url: `https://${SIMULATED_HOST}/api/v1.1/game/${gamePk}/feed/live`,
    status_code: 200,
    ...(capturedAt === undefined ? {} : { captured_at: capturedAt }),
    response,
  };
}

/** Gives the stub of a single simulated game's live feed, as if the API had been asked for it. */
export function simulatedStub(spec: SimulationSpec): StubEnvelope {
  return gameStub(spec.gamePk, simulateGame(spec));
}

function finalStub(simulated: SimulatedGame): StubEnvelope {
  return gameStub(simulated.setting.fixture.gamePk, writeGameState(simulated, simulated.game));
}

/** Gives the stubs of all answers that polling a game's feed would have brought. */
export function* stateStubs(simulated: SimulatedGame): Generator<StubEnvelope> {
  const { gamePk } = simulated.setting.fixture;
  for (const { body, capturedAt } of pollStates(simulated)) yield gameStub(gamePk, body, capturedAt);
}

/** Gives the stub of an answer of a season. */
export function seasonStub(answer: SeasonAnswer): StubEnvelope {
  if (answer.kind === "game") return finalStub(answer.simulated);
  return {
    ...SCHEDULE_METHOD,
    path_params: {},
    query_params: { sportId: "1", date: answer.date },
    url: `https://${SIMULATED_HOST}/api/v1/schedule?sportId=1&date=${answer.date}`,
    status_code: 200,
    captured_at: new Date(answer.askedAt).toISOString(),
    response: answer.body,
  };
}

/**
 * Where a stub lies in a stub folder: `game/liveGameV1/liveGameV1_game_pk=747175_….json.gz`. The last part is a hash of the
 * parameters (ours: the client's own is not documented), and the time of the answer where the stub says it, so that many answers of one
 * request lie side by side; stubs are found by their envelope, never by their name.
 */
export function stubPath(stub: StubEnvelope): string {
  const parameters = Object.entries({ ...stub.path_params, ...stub.query_params }).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const hash = createHash("sha256").update(JSON.stringify(parameters)).digest("hex").slice(0, 8);
  const name = [stub.method, ...parameters.map(([key, value]) => `${key}=${value}`), hash, ...timeIn(stub)].join("_");
  return `${stub.endpoint}/${stub.method}/${name}.json.gz`;
}

/** "20240713T041909123Z" */
function timeIn({ captured_at: capturedAt }: StubEnvelope): string[] {
  return capturedAt === undefined ? [] : [capturedAt.replaceAll(/[-:.]/g, "")];
}
