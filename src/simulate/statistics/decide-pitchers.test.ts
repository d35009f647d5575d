import { expect, test } from "vitest";
import { EMPTY_BASES } from "../game/base-state.ts";
import type { Movement, Play, PlayedGame } from "../game/game-record.ts";

import type { Score, Side } from "../game/side.ts";
import { makePlayer } from "../league/make-player.ts";
import type { Player } from "../league/player.ts";
import { createRandomSource } from "../random-source.ts";
import { decidePitchers } from "./decide-pitchers.ts";

function pitcher(id: number): Player {
  const spec = { id, lastName: `Pitcher ${id}`, jerseyNumber: id, primaryPosition: "P", season: 2024, isStarter: false } as const;
  return makePlayer(createRandomSource(id), spec);
}

const [awayStarter, awayCloser, homeStarter, homeReliever] = [pitcher(1), pitcher(2), pitcher(3), pitcher(4)];

interface Stretch {
  readonly battingSide: Side;
  readonly inning: number;
  readonly pitcher: Player;
  readonly outs: number;
  readonly score: Score;
}

/** One play for each stretch: the outs and runs of many, which is all that decisions look at. */
function gameOf(stretches: readonly Stretch[]): PlayedGame {
  const plays = stretches.map((stretch, index) => {
    const before = stretches[index - 1]?.score ?? { away: 0, home: 0 };
    const runs = stretch.score[stretch.battingSide] - before[stretch.battingSide];
    const run = { end: "score", outNumber: null, responsiblePitcher: stretch.pitcher } as unknown as Movement;
    const out = { end: null, outNumber: 1, responsiblePitcher: null } as unknown as Movement;
    const movements = [...Array.from({ length: runs }, () => run), ...Array.from({ length: stretch.outs }, () => out)];
    return { ...stretch, index, movements, basesBefore: EMPTY_BASES } as unknown as Play;
  });
  return { plays } as unknown as PlayedGame;
}

function names(game: PlayedGame): Record<string, unknown> {
  const { winner, loser, save, holds, blownSaves } = decidePitchers(game);
  return { winner: winner.id, loser: loser.id, save: save?.id ?? null, holds: [...holds], blownSaves: [...blownSaves] };
}

test("a starter who leads after eight innings wins, the closer of a close game saves it", () => {
  const game = gameOf([
    { battingSide: "away", inning: 1, pitcher: homeStarter, outs: 3, score: { away: 2, home: 0 } },
    { battingSide: "home", inning: 8, pitcher: awayStarter, outs: 24, score: { away: 2, home: 1 } },
    { battingSide: "home", inning: 9, pitcher: awayCloser, outs: 3, score: { away: 2, home: 1 } },
  ]);
  expect(names(game)).toEqual({ winner: 1, loser: 3, save: 2, holds: [], blownSaves: [] });
});

test("there is no save with a lead of four", () => {
  const game = gameOf([
    { battingSide: "away", inning: 1, pitcher: homeStarter, outs: 3, score: { away: 4, home: 0 } },
    { battingSide: "home", inning: 8, pitcher: awayStarter, outs: 24, score: { away: 4, home: 0 } },
    { battingSide: "home", inning: 9, pitcher: awayCloser, outs: 3, score: { away: 4, home: 0 } },
  ]);
  expect(names(game)).toMatchObject({ winner: 1, save: null });
});

test("a starter of fewer than five innings does not win", () => {
  const game = gameOf([
    { battingSide: "away", inning: 1, pitcher: homeStarter, outs: 3, score: { away: 1, home: 0 } },
    { battingSide: "home", inning: 4, pitcher: awayStarter, outs: 12, score: { away: 1, home: 0 } },
    { battingSide: "home", inning: 9, pitcher: awayCloser, outs: 15, score: { away: 1, home: 0 } },
  ]);
  expect(names(game)).toMatchObject({ winner: 2, save: null });
});

test("a reliever who loses the lead blows the save, and loses if the winning run is his", () => {
  const game = gameOf([
    { battingSide: "away", inning: 1, pitcher: homeStarter, outs: 3, score: { away: 1, home: 0 } },
    { battingSide: "home", inning: 8, pitcher: awayStarter, outs: 24, score: { away: 1, home: 0 } },
    { battingSide: "away", inning: 9, pitcher: homeReliever, outs: 3, score: { away: 1, home: 0 } },
    { battingSide: "home", inning: 9, pitcher: awayCloser, outs: 1, score: { away: 1, home: 2 } },
  ]);
  expect(names(game)).toEqual({ winner: 4, loser: 2, save: null, holds: [], blownSaves: [2] });
});
