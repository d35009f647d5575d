import { expect, test } from "vitest";
import { BackOff, type BackOffDeps } from "./back-off.ts";

/** A clock that goes on by sleeping only. */
function fakeDeps(random: number): { readonly deps: BackOffDeps; readonly pauses: number[] } {
  let now = 0;
  const pauses: number[] = [];
  const sleep = (ms: number): Promise<void> => {
    pauses.push(ms);
    now += ms;
    return Promise.resolve();
  };
  return { pauses, deps: { clock: { now: () => new Date(now) }, sleep, random: () => random } };
}

async function pauseUntilTheEnd(waitMs: number, random: number): Promise<number[]> {
  const { deps, pauses } = fakeDeps(random);
  const backOff = new BackOff(waitMs, deps);
  while (await backOff.pause()) expect(pauses.length).toBeLessThan(1000);
  return pauses;
}

test("pauses grow to two seconds and fill the time, and no more", async () => {
  expect(await pauseUntilTheEnd(9000, 1)).toEqual([50, 100, 200, 400, 800, 1600, 2000, 2000, 1850]);
});

test("pauses are shortened by chance, at most by half", async () => {
  expect(await pauseUntilTheEnd(300, 0)).toEqual([25, 50, 100, 125]);
});

test("there is no pause where there is no time", async () => {
  expect(await pauseUntilTheEnd(0, 1)).toEqual([]);
});

test("time begins with the first failure", async () => {
  const { deps, pauses } = fakeDeps(1);
  const backOff = new BackOff(50, deps);
  await deps.sleep(10_000);
  expect(await backOff.pause()).toBe(true);
  expect(await backOff.pause()).toBe(false);
  expect(pauses).toEqual([10_000, 50]);
});
