import type { PlayedGame } from "../game/game-record.ts";
import type { GameSetting } from "../game-setting.ts";
import type { Side } from "../game/side.ts";
import type { JsonObject } from "../json-value.ts";
import type { RandomSource } from "../random-source.ts";
import type { TeamRecord } from "../season/standings.ts";
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

/** All that a feed tells: what was played, what it counts for, where, and how the teams stand with it. */
export interface FeedSource {
  readonly game: PlayedGame;
  readonly figures: GameFigures;
  readonly setting: GameSetting;
  /** This game included, if it is over. */
  readonly records: Readonly<Record<Side, TeamRecord>>;
}

function writeDecisions({ winner, loser, save }: Decisions): JsonObject {
  return { winner: writePerson(winner), loser: writePerson(loser), ...(save === null ? {} : { save: writePerson(save) }) };
}

/** Writes the whole body of `/api/v1.1/game/{gamePk}/feed/live`: of a finished game, of one that is being played, of one to come. */
export function writeLiveFeed({ game, figures, setting, records }: FeedSource, random: RandomSource): JsonObject {
  const { gamePk } = setting.fixture;
  return {
    copyright: SIMULATED_COPYRIGHT,
    gamePk,
    link: `/api/v1.1/game/${gamePk}/feed/live`,
    metaData: writeMetaData(game),
    gameData: writeGameData(game, setting, records),
    liveData: {
      plays: writePlays(game, random),
      linescore: writeLinescore(game),
      boxscore: writeBoxscore(game, figures, setting),
      ...(figures.decisions === null ? {} : { decisions: writeDecisions(figures.decisions) }),
      leaders: { hitDistance: {}, hitSpeed: {}, pitchSpeed: {} },
    },
  };
}
