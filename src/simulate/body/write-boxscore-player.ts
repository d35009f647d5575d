import type { TeamInGame } from "../game/team-in-game.ts";
import { battingOrderText, lastPosition } from "../game/team-in-game.ts";
import type { JsonObject } from "../json-value.ts";
import type { Player } from "../league/player.ts";
import { POSITIONS } from "../league/position.ts";
import type { Decisions } from "../statistics/decide-pitchers.ts";
import type { PlayerFigures } from "../statistics/tally-game.ts";
import { writePerson, writePosition } from "./write-reference.ts";
import { writeFielding, writeGameBatting, writeGamePitching, writeSeasonBatting, writeSeasonPitching } from "./write-statistics.ts";

export interface BoxscorePlayerContext {
  readonly team: TeamInGame;
  readonly figures: PlayerFigures;
  readonly decisions: Decisions | null;
  /** "a", "b" … of a pinch-hitter; `null` for the others. */
  readonly noteLabel: string | null;
  readonly isCurrentBatter: boolean;
  readonly isCurrentPitcher: boolean;
}

/** "(W, 6-3)", "(S, 2)", "(H, 5)", "(BS, 1)": what the game was to a pitcher, with his season's figure. */
function decisionNote(id: number, decisions: Decisions | null, { pitching }: PlayerFigures["season"]): string | null {
  if (decisions === null) return null;
  if (decisions.winner.id === id) return `(W, ${pitching.wins}-${pitching.losses})`;
  if (decisions.loser.id === id) return `(L, ${pitching.wins}-${pitching.losses})`;
  if (decisions.save?.id === id) return `(S, ${pitching.saves})`;
  if (decisions.holds.has(id)) return `(H, ${pitching.holds})`;
  return decisions.blownSaves.has(id) ? `(BS, ${pitching.blownSaves})` : null;
}

/** Writes a player of a box score's team, with an empty object for each kind of figures that he has none of. */
export function writeBoxscorePlayer(player: Player, context: BoxscorePlayerContext): JsonObject {
  const { team, figures, decisions, noteLabel } = context;
  const appearance = team.appearances.find((candidate) => candidate.player === player);
  const battingOrder = appearance === undefined ? null : battingOrderText(appearance);
  const isStarter = appearance?.substituteNumber === 0;
  const position = POSITIONS[appearance === undefined ? player.primaryPosition : lastPosition(appearance)];
  const { season } = figures;
  return {
    person: writePerson(player),
    jerseyNumber: player.jerseyNumber,
    position: writePosition(position),
    status: { code: "A", description: "Active" },
    parentTeamId: team.roster.club.id,
    ...(battingOrder === null ? {} : { battingOrder }),
    stats: {
      batting: figures.batting === null ? {} : writeGameBatting(figures.batting, noteLabel === null ? null : `${noteLabel}-`),
      pitching: figures.pitching === null ? {} : writeGamePitching(figures.pitching, decisionNote(player.id, decisions, season)),
      fielding: figures.fielding === null ? {} : writeFielding(figures.fielding, isStarter && position.abbreviation !== "DH"),
    },
    seasonStats: {
      batting: writeSeasonBatting(season.batting),
      pitching: writeSeasonPitching(season.pitching),
      fielding: writeFielding(season.fielding, isStarter),
    },
    gameStatus: {
      isCurrentBatter: context.isCurrentBatter,
      isCurrentPitcher: context.isCurrentPitcher,
      isOnBench: appearance === undefined,
      isSubstitute: battingOrder !== null && !isStarter,
    },
    ...(appearance === undefined ? {} : { allPositions: appearance.positions.map((name) => writePosition(POSITIONS[name])) }),
  };
}
