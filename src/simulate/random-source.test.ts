import { expect, test } from "vitest";
import { createRandomSource } from "./random-source.ts";

function draw(seed: number, count: number): number[] {
  const random = createRandomSource(seed);
  return Array.from({ length: count }, () => random.next());
}

test("the same seed gives the same stream, another seed another one", () => {
  expect(draw(7, 20)).toEqual(draw(7, 20));
  expect(draw(7, 20)).not.toEqual(draw(8, 20));
});

test("the stream of a seed does not change with the version of the code", () => {
  expect(draw(1, 3)).toMatchInlineSnapshot(`
    [
      0.45518837672157353,
      0.6877889130781708,
      0.1320070312886773,
    ]
  `);
});

test("values spread evenly over the unit interval", () => {
  const values = draw(3, 20_000);
  expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  expect(mean).toBeCloseTo(0.5, 2);
});

test("a fork depends on seed and label, not on what was drawn before", () => {
  const fresh = createRandomSource(5);
  const used = createRandomSource(5);
  for (let i = 0; i < 10; i++) used.next();
  expect(used.fork("play").next()).toBe(fresh.fork("play").next());
  expect(fresh.fork("play").next()).not.toBe(fresh.fork("name").next());
});

test("whole numbers include both ends", () => {
  const random = createRandomSource(2);
  const drawn = new Set(Array.from({ length: 200 }, () => random.integer(1, 4)));
  expect([...drawn].toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4]);
});

test("weights decide how often a key comes", () => {
  const random = createRandomSource(4);
  const drawn = Array.from({ length: 4000 }, () => random.weighted({ often: 3, seldom: 1, never: 0 }));
  const share = drawn.filter((key) => key === "often").length / drawn.length;
  expect(share).toBeGreaterThan(0.72);
  expect(share).toBeLessThan(0.78);
  expect(drawn).not.toContain("never");
});

test("to shuffle keeps every item once", () => {
  const items = ["a", "b", "c", "d", "e"];
  expect(createRandomSource(6).shuffled(items).toSorted()).toEqual(items);
});

test("an id is a version 4 UUID", () => {
  expect(createRandomSource(9).uuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
