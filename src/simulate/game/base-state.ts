import type { Player } from "../league/player.ts";

export const BASES = ["1B", "2B", "3B"] as const;
export type Base = (typeof BASES)[number];

/** Someone on base, and who will answer for it if he scores. */
export interface BaseRunner {
  readonly player: Player;
  readonly responsiblePitcher: Player;
  /** False when he is there by an error or was placed there. */
  readonly isEarned: boolean;
  /** Placed on second base at the start of an extra inning. */
  readonly isPlaced: boolean;
}

export type BaseState = { readonly [base in Base]: BaseRunner | null };

export const EMPTY_BASES: BaseState = { "1B": null, "2B": null, "3B": null };

export function runnersOn(bases: BaseState): number {
  return BASES.filter((base) => bases[base] !== null).length;
}

export function isInScoringPosition(bases: BaseState): boolean {
  return bases["2B"] !== null || bases["3B"] !== null;
}

/** "1st", "22nd": how the feed writes bases and innings. */
export function ordinal(number: number): string {
  const lastTwo = number % 100;
  const suffix = lastTwo >= 11 && lastTwo <= 13 ? "th" : (["th", "st", "nd", "rd"][number % 10] ?? "th");
  return `${number}${suffix}`;
}

export const BASE_ORDINALS: Readonly<Record<Base, string>> = { "1B": "1st", "2B": "2nd", "3B": "3rd" };
