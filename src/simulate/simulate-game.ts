import type { PlayedGame } from "./game/game-record.ts";
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
import { writeGameState } from "./simulated-game.ts";
import type { SimulatedGame } from "./simulated-game.ts";
import type { TeamRecord } from "./season/standings.ts";
import { inventSeason } from "./statistics/season-lines.ts";
import { playersOf, seasonsBefore } from "./statistics/tally-game.ts";

const HOUR = 3_600_000;

export interface SimulationSpec {
  /** Decides everything that is left to chance: the same spec gives the same body, byte by byte. */
  readonly seed: number;
  readonly gamePk: number;
  /** The day of the game at its park, `YYYY-MM-DD`; default 2024-07-12. Its year decides the rules. */
  readonly date?: string;
  /** The day for which it was announced at first, when it was put off to `date`. */
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

/** Plays a fixture; `earliestStart` (milliseconds) holds it back, as the first game of a double-header does the second. */
export function playFixture(
  random: RandomSource,
  league: League,
  fixture: Fixture,
  rosters: Readonly<Record<Side, Roster>>,
  earliestStart = 0,
): { readonly game: PlayedGame; readonly setting: GameSetting } {
  const setting = makeGameSetting(random.fork("setting"), fixture, league.officials);
  const homePlateUmpire = setting.umpires[0];
  if (homePlateUmpire === undefined) throw new RangeError("a game needs umpires");
  const game = playGame(random.fork("game"), rosters, {
    rules: rulesOf(Number(fixture.date.slice(0, 4))),
    scheduledInnings: fixture.scheduledInnings,
    startTime: Math.max(fixture.startTime, earliestStart),
    canRain: !fixture.home.venue.hasRoof,
    suspendedIn: fixture.suspendedIn ?? null,
    homePlateUmpire,
  });
  return { game, setting };
}

/** A single game of the evening: ten past seven where it is played. */
function singleFixture(spec: SimulationSpec): Fixture {
  const { gamePk, date = "2024-07-12", postponedFrom, suspendedIn, away = defaultClub(1), home = defaultClub(0) } = spec;
  const startOn = (day: string): number => Date.parse(`${day}T19:10:00.000Z`) - home.venue.timeZone.offsetHours * HOUR;
  return {
    gamePk,
    date,
    startTime: startOn(date),
    ...(postponedFrom === undefined ? {} : { postponedFrom: { date: postponedFrom, startTime: startOn(postponedFrom) } }),
    ...(suspendedIn === undefined ? {} : { suspendedIn }),
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

/** A record before a game that is one of its season's 94th. */
function inventRecord(random: RandomSource): TeamRecord {
  const wins = random.integer(38, 56);
  return { wins, losses: 93 - wins, isDivisionLeader: false, divisionGamesBack: "-", leagueGamesBack: "-" };
}

function withGame(record: TeamRecord, hasWon: boolean): TeamRecord {
  return hasWon ? { ...record, wins: record.wins + 1 } : { ...record, losses: record.losses + 1 };
}

/** Plays a single game of the fictional league, from the first pitch to the last out. Pure: no clock, no input or output. */
export function playSingleGame(spec: SimulationSpec): SimulatedGame {
  const random = createRandomSource(spec.seed);
  const fixture = singleFixture(spec);
  const league = makeLeague(random.fork("league"));
  const rosters = { away: rosterIn(league, fixture.away, 0, random), home: rosterIn(league, fixture.home, 0, random) };
  const { game, setting } = playFixture(random, league, fixture, rosters);
  const invented = random.fork("figures");
  const players = [...playersOf(rosters.away), ...playersOf(rosters.home)];
  const seasons = new Map(players.map((player) => [player, inventSeason(invented.fork(`season ${player.id}`), player)]));
  const last = game.plays.at(-1);
  const hasHomeWon = last !== undefined && last.score.home > last.score.away;
  const before = {
    away: inventRecord(random.fork(`record ${fixture.away.code}`)),
    home: inventRecord(random.fork(`record ${fixture.home.code}`)),
  };
  const after = { away: withGame(before.away, !hasHomeWon), home: withGame(before.home, hasHomeWon) };
  return { game, setting, before: seasonsBefore(seasons), records: { before, after }, random };
}

/** Simulates a single game and gives it as the body of the live feed: its final state, in the shape and size of real ones. */
export function simulateGame(spec: SimulationSpec): JsonObject {
  const simulated = playSingleGame(spec);
  return writeGameState(simulated, simulated.game);
}
