export const SIDES = ["away", "home"] as const;
export type Side = (typeof SIDES)[number];

export type Score = { readonly [side in Side]: number };

export function otherSide(side: Side): Side {
  return side === "away" ? "home" : "away";
}

/** How far a side is ahead; negative when it trails. */
export function leadOf(score: Score, side: Side): number {
  return score[side] - score[otherSide(side)];
}
