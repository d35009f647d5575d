import { writeLiveFeed } from "./body/write-live-feed.ts";
import type { PlayedGame } from "./game/game-record.ts";
import { isOver } from "./game/game-status.ts";
import { playGame } from "./game/play-game.ts";
import type { Side } from "./game/side.ts";
import { makeGameSetting } from "./game-setting.ts";
import type { GameSetting } from "./game-setting.ts";
import type { JsonObject } from "./json-value.ts";
import { CLUBS, makeLeague } from "./league/fictional-league.ts";
import type { League } from "./league/fictional-league.ts";
import { rosterOf } from "./league/make-squad.ts";
import { rulesOf } from "./league/season-rules.ts";
import type { Club, Roster } from "./league/team.ts";
import { createRandomSource } from "./random-source.ts";
import type { RandomSource } from "./random-source.ts";
import type { Fixture } from "./season/fixture.ts";
import type { TeamRecord } from "./season/standings.ts";
import { inventSeasons, tallyGame } from "./statistics/tally-game.ts";
import type { SeasonsBefore } from "./statistics/tally-game.ts";

const HOUR = 3_600_000;

export interface SimulationSpec {
  /** Decides everything that is left to chance: the same spec gives the same body, byte by byte. */
  readonly seed: number;
  readonly gamePk: number;
  /** The day of the game at its park, `YYYY-MM-DD`; default 2024-07-12. Its year decides the rules. */
  readonly date?: string;
  /** The day for which it was announced at first, when it was postponed to `date`. */
  readonly postponedFrom?: string;
  /** The inning before which it is suspended, to be resumed on the next day. */
  readonly suspendedIn?: number;
  /** Default: the Mockton Mallards at the Simville Sliders. */
  readonly away?: Club;
  readonly home?: Club;
}

/** The roster of a club in its game number `gameNumber` (from 0). */
export function rosterIn(league: League, club: Club, gameNumber: number, random: RandomSource): Roster {
  const squad = league.squads.find((candidate) => candidate.club === club);
  if (squad === undefined) throw new RangeError(`${club.name} is not in the league`);
  return rosterOf(squad, gameNumber, random.fork(`roster ${club.code}`));
}

/** When a game is played, where that is not as the schedule says. */
export interface OtherTime {
  /** The day for which it was announced at first, and its start then. */
  readonly postponedFrom?: GameSetting["postponedFrom"];
  /** Milliseconds: not before this, as the first game of a double-header holds back the second. */
  readonly earliestStart?: number;
  /** The inning before which it is suspended until the next day. */
  readonly suspendedIn?: number | null;
}

/** Plays a fixture. */
export function playFixture(
  random: RandomSource,
  league: League,
  fixture: Fixture,
  rosters: Readonly<Record<Side, Roster>>,
  { postponedFrom = null, earliestStart = 0, suspendedIn = null }: OtherTime = {},
): { readonly game: PlayedGame; readonly setting: GameSetting } {
  const setting = makeGameSetting(random.fork("setting"), fixture, league.officials, postponedFrom);
  const homePlateUmpire = setting.umpires[0];
  if (homePlateUmpire === undefined) throw new RangeError("a game needs umpires");
  const game = playGame(random.fork("game"), rosters, {
    rules: rulesOf(Number(fixture.date.slice(0, 4))),
    scheduledInnings: fixture.scheduledInnings,
    startTime: Math.max(fixture.startTime, earliestStart),
    canRain: !fixture.home.venue.hasRoof,
    suspendedIn,
    homePlateUmpire,
  });
  return { game, setting };
}

function eveningOf(date: string, home: Club): number {
  return Date.parse(`${date}T19:10:00.000Z`) - home.venue.timeZone.offsetHours * HOUR;
}

/** A single game of the evening: ten past seven where it is played. */
function singleFixture({ gamePk, date = "2024-07-12", away = defaultClub(1), home = defaultClub(0) }: SimulationSpec): Fixture {
  return {
    gamePk,
    date,
    startTime: eveningOf(date, home),
    dayNight: "night",
    away,
    home,
    gameNumber: 1,
    doubleHeader: "N",
    scheduledInnings: 9,
    seriesGameNumber: 1,
    gamesInSeries: 3,
  };
}

function defaultClub(index: number): Club {
  const club = CLUBS[index];
  if (club === undefined) throw new RangeError("the league has no such club");
  return club;
}

/** A record in the middle of a season. */
function inventRecord(random: RandomSource): TeamRecord {
  const wins = random.integer(38, 56);
  return { wins, losses: 93 - wins, isDivisionLeader: false, divisionGamesBack: "-", leagueGamesBack: "-" };
}

function withResult(record: TeamRecord, hasWon: boolean): TeamRecord {
  return { ...record, wins: record.wins + (hasWon ? 1 : 0), losses: record.losses + (hasWon ? 0 : 1) };
}

type Records = Readonly<Record<Side, TeamRecord>>;

/** A game that has been played, with all that its feed tells beside it. */
export interface SimulatedGame {
  readonly game: PlayedGame;
  readonly setting: GameSetting;
  readonly seasons: SeasonsBefore;
  /** How the teams stood before the game, and with it. */
  readonly records: { readonly before: Records; readonly after: Records };
  /** The source of the whole game; what is drawn from it later has a fork of its own. */
  readonly random: RandomSource;
}

/** Plays one game of the fictional league, from the first pitch to the last out. Pure: no clock, no input or output. */
export function playSimulation(spec: SimulationSpec): SimulatedGame {
  const random = createRandomSource(spec.seed);
  const fixture = singleFixture(spec);
  const { away, home } = fixture;
  const league = makeLeague(random.fork("league"));
  const rosters = { away: rosterIn(league, away, 0, random), home: rosterIn(league, home, 0, random) };
  const { postponedFrom: day, suspendedIn = null } = spec;
  const postponedFrom = day === undefined ? null : { date: day, startTime: eveningOf(day, home) };
  const { game, setting } = playFixture(random, league, fixture, rosters, { postponedFrom, suspendedIn });
  const before = { away: inventRecord(random.fork(`record ${away.code}`)), home: inventRecord(random.fork(`record ${home.code}`)) };
  const hasHomeWon = winnerOf(game) === "home";
  const after = { away: withResult(before.away, !hasHomeWon), home: withResult(before.home, hasHomeWon) };
  return { game, setting, seasons: inventSeasons(rosters, random.fork("figures")), records: { before, after }, random };
}

export function winnerOf(game: PlayedGame): Side {
  const last = game.plays.at(-1);
  if (last === undefined) throw new RangeError("nothing was played");
  return last.score.home > last.score.away ? "home" : "away";
}

/** Writes the body of the live feed for as much of the game as `game` holds. */
export function writeGameState({ setting, seasons, records, random }: SimulatedGame, game: PlayedGame): JsonObject {
  const figures = tallyGame(game, seasons);
  return writeLiveFeed({ game, figures, setting, records: isOver(game.status) ? records.after : records.before }, random.fork("zones"));
}

/** Simulates one game and gives it as the body of the live feed: its final state, in the shape and size of real ones. */
export function simulateGame(spec: SimulationSpec): JsonObject {
  const simulated = playSimulation(spec);
  return writeGameState(simulated, simulated.game);
}
