import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { CLUBS, makeLeague } from "../league/fictional-league.ts";
import { rulesOf } from "../league/season-rules.ts";
import { createRandomSource } from "../random-source.ts";
import { playFixture, rosterIn } from "../simulate-game.ts";
import { seasonStub } from "../simulated-stub.ts";
import type { Fixture } from "./fixture.ts";
import { gamesOfSeason, makeSchedule } from "./make-schedule.ts";
import { simulateSeason } from "./simulate-season.ts";
import type { SeasonAnswer, SeasonSpec } from "./simulate-season.ts";

function hashOf(spec: SeasonSpec): string {
  const hash = createHash("sha256");
  for (const answer of simulateSeason(spec)) hash.update(JSON.stringify(seasonStub(answer)));
  return hash.digest("hex");
}

function scheduleOf(season: number): Fixture[] {
  return [...makeSchedule(createRandomSource("schedule"), rulesOf(season), (n) => n)].flat();
}

/** By the number of times that each is there. */
function countsOf<T>(items: readonly T[]): Map<T, number> {
  const counts = new Map<T, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}

type Played = Extract<SeasonAnswer, { readonly kind: "game" }>["simulated"];

const answers = [...simulateSeason({ seed: 11, season: 2021, games: 75 })];
const games = answers.flatMap((answer): Played[] => (answer.kind === "game" ? [answer.simulated] : []));

describe("a season", () => {
  test("is the same, byte by byte, for the same seed, and another one for another", () => {
    const spec = { seed: 3, season: 2026, games: 6 };
    expect(hashOf(spec)).toBe(hashOf(spec));
    expect(hashOf({ ...spec, seed: 4 })).not.toBe(hashOf(spec));
  });

  test("begins in the same way whatever number of games is asked for", () => {
    const first = [...simulateSeason({ seed: 11, season: 2021, games: 4 })].find(({ kind }) => kind === "game");
    expect(first === undefined ? null : JSON.stringify(seasonStub(first))).toBe(JSON.stringify(seasonStub(answers[0] as SeasonAnswer)));
  });

  test("gives every game a number of its own, of seed, year and place", () => {
    expect(games.map(({ setting }) => setting.fixture.gamePk)).toEqual(games.map((_, i) => 1_001_121_001 + i));
  });

  test("adds every game to the records of its two clubs", () => {
    const played = new Map<number, number>();
    for (const { records, setting, game } of games) {
      const { score } = game.plays.at(-1) ?? { score: { away: 0, home: 0 } };
      for (const side of ["away", "home"] as const) {
        const { id } = setting.fixture[side];
        const [before, after] = [records.before[side], records.after[side]];
        expect(before.wins + before.losses).toBe(played.get(id) ?? 0);
        expect(after.wins + after.losses).toBe(before.wins + before.losses + 1);
        expect(after.wins - before.wins).toBe(score[side] === Math.max(score.away, score.home) ? 1 : 0);
        played.set(id, after.wins + after.losses);
      }
    }
    const [last] = games.slice(-1);
    expect(last?.records.after.home.divisionGamesBack).toMatch(/^(?:-|\d+\.[05])$/);
  });

  test("adds what a player did to what he had done", () => {
    const first = games[0];
    const again = games.find(({ setting }, i) => i > 0 && setting.fixture.home === first?.setting.fixture.home);
    const batted = (game: Played | undefined): number =>
      [...(game?.seasons.values() ?? [])].reduce((sum, { batting }) => sum + batting.plateAppearances, 0);
    expect(batted(first)).toBe(0);
    expect(batted(again)).toBeGreaterThan(60);
  });

  test("has a starting pitcher rest for four games", () => {
    const [club] = CLUBS;
    const starters = games.flatMap(({ setting: { fixture }, game }) => {
      const side = fixture.home === club ? "home" : fixture.away === club ? "away" : null;
      return side === null ? [] : [game.rosters[side].startingPitcher.id];
    });
    expect(starters.length).toBeGreaterThan(10);
    expect(starters.map((id, i) => i < 5 || starters[i - 5] === id)).toEqual(starters.map(() => true));
    expect(new Set(starters.slice(0, 5)).size).toBe(5);
  });

  test("plays double-headers of seven innings in 2020 and 2021, one game after the other", () => {
    const doubled = games.filter(({ setting }) => setting.fixture.doubleHeader !== "N");
    expect(doubled.length).toBeGreaterThan(1);
    for (const { game } of doubled) expect(game.conditions.scheduledInnings).toBe(7);
    for (const second of doubled.filter(({ setting }) => setting.fixture.gameNumber === 2)) {
      const first = doubled.find(
        ({ setting: { fixture } }) =>
          fixture.gameNumber === 1 && fixture.date === second.setting.fixture.date && fixture.home === second.setting.fixture.home,
      );
      expect(first?.game.endTime).toBeLessThan(second.game.startTime);
    }
  });

  test("begins the second game of a double-header when the park is free, whatever the schedule says", () => {
    const random = createRandomSource("held");
    const league = makeLeague(random);
    const { fixture } = games[0]?.setting ?? {};
    if (fixture === undefined) throw new RangeError("no game");
    const rosters = { away: rosterIn(league, fixture.away, 0, random), home: rosterIn(league, fixture.home, 0, random) };
    const earliestStart = fixture.startTime + 3_600_000;
    const { game, setting } = playFixture(random, league, fixture, rosters, { earliestStart });
    expect(game.startTime).toBeGreaterThanOrEqual(earliestStart);
    expect(setting.fixture.startTime).toBe(fixture.startTime);
  });

  test("tells in the schedule of a day what the feeds of its games tell", () => {
    const days = answers.flatMap((answer) => (answer.kind === "schedule" ? [answer] : []));
    const listed = days.flatMap(({ body }) => (body as unknown as ScheduleBody).dates.flatMap((date) => date.games));
    const final = listed.filter(({ status }) => status.abstractGameState === "Final");
    expect(final.map(({ gamePk, teams }) => [gamePk, teams.away.score, teams.home.score])).toEqual(
      games.map(({ setting, game }) => [setting.fixture.gamePk, game.plays.at(-1)?.score.away, game.plays.at(-1)?.score.home]),
    );
    for (const { teams } of final) expect(teams.away.isWinner).toBe(!teams.home.isWinner);
  });

  test.each([
    { seed: 1, season: 2019, games: 1 },
    { seed: 1, season: 2026, games: 0 },
    { seed: 1, season: 2026, games: 811 },
    { seed: -1, season: 2026, games: 1 },
    { seed: 10_000, season: 2026, games: 1 },
  ])("cannot be %j", (spec) => {
    expect(() => [...simulateSeason(spec)]).toThrow(RangeError);
  });
});

