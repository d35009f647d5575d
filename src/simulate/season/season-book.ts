import type { Player } from "../league/player.ts";
import { BATTING_COUNTS, FIELDING_COUNTS, PITCHING_COUNTS, zeroCounts } from "../statistics/counts.ts";
import type { SeasonLines } from "../statistics/season-lines.ts";
import type { GameFigures } from "../statistics/tally-game.ts";

const NOTHING: SeasonLines = {
  batting: zeroCounts(BATTING_COUNTS),
  pitching: zeroCounts(PITCHING_COUNTS),
  fielding: zeroCounts(FIELDING_COUNTS),
};

/** What every player has done so far in a season. */
export class SeasonBook {
  readonly #lines = new Map<number, SeasonLines>();

  linesOf(player: Player): SeasonLines {
    return this.#lines.get(player.id) ?? NOTHING;
  }

  add(figures: GameFigures): void {
    for (const team of Object.values(figures.teams)) for (const [id, { season }] of team.players) this.#lines.set(id, season);
  }
}
