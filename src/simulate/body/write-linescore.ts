import { ordinal, runnersOn } from "../game/base-state.ts";
import type { Play, PlayedGame } from "../game/game-record.ts";
import { isOver } from "../game/game-status.ts";
import type { Side } from "../game/side.ts";
import { isHit } from "../game/game-record.ts";
import { otherSide } from "../game/side.ts";
import type { TeamInGame } from "../game/team-in-game.ts";
import type { JsonObject } from "../json-value.ts";
import { writePerson, writeTeamName } from "./write-reference.ts";

/** Runs, hits, errors and runners left on base of one team in some innings; `isBatted` is false where it has not batted to the end. */
export interface LinescoreEntry {
  readonly runs: number;
  readonly hits: number;
  readonly errors: number;
  readonly leftOnBase: number;
  readonly isBatted: boolean;
}

/** The half inning that is being played: nobody has been left on base in it yet. */
function isOpenHalf(game: PlayedGame, play: Play): boolean {
  const last = game.plays.at(-1);
  if (last === undefined || isOver(game.status) || (last.isComplete && last.count.outs === 3)) return false;
  return play.inning === last.inning && play.battingSide === last.battingSide;
}

/** Counts the line score of a side, over all innings or in one. */
export function linescoreOf(game: PlayedGame, side: Side, inning?: number): LinescoreEntry {
  const plays = game.plays.filter((play) => inning === undefined || play.inning === inning);
  const batted = plays.filter((play) => play.battingSide === side);
  const fielded = plays.filter((play) => play.battingSide !== side);
  const lastOfHalf = batted.filter((play, i) => batted[i + 1]?.inning !== play.inning);
  const credits = fielded.flatMap((play) => play.movements.flatMap((movement) => movement.credits));
  return {
    runs: batted.flatMap((play) => play.movements).filter((movement) => movement.end === "score").length,
    hits: batted.filter((play) => play.isComplete && isHit(play.eventType)).length,
    errors: credits.filter(({ credit }) => credit === "f_fielding_error" || credit === "f_throwing_error").length,
    leftOnBase: lastOfHalf.reduce((sum, play) => sum + (isOpenHalf(game, play) ? 0 : runnersOn(play.basesAfter)), 0),
    isBatted: batted.some((play) => !isOpenHalf(game, play)),
  };
}

function writeEntry({ runs, hits, errors, leftOnBase, isBatted }: LinescoreEntry): JsonObject {
  return { ...(isBatted || runs > 0 ? { runs } : {}), hits, errors, leftOnBase };
}

/** Over all innings every figure is there, even before the first out. */
function writeTotals(game: PlayedGame, side: Side): JsonObject {
  return writeEntry({ ...linescoreOf(game, side), isBatted: true });
}

function writeBatters(team: TeamInGame, first: number): JsonObject {
  return {
    batter: writePerson(team.batter(first).player),
    onDeck: writePerson(team.batter(first + 1).player),
    inHole: writePerson(team.batter(first + 2).player),
  };
}

const DEFENSE = [
  ["pitcher", "P"],
  ["catcher", "C"],
  ["first", "1B"],
  ["second", "2B"],
  ["third", "3B"],
  ["shortstop", "SS"],
  ["left", "LF"],
  ["center", "CF"],
  ["right", "RF"],
] as const;

function writeDefense(team: TeamInGame): JsonObject {
  // While a manager moves his players about, a position may be nobody's.
  const fielders = DEFENSE.flatMap(([key, position]): [string, JsonObject][] =>
    team.isManned(position) ? [[key, writePerson(team.fielder(position))]] : [],
  );
  return {
    ...Object.fromEntries(fielders),
    ...writeBatters(team, 0),
    battingOrder: team.batter(0).slot ?? 0,
    team: writeTeamName(team.roster.club),
  };
}

function writeOffense(game: PlayedGame, team: TeamInGame): JsonObject {
  const last = game.plays.at(-1);
  const bases = last === undefined || last.count.outs === 3 ? null : last.basesAfter;
  // After the last plate appearance its batter is still at the plate, as the feed sees it.
  const current = last?.isPlateAppearance === true ? -1 : 0;
  const { "1B": first = null, "2B": second = null, "3B": third = null } = bases ?? {};
  return {
    ...writeBatters(team, current),
    ...(first === null ? {} : { first: writePerson(first.player) }),
    ...(second === null ? {} : { second: writePerson(second.player) }),
    ...(third === null ? {} : { third: writePerson(third.player) }),
    pitcher: writePerson(team.fielder("P")),
    battingOrder: team.batter(current).slot ?? 0,
    team: writeTeamName(team.roster.club),
  };
}

const OUTS = ["No", "One", "Two"] as const;

/** "Two out when winning run scored." of a game that ended before the third out. */
function walkOffNote(game: PlayedGame, last: Play): JsonObject {
  const isWon = isOver(game.status) && last.score.home > last.score.away && last.battingSide === "home";
  const outs = isWon ? OUTS[last.count.outs] : undefined;
  return outs === undefined ? {} : { note: `${outs} out when winning run scored.` };
}

function writeEmptyLinescore(game: PlayedGame): JsonObject {
  const { away, home } = game.rosters;
  return {
    scheduledInnings: game.conditions.scheduledInnings,
    innings: [],
    teams: { home: {}, away: {} },
    defense: { team: writeTeamName(away.club) },
    offense: { team: writeTeamName(home.club) },
  };
}

/** Between half innings the feed says which: after the top or after the bottom. */
function inningState(game: PlayedGame, last: Play, half: "Top" | "Bottom"): string {
  const isBetween = last.isComplete && last.count.outs === 3 && !isOver(game.status);
  return isBetween ? { Top: "Middle", Bottom: "End" }[half] : half;
}

/** Writes `liveData.linescore`. */
export function writeLinescore(game: PlayedGame): JsonObject {
  const last = game.plays.at(-1);
  if (last === undefined) return writeEmptyLinescore(game);
  const isTop = last.battingSide === "away";
  const half = isTop ? "Top" : "Bottom";
  return {
    ...walkOffNote(game, last),
    currentInning: last.inning,
    currentInningOrdinal: ordinal(last.inning),
    inningState: inningState(game, last, half),
    inningHalf: half,
    isTopInning: isTop,
    scheduledInnings: game.conditions.scheduledInnings,
    innings: Array.from({ length: last.inning }, (_, i) => ({
      num: i + 1,
      ordinalNum: ordinal(i + 1),
      home: writeEntry(linescoreOf(game, "home", i + 1)),
      away: writeEntry(linescoreOf(game, "away", i + 1)),
    })),
    teams: { home: writeTotals(game, "home"), away: writeTotals(game, "away") },
    defense: writeDefense(game.teams[otherSide(last.battingSide)]),
    offense: writeOffense(game, game.teams[last.battingSide]),
    balls: last.count.balls,
    strikes: last.count.strikes,
    outs: last.count.outs,
  };
}
