import { expect, test } from "vitest";
import { checkPattern } from "./check-pattern.ts";

test.each(["[0-9]{8}_[0-9]{6}", "\\d{4}-\\d{2}-\\d{2}T.*Z", "v[0-9]+(\\.[0-9]+)?", "(?:a|b)c", "[^x]{1,20}", "", "[a\\]b]"])(
  "takes %s",
  (pattern) => {
    expect(checkPattern(pattern)).toEqual({ ok: true, value: pattern });
  },
);

test.each([
  "(a)\\1",
  "(?=a)",
  "(?!a)",
  "(?<=a)",
  "(?<n>a)",
  "(a+)+",
  "(a|a)*",
  "((a?)b)*",
  "(a{1,3}){2}",
  "a**",
  "a+?",
  "a*b*c*",
  "a?".repeat(20),
  "a{0,9}a{0,9}a{0,9}a{0,9}",
  "a{1,500}",
  "^a$",
  "(a",
  "a)",
  "[z-a]",
  "[a",
  "\\u0041",
  "\\k<n>",
  "x".repeat(201),
])("refuses %s", (pattern) => {
  expect(checkPattern(pattern).ok).toBe(false);
});
