import * as fc from "fast-check";
import { expect, test } from "vitest";
import { readPosition, writePosition } from "./document-position.ts";

test.each([
  [[], ""],
  [["0"], "0"],
  [["3", "ID5"], "3,ID5"],
  [["a,b", "~"], "a~1b,~0"],
  [["~1", ",~,"], "~01,~1~0~1"],
  [["", ""], ","],
])("%j is written as %j", (steps, position) => {
  expect(writePosition(steps)).toBe(position);
  expect(readPosition(position, steps.length)).toEqual(steps);
});

test("what is written is read again, whatever keys an answer has", () => {
  const key = fc.string({ unit: fc.constantFrom("~", ",", "0", "1", "a", "\u00e9"), maxLength: 6 });
  fc.assert(
    fc.property(fc.array(key, { maxLength: 6 }), (steps) => {
      expect(readPosition(writePosition(steps), steps.length)).toEqual(steps);
    }),
  );
});
