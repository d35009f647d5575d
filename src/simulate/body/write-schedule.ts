import type { Score, Side } from "../game/side.ts";
import { SIDES, otherSide } from "../game/side.ts";
import type { JsonObject } from "../json-value.ts";
import type { Fixture } from "../season/fixture.ts";
import type { TeamRecord } from "../season/standings.ts";
import { average } from "../statistics/rate-text.ts";
import { SIMULATED_COPYRIGHT } from "./write-live-feed.ts";
import { writeNamed, writeTeamName } from "./write-reference.ts";
import { secondText } from "./write-time.ts";

/** A game in a schedule: played, or (without a score) still to be played. */
export interface ScheduledGame {
  readonly fixture: Fixture;
  readonly records: Readonly<Record<Side, TeamRecord>>;
  readonly score: Score | null;
}

const FINAL = { abstractGameState: "Final", codedGameState: "F", detailedState: "Final", statusCode: "F", startTimeTBD: false } as const;
const SCHEDULED = {
  abstractGameState: "Preview",
  codedGameState: "S",
  detailedState: "Scheduled",
  statusCode: "S",
  startTimeTBD: false,
} as const;

function writeSide({ fixture, records, score }: ScheduledGame, side: Side): JsonObject {
  const { wins, losses } = records[side];
  return {
    leagueRecord: { wins, losses, pct: average(wins, wins + losses) },
    ...(score === null ? {} : { score: score[side] }),
    team: writeTeamName(fixture[side]),
    ...(score === null ? {} : { isWinner: score[side] > score[otherSide(side)] }),
    splitSquad: false,
    seriesNumber: Math.ceil((wins + losses) / fixture.gamesInSeries),
  };
}

function writeGame(game: ScheduledGame): JsonObject {
  const { fixture, score } = game;
  const { gamePk, date, startTime, dayNight, home } = fixture;
  const season = date.slice(0, 4);
  const status = score === null ? { ...SCHEDULED, abstractGameCode: "P" } : { ...FINAL, abstractGameCode: "F" };
  return {
    gamePk,
    link: `/api/v1.1/game/${gamePk}/feed/live`,
    gameType: "R",
    season,
    gameDate: secondText(startTime),
    officialDate: date,
    status,
    teams: Object.fromEntries(SIDES.map((side) => [side, writeSide(game, side)])),
    venue: writeNamed(home.venue, "venues"),
    content: { link: `/api/v1/game/${gamePk}/content` },
    ...(score === null ? {} : { isTie: false }),
    gameNumber: fixture.gameNumber,
    publicFacing: true,
    doubleHeader: fixture.doubleHeader,
    gamedayType: "P",
    tiebreaker: "N",
    calendarEventID: `14-${gamePk}-${date}`,
    seasonDisplay: season,
    dayNight,
    scheduledInnings: fixture.scheduledInnings,
    reverseHomeAwayStatus: false,
    inningBreakLength: 120,
    gamesInSeries: fixture.gamesInSeries,
    seriesGameNumber: fixture.seriesGameNumber,
    seriesDescription: "Regular Season",
    recordSource: "S",
    ifNecessary: "N",
    ifNecessaryDescription: "Normal Game",
  };
}

/** Writes the body of `/api/v1/schedule?date=` for a day with games. */
export function writeScheduleDay(date: string, games: readonly ScheduledGame[]): JsonObject {
  const totals = { totalItems: games.length, totalEvents: 0, totalGames: games.length, totalGamesInProgress: 0 };
  return {
    copyright: SIMULATED_COPYRIGHT,
    ...totals,
    dates: [{ date, ...totals, games: games.map(writeGame), events: [] }],
  };
}
