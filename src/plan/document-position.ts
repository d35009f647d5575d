/** What stands for a character in a key of a position, in the order of replacing. */
export const POSITION_ESCAPES: readonly (readonly [character: string, escape: string])[] = [
  ["~", "~0"],
  [",", "~1"],
];

/** Where a document is in its answer: array positions and keys from the outside in, joined by `,`. Empty where the answer is the document. */
export function writePosition(steps: readonly string[]): string {
  return steps.map((step) => POSITION_ESCAPES.reduce((key, [character, escape]) => key.replaceAll(character, escape), step)).join(",");
}

/** The steps that `writePosition` joined: `levels` of them. An empty key of one level looks like no step at all. */
export function readPosition(position: string, levels: number): readonly string[] {
  if (levels === 0) return [];
  return position
    .split(",")
    .map((step) => POSITION_ESCAPES.toReversed().reduce((key, [character, escape]) => key.replaceAll(escape, character), step));
}
