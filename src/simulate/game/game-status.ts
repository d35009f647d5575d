/** The feed's word for where a game stands (`detailedState`). */
export const GAME_STATUSES = [
  "Scheduled",
  "Pre-Game",
  "Delayed Start: Rain",
  "Warmup",
  "In Progress",
  "Delayed: Rain",
  "Suspended: Rain",
  "Postponed",
  "Game Over",
  "Final",
] as const;
export type GameStatus = (typeof GAME_STATUSES)[number];

/** Whether the last out has been made, and so whether the game has a winner. */
export function isOver(status: GameStatus): boolean {
  return status === "Game Over" || status === "Final";
}

/** Whether line-ups, weather and officials are known: from the moment that the clubs hand in their line-up cards. */
export function isAnnounced(status: GameStatus): boolean {
  return status !== "Scheduled" && status !== "Postponed";
}
