import { expect, test } from "vitest";
import { makePlayer } from "../league/make-player.ts";
import { createRandomSource } from "../random-source.ts";
import { measurePitch } from "./measure-pitch.ts";
import type { PitchTarget } from "./measure-pitch.ts";

const common = { jerseyNumber: 1, season: 2024, isStarter: true } as const;
const pitcher = makePlayer(createRandomSource(1), { ...common, id: 1, lastName: "Pitcher", primaryPosition: "P" });
const batter = makePlayer(createRandomSource(2), { ...common, id: 2, lastName: "Batter", primaryPosition: "C" });

function pitches(target: PitchTarget): ReturnType<typeof measurePitch>[] {
  const random = createRandomSource(3);
  return Array.from({ length: 300 }, () => measurePitch(random, pitcher, batter, "R", target));
}

test("a pitch flies, at its acceleration, to where it crosses the plate", () => {
  for (const { trajectory: at, plateTime: t, pX, pZ } of pitches("edge")) {
    expect(at.x0 + at.vX0 * t + 0.5 * at.aX * t * t).toBeCloseTo(pX, 6);
    expect(at.y0 + at.vY0 * t + 0.5 * at.aY * t * t).toBeCloseTo(17 / 12, 6);
    expect(at.z0 + at.vZ0 * t + 0.5 * at.aZ * t * t).toBeCloseTo(pZ, 6);
  }
});

test("a pitch loses speed on its way", () => {
  for (const { startSpeed, endSpeed } of pitches("zone")) {
    expect(startSpeed).toBeGreaterThan(endSpeed);
    expect(startSpeed).toBeGreaterThan(65);
    expect(startSpeed).toBeLessThan(106);
  }
});

test("zones 1 to 9 are the strike zone, 11 to 14 are around it", () => {
  expect(pitches("zone").every(({ zone }) => zone >= 1 && zone <= 9)).toBe(true);
  expect(pitches("dirt").every(({ zone }) => zone >= 13 && zone <= 14)).toBe(true);
  expect(pitches("batter").every(({ zone }) => zone >= 11 && zone <= 14)).toBe(true);
});
