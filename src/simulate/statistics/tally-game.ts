import { otherSide } from "../game/side.ts";
import type { PlayedGame } from "../game/game-record.ts";
import type { Side } from "../game/side.ts";
import type { Player } from "../league/player.ts";
import type { Roster } from "../league/team.ts";
import type { RandomSource } from "../random-source.ts";
import { isOver } from "../game/game-status.ts";
import { BATTING_COUNTS, FIELDING_COUNTS, PITCHING_COUNTS, sumCounts, zeroCounts } from "./counts.ts";
import type { BattingLine, FieldingLine, PitchingLine } from "./counts.ts";
import { decidePitchers } from "./decide-pitchers.ts";
import type { Decisions } from "./decide-pitchers.ts";
import { inventSeason } from "./season-lines.ts";
import type { SeasonLines } from "./season-lines.ts";
import { tallyBatting } from "./tally-batting.ts";
import { tallyFielding } from "./tally-fielding.ts";
import { tallyPitching } from "./tally-pitching.ts";

/** One player's figures: of this game (`null` for what he did not do) and of the season with it. */
export interface PlayerFigures {
  readonly batting: BattingLine | null;
  readonly pitching: PitchingLine | null;
  readonly fielding: FieldingLine | null;
  readonly season: SeasonLines;
}

export interface TeamFigures {
  readonly players: ReadonlyMap<number, PlayerFigures>;
  readonly batting: BattingLine;
  readonly pitching: PitchingLine;
  readonly fielding: FieldingLine;
  readonly seasonBatting: BattingLine;
  readonly seasonPitching: PitchingLine;
}

export interface GameFigures {
  /** `null` while the game is not over. */
  readonly decisions: Decisions | null;
  readonly teams: Readonly<Record<Side, TeamFigures>>;
}

export function playersOf(roster: Roster): readonly Player[] {
  return [...roster.lineup.map((entry) => entry.player), ...roster.bench, roster.startingPitcher, ...roster.bullpen];
}

/** What each player of both teams did in the season before the game, by his id. */
export type SeasonsBefore = ReadonlyMap<number, SeasonLines>;

export function inventSeasons(rosters: Readonly<Record<Side, Roster>>, random: RandomSource): SeasonsBefore {
  const invent = (side: Side): [number, SeasonLines][] =>
    playersOf(rosters[side]).map((player) => [player.id, inventSeason(random.fork(side).fork(`season ${player.id}`), player)]);
  return new Map([...invent("away"), ...invent("home")]);
}

function tallyTeam(game: PlayedGame, side: Side, seasons: SeasonsBefore, decisions: Decisions | null): TeamFigures {
  const team = game.teams[side];
  const batted = tallyBatting(game.plays.filter((play) => play.battingSide === side));
  const pitched = tallyPitching(game, side, decisions);
  const fielded = tallyFielding(game.plays.filter((play) => play.battingSide === otherSide(side)));
  const appeared = new Map(team.appearances.map((appearance) => [appearance.player.id, appearance]));
  const players = new Map(
    playersOf(team.roster).map((player): [number, PlayerFigures] => {
      const appearance = appeared.get(player.id);
      const isBatter = appearance !== undefined && appearance.slot !== null;
      const batting = isBatter ? (batted.get(player.id) ?? { ...zeroCounts(BATTING_COUNTS), gamesPlayed: 1 }) : null;
      const pitching = pitched.get(player.id) ?? null;
      const fielding = appearance === undefined ? null : (fielded.get(player.id) ?? zeroCounts(FIELDING_COUNTS));
      const before = seasons.get(player.id);
      if (before === undefined) throw new RangeError(`no season of ${player.fullName}`);
      const season = {
        batting: batting === null ? before.batting : sumCounts(BATTING_COUNTS, [before.batting, batting]),
        pitching: pitching === null ? before.pitching : sumCounts(PITCHING_COUNTS, [before.pitching, pitching]),
        fielding: fielding === null ? before.fielding : sumCounts(FIELDING_COUNTS, [before.fielding, fielding]),
      };
      return [player.id, { batting, pitching, fielding, season }];
    }),
  );
  const all = [...players.values()];
  return {
    players,
    batting: sumCounts(
      BATTING_COUNTS,
      all.flatMap((figures) => figures.batting ?? []),
    ),
    pitching: sumCounts(
      PITCHING_COUNTS,
      all.flatMap((figures) => figures.pitching ?? []),
    ),
    fielding: sumCounts(
      FIELDING_COUNTS,
      all.flatMap((figures) => figures.fielding ?? []),
    ),
    seasonBatting: sumCounts(
      BATTING_COUNTS,
      all.map((figures) => figures.season.batting),
    ),
    seasonPitching: sumCounts(
      PITCHING_COUNTS,
      all.map((figures) => figures.season.pitching),
    ),
  };
}

/** Counts everything that the box score tells. */
export function tallyGame(game: PlayedGame, seasons: SeasonsBefore): GameFigures {
  const decisions = isOver(game.status) ? decidePitchers(game) : null;
  return {
    decisions,
    teams: { away: tallyTeam(game, "away", seasons, decisions), home: tallyTeam(game, "home", seasons, decisions) },
  };
}
