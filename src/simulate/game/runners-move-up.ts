import type { Player } from "../league/player.ts";
import { BASES, BASE_ORDINALS } from "./base-state.ts";
import type { Base } from "./base-state.ts";
import type { GameInProgress } from "./game-in-progress.ts";
import type { Happening } from "./game-record.ts";

const NEXT_BASE = { "1B": "2B", "2B": "3B", "3B": "score" } as const;

/** Whether a run that scores now, without the end of a plate appearance, would win the game. */
export function wouldWinGame(game: GameInProgress): boolean {
  return game.isLastChance && game.lead === 0 && game.diamond.runner("3B") !== null;
}

export interface MovedUp {
  /** Who was farthest. */
  readonly first: Player | null;
  readonly sentences: readonly string[];
  readonly hasScored: boolean;
}

/** Moves every runner up a base, the first first. */
export function moveUpAll(game: GameInProgress, happening: Happening, eventIndex: number): MovedUp {
  const { diamond } = game;
  const runsBefore = diamond.runs;
  const moved = BASES.toReversed().flatMap((base: Base): { readonly player: Player; readonly sentence: string }[] => {
    const player = diamond.runner(base)?.player;
    if (player === undefined) return [];
    const to = NEXT_BASE[base];
    diamond.advance(base, to, { ...happening, eventIndex, reason: "r_adv_play" });
    return [{ player, sentence: to === "score" ? `${player.fullName} scores.` : `${player.fullName} to ${BASE_ORDINALS[to]}.` }];
  });
  return {
    first: moved[0]?.player ?? null,
    sentences: moved.map(({ sentence }) => sentence),
    hasScored: diamond.runs > runsBefore,
  };
}
