import { describe, expect, test } from "vitest";
import type { JsonObject } from "../json-value.ts";
import { playSimulation, simulateGame } from "../simulate-game.ts";
import type { SimulationSpec } from "../simulate-game.ts";
import { scoredAtFirst } from "./first-scoring.ts";
import { simulateStates } from "./simulate-states.ts";
import { timelineOf } from "./timeline.ts";

interface SeenEvent {
  readonly type: string;
  readonly endTime?: string;
  readonly playId?: string;
  readonly pitchData?: { readonly extension?: number; readonly breaks: { readonly breakAngle: number; readonly spinRate?: number } };
  readonly hitData?: { readonly location?: string };
}
interface SeenPlay {
  readonly result: { readonly event?: string; readonly eventType?: string; readonly rbi?: number; readonly isOut?: boolean };
  readonly about: { readonly isComplete: boolean; readonly hasOut?: boolean; readonly isScoringPlay?: boolean; readonly endTime: string };
  readonly playEvents: readonly SeenEvent[];
  readonly runners: readonly unknown[];
}
interface SeenTeam {
  readonly bench: readonly number[];
  readonly bullpen: readonly number[];
  readonly battingOrder: readonly number[];
  readonly teamStats: { readonly batting: { readonly hits: number }; readonly fielding: { readonly errors: number } };
}
interface SeenHalf {
  readonly runs?: number;
  readonly hits: number;
  readonly errors: number;
}
interface SeenBody {
  readonly metaData: { readonly timeStamp: string };
  readonly gameData: {
    readonly status: { readonly detailedState: string };
    readonly datetime: { readonly originalDate: string; readonly officialDate: string };
    readonly weather: object;
    readonly gameInfo: object;
  };
  readonly liveData: {
    readonly plays: { readonly allPlays: readonly SeenPlay[]; readonly currentPlay?: SeenPlay };
    readonly linescore: {
      readonly innings: readonly { readonly away: SeenHalf; readonly home: SeenHalf }[];
      readonly teams: Readonly<Record<"away" | "home", SeenHalf>>;
      readonly offense: { readonly first?: object };
    };
    readonly boxscore: { readonly teams: Readonly<Record<"away" | "home", SeenTeam>> };
    readonly decisions?: object;
  };
}
interface Seen extends SeenBody {
  readonly capturedAt: string;
  readonly body: JsonObject;
}

/** A game that was put off, broken off, and in which a hit became an error. */
const SPEC: SimulationSpec = {
  seed: firstSeed(({ game }) => scoredAtFirst(game) !== game && game.plays.at(-1)?.inning === 9),
  gamePk: 900_001,
  date: "2024-07-12",
  postponedFrom: "2024-07-10",
  suspendedIn: 5,
};

function firstSeed(isWanted: (simulated: ReturnType<typeof playSimulation>) => boolean): number {
  const seeds = Array.from({ length: 100 }, (_, i) => i + 1);
  const common = { gamePk: 900_001, suspendedIn: 5 };
  const found = seeds.find((seed) => isWanted(playSimulation({ seed, ...common })));
  if (found === undefined) throw new RangeError("no game of the first hundred is such a one");
  return found;
}

const states = [...simulateStates(SPEC)].map(({ body, capturedAt }): Seen => ({ ...(body as unknown as SeenBody), capturedAt, body }));

function versionOf(state: Seen): string {
  return state.metaData.timeStamp;
}

function statusOf(state: Seen): string {
  return state.gameData.status.detailedState;
}

/** The states without the stale answers, which say again what was said before. */
const fresh = states.filter((state, i) => states.findIndex(({ body }) => body === state.body) === i);
const steps = fresh.slice(1).flatMap((after, i): { before: Seen; after: Seen }[] => {
  const before = fresh[i];
  return before === undefined ? [] : [{ before, after }];
});

/** An open play before and after a step. */
const openSteps = steps.flatMap(({ before, after }) => {
  const [from, to] = [before.liveData.plays.allPlays, after.liveData.plays.allPlays];
  const [play, next] = [from.at(-1), to.at(-1)];
  return from.length === to.length && play?.about.isComplete === false && next?.about.isComplete === false ? [{ play, next }] : [];
});

