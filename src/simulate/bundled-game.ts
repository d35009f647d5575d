import type { SimulationSpec } from "./simulate-game.ts";

/**
 * The game that comes with the package, under the number of the mission's example command. Its seed was chosen among the first
 * few thousand because its game shows much: a tenth inning with placed runners, a walk-off, an injury, an error, an intentional walk, substitutions of every kind.
 */
export const BUNDLED_GAME: SimulationSpec = { seed: 748, gamePk: 747175, date: "2024-07-12" };
