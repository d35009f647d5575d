import { expect, test } from "vitest";
import { makePlayer } from "../league/make-player.ts";
import type { Player } from "../league/player.ts";
import { createRandomSource } from "../random-source.ts";
import { Diamond } from "./diamond.ts";

function player(id: number): Player {
  const spec = { id, lastName: `Name ${id}`, jerseyNumber: id, primaryPosition: "P", season: 2024, isStarter: true } as const;
  return makePlayer(createRandomSource(id), spec);
}

const pitcher = player(1);
const first = player(2);
const second = player(3);
const single = { event: "Single", eventType: "single", eventIndex: 0 };
const error = { event: "Field Error", eventType: "field_error", eventIndex: 0 };

test("a runner who moves twice in a play keeps the base from which he came", () => {
  const diamond = new Diamond();
  diamond.batterReaches(first, pitcher, "1B", single);
  diamond.takeMovements();
  diamond.advance("1B", "2B", single);
  diamond.advance("2B", "3B", single);
  expect(diamond.takeMovements().map(({ originBase, start, end }) => [originBase, start, end])).toEqual([
    ["1B", "1B", "2B"],
    ["1B", "2B", "3B"],
  ]);
});

test("a run is charged to the pitcher who let the runner reach base", () => {
  const diamond = new Diamond();
  diamond.batterReaches(first, pitcher, "3B", single);
  diamond.takeMovements();
  diamond.advance("3B", "score", { ...single, isRbi: true });
  expect(diamond.runs).toBe(1);
  expect(diamond.takeMovements()[0]).toMatchObject({ end: "score", responsiblePitcher: pitcher, isRbi: true, isEarned: true });
});

test("a runner who reached by an error scores an unearned run", () => {
  const diamond = new Diamond();
  diamond.batterReaches(first, pitcher, "3B", error, false);
  diamond.advance("3B", "score", single);
  expect(diamond.takeMovements().at(-1)).toMatchObject({ end: "score", isEarned: false });
});

test("runs are unearned once errors have cost the third out", () => {
  const diamond = new Diamond();
  diamond.outs = 2;
  diamond.lostOuts = 1;
  diamond.batterReaches(first, pitcher, "score", { event: "Home Run", eventType: "home_run", eventIndex: 0 });
  expect(diamond.takeMovements()[0]).toMatchObject({ isEarned: false });
});

test("outs are numbered and clear the base", () => {
  const diamond = new Diamond();
  diamond.batterReaches(first, pitcher, "1B", single);
  diamond.putOutRunner("1B", "2B", { event: "Forceout", eventType: "force_out", eventIndex: 0 });
  diamond.putOutBatter(second, { event: "Groundout", eventType: "field_out", eventIndex: 0 });
  expect(diamond.takeMovements().map((movement) => movement.outNumber)).toEqual([null, 1, 2]);
  expect(diamond.runner("1B")).toBeNull();
});
