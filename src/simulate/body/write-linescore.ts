import { ordinal, runnersOn } from "../game/base-state.ts";
import type { Play, PlayedGame } from "../game/game-record.ts";
import type { Side } from "../game/side.ts";
import { isHit } from "../game/game-record.ts";
import { otherSide } from "../game/side.ts";
import type { TeamInGame } from "../game/team-in-game.ts";
import type { JsonObject } from "../json-value.ts";
import { writePerson, writeTeamName } from "./write-reference.ts";

/** Runs, hits, errors and runners left on base of one team in some innings; `isBatted` is false where it did not bat. */
export interface LinescoreEntry {
  readonly runs: number;
  readonly hits: number;
  readonly errors: number;
  readonly leftOnBase: number;
  readonly isBatted: boolean;
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
    hits: batted.filter((play) => isHit(play.eventType)).length,
    errors: credits.filter(({ credit }) => credit === "f_fielding_error" || credit === "f_throwing_error").length,
    leftOnBase: lastOfHalf.reduce((sum, play) => sum + runnersOn(play.basesAfter), 0),
    isBatted: batted.length > 0,
  };
}

function writeEntry({ runs, hits, errors, leftOnBase, isBatted }: LinescoreEntry): JsonObject {
  return { ...(isBatted ? { runs } : {}), hits, errors, leftOnBase };
}

function writeBatters(team: TeamInGame, first: number): JsonObject {
  return {
    batter: writePerson(team.batter(first).player),
    onDeck: writePerson(team.batter(first + 1).player),
    inHole: writePerson(team.batter(first + 2).player),
  };
}

function writeDefense(team: TeamInGame): JsonObject {
  const fielder = (position: Parameters<TeamInGame["fielder"]>[0]): JsonObject => writePerson(team.fielder(position));
  return {
    pitcher: fielder("P"),
    catcher: fielder("C"),
    first: fielder("1B"),
    second: fielder("2B"),
    third: fielder("3B"),
    shortstop: fielder("SS"),
    left: fielder("LF"),
    center: fielder("CF"),
    right: fielder("RF"),
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
function walkOffNote(last: Play): JsonObject {
  const outs = last.score.home > last.score.away && last.battingSide === "home" ? OUTS[last.count.outs] : undefined;
  return outs === undefined ? {} : { note: `${outs} out when winning run scored.` };
}

/** Writes `liveData.linescore`. */
export function writeLinescore(game: PlayedGame): JsonObject {
  const last = game.plays.at(-1);
  if (last === undefined) throw new RangeError("nothing was played");
  const isTop = last.battingSide === "away";
  const half = isTop ? "Top" : "Bottom";
  return {
    ...walkOffNote(last),
    currentInning: last.inning,
    currentInningOrdinal: ordinal(last.inning),
    inningState: half,
    inningHalf: half,
    isTopInning: isTop,
    scheduledInnings: game.conditions.scheduledInnings,
    innings: Array.from({ length: last.inning }, (_, i) => ({
      num: i + 1,
      ordinalNum: ordinal(i + 1),
      home: writeEntry(linescoreOf(game, "home", i + 1)),
      away: writeEntry(linescoreOf(game, "away", i + 1)),
    })),
    teams: { home: writeEntry(linescoreOf(game, "home")), away: writeEntry(linescoreOf(game, "away")) },
    defense: writeDefense(game.teams[otherSide(last.battingSide)]),
    offense: writeOffense(game, game.teams[last.battingSide]),
    balls: last.count.balls,
    strikes: last.count.strikes,
    outs: last.count.outs,
  };
}
