import { MANAGER_REVIEWS, PITCH_CHALLENGES } from "../game/review-call.ts";
import type { PlayedGame } from "../game/game-record.ts";
import { isAnnounced, isOver } from "../game/game-status.ts";
import type { Side } from "../game/side.ts";
import type { GameSetting } from "../game-setting.ts";
import type { JsonObject } from "../json-value.ts";
import { SIMULATED_LEAGUE, SIMULATED_SPORT } from "../league/fictional-league.ts";
import type { Club, Venue } from "../league/team.ts";
import type { TeamRecord } from "../season/standings.ts";
import { average } from "../statistics/rate-text.ts";
import { playersOf } from "../statistics/tally-game.ts";
import { writePlayer } from "./write-player.ts";
import { writeNamed, writePerson, writeTeam } from "./write-reference.ts";
import { writeStatus } from "./write-status.ts";
import { writtenOnce } from "./written-once.ts";
import { clockText, durationMinutes, instantText, secondText } from "./write-time.ts";

function writeRecord({ wins, losses, isDivisionLeader, divisionGamesBack, leagueGamesBack }: TeamRecord): JsonObject {
  const pct = average(wins, wins + losses);
  return {
    gamesPlayed: wins + losses,
    wildCardGamesBack: "-",
    leagueGamesBack,
    springLeagueGamesBack: "-",
    sportGamesBack: leagueGamesBack,
    divisionGamesBack,
    conferenceGamesBack: "-",
    leagueRecord: { wins, losses, ties: 0, pct },
    records: {},
    divisionLeader: isDivisionLeader,
    wins,
    losses,
    winningPercentage: pct,
  };
}

function writeGameTeam(club: Club, record: TeamRecord, season: number): JsonObject {
  return {
    ...writeTeam(club),
    season,
    venue: writeNamed(club.venue, "venues"),
    springVenue: { id: club.springVenueId, link: `/api/v1/venues/${club.springVenueId}` },
    teamCode: club.code,
    fileCode: club.code,
    abbreviation: club.abbreviation,
    teamName: club.clubName,
    locationName: club.locationName,
    firstYearOfPlay: club.firstYearOfPlay,
    league: writeNamed(SIMULATED_LEAGUE, "league"),
    division: writeNamed(club.division, "divisions"),
    sport: writeNamed(SIMULATED_SPORT, "sports"),
    shortName: club.locationName,
    record: writeRecord(record),
    franchiseName: club.locationName,
    clubName: club.clubName,
    active: true,
  };
}

function writeVenue(venue: Venue, season: number): JsonObject {
  const [leftLine, left, leftCenter, center, rightCenter, right, rightLine] = venue.fenceFeet;
  return {
    ...writeNamed(venue, "venues"),
    location: {
      address1: venue.address,
      city: venue.city,
      state: venue.state,
      stateAbbrev: venue.stateAbbreviation,
      postalCode: venue.postalCode,
      defaultCoordinates: { latitude: venue.latitude, longitude: venue.longitude },
      azimuthAngle: venue.azimuthDegrees,
      elevation: venue.elevationFeet,
      country: "Simland",
      phone: venue.phone,
    },
    timeZone: {
      id: venue.timeZone.id,
      offset: venue.timeZone.offsetHours,
      offsetAtGameTime: venue.timeZone.offsetHours,
      tz: venue.timeZone.name,
    },
    fieldInfo: {
      capacity: venue.capacity,
      turfType: "Grass",
      roofType: venue.hasRoof ? "Retractable" : "Open",
      leftLine,
      left,
      leftCenter,
      center,
      rightCenter,
      right,
      rightLine,
    },
    active: true,
    season: String(season),
  };
}

function bothSides(write: (side: Side) => JsonObject): JsonObject {
  return { away: write("away"), home: write("home") };
}

/** Nobody of the other side has reached first base by a hit, or at all. */
function isNoHitter(game: PlayedGame, pitchingSide: Side, kind: "hits" | "runners"): boolean {
  const faced = game.plays.filter((play) => play.battingSide !== pitchingSide);
  return faced.every((play) => (kind === "hits" ? !["single", "double", "triple", "home_run"].includes(play.eventType) : play.isOut));
}

function writeFlags(game: PlayedGame): JsonObject {
  const isDone = isOver(game.status);
  const flags = {
    awayTeamNoHitter: isDone && isNoHitter(game, "away", "hits"),
    awayTeamPerfectGame: isDone && isNoHitter(game, "away", "runners"),
    homeTeamNoHitter: isDone && isNoHitter(game, "home", "hits"),
    homeTeamPerfectGame: isDone && isNoHitter(game, "home", "runners"),
  };
  return {
    noHitter: flags.awayTeamNoHitter || flags.homeTeamNoHitter,
    perfectGame: flags.awayTeamPerfectGame || flags.homeTeamPerfectGame,
    ...flags,
  };
}

