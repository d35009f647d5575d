import { describe, expect, test } from "vitest";
import { makeLeague } from "../league/fictional-league.ts";
import { rosterOf } from "../league/make-squad.ts";
import { rulesOf } from "../league/season-rules.ts";
import { createRandomSource } from "../random-source.ts";
import { runnersOn } from "./base-state.ts";
import type { Play, PlayEvent, PlayedGame } from "./game-record.ts";
import { outsOn } from "./game-record.ts";
import { playGame } from "./play-game.ts";

function game(seed: number, season = 2024, scheduledInnings = 9): PlayedGame {
  const random = createRandomSource(seed);
  const [first, second] = makeLeague(random.fork("league")).squads;
  if (first === undefined || second === undefined) throw new RangeError("a game needs two squads");
  const rosters = { away: rosterOf(second, seed, random.fork("away")), home: rosterOf(first, seed, random.fork("home")) };
  const homePlateUmpire = { id: 1, fullName: "Umpire (sim)" };
  const conditions = { rules: rulesOf(season), scheduledInnings, startTime: 0, canRain: true, suspendedIn: null, homePlateUmpire };
  return playGame(random.fork("game"), rosters, conditions);
}

function halves(plays: readonly Play[]): Play[][] {
  const starts = plays.flatMap((play, i) => (plays[i - 1]?.battingSide === play.battingSide ? [] : [i]));
  return starts.map((start, i) => plays.slice(start, starts[i + 1]));
}

const SEASONS = [2020, 2022, 2024, 2026] as const;
const bySeason = new Map(SEASONS.map((season) => [season as number, Array.from({ length: 40 }, (_, i) => game(i + 1, season))]));
const games = [...bySeason.values()].flat();
const plays = games.flatMap((played) => played.plays);
const eventTypes = new Set(
  plays.flatMap((play) => [
    play.eventType,
    ...play.events.map((event) => (event.kind === "action" ? event.eventType : event.kind)),
    ...play.movements.map((movement) => movement.eventType),
  ]),
);

describe("a game", () => {
  test("is not a tie and has at least nine innings", () => {
    for (const { plays: played } of games) {
      const last = played.at(-1);
      expect(last?.score.away).not.toBe(last?.score.home);
      expect(last?.inning).toBeGreaterThanOrEqual(9);
    }
  });

  test("is played with three outs in every half inning but the last", () => {
    for (const { plays: played } of games) {
      const outs = halves(played).map((half) => half.reduce((sum, play) => sum + outsOn(play), 0));
      expect(new Set(outs.slice(0, -1))).toEqual(new Set([3]));
    }
  });

  test("ends with fewer than three outs only when the home team has won", () => {
    const walkOffs = games.map(({ plays: played }) => played.at(-1)).filter((last) => last !== undefined && last.count.outs < 3);
    expect(walkOffs.length).toBeGreaterThan(0);
    expect(walkOffs.filter((last) => last === undefined || last.score.home <= last.score.away)).toEqual([]);
  });

  test("is not batted on by a home team that leads after the top of the ninth", () => {
    const tops = games.flatMap(({ plays: played }) => played.findLast((play) => play.inning === 9 && play.battingSide === "away") ?? []);
    const decided = tops.filter((top) => top.score.home > top.score.away);
    expect(decided.length).toBeGreaterThan(0);
    expect(decided.filter((top) => !games.some(({ plays: played }) => played.at(-1) === top))).toEqual([]);
  });

  test("is won by one run on a walk-off, but for home runs", () => {
    const walkOffs = games
      .flatMap(({ plays: played }) => played.at(-1) ?? [])
      .filter((last) => last.count.outs < 3 && last.eventType !== "home_run");
    expect(new Set(walkOffs.map((last) => last.score.home - last.score.away))).toEqual(new Set([1]));
  });

  test("places a runner on second base in every half of an extra inning", () => {
    const extra = games.flatMap((played) => halves(played.plays).filter((half) => (half[0]?.inning ?? 0) > 9));
    expect(extra.length).toBeGreaterThan(0);
    for (const half of extra) expect(half[0]?.basesBefore["2B"]?.isPlaced).toBe(true);
  });
});

