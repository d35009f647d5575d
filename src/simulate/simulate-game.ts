import { writeLiveFeed } from "./body/write-live-feed.ts";
import { playGame } from "./game/play-game.ts";
import { makeGameSetting } from "./game-setting.ts";
import type { JsonObject } from "./json-value.ts";
import { MOCKTON_MALLARDS, SIMVILLE_SLIDERS } from "./league/fictional-league.ts";
import { SURNAMES } from "./league/invented-names.ts";
import { makeRoster } from "./league/make-roster.ts";
import type { Club } from "./league/team.ts";
import { createRandomSource } from "./random-source.ts";
import { inventSeasons, tallyGame } from "./statistics/tally-game.ts";

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
  /** Default: the Mockton Mallards at the Simville Sliders. */
  readonly away?: Club;
  readonly home?: Club;
}

/**
 * Simulates one game of the fictional league, from the first pitch to the last out, and gives it as the body of the live feed:
 * a final state, in the shape and size of real ones. Pure: no clock, no input or output.
 */
export function simulateGame(spec: SimulationSpec): JsonObject {
  const { seed, gamePk, date = "2024-07-12", away = MOCKTON_MALLARDS, home = SIMVILLE_SLIDERS } = spec;
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
  const startTime = Date.parse(`${date}T19:10:00.000Z`) - home.venue.timeZone.offsetHours * HOUR;
  const setting = makeGameSetting(random.fork("setting"), {
    gamePk,
    date,
    startTime,
    capacity: home.venue.capacity,
    firstOfficialId: FIRST_OFFICIAL_ID,
    lastNames: names.slice(2 * PLAYERS_PER_CLUB),
  });
  const game = playGame(random.fork("game"), rosters, startTime);
  const seasons = inventSeasons(rosters, random.fork("figures"));
  return writeLiveFeed(game, tallyGame(game, seasons), setting, random.fork("zones"));
}