interface ScheduleBody {
  readonly dates: readonly {
    readonly games: readonly {
      readonly gamePk: number;
      readonly status: { readonly abstractGameState: string };
      readonly teams: Readonly<Record<"away" | "home", { readonly score: number; readonly isWinner: boolean }>>;
    }[];
  }[];
}

describe("a schedule", () => {
  const fixtures = scheduleOf(2026);

  test("has every club play 162 games, half of them at home", () => {
    expect(fixtures.length).toBe(gamesOfSeason(rulesOf(2026)));
    const atHome = countsOf(fixtures.map(({ home }) => home));
    const away = countsOf(fixtures.map((fixture) => fixture.away));
    for (const club of CLUBS) {
      expect([atHome.get(club), away.get(club)]).toEqual([81, 81]);
    }
  });

  test("has nobody play against himself, or in two places on one day", () => {
    for (const date of new Set(fixtures.map((fixture) => fixture.date))) {
      const ofDay = fixtures.filter((fixture) => fixture.date === date && fixture.gameNumber === 1);
      const clubs = ofDay.flatMap(({ away, home }) => [away, home]);
      expect(new Set(clubs).size).toBe(clubs.length);
    }
  });

  test("is in the order of time, in series of three, from spring to autumn", () => {
    expect(fixtures.map(({ date }) => date)).toEqual(fixtures.map(({ date }) => date).toSorted());
    expect(new Set(countsOf(fixtures.map(({ seriesGameNumber }) => seriesGameNumber)).values())).toEqual(new Set([270]));
    expect([fixtures[0]?.date, fixtures.at(-1)?.date.slice(0, 7)]).toEqual(["2026-03-29", "2026-10"]);
  });

  test("is short in 2020", () => {
    const short = scheduleOf(2020);
    expect([short.length, short[0]?.date]).toEqual([300, "2020-07-24"]);
  });
});