describe("a play", () => {
  test("brings every batter to an out, to a run, or to be left on base", () => {
    for (const half of games.flatMap((played) => halves(played.plays))) {
      const batters = half.filter((play) => play.isPlateAppearance).length;
      const placed = half.filter((play) =>
        play.events.some((event) => event.kind === "action" && event.eventType === "runner_placed"),
      ).length;
      const movements = half.flatMap((play) => play.movements);
      const runs = movements.filter((movement) => movement.end === "score").length;
      const outs = movements.filter((movement) => movement.outNumber !== null).length;
      const last = half.at(-1);
      expect(batters + placed).toBe(runs + outs + (last === undefined ? 0 : runnersOn(last.basesAfter)));
    }
  });

  test("follows the order of its batting team", () => {
    for (const { plays: played, teams } of games) {
      for (const side of ["away", "home"] as const) {
        const slots = new Map(teams[side].appearances.map(({ player, slot }) => [player.id, slot]));
        const batted = played
          .filter((play) => play.battingSide === side && play.isPlateAppearance)
          .map((play) => slots.get(play.batter.id));
        expect(batted).toEqual(batted.map((_, i) => (i % 9) + 1));
      }
    }
  });

  test("has a count that grows pitch by pitch", () => {
    for (const play of plays) {
      const pitches = play.events.filter((event) => event.kind === "pitch");
      const sums = pitches.map((event) => event.count.balls + event.count.strikes);
      expect(sums.every((sum, i) => i === 0 || sum >= (sums[i - 1] ?? 0))).toBe(true);
      expect(pitches.map((event) => event.pitchNumber)).toEqual(pitches.map((_, i) => i + 1));
    }
  });

  test("is a strikeout on the third strike and a walk on the fourth ball", () => {
    const counts = (eventType: string, part: "strikes" | "balls"): Set<number> =>
      new Set(plays.filter((play) => play.eventType === eventType).map((play) => play.count[part]));
    expect(counts("strikeout", "strikes")).toEqual(new Set([3]));
    expect(counts("walk", "balls")).toEqual(new Set([4]));
  });
});

function eventsOf(season: number): PlayEvent[] {
  return (bySeason.get(season) ?? []).flatMap((played) => played.plays.flatMap((play) => play.events));
}

function actionsOf(season: number, eventType: string): string[] {
  return eventsOf(season).flatMap((event) => (event.kind === "action" && event.eventType === eventType ? [event.description] : []));
}

