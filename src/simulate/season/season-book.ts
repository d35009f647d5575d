import type { Side } from "../game/side.ts";
import type { Roster } from "../league/team.ts";
import { BATTING_COUNTS, FIELDING_COUNTS, PITCHING_COUNTS, zeroCounts } from "../statistics/counts.ts";
import type { SeasonLines } from "../statistics/season-lines.ts";
import { playersOf } from "../statistics/tally-game.ts";
import type { GameFigures, SeasonsBefore } from "../statistics/tally-game.ts";

const NOTHING: SeasonLines = {
  batting: zeroCounts(BATTING_COUNTS),
  pitching: zeroCounts(PITCHING_COUNTS),
  fielding: zeroCounts(FIELDING_COUNTS),
};

/** What every player has done so far in a season. */
export class SeasonBook {
  readonly #lines = new Map<number, SeasonLines>();

  linesOf(rosters: Readonly<Record<Side, Roster>>): SeasonsBefore {
    const players = [...playersOf(rosters.away), ...playersOf(rosters.home)];
    return new Map(players.map((player) => [player.id, this.#lines.get(player.id) ?? NOTHING]));
  }

  add(figures: GameFigures): void {
    for (const team of Object.values(figures.teams)) for (const [id, { season }] of team.players) this.#lines.set(id, season);
  }
}
