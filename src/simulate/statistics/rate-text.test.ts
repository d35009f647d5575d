import { expect, test } from "vitest";
import { average, inningsText, ratio, strikeShare } from "./rate-text.ts";

test("an average has three digits and no zero before the point", () => {
  expect([average(1, 4), average(4, 4), average(0, 0), average(0, 0, ".---")]).toEqual([".250", "1.000", ".000", ".---"]);
});

test("a ratio has two digits, and dashes where there is nothing to divide by", () => {
  expect([ratio(9, 2), ratio(1, 8), ratio(1, 0)]).toEqual(["4.50", "0.13", "-.--"]);
});

test("innings are thirds", () => {
  expect([0, 2, 20, 27].map(inningsText)).toEqual(["0.0", "0.2", "6.2", "9.0"]);
});

test("the share of strikes is cut, not rounded", () => {
  expect([strikeShare(69, 98), strikeShare(87, 123), strikeShare(0, 0)]).toEqual([".700", ".700", "-.--"]);
});