describe("a season's rules", () => {
  test("count visits to the mound since 2023; before, they were advisories that counted for nobody", () => {
    for (const season of [2020, 2022]) {
      expect(actionsOf(season, "mound_visit")).toEqual([]);
      expect(actionsOf(season, "game_advisory").filter((text) => /^mound visit\.$/i.test(text)).length).toBeGreaterThan(40);
    }
    for (const season of [2024, 2026]) {
      expect(actionsOf(season, "game_advisory").filter((text) => /mound/i.test(text))).toEqual([]);
      expect(actionsOf(season, "mound_visit").length).toBeGreaterThan(40);
    }
    const teams = games.flatMap((played) => Object.values(played.teams).map((team) => ({ team, rules: played.conditions.rules })));
    expect(teams.filter(({ team, rules }) => team.moundVisits > rules.moundVisits)).toEqual([]);
  });

  test("time pitchers and batters since 2023, and limit what a pitcher may do about runners", () => {
    const most = (season: number): number =>
      Math.max(...eventsOf(season).map((event) => (event.kind === "pitch" ? event.disengagements : 0)));
    const violations = (season: number): number =>
      eventsOf(season).filter((event) => event.kind === "no_pitch" && event.violator !== null).length;
    for (const season of [2020, 2022]) {
      expect([violations(season), actionsOf(season, "batter_timeout").length]).toEqual([0, 0]);
      expect(most(season)).toBeGreaterThan(2);
    }
    for (const season of [2024, 2026]) {
      expect(violations(season)).toBeGreaterThan(5);
      expect(most(season)).toBe(2);
    }
  });

  test("let balls and strikes be challenged since 2026, until a team has lost two", () => {
    const challenged = (season: number): number => {
      const onPitches = eventsOf(season).filter((event) => event.kind === "pitch" && event.review !== null);
      const onPlays = (bySeason.get(season) ?? []).flatMap((played) => played.plays.filter((play) => play.review?.type === "MJ"));
      return onPitches.length + onPlays.length;
    };
    expect([2020, 2022, 2024].map(challenged)).toEqual([0, 0, 0]);
    expect(challenged(2026)).toBeGreaterThan(80);
    const teams = (bySeason.get(2026) ?? []).flatMap((played) => Object.values(played.teams));
    expect(teams.reduce((sum, team) => sum + team.pitchChallengesWon + team.pitchChallengesLost, 0)).toBe(challenged(2026));
    expect(Math.max(...teams.map((team) => team.pitchChallengesLost))).toBe(2);
  });

  test("let a manager have calls reviewed until one of them stands", () => {
    const reviews = games.flatMap((played) =>
      played.plays.flatMap((play) => (play.review !== null && play.review.type !== "MJ" ? [play.review] : [])),
    );
    expect(new Set(reviews.map(({ isOverturned }) => isOverturned))).toEqual(new Set([true, false]));
    for (const played of games) {
      for (const side of ["away", "home"] as const) {
        const own = played.plays.filter(({ review }) => review?.side === side && review.type !== "MJ");
        expect(own.filter(({ review }) => review?.isOverturned === false).length).toBe(played.teams[side].reviewsLost);
        expect(own.length).toBe(played.teams[side].reviewsUsed);
        expect(played.teams[side].reviewsLost).toBeLessThanOrEqual(1);
      }
    }
  });

  test("make a game of seven innings, with a placed runner in the eighth", () => {
    const short = Array.from({ length: 30 }, (_, i) => game(i + 1, 2020, 7));
    const lasts = short.map(({ plays: played }) => played.at(-1)?.inning ?? 0);
    expect(Math.min(...lasts)).toBe(7);
    expect(Math.max(...lasts)).toBeGreaterThan(7);
    const eighths = short.flatMap((played) => played.plays.find((play) => play.inning === 8) ?? []);
    expect(new Set(eighths.map((play) => play.basesBefore["2B"]?.isPlaced))).toEqual(new Set([true]));
  });
});

test("an intentional walk has four balls and no pitch", () => {
  const walks = plays.filter((play) => play.eventType === "intent_walk");
  expect(new Set(walks.map((play) => play.count.balls))).toEqual(new Set([4]));
  expect(walks.filter((play) => play.events.some((event) => event.kind === "pitch"))).toEqual([]);
});

test("a delay for rain makes a game end later, but not last longer", () => {
  const delayed = games.filter(({ delays }) => delays.inGame > 0);
  expect(delayed.length).toBeGreaterThan(1);
  for (const { delays, startTime, endTime } of delayed) expect(endTime - startTime - delays.inGame).toBeLessThan(5 * 3_600_000);
});

test.each([
  "strikeout",
  "walk",
  "hit_by_pitch",
  "single",
  "double",
  "triple",
  "home_run",
  "field_out",
  "force_out",
  "grounded_into_double_play",
  "double_play",
  "sac_fly",
  "field_error",
  "stolen_base_2b",
  "caught_stealing_2b",
  "wild_pitch",
  "passed_ball",
  "pitching_substitution",
  "offensive_substitution",
  "defensive_substitution",
  "defensive_switch",
  "mound_visit",
  "batter_timeout",
  "pickoff",
  "stepoff",
  "runner_placed",
  "intent_walk",
  "sac_bunt",
  "fielders_choice",
  "fielders_choice_out",
  "strikeout_double_play",
  "pickoff_1b",
  "pickoff_2b",
  "pickoff_caught_stealing_2b",
  "pickoff_error_1b",
  "balk",
  "defensive_indiff",
  "error",
  "no_pitch",
  "injury",
  "ejection",
])("a season of games knows %s", (eventType) => {
  expect(eventTypes).toContain(eventType);
});