function hasLater(isMissing: (event: SeenEvent) => boolean): boolean {
  return steps.some(({ before, after }) => {
    const from = before.liveData.plays.allPlays;
    const to = after.liveData.plays.allPlays;
    return from.some((play, i) =>
      play.playEvents.some((event, j) => {
        const later = to[i]?.playEvents[j];
        return isMissing(event) && later !== undefined && !isMissing(later);
      }),
    );
  });
}

describe("the answers that polling a game brings", () => {
  test("are the same, byte by byte and at the same times, for the same seed", () => {
    const start = (seed: number): string => {
      const texts: string[] = [];
      for (const state of simulateStates({ ...SPEC, seed })) if (texts.push(JSON.stringify(state)) === 25) break;
      return texts.join("\n");
    };
    expect(start(SPEC.seed)).toBe(start(SPEC.seed));
    expect(start(SPEC.seed)).not.toBe(start(SPEC.seed + 1));
  });

  test("are 300 to 500 for a game of nine innings", () => {
    expect(states.length).toBeGreaterThanOrEqual(300);
    expect(states.length).toBeLessThanOrEqual(500);
    const played = Array.from({ length: 15 }, (_, i) => playSimulation({ seed: i + 1, gamePk: 1 }));
    const counts = played
      .filter(({ game }) => game.plays.at(-1)?.inning === 9)
      .map(({ game, random }) => [...timelineOf(game, random.fork("states").fork("timeline"))].length);
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(290);
    expect(Math.max(...counts)).toBeLessThanOrEqual(490);
  });

  test("end with the body of the finished game", () => {
    expect(JSON.stringify(states.at(-1)?.body) === JSON.stringify(simulateGame(SPEC))).toBe(true);
  });

  test("have times of capture that ascend, each after its version", () => {
    for (const [i, state] of states.entries()) {
      expect(state.capturedAt > (states[i - 1]?.capturedAt ?? "")).toBe(true);
      expect(state.capturedAt.replaceAll(/[-:]/g, "").replace("T", "_") > versionOf(state)).toBe(true);
    }
  });

  test("have versions that never fall, but for stale answers", () => {
    expect(steps.filter(({ before, after }) => versionOf(after) < versionOf(before))).toEqual([]);
  });
});

