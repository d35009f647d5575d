import { expect, test } from "vitest";
import { editDistance, nearestSpelling } from "./nearest-spelling.ts";

test.each([
  ["", "abc", 3],
  ["abc", "abc", 0],
  ["abc", "acb", 1],
  ["kitten", "sitting", 3],
  ["primary_key", "primry_key", 1],
  ["ab", "ba", 1],
  ["abcd", "badc", 2],
  ["xab", "xba", 1],
  ["ca", "abc", 3],
  ["aa", "a", 1],
  ["ab", "bb", 1],
  ["aab", "aba", 1],
  ["abab", "baba", 2],
])("between %j and %j are %i edits", (left, right, edits) => {
  expect(editDistance(left, right)).toBe(edits);
  expect(editDistance(right, left)).toBe(edits);
});

test("gives the nearest candidate", () => {
  expect(nearestSpelling("primry_key", ["primary_key", "partition_by"])).toBe("primary_key");
  expect(nearestSpelling("bigint", ["INT", "BIGINT"])).toBe("BIGINT");
  expect(nearestSpelling("at", ["to"])).toBeNull();
});

test("gives nothing where nothing is near, and for texts that are no words", () => {
  expect(nearestSpelling("weather", ["primary_key", "fields"])).toBeNull();
  expect(nearestSpelling("", ["a"])).toBeNull();
  expect(nearestSpelling("x".repeat(128), ["x".repeat(127)])).toBe("x".repeat(127));
  expect(nearestSpelling("x".repeat(129), ["x".repeat(128)])).toBeNull();
  expect(nearestSpelling("x".repeat(127), ["x".repeat(128)])).toBe("x".repeat(128));
  expect(nearestSpelling("x".repeat(128), ["x".repeat(129)])).toBeNull();
  expect(nearestSpelling("x".repeat(10_000), ["x".repeat(100)])).toBeNull();
});
