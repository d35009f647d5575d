import { isInScoringPosition, ordinal } from "../game/base-state.ts";
import type { Play, PlayedGame } from "../game/game-record.ts";
import type { Side } from "../game/side.ts";
import { isHit } from "../game/game-record.ts";
import type { TeamInGame } from "../game/team-in-game.ts";
import type { JsonObject, JsonValue } from "../json-value.ts";
import type { Player } from "../league/player.ts";
import { isAtBat } from "../statistics/tally-batting.ts";
import type { TeamFigures } from "../statistics/tally-game.ts";
import { linescoreOf } from "./write-linescore.ts";

/** "Quillby 2; Tanglebury.": names with how often, where it was more than once. */
function countedNames(players: readonly Player[]): string {
  const counts = new Map<Player, number>();
  for (const player of players) counts.set(player, (counts.get(player) ?? 0) + 1);
  return `${[...counts].map(([player, count]) => (count === 1 ? player.lastName : `${player.lastName} ${count}`)).join("; ")}.`;
}

function field(label: string, players: readonly Player[]): JsonObject[] {
  return players.length === 0 ? [] : [{ label, value: countedNames(players) }];
}

function battersOf(plays: readonly Play[], eventType: string): Player[] {
  return plays.filter((play) => play.eventType === eventType).map((play) => play.batter);
}

function repeated(player: Player, count: number): Player[] {
  return Array.from({ length: count }, () => player);
}

function battingFields(game: PlayedGame, side: Side, figures: TeamFigures): JsonObject[] {
  const plays = game.plays.filter((play) => play.battingSide === side);
  const players = game.teams[side].appearances.map((appearance) => appearance.player);
  const each = (count: (player: Player) => number): Player[] => players.flatMap((player) => repeated(player, count(player)));
  const risp = plays.filter((play) => isAtBat(play) && isInScoringPosition(play.basesBefore));
  const stranded = plays.filter(
    (play) => play.count.outs === 3 && play.isOut && play.isPlateAppearance && isInScoringPosition(play.basesAfter),
  );
  return [
    ...field("2B", battersOf(plays, "double")),
    ...field("3B", battersOf(plays, "triple")),
    ...field("HR", battersOf(plays, "home_run")),
    ...field(
      "TB",
      each((player) => figures.players.get(player.id)?.batting?.totalBases ?? 0),
    ),
    ...field(
      "RBI",
      each((player) => figures.players.get(player.id)?.batting?.rbi ?? 0),
    ),
    ...field(
      "Runners left in scoring position, 2 out",
      stranded.map((play) => play.batter),
    ),
    ...field("SF", battersOf(plays, "sac_fly")),
    ...field("GIDP", battersOf(plays, "grounded_into_double_play")),
    { label: "Team RISP", value: `${risp.filter((play) => isHit(play.eventType)).length}-for-${risp.length}.` },
    { label: "Team LOB", value: `${linescoreOf(game, side).leftOnBase}.` },
  ];
}

function runningFields(plays: readonly Play[], side: Side): JsonObject[] {
  const movements = plays.filter((play) => play.battingSide === side).flatMap((play) => play.movements);
  const runners = (prefix: string): Player[] =>
    movements.filter((movement) => movement.eventType.startsWith(prefix)).map((movement) => movement.runner);
  return [...field("SB", runners("stolen_base")), ...field("CS", runners("caught_stealing"))];
}

function fieldingFields(plays: readonly Play[], side: Side): JsonObject[] {
  const fielded = plays.filter((play) => play.battingSide !== side);
  const errors = fielded
    .flatMap((play) => play.movements.flatMap((movement) => movement.credits))
    .filter(({ credit }) => credit.endsWith("_error"));
  const doublePlays = fielded
    .filter((play) => play.eventType === "grounded_into_double_play" || play.eventType === "double_play")
    .map((play) => {
      const names = play.movements.flatMap((movement) => movement.credits).map(({ player }) => player.lastName);
      return `(${names.filter((name, i) => name !== names[i - 1]).join("-")})`;
    });
  return [
    ...field(
      "E",
      errors.map(({ player }) => player),
    ),
    ...(doublePlays.length === 0
      ? []
      : [{ label: "DP", value: `${doublePlays.length === 1 ? "" : `${doublePlays.length} `}${doublePlays.join("; ")}.` }]),
  ];
}

/** Writes a team's `info`: its batting, base running and fielding in words. */
export function writeTeamInfo(game: PlayedGame, side: Side, figures: TeamFigures): JsonValue[] {
  if (!game.plays.some((play) => play.battingSide === side && play.isComplete)) return [];
  const sections = [
    { title: "BATTING", fieldList: battingFields(game, side, figures) },
    { title: "BASERUNNING", fieldList: runningFields(game.plays, side) },
    { title: "FIELDING", fieldList: fieldingFields(game.plays, side) },
  ];
  return sections.filter((section) => section.fieldList.length > 0);
}

const PINCH_RESULTS: Readonly<Record<string, string>> = {
  strikeout: "Struck out",
  walk: "Walked",
  hit_by_pitch: "Was hit by a pitch",
  single: "Singled",
  double: "Doubled",
  triple: "Tripled",
  home_run: "Homered",
  field_error: "Reached on an error",
};
const OUT_RESULTS: Readonly<Record<string, string>> = {
  Groundout: "Grounded out",
  Flyout: "Flied out",
  Lineout: "Lined out",
  "Pop Out": "Popped out",
};

/** The labels of a team's pinch-hitters: "a" for the first, "b" for the second … */
export function noteLabels(team: TeamInGame): Map<Player, string> {
  const pinchHitters = team.appearances.filter((appearance) => appearance.pinchHit !== null);
  return new Map(pinchHitters.map((appearance, i) => [appearance.player, "abcdefghi".charAt(i)]));
}

/** Writes a team's `note`: what its pinch-hitters did. */
export function writePinchHitNotes(game: PlayedGame, team: TeamInGame): JsonValue[] {
  const labels = noteLabels(team);
  return team.appearances.flatMap(({ player, pinchHit }) => {
    const play = game.plays.find((candidate) => candidate.batter === player && candidate.isPlateAppearance);
    if (pinchHit === null || play === undefined) return [];
    const result = PINCH_RESULTS[play.eventType] ?? OUT_RESULTS[play.event] ?? "Made an out";
    return [{ label: labels.get(player) ?? "", value: `${result} for ${pinchHit.replaced.lastName} in the ${ordinal(pinchHit.inning)}.` }];
  });
}