describe("a game over time", () => {
  test("goes through its statuses in their order", () => {
    const statuses = fresh.map(statusOf);
    expect(statuses.filter((status, i) => status !== statuses[i - 1])).toEqual([
      "Scheduled",
      "Pre-Game",
      "Postponed",
      "Scheduled",
      "Pre-Game",
      "Warmup",
      "In Progress",
      "Suspended: Rain",
      "In Progress",
      "Game Over",
      "Final",
    ]);
  });

  test("is announced without plays, weather and game info", () => {
    const [announced] = fresh;
    expect(announced?.liveData.plays).toEqual({ allPlays: [], scoringPlays: [], playsByInning: [] });
    expect(announced?.gameData).toMatchObject({ weather: {}, gameInfo: {} });
    expect(announced?.liveData.boxscore.teams.home).toMatchObject({ battingOrder: [], bench: { length: 13 }, bullpen: { length: 13 } });
  });

  test("shows an open play without events as a stub", () => {
    const stubs = fresh.flatMap(({ liveData }) => liveData.plays.allPlays.filter(({ playEvents }) => playEvents.length === 0));
    expect(stubs.length).toBeGreaterThan(10);
    for (const { result, about, runners } of stubs) {
      expect(Object.keys(result)).toEqual(["type", "awayScore", "homeScore"]);
      expect(about.isComplete).toBe(false);
      expect([about.hasOut, about.isScoringPlay]).toEqual([undefined, undefined]);
      expect(runners).toEqual([]);
    }
  });

  test("gives an open play the text of its latest action, and takes it away with the next pitch", () => {
    expect(openSteps.some(({ play, next }) => play.result.event === undefined && next.result.event !== undefined)).toBe(true);
    expect(openSteps.some(({ play, next }) => play.result.eventType === "mound_visit" && next.result.eventType === undefined)).toBe(true);
    expect(openSteps.some(({ next }) => "hasReview" in next.about)).toBe(false);
  });

  test("has one score in its last play, open or not, and in the line score", () => {
    const played = fresh.filter(({ liveData }) => liveData.plays.allPlays.length > 0);
    const scores = played.map(
      ({ liveData }) => liveData.plays.currentPlay?.result as { readonly awayScore?: number; readonly homeScore?: number },
    );
    expect(scores.map(({ awayScore, homeScore }) => [awayScore, homeScore])).toEqual(
      played.map(({ liveData }) => [liveData.linescore.teams.away.runs, liveData.linescore.teams.home.runs]),
    );
    expect(scores.some(({ awayScore = 0, homeScore = 0 }) => awayScore + homeScore > 1)).toBe(true);
  });

  test("has no open play between half innings", () => {
    const middles = fresh.filter(({ liveData }) => (liveData.linescore as unknown as { inningState?: string }).inningState === "Middle");
    expect(middles.length).toBeGreaterThanOrEqual(8);
    for (const { liveData } of middles) expect(liveData.plays.allPlays.at(-1)?.about.isComplete).toBe(true);
  });

  test.each<[string, (event: SeenEvent) => boolean]>([
    ["the extension of a pitch", ({ pitchData }) => pitchData !== undefined && pitchData.extension === undefined],
    ["its spin", ({ pitchData }) => pitchData !== undefined && pitchData.breaks.spinRate === undefined],
    ["where a ball in play came down", ({ hitData }) => hitData !== undefined && hitData.location === undefined],
    ["the end of an event", ({ endTime }) => endTime === undefined],
    ["the id of a step off the mound", ({ type, playId }) => (type === "stepoff" || type === "pickoff") && playId === undefined],
  ])("learns %s later than the event itself", (_, isMissing) => {
    expect(hasLater(isMissing)).toBe(true);
  });

  test.each<[string, (state: Seen) => number]>([
    ["bench", ({ liveData }) => liveData.boxscore.teams.away.bench.length],
    ["bullpen", ({ liveData }) => liveData.boxscore.teams.away.bullpen.length],
    ["batting order", ({ liveData }) => liveData.boxscore.teams.home.battingOrder.length],
    ["list of runners", ({ liveData }) => ("first" in liveData.linescore.offense ? 1 : 0)],
  ])("has a %s that shrinks", (_, size) => {
    expect(steps.some(({ before, after }) => size(after) < size(before))).toBe(true);
  });

  test("rewrites its complete plays in bulk near the end: other angles of the breaks, earlier ends", () => {
    const rewritten = steps.map(({ before, after }) => {
      const to = after.liveData.plays.allPlays;
      const complete = before.liveData.plays.allPlays.filter(({ about }) => about.isComplete);
      return complete.filter(({ about }, i) => (to[i]?.about.endTime ?? "9") < about.endTime).length;
    });
    const bulk = Math.max(...rewritten);
    const at = rewritten.indexOf(bulk);
    expect(bulk).toBeGreaterThan(60);
    expect(at).toBeGreaterThan(steps.length * 0.9);
    expect(steps[at]?.after.gameData.status.detailedState).toBe("In Progress");
    const angles = (state: Seen | undefined): (number | undefined)[] =>
      (state?.liveData.plays.allPlays ?? []).flatMap((play) => play.playEvents.map(({ pitchData }) => pitchData?.breaks.breakAngle));
    const [before, after] = [angles(steps[at]?.before), angles(steps[at]?.after)];
    expect(before.filter((angle, i) => angle !== after[i]).length).toBeGreaterThan(150);
  });

  test("has bodies of one version that differ, while it is played and after it", () => {
    const same = steps.filter(
      ({ before, after }) => versionOf(before) === versionOf(after) && JSON.stringify(before.body) !== JSON.stringify(after.body),
    );
    expect(same.some(({ before }) => statusOf(before) === "In Progress")).toBe(true);
    expect(same.some(({ before, after }) => statusOf(before) === "Final" && statusOf(after) === "Final")).toBe(true);
  });

  test("is answered from a stale copy now and then", () => {
    const stale = states.filter((state, i) => versionOf(state) < versionOf(states[i - 1] ?? state));
    expect(stale.length).toBeGreaterThan(0);
    for (const { body } of stale) expect(states.filter((state) => state.body === body).length).toBeGreaterThan(1);
  });

  test("turns a hit into an error after it is final, and all figures follow", () => {
    const [scored, corrected] = fresh.filter((state) => statusOf(state) === "Final").slice(-2);
    if (scored === undefined || corrected === undefined) throw new RangeError("no correction");
    const changed = scored.liveData.plays.allPlays.flatMap(({ result }, i) => {
      const now = corrected.liveData.plays.allPlays[i]?.result.eventType;
      return result.eventType === now ? [] : [[result.eventType, now]];
    });
    expect(changed).toEqual([["single", "field_error"]]);
    const totals = ({ liveData }: Seen): number[] => {
      const { linescore, boxscore } = liveData;
      const sum = (of: (side: "away" | "home") => number): number => of("away") + of("home");
      return [
        sum((side) => linescore.teams[side].hits),
        sum((side) => linescore.teams[side].errors),
        sum((side) => boxscore.teams[side].teamStats.batting.hits),
        sum((side) => boxscore.teams[side].teamStats.fielding.errors),
      ];
    };
    const [hits = 0, errors = 0, batted = 0, made = 0] = totals(scored);
    expect(totals(corrected)).toEqual([hits - 1, errors + 1, batted - 1, made + 1]);
  });

  test("that is put off has a new date under its old number", () => {
    const dates = fresh.map(({ gameData }) => `${gameData.datetime.originalDate} ${gameData.datetime.officialDate}`);
    expect(dates.filter((date, i) => date !== dates[i - 1])).toEqual(["2024-07-10 2024-07-10", "2024-07-10 2024-07-12"]);
    const postponed = fresh.filter((state) => statusOf(state) === "Postponed");
    expect(postponed.map(({ liveData }) => liveData.plays.allPlays.length)).toEqual([0]);
    expect(postponed[0]?.gameData.status).toMatchObject({ abstractGameState: "Final", codedGameState: "D" });
  });

  test("that is broken off goes on the next day", () => {
    const broken = fresh.filter((state) => statusOf(state) === "Suspended: Rain");
    const last = broken.at(-1);
    const resumed = fresh[fresh.findIndex((state) => state === last) + 1];
    if (last === undefined || resumed === undefined) throw new RangeError("it was not broken off");
    expect(Date.parse(resumed.capturedAt) - Date.parse(last.capturedAt)).toBeGreaterThan(12 * 3_600_000);
    expect(resumed.liveData.plays.allPlays.length).toBe(last.liveData.plays.allPlays.length);
    expect(resumed.gameData.datetime).toEqual(last.gameData.datetime);
  });

  test("gives a half inning no runs before it scores or is over", () => {
    const halves = fresh.flatMap(({ liveData }) => liveData.linescore.innings.flatMap(({ away, home }) => [away, home]));
    expect(halves.some((half) => !("runs" in half))).toBe(true);
    const top = fresh.find(({ liveData }) => liveData.linescore.innings.length === 1);
    expect(top?.liveData.linescore.innings[0]).toEqual({
      num: 1,
      ordinalNum: "1st",
      home: { hits: 0, errors: 0, leftOnBase: 0 },
      away: { hits: 0, errors: 0, leftOnBase: 0 },
    });
  });

  test("names winner and loser only when it is over", () => {
    for (const state of fresh) expect("decisions" in state.liveData).toBe(statusOf(state) === "Game Over" || statusOf(state) === "Final");
  });
});
