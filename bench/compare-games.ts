/**
 * Simulated games beside real ones: `npx tsx bench/compare-games.ts DIR_REAL DIR_SIMULATED`, folders of live feeds (.json, .json.gz; bare or recordings).
 * Prints mean and deviation of figures per final game, and how many standard errors apart the means are; `!` marks 3 or more.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { argv, stdout } from "node:process";
import { gunzipSync } from "node:zlib";

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

interface Hit {
  readonly launchSpeed?: number;
  readonly launchAngle?: number;
  readonly totalDistance?: number;
  readonly trajectory?: string;
}
interface PlayEvent {
  readonly type: string;
  readonly details: { readonly eventType?: string; readonly isInPlay?: boolean; readonly isBall?: boolean };
  readonly pitchData?: { readonly startSpeed?: number; readonly breaks?: { readonly spinRate?: number } };
  readonly hitData?: Hit;
  readonly reviewDetails?: object;
}
interface Play {
  readonly result: { readonly eventType?: string };
  readonly playEvents: readonly PlayEvent[];
  readonly runners: readonly { readonly credits?: readonly object[] }[];
  readonly reviewDetails?: object;
}
interface Counts {
  readonly [name: string]: number;
}
interface Team {
  readonly teamStats: { readonly batting: Counts };
  readonly pitchers: readonly number[];
}
interface Feed {
  readonly gamePk: number;
  readonly metaData?: { readonly timeStamp?: string };
  readonly gameData: {
    readonly status: { readonly abstractGameState: string };
    readonly gameInfo: { readonly gameDurationMinutes?: number };
  };
  readonly liveData: {
    readonly plays: { readonly allPlays: readonly Play[] };
    readonly linescore: {
      readonly currentInning: number;
      readonly teams: { readonly away: Counts; readonly home: Counts };
    };
    readonly boxscore: { readonly teams: { readonly away: Team; readonly home: Team } };
  };
}

type Figures = Readonly<Record<string, number>>;

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function deviation(values: readonly number[]): number {
  const middle = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / Math.max(1, values.length - 1));
}

function present(values: readonly (number | undefined)[]): number[] {
  return values.filter((value) => value !== undefined);
}

/** Leaves, and the paths that they are on (keys that are ids count as one). */
function countLeaves(value: Json, path: string, paths: Set<string>): number {
  if (value === null || typeof value !== "object") {
    paths.add(path);
    return 1;
  }
  const children = Array.isArray(value)
    ? value.map((child: Json): [string, Json] => ["[*]", child])
    : Object.entries(value).map(([key, child]): [string, Json] => [/^(?:ID)?[0-9]+$/.test(key) ? ".*" : `.${key}`, child]);
  return children.reduce((sum, [step, child]) => sum + countLeaves(child, path + step, paths), 0);
}

