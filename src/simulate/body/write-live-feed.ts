import type { PlayedGame } from "../game/game-record.ts";
import type { GameSetting } from "../game-setting.ts";
import type { JsonObject } from "../json-value.ts";
import type { RandomSource } from "../random-source.ts";
import type { Decisions } from "../statistics/decide-pitchers.ts";
import type { GameFigures } from "../statistics/tally-game.ts";
import { writeBoxscore } from "./write-boxscore.ts";
import { writeGameData } from "./write-game-data.ts";
import { writeLinescore } from "./write-linescore.ts";
import { writeMetaData } from "./write-meta-data.ts";
import { writePlays } from "./write-plays.ts";
import { writePerson } from "./write-reference.ts";

export const SIMULATED_COPYRIGHT =
  "SIMULATED by mlb-data-platform: a fictional game of a fictional league, no content of MLB or of any club.";

function writeDecisions({ winner, loser, save }: Decisions): JsonObject {
  return { winner: writePerson(winner), loser: writePerson(loser), ...(save === null ? {} : { save: writePerson(save) }) };
}

/** Writes the whole body of `/api/v1.1/game/{gamePk}/feed/live`: of a finished game, of one that is being played, of one to come. */
export function writeLiveFeed(game: PlayedGame, figures: GameFigures, setting: GameSetting, random: RandomSource): JsonObject {
  return {
    copyright: SIMULATED_COPYRIGHT,
    gamePk: setting.gamePk,
    link: `/api/v1.1/game/${setting.gamePk}/feed/live`,
    metaData: writeMetaData(game),
    gameData: writeGameData(game, setting),
    liveData: {
      plays: writePlays(game, random),
      linescore: writeLinescore(game),
      boxscore: writeBoxscore(game, figures, setting),
      ...(figures.decisions === null ? {} : { decisions: writeDecisions(figures.decisions) }),
      leaders: { hitDistance: {}, hitSpeed: {}, pitchSpeed: {} },
    },
  };
}
