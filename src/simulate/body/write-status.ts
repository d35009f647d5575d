import type { GameStatus } from "../game/game-status.ts";
import type { JsonObject } from "../json-value.ts";

interface StatusCodes {
  readonly abstractGameState: "Preview" | "Live" | "Final";
  readonly codedGameState: string;
  readonly statusCode: string;
}

/** A postponed game is final to the feed: its number will not be played on that day. */
const STATUS_CODES: Readonly<Record<GameStatus, StatusCodes>> = {
  Scheduled: { abstractGameState: "Preview", codedGameState: "S", statusCode: "S" },
  "Pre-Game": { abstractGameState: "Preview", codedGameState: "P", statusCode: "P" },
  "Delayed Start: Rain": { abstractGameState: "Preview", codedGameState: "P", statusCode: "PR" },
  Warmup: { abstractGameState: "Live", codedGameState: "P", statusCode: "PW" },
  "In Progress": { abstractGameState: "Live", codedGameState: "I", statusCode: "I" },
  "Delayed: Rain": { abstractGameState: "Live", codedGameState: "I", statusCode: "IR" },
  "Suspended: Rain": { abstractGameState: "Live", codedGameState: "T", statusCode: "TR" },
  Postponed: { abstractGameState: "Final", codedGameState: "D", statusCode: "DR" },
  "Game Over": { abstractGameState: "Final", codedGameState: "O", statusCode: "O" },
  Final: { abstractGameState: "Final", codedGameState: "F", statusCode: "F" },
};

/** Writes `gameData.status`. */
export function writeStatus(status: GameStatus): JsonObject {
  const { abstractGameState, codedGameState, statusCode } = STATUS_CODES[status];
  return {
    abstractGameState,
    codedGameState,
    detailedState: status,
    statusCode,
    startTimeTBD: false,
    abstractGameCode: abstractGameState.charAt(0),
  };
}
