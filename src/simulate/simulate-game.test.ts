import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { SIMULATED_COPYRIGHT } from "./body/write-live-feed.ts";
import type { JsonObject, JsonValue } from "./json-value.ts";
import { simulateGame } from "./simulate-game.ts";

const SHARED = join(import.meta.dirname, "../../../shared");
const LEAF_PATHS = join(SHARED, "leaf-paths.tsv");
const ORACLE = join(SHARED, "oracle/oracle.py");
/** One after the other: rules differ. */
const SEASONS = [2020, 2024, 2022, 2026];
const SEEDS = Array.from({ length: 24 }, (_, i) => i + 1);

function hasPython(): boolean {
  try {
    execFileSync("python3", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function bodyOf(seed: number): JsonObject {
  return simulateGame({ seed, gamePk: 700_000 + seed, date: `${SEASONS[seed % SEASONS.length] ?? 2024}-07-12` });
}

const bodies = new Map(SEEDS.map((seed) => [seed, bodyOf(seed)]));

type LeafType = "string" | "number" | "boolean" | "null" | "[]" | "{}";

function leafType(value: JsonValue): LeafType {
  if (value === null) return "null";
  if (typeof value === "object") return Array.isArray(value) ? "[]" : "{}";
  return typeof value as "string" | "number" | "boolean";
}

/** Adds the leaves below a value: path (arrays as `[*]`, id keys as `.*`) to types. */
function collectLeaves(value: JsonValue, path: string, leaves: Map<string, Set<LeafType>>): void {
  const children: [string, JsonValue][] =
    value === null || typeof value !== "object"
      ? []
      : Array.isArray(value)
        ? value.map((child: JsonValue): [string, JsonValue] => [`${path}[*]`, child])
        : Object.entries(value).map(([key, child]) => [`${path === "" ? "" : `${path}.`}${/^(ID)?[0-9]+$/.test(key) ? "*" : key}`, child]);
  if (children.length === 0) leaves.set(path, (leaves.get(path) ?? new Set()).add(leafType(value)));
  for (const [childPath, child] of children) collectLeaves(child, childPath, leaves);
}

function leavesOf(documents: Iterable<JsonValue>): Map<string, Set<LeafType>> {
  const leaves = new Map<string, Set<LeafType>>();
  for (const document of documents) collectLeaves(document, "", leaves);
  return leaves;
}

interface RealLeaf {
  readonly types: ReadonlySet<string>;
  /** Number of the 40 documents that have it. */
  readonly documents: number;
}

/** The paths of real feeds. Integers and decimals count as one type: JSON has but one. */
function readRealLeaves(): Map<string, RealLeaf> {
  const [, ...lines] = readFileSync(LEAF_PATHS, "utf8").trimEnd().split("\n");
  return new Map(
    lines.map((line) => {
      const [path = "", , documents = "", , , , types = ""] = line.split("\t");
      const names = types.split(" ").map((type) => type.replace(/:\d+$/, "").replace("integer", "number"));
      return [path, { types: new Set(names), documents: Number(documents) }];
    }),
  );
}

describe("a simulated game", () => {
  test("is the same, byte by byte, for the same seed", () => {
    expect(JSON.stringify(bodyOf(3))).toBe(JSON.stringify(bodies.get(3)));
    expect(JSON.stringify(bodyOf(4))).not.toBe(JSON.stringify(bodies.get(3)));
  });

  test("is marked as simulated in its copyright and in the names of teams, players and officials", () => {
    const body = bodyOf(1) as unknown as {
      copyright: string;
      gameData: {
        teams: Record<string, { name: string }>;
        players: Record<string, { fullName: string }>;
        officialScorer: { fullName: string };
      };
      liveData: { boxscore: { officials: { official: { fullName: string } }[] } };
    };
    expect(body.copyright).toBe(SIMULATED_COPYRIGHT);
    expect(body.copyright).toMatch(/^SIMULATED/);
    for (const team of Object.values(body.gameData.teams)) expect(team.name).toContain("(simulated)");
    const people = [
      ...Object.values(body.gameData.players),
      body.gameData.officialScorer,
      ...body.liveData.boxscore.officials.map((entry) => entry.official),
    ];
    for (const person of people) expect(person.fullName).toContain("(sim)");
  });

  test("is a final state with a version", () => {
    expect(bodies.get(1)).toMatchObject({
      gamePk: 700_001,
      metaData: { timeStamp: expect.stringMatching(/^20240713_\d{6}$/) as string },
      gameData: { status: { abstractGameState: "Final" }, datetime: { officialDate: "2024-07-12" }, game: { pk: 700_001, season: "2024" } },
    });
  });

  test("has the size of a real one", () => {
    const sizes = [...bodies.values()].map((body) => JSON.stringify(body).length).toSorted((a, b) => a - b);
    expect(sizes[0]).toBeGreaterThan(600_000);
    expect(sizes[Math.floor(sizes.length / 2)]).toBeLessThan(900_000);
  });

  test("ends with the play that is the current one", () => {
    for (const body of bodies.values()) {
      const { plays } = body["liveData"] as unknown as { plays: { allPlays: unknown[]; currentPlay: unknown } };
      expect(plays.currentPlay).toEqual(plays.allPlays.at(-1));
    }
  });

  test("has one score in plays, line score and box score", () => {
    for (const body of bodies.values()) {
      const { linescore, boxscore, plays } = body["liveData"] as unknown as {
        linescore: {
          innings: Record<"away" | "home", { runs?: number; hits: number }>[];
          teams: Record<"away" | "home", { runs: number; hits: number }>;
        };
        boxscore: { teams: Record<"away" | "home", { teamStats: { batting: { runs: number; hits: number } } }> };
        plays: { currentPlay: { result: { awayScore: number; homeScore: number } } };
      };
      for (const side of ["away", "home"] as const) {
        const { runs, hits } = linescore.teams[side];
        expect(linescore.innings.reduce((sum, inning) => sum + (inning[side].runs ?? 0), 0)).toBe(runs);
        expect(linescore.innings.reduce((sum, inning) => sum + inning[side].hits, 0)).toBe(hits);
        expect(boxscore.teams[side].teamStats.batting).toMatchObject({ runs, hits });
        expect(plays.currentPlay.result[`${side}Score`]).toBe(runs);
      }
    }
  });
});

describe.skipIf(!existsSync(LEAF_PATHS))("beside real feeds (../shared), a simulated game", () => {
  test("has no path and no type that they do not have", () => {
    const real = readRealLeaves();
    // The current play is the last of all plays, whatever that happens to be.
    const realTypes = (path: string): ReadonlySet<string> =>
      new Set([...(real.get(path)?.types ?? []), ...(real.get(path.replace("plays.currentPlay", "plays.allPlays[*]"))?.types ?? [])]);
    const strange = [...leavesOf(bodies.values())].filter(([path, types]) => [...types].some((type) => !realTypes(path).has(type)));
    expect(strange).toEqual([]);
  });

  test("has every path that most of them have", () => {
    const leaves = leavesOf(bodies.values());
    const missing = [...readRealLeaves()].filter(([path, { documents }]) => documents >= 30 && !leaves.has(path)).map(([path]) => path);
    expect(missing).toEqual([]);
  });
});

test.skipIf(!existsSync(ORACLE) || !hasPython())(
  "every check of baseball that holds in all real games holds in simulated ones (../shared)",
  () => {
    const expected = readFileSync(join(SHARED, "baseball-checks.txt"), "utf8");
    const holdsInReality = new Set([...expected.matchAll(/^HOLDS +(\S.*?): final \d/gm)].map((match) => match[1]));
    const folder = mkdtempSync(join(tmpdir(), "simulate-game-"));
    try {
      for (const [seed, body] of bodies) writeFileSync(join(folder, `${seed}.json`), JSON.stringify(body));
      const report = execFileSync("python3", [ORACLE, "--gates", folder], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
      const broken = [...report.matchAll(/^breaks +(\S.*?): final \d/gm)].map((match) => match[1]);
      expect(report.match(/^HOLDS/gm)?.length).toBeGreaterThan(60);
      expect(broken.filter((name) => holdsInReality.has(name))).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
