import type { PlayedGame } from "../game/game-record.ts";
import type { GameSetting } from "../game-setting.ts";
import type { Side } from "../game/side.ts";
import type { JsonObject } from "../json-value.ts";
import type { RandomSource } from "../random-source.ts";
import type { TeamRecord } from "../season/standings.ts";
import type { GameFigures } from "../statistics/tally-game.ts";
import { writeBoxscore } from "./write-boxscore.ts";
import { writeGameData } from "./write-game-data.ts";
import { writeLinescore } from "./write-linescore.ts";
import { writePlays } from "./write-plays.ts";
import { writePerson } from "./write-reference.ts";
import { timeStampText } from "./write-time.ts";

export const SIMULATED_COPYRIGHT =
  "SIMULATED by mlb-data-platform: a fictional game of a fictional league, no content of MLB or of any club.";

/** All that a feed tells: what was played, what it counts for, where, and how the teams stand with it. */
export interface FeedSource {
  readonly game: PlayedGame;
  readonly figures: GameFigures;
  readonly setting: GameSetting;
  /** This game included. */
  readonly records: Readonly<Record<Side, TeamRecord>>;
}

/** Writes the whole body of `/api/v1.1/game/{gamePk}/feed/live` for a finished game. */
export function writeLiveFeed({ game, figures, setting, records }: FeedSource, random: RandomSource): JsonObject {
  const { gamePk } = setting.fixture;
  const { winner, loser, save } = figures.decisions;
  const last = game.plays.at(-1);
  return {
    copyright: SIMULATED_COPYRIGHT,
    gamePk,
    link: `/api/v1.1/game/${gamePk}/feed/live`,
    metaData: {
      wait: 10,
      timeStamp: timeStampText(game.endTime),
      gameEvents: [last?.eventType ?? "", "game_finished"],
      logicalEvents: ["midInning", "countChange", `count${last?.count.balls ?? 0}${last?.count.strikes ?? 0}`, "gameStateChangeToGameOver"],
    },
    gameData: writeGameData(game, setting, records),
    liveData: {
      plays: writePlays(game, random),
      linescore: writeLinescore(game),
      boxscore: writeBoxscore(game, figures, setting),
      decisions: { winner: writePerson(winner), loser: writePerson(loser), ...(save === null ? {} : { save: writePerson(save) }) },
      leaders: { hitDistance: {}, hitSpeed: {}, pitchSpeed: {} },
    },
  };
}
