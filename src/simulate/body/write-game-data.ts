import { CHALLENGES } from "../game/challenge-call.ts";
import { MOUND_VISITS } from "../game/manage-team.ts";
import type { PlayedGame } from "../game/game-record.ts";
import { isAnnounced, isOver } from "../game/game-status.ts";
import type { Side } from "../game/side.ts";
import type { GameSetting } from "../game-setting.ts";
import type { JsonObject } from "../json-value.ts";
import { SIMULATED_LEAGUE, SIMULATED_SPORT } from "../league/fictional-league.ts";
import type { Roster, Venue } from "../league/team.ts";
import { average } from "../statistics/rate-text.ts";
import { playersOf } from "../statistics/tally-game.ts";
import { writePlayer } from "./write-player.ts";
import { writeNamed, writePerson, writeTeam } from "./write-reference.ts";
import { writeStatus } from "./write-status.ts";
import { writtenOnce } from "./written-once.ts";
import { clockText, instantText } from "./write-time.ts";

function writeRecord({ wins, losses }: Roster["record"]): JsonObject {
  const pct = average(wins, wins + losses);
  return {
    gamesPlayed: wins + losses,
    wildCardGamesBack: "-",
    leagueGamesBack: "-",
    springLeagueGamesBack: "-",
    sportGamesBack: "-",
    divisionGamesBack: "-",
    conferenceGamesBack: "-",
    leagueRecord: { wins, losses, ties: 0, pct },
    records: {},
    divisionLeader: false,
    wins,
    losses,
    winningPercentage: pct,
  };
}

function writeGameTeam({ club, record }: Roster, season: number): JsonObject {
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
      roofType: "Open",
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
  return Object.fromEntries(players.map((player) => [`ID${player.id}`, writePlayer(player, setting.date)]));
});

/** The attendance and the duration are known when the game is over. */
function writeGameInfo(game: PlayedGame, setting: GameSetting): JsonObject {
  if (!isAnnounced(game.status)) return {};
  const firstPitch = instantText(setting.startTime);
  if (!isOver(game.status)) return { firstPitch };
  return {
    attendance: setting.attendance,
    firstPitch,
    gameDurationMinutes: Math.round((game.endTime - game.startTime) / 60_000),
  };
}

/** Writes `gameData`: all that is known of the game apart from its course. */
export function writeGameData(game: PlayedGame, setting: GameSetting): JsonObject {
  const { away, home } = game.rosters;
  const season = Number(setting.date.slice(0, 4));
  const venue = home.club.venue;
  const { gamePk, weather, date } = setting;
  return {
    game: {
      pk: gamePk,
      type: "R",
      doubleHeader: "N",
      id: `${date.replaceAll("-", "/")}/${away.club.code}sim-${home.club.code}sim-1`,
      gamedayType: "P",
      tiebreaker: "N",
      gameNumber: 1,
      calendarEventID: `14-${gamePk}-${date}`,
      season: String(season),
      seasonDisplay: String(season),
    },
    datetime: {
      dateTime: instantText(setting.startTime).replace(".000Z", "Z"),
      originalDate: setting.postponedFrom?.date ?? date,
      officialDate: date,
      dayNight: "night",
      ...clockText(setting.startTime, venue.timeZone.offsetHours),
    },
    status: writeStatus(game.status),
    teams: bothSides((side) => writeGameTeam(game.rosters[side], season)),
    players: writePlayers(setting, game.rosters),
    venue: writeVenue(venue, season),
    officialVenue: { id: venue.id, link: `/api/v1/venues/${venue.id}` },
    weather: isAnnounced(game.status)
      ? { condition: weather.condition, temp: String(weather.fahrenheit), wind: `${weather.windMph} mph, ${weather.windDirection}` }
      : {},
    gameInfo: writeGameInfo(game, setting),
    review: {
      hasChallenges: game.plays.some((play) => play.challenge !== null),
      ...bothSides((side) => ({ used: game.teams[side].challenges, remaining: CHALLENGES - game.teams[side].challenges })),
    },
    flags: writeFlags(game),
    alerts: [],
    probablePitchers: bothSides((side) => writePerson(game.rosters[side].startingPitcher)),
    ...(isAnnounced(game.status)
      ? { officialScorer: writePerson(setting.officialScorer), primaryDatacaster: writePerson(setting.datacaster) }
      : {}),
    moundVisits: bothSides((side) => ({ used: game.teams[side].moundVisits, remaining: MOUND_VISITS - game.teams[side].moundVisits })),
  };
}