function figuresOf(feed: Feed, bytes: number): Figures {
  const { plays, linescore, boxscore } = feed.liveData;
  const all = plays.allPlays;
  const events = all.flatMap((play) => play.playEvents);
  const pitches = events.filter(({ type }) => type === "pitch");
  const hits = present(pitches.map(({ hitData }) => hitData?.launchSpeed));
  const batted = pitches.flatMap(({ hitData }) => hitData ?? []);
  const sides = [boxscore.teams.away, boxscore.teams.home];
  const batting = (name: string): number => sides.reduce((sum, { teamStats }) => sum + (teamStats.batting[name] ?? 0), 0);
  const both = (name: string): number => (linescore.teams.away[name] ?? 0) + (linescore.teams.home[name] ?? 0);
  const actions = (...names: string[]): number => events.filter(({ details }) => names.includes(details.eventType ?? "")).length;
  const results = (...names: string[]): number => all.filter(({ result }) => names.includes(result.eventType ?? "")).length;
  const share = (part: number, whole: number): number => (whole === 0 ? 0 : (100 * part) / whole);
  const trajectory = (name: string): number => share(batted.filter((hit) => (hit.trajectory ?? "").endsWith(name)).length, batted.length);
  const paths = new Set<string>();
  const leaves = countLeaves(feed as unknown as Json, "$", paths);
  return {
    innings: linescore.currentInning,
    plays: all.length,
    events: events.length,
    pitches: pitches.length,
    "pitches per play": pitches.length / all.length,
    runs: both("runs"),
    hits: both("hits"),
    doubles: batting("doubles"),
    triples: batting("triples"),
    "home runs": batting("homeRuns"),
    walks: batting("baseOnBalls"),
    strikeouts: batting("strikeOuts"),
    "hit by pitch": batting("hitByPitch"),
    "sacrifice flies": batting("sacFlies"),
    "double plays": batting("groundIntoDoublePlay"),
    "left on base": both("leftOnBase"),
    errors: both("errors"),
    "stolen bases": batting("stolenBases"),
    "caught stealing": batting("caughtStealing"),
    "fielder's choices": results("fielders_choice", "fielders_choice_out", "force_out"),
    "wild pitches, passed balls": actions("wild_pitch", "passed_ball"),
    pitchers: sides.reduce((sum, team) => sum + team.pitchers.length, 0),
    "other substitutions": actions("offensive_substitution", "defensive_substitution", "defensive_switch"),
    "pickoff attempts": events.filter(({ type }) => type === "pickoff").length,
    "mound visits": actions("mound_visit"),
    reviews: [...all, ...events].filter(({ reviewDetails }) => reviewDetails !== undefined).length,
    "balls, %": share(pitches.filter(({ details }) => details.isBall === true).length, pitches.length),
    "in play, %": share(batted.length, pitches.length),
    "pitch speed, mph": mean(present(pitches.map(({ pitchData }) => pitchData?.startSpeed))),
    "pitch speed, deviation": deviation(present(pitches.map(({ pitchData }) => pitchData?.startSpeed))),
    "spin, rpm": mean(present(pitches.map(({ pitchData }) => pitchData?.breaks?.spinRate))),
    "exit speed, mph": mean(hits),
    "exit speed, deviation": deviation(hits),
    "launch angle, degrees": mean(present(batted.map((hit) => hit.launchAngle))),
    "distance, feet": mean(present(batted.map((hit) => hit.totalDistance))),
    "ground balls, %": trajectory("ground_ball"),
    "line drives, %": trajectory("line_drive"),
    "fly balls, %": trajectory("fly_ball"),
    "popups, %": trajectory("popup"),
    "runner rows": all.reduce((sum, play) => sum + play.runners.length, 0),
    "fielding credits": all.reduce((sum, play) => sum + play.runners.reduce((n, { credits }) => n + (credits?.length ?? 0), 0), 0),
    minutes: feed.gameData.gameInfo.gameDurationMinutes ?? 0,
    "body, kB": bytes / 1000,
    leaves,
    paths: paths.size,
  };
}

/** The final games of a folder, each once. */
async function readGames(folder: string): Promise<readonly Figures[]> {
  const games = new Map<number, { readonly version: string; readonly figures: Figures }>();
  for (const name of (await readdir(folder)).toSorted()) {
    if (!/\.json(?:\.gz)?$/.test(name)) continue;
    const file = await readFile(join(folder, name));
    const parsed = JSON.parse((name.endsWith(".gz") ? gunzipSync(file) : file).toString("utf8")) as Feed & { readonly response?: Feed };
    const feed = parsed.response ?? parsed;
    const version = feed.metaData?.timeStamp ?? "";
    if (feed.gameData.status.abstractGameState !== "Final" || version < (games.get(feed.gamePk)?.version ?? "")) continue;
    games.set(feed.gamePk, { version, figures: figuresOf(feed, Buffer.byteLength(JSON.stringify(feed))) });
  }
  return [...games.values()].map(({ figures }) => figures);
}

function text(value: number): string {
  return value.toFixed(Math.abs(value) < 100 ? 2 : 0);
}

const [, , realFolder, simulatedFolder] = argv;
if (realFolder === undefined || simulatedFolder === undefined)
  throw new Error("usage: npx tsx bench/compare-games.ts DIR_REAL DIR_SIMULATED");
const real = await readGames(realFolder);
const simulated = await readGames(simulatedFolder);
stdout.write(`${String(real.length)} real games, ${String(simulated.length)} simulated ones\n\n`);
stdout.write(`${"per game".padEnd(28)}${"real".padStart(18)}${"simulated".padStart(18)}${"apart".padStart(9)}\n`);
for (const name of Object.keys(real[0] ?? {})) {
  const [left, right] = [real, simulated].map((games) => games.map((game) => game[name] ?? 0)) as [number[], number[]];
  const error = Math.sqrt(deviation(left) ** 2 / left.length + deviation(right) ** 2 / right.length);
  const apart = error === 0 ? 0 : (mean(right) - mean(left)) / error;
  const cell = (values: readonly number[]): string => `${text(mean(values))} ± ${text(deviation(values))}`.padStart(18);
  stdout.write(`${name.padEnd(28)}${cell(left)}${cell(right)}${apart.toFixed(1).padStart(8)}${Math.abs(apart) >= 3 ? "!" : ""}\n`);
}