const writePlayers = writtenOnce((setting: GameSetting, { away, home }: PlayedGame["rosters"]): JsonObject => {
  const players = [...playersOf(away), ...playersOf(home)];
  return Object.fromEntries(players.map((player) => [`ID${player.id}`, writePlayer(player, setting.fixture.date)]));
});

const MINUTE = 60_000;

/** The attendance and the duration are known when the game is over. */
function writeGameInfo(game: PlayedGame, setting: GameSetting): JsonObject {
  if (!isAnnounced(game.status)) return {};
  const firstPitch = instantText(game.startTime);
  if (!isOver(game.status)) return { firstPitch };
  const delay = Math.round((game.delays.ofStart + game.delays.inGame) / MINUTE);
  return {
    attendance: setting.attendance,
    firstPitch,
    gameDurationMinutes: durationMinutes(game),
    ...(delay === 0 ? {} : { delayDurationMinutes: delay }),
  };
}

function writePitchChallenges(game: PlayedGame): JsonObject {
  return {
    hasChallenges: true,
    ...bothSides((side) => {
      const { pitchChallengesWon, pitchChallengesLost } = game.teams[side];
      return {
        usedSuccessful: pitchChallengesWon,
        usedFailed: pitchChallengesLost,
        remaining: PITCH_CHALLENGES - pitchChallengesLost,
      };
    }),
  };
}

function writeWitnesses({ officialScorer, datacaster, secondDatacaster }: GameSetting): JsonObject {
  return {
    officialScorer: writePerson(officialScorer),
    primaryDatacaster: writePerson(datacaster),
    ...(secondDatacaster === null ? {} : { secondaryDatacaster: writePerson(secondDatacaster) }),
  };
}

/** Writes `gameData`: all that is known of the game apart from its course. */
export function writeGameData(game: PlayedGame, setting: GameSetting, records: Readonly<Record<Side, TeamRecord>>): JsonObject {
  const { away, home } = game.rosters;
  const { fixture, weather } = setting;
  const { gamePk, date, gameNumber } = fixture;
  const { season } = game.conditions.rules;
  const venue = home.club.venue;
  return {
    game: {
      pk: gamePk,
      type: "R",
      doubleHeader: fixture.doubleHeader,
      id: `${date.replaceAll("-", "/")}/${away.club.code}sim-${home.club.code}sim-${gameNumber}`,
      gamedayType: "P",
      tiebreaker: "N",
      gameNumber,
      calendarEventID: `14-${gamePk}-${date}`,
      season: String(season),
      seasonDisplay: String(season),
    },
    datetime: {
      dateTime: secondText(fixture.startTime),
      originalDate: setting.postponedFrom?.date ?? date,
      officialDate: date,
      dayNight: fixture.dayNight,
      ...clockText(fixture.startTime, venue.timeZone.offsetHours),
    },
    status: writeStatus(game.status),
    teams: bothSides((side) => writeGameTeam(game.rosters[side].club, records[side], season)),
    players: writePlayers(setting, game.rosters),
    venue: writeVenue(venue, season),
    officialVenue: { id: venue.id, link: `/api/v1/venues/${venue.id}` },
    weather: isAnnounced(game.status)
      ? { condition: weather.condition, temp: String(weather.fahrenheit), wind: `${weather.windMph} mph, ${weather.windDirection}` }
      : {},
    gameInfo: writeGameInfo(game, setting),
    review: {
      hasChallenges: Object.values(game.teams).some((team) => team.reviewsUsed > 0),
      ...bothSides((side) => ({ used: game.teams[side].reviewsUsed, remaining: MANAGER_REVIEWS - game.teams[side].reviewsLost })),
    },
    ...(game.conditions.rules.hasBallStrikeChallenges ? { absChallenges: writePitchChallenges(game) } : {}),
    flags: writeFlags(game),
    alerts: [],
    probablePitchers: bothSides((side) => writePerson(game.rosters[side].startingPitcher)),
    ...(isAnnounced(game.status) ? writeWitnesses(setting) : {}),
    moundVisits: bothSides((side) => ({
      used: game.teams[side].moundVisits,
      remaining: game.conditions.rules.moundVisits - game.teams[side].moundVisits,
    })),
  };
}
