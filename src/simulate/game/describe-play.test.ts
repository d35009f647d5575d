import { expect, test } from "vitest";
import { makePlayer } from "../league/make-player.ts";
import type { Player } from "../league/player.ts";
import type { HitMeasures } from "../measurement/measure-hit.ts";
import { createRandomSource } from "../random-source.ts";
import { describePlay } from "./describe-play.ts";
import { Diamond } from "./diamond.ts";

function player(id: number, fullName: string): Player {
  const spec = { id, lastName: fullName, jerseyNumber: id, primaryPosition: "P", season: 2024, isStarter: true } as const;
  return { ...makePlayer(createRandomSource(id), spec), fullName };
}

const [pitcher, batter, runner, shortstop, second, first] = ["P", "Batter", "Runner", "Short", "Second", "First"].map((name, i) =>
  player(i + 1, name),
) as [Player, Player, Player, Player, Player, Player];

const grounder: HitMeasures = {
  trajectory: "ground_ball",
  hardness: "hard",
  launchSpeed: 101,
  launchAngle: -5,
  totalDistance: 20,
  location: "SS",
  coordX: 110,
  coordY: 140,
};
const common = { batterId: batter.id, batterName: batter.fullName, isCalledStrike: false };

test("a double play names everybody who touched the ball and both outs", () => {
  const happening = { event: "Grounded Into DP", eventType: "grounded_into_double_play", eventIndex: 0 };
  const diamond = new Diamond();
  diamond.batterReaches(runner, pitcher, "1B", { event: "Single", eventType: "single", eventIndex: 0 });
  diamond.takeMovements();
  diamond.putOutRunner("1B", "2B", {
    ...happening,
    credits: [
      { player: shortstop, position: "SS", credit: "f_assist" },
      { player: second, position: "2B", credit: "f_putout" },
    ],
  });
  diamond.putOutBatter(batter, {
    ...happening,
    credits: [
      { player: second, position: "2B", credit: "f_assist" },
      { player: first, position: "1B", credit: "f_putout" },
    ],
  });
  expect(describePlay({ ...happening, ...common, hit: grounder, movements: diamond.takeMovements() })).toBe(
    "Batter grounds into a double play, shortstop Short to second baseman Second to first baseman First. Runner out at 2nd. Batter out at 1st.",
  );
});

test("a hit tells how hard it was, who fielded it, and what the runners did", () => {
  const happening = { event: "Single", eventType: "single", eventIndex: 0 };
  const diamond = new Diamond();
  diamond.batterReaches(runner, pitcher, "2B", happening);
  diamond.takeMovements();
  diamond.advance("2B", "score", happening);
  diamond.batterReaches(batter, pitcher, "1B", {
    ...happening,
    credits: [{ player: shortstop, position: "SS", credit: "f_fielded_ball" }],
  });
  expect(describePlay({ ...happening, ...common, hit: grounder, movements: diamond.takeMovements() })).toBe(
    "Batter singles on a sharp ground ball to shortstop Short. Runner scores.",
  );
});

test("a strikeout is called or swinging", () => {
  const strikeout = { event: "Strikeout", eventType: "strikeout", ...common, hit: null, movements: [] };
  expect(describePlay(strikeout)).toBe("Batter strikes out swinging.");
  expect(describePlay({ ...strikeout, isCalledStrike: true })).toBe("Batter called out on strikes.");
});
