import { expect, test } from "vitest";
import { checkPattern } from "./check-pattern.ts";

test.each([
  "[0-9]{8}_[0-9]{6}",
  "\\d{4}-\\d{2}-\\d{2}T.*Z",
  "v[0-9]+(\\.[0-9]+)?",
  "(?:a|b)c",
  "[^x]{1,20}",
  "",
  "[a\\]b]",
  "x".repeat(200),
  "a{100}",
  "[0-9]{12}",
  "a{2,}b*",
  "(a?)?",
  "(a{3}){3}",
  "(a(b?))c",
  "((a))b",
  "a{0,9}b{0,9}c{0,9}",
  "a|b|c|d|e|f|g|h|i",
  "(ab)*",
  "é",
])("takes %s", (pattern) => {
  expect(checkPattern(pattern)).toEqual({ ok: true, value: pattern });
});

const SUBSET = "letters, classes [a-z], groups, |, and the repeats ? * + {n} {n,m}; the whole text is matched without ^ and $";
const CLOSED = "a closing parenthesis for each open one";
const OPEN = "a group that is open";
const REPEATED = "no repeat of a group that itself repeats or chooses";
const NOTHING = "something to repeat (lazy and possessive repeats are not part of the subset)";
const WAYS = "fewer repeats and choices side by side (all their combinations may be tried)";

test.each([
  ["(a)\\1", 3, SUBSET],
  ["(?=a)", 0, SUBSET],
  ["(?!a)", 0, SUBSET],
  ["(?<=a)", 0, SUBSET],
  ["(?<n>a)", 0, SUBSET],
  ["^a$", 0, SUBSET],
  ["a$", 1, SUBSET],
  ["[a", 0, SUBSET],
  ["[]", 0, SUBSET],
  ["\\u0041", 0, SUBSET],
  ["\\k<n>", 0, SUBSET],
  ["a{1234}", 1, SUBSET],
  ["(a", 2, CLOSED],
  ["((a)", 4, CLOSED],
  ["a)", 1, OPEN],
  ["(a))", 3, OPEN],
  ["(a+)+", 4, REPEATED],
  ["(a|a)*", 5, REPEATED],
  ["((a?)b)*", 7, REPEATED],
  ["(a{1,3}){2}", 8, REPEATED],
  ["((a|b)){2}", 7, REPEATED],
  ["(a(b)c|d)+", 9, REPEATED],
  ["a**", 2, NOTHING],
  ["a+?", 2, NOTHING],
  ["*", 0, NOTHING],
  ["(*a)", 1, NOTHING],
  ["a|+", 2, NOTHING],
  ["a*b*c*", 5, "at most 2 repeats without end"],
  ["a+b{2,}c*", 8, "at most 2 repeats without end"],
  ["a{1,500}", 1, "at most 100 repeats"],
  ["a{101}", 1, "at most 100 repeats"],
  ["a?".repeat(20), 19, WAYS],
  ["a{0,9}a{0,9}a{0,9}a{0,9}", 19, WAYS],
  ["a{90,99}a{90,99}a{90,99}a?", 25, WAYS],
  [`${"a|".repeat(9)}b?`, 19, WAYS],
])("refuses %s at its character", (pattern, offset, expected) => {
  expect(checkPattern(pattern)).toEqual({
    ok: false,
    fault: {
      offset,
      message: `the pattern ${JSON.stringify(pattern)} is not allowed`,
      expected,
      got: JSON.stringify(pattern.slice(offset, offset + 20)),
    },
  });
});

test("refuses what is too long, and what the engine of regular expressions refuses", () => {
  expect(checkPattern("x".repeat(201))).toEqual({
    ok: false,
    fault: { offset: 0, message: "the pattern is too long", expected: "at most 200 characters", got: "201 characters" },
  });
  const outOfOrder = checkPattern("[z-a]");
  expect(outOfOrder.ok ? "" : outOfOrder.fault.expected).toContain("Range out of order");
  expect(checkPattern("a{3,2}").ok).toBe(false);
});
