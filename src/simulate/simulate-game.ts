import { writeLiveFeed } from "./body/write-live-feed.ts";
import { playGame } from "./game/play-game.ts";
import type { PlayedGame } from "./game/game-record.ts";
import { makeGameSetting } from "./game-setting.ts";
import type { GameSetting } from "./game-setting.ts";
import type { JsonObject } from "./json-value.ts";
import { MOCKTON_MALLARDS, SIMVILLE_SLIDERS } from "./league/fictional-league.ts";
import { SURNAMES } from "./league/invented-names.ts";
import { makeRoster } from "./league/make-roster.ts";
import type { Club } from "./league/team.ts";
import { createRandomSource } from "./random-source.ts";
import type { RandomSource } from "./random-source.ts";
import { inventSeasons, tallyGame } from "./statistics/tally-game.ts";
import type { SeasonsBefore } from "./statistics/tally-game.ts";

const PLAYERS_PER_CLUB = 26;
const FIRST_ID = 990_000;
const FIRST_OFFICIAL_ID = 995_001;
const HOUR = 3_600_000;

export interface SimulationSpec {
  /** Decides everything that is left to chance: the same spec gives the same body, byte by byte. */
  readonly seed: number;
  readonly gamePk: number;
  /** The day of the game at its park, `YYYY-MM-DD`; default 2024-07-12. */
  readonly date?: string;
  /** The day for which it was announced at first, when it was postponed to `date`. */
  readonly postponedFrom?: string;
  /** Default: the Mockton Mallards at the Simville Sliders. */
  readonly away?: Club;
  readonly home?: Club;
}

/** A game that has been played, with all that its feed tells beside it. */
export interface SimulatedGame {
  readonly game: PlayedGame;
  readonly setting: GameSetting;
  readonly seasons: SeasonsBefore;
  /** The source of the whole game; what is drawn from it later has a fork of its own. */
  readonly random: RandomSource;
}

/** Plays one game of the fictional league, from the first pitch to the last out. Pure: no clock, no input or output. */
export function playSimulation(spec: SimulationSpec): SimulatedGame {
  const { seed, gamePk, date = "2024-07-12", postponedFrom, away = MOCKTON_MALLARDS, home = SIMVILLE_SLIDERS } = spec;
  const random = createRandomSource(seed);
  const season = Number(date.slice(0, 4));
  const names = random.fork("names").shuffled(SURNAMES);
  const roster = (club: Club, order: number): ReturnType<typeof makeRoster> => {
    const wins = random.fork(`record ${club.code}`).integer(38, 56);
    return makeRoster(random.fork(club.code), {
      club,
      season,
      record: { wins, losses: 94 - wins },
      firstPlayerId: FIRST_ID + order * 100 + 1,
      lastNames: names.slice(order * PLAYERS_PER_CLUB, (order + 1) * PLAYERS_PER_CLUB),
    });
  };
  const rosters = { away: roster(away, 0), home: roster(home, 1) };
  // A night game: ten past seven where it is played.
  const startOn = (day: string): number => Date.parse(`${day}T19:10:00.000Z`) - home.venue.timeZone.offsetHours * HOUR;
  const startTime = startOn(date);
  const setting = makeGameSetting(random.fork("setting"), {
    gamePk,
    date,
    startTime,
    postponedFrom: postponedFrom === undefined ? null : { date: postponedFrom, startTime: startOn(postponedFrom) },
    capacity: home.venue.capacity,
    firstOfficialId: FIRST_OFFICIAL_ID,
    lastNames: names.slice(2 * PLAYERS_PER_CLUB),
  });
  const game = playGame(random.fork("game"), rosters, startTime);
  return { game, setting, seasons: inventSeasons(rosters, random.fork("figures")), random };
}

/** Writes the body of the live feed for as much of the game as `game` holds. */
export function writeGameState({ setting, seasons, random }: SimulatedGame, game: PlayedGame): JsonObject {
  return writeLiveFeed(game, tallyGame(game, seasons), setting, random.fork("zones"));
}

/** Simulates one game and gives it as the body of the live feed: its final state, in the shape and size of real ones. */
export function simulateGame(spec: SimulationSpec): JsonObject {
  const simulated = playSimulation(spec);
  return writeGameState(simulated, simulated.game);
}
