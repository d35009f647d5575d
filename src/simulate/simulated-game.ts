import { writeLiveFeed } from "./body/write-live-feed.ts";
import type { PlayedGame } from "./game/game-record.ts";
import { isOver } from "./game/game-status.ts";
import type { Side } from "./game/side.ts";
import type { GameSetting } from "./game-setting.ts";
import type { JsonObject } from "./json-value.ts";
import type { RandomSource } from "./random-source.ts";
import type { TeamRecord } from "./season/standings.ts";
import { tallyGame } from "./statistics/tally-game.ts";
import type { SeasonBefore } from "./statistics/tally-game.ts";

type TeamRecords = Readonly<Record<Side, TeamRecord>>;

/** A game that has been played, with all that its feed tells beside it. */
export interface SimulatedGame {
  readonly game: PlayedGame;
  readonly setting: GameSetting;
  readonly before: SeasonBefore;
  /** How the teams stood before the game, and how they stand with it. */
  readonly records: { readonly before: TeamRecords; readonly after: TeamRecords };
  /** The source of the whole game; what is drawn from it later has a fork of its own. */
  readonly random: RandomSource;
}

/** Writes the body of the live feed for as much of the game as `game` holds. */
export function writeGameState({ setting, before, records, random }: SimulatedGame, game: PlayedGame): JsonObject {
  const source = { game, figures: tallyGame(game, before), setting, records: isOver(game.status) ? records.after : records.before };
  return writeLiveFeed(source, random.fork("zones"));
}
