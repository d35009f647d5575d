import { expect, test } from "vitest";
import { EMPTY_BASES, isInScoringPosition, ordinal, runnersOn } from "./base-state.ts";

test("ordinals follow English, the teens too", () => {
  expect([1, 2, 3, 4, 11, 12, 13, 21, 22].map(ordinal)).toEqual(["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd"]);
});

test("nobody is on empty bases", () => {
  expect(runnersOn(EMPTY_BASES)).toBe(0);
  expect(isInScoringPosition(EMPTY_BASES)).toBe(false);
});
