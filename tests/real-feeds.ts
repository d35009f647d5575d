import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What is known of real feeds, beside the checkout where present: their leaf paths, and which checks of baseball hold in them. */
const SHARED = join(import.meta.dirname, "../../shared");
const LEAF_PATHS = join(SHARED, "leaf-paths.tsv");
const CHECKS = join(SHARED, "baseball-checks.txt");
const ORACLE = join(SHARED, "oracle/oracle.py");

export const hasLeafPaths: boolean = existsSync(LEAF_PATHS);
export const hasGates: boolean = existsSync(CHECKS) && existsSync(ORACLE) && spawnSync("python3", ["--version"]).status === 0;

/** Leaf paths, arrays as `[*]` and keys that are ids as `.*`, with their JSON types. */
type Leaves = Map<string, Set<string>>;

function leafType(value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "object") return Array.isArray(value) ? "[]" : "{}";
  return typeof value;
}

function collectLeaves(value: unknown, path: string, leaves: Leaves): void {
  const children: [string, unknown][] =
    value === null || typeof value !== "object"
      ? []
      : Array.isArray(value)
        ? value.map((child: unknown): [string, unknown] => [`${path}[*]`, child])
        : Object.entries(value).map(([key, child]) => [`${path === "" ? "" : `${path}.`}${/^(ID)?[0-9]+$/.test(key) ? "*" : key}`, child]);
  if (children.length === 0) leaves.set(path, (leaves.get(path) ?? new Set()).add(leafType(value)));
  for (const [childPath, child] of children) collectLeaves(child, childPath, leaves);
}

function leavesOf(bodies: Iterable<unknown>): Leaves {
  const leaves: Leaves = new Map();
  for (const body of bodies) collectLeaves(body, "", leaves);
  return leaves;
}

interface RealLeaf {
  readonly types: ReadonlySet<string>;
  /** Number of the 40 documents that have it. */
  readonly documents: number;
}

/** Integers and decimals count as one type: JSON has but one. */
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

/** Leaf paths of bodies with a type that no real feed has there. */
export function strangeLeaves(bodies: Iterable<unknown>): [path: string, types: Set<string>][] {
  const real = readRealLeaves();
  // The current play is the last of all plays, whatever that happens to be.
  const places = (path: string): string[] => [path, path.replace("plays.currentPlay", "plays.allPlays[*]")];
  const isReal = (path: string, type: string): boolean => places(path).some((place) => real.get(place)?.types.has(type) === true);
  return [...leavesOf(bodies)].filter(([path, types]) => [...types].some((type) => !isReal(path, type)));
}

/** Leaf paths that at least 30 of the 40 real feeds have, and none of the bodies. */
export function missingLeaves(bodies: Iterable<unknown>): string[] {
  const leaves = leavesOf(bodies);
  return [...readRealLeaves()].filter(([path, { documents }]) => documents >= 30 && !leaves.has(path)).map(([path]) => path);
}

const GROUPS = ["final", "not final"] as const;
interface GateCount {
  readonly documents: number;
  readonly hold: number;
  /** Some exceptions, as texts. */
  readonly first: readonly string[];
}
type Gates = Readonly<Record<string, Partial<Record<(typeof GROUPS)[number], GateCount>>>>;

/** The checks that hold in every real feed, of games that are over and of those that are not. */
function readRealGates(): Readonly<Record<(typeof GROUPS)[number], ReadonlySet<string>>> {
  const holding = { final: new Set<string>(), "not final": new Set<string>() };
  for (const line of readFileSync(CHECKS, "utf8").split("\n")) {
    const [, name, counts] = /^\w+ +(\S.*?): (final .*)$/.exec(line) ?? [];
    if (name === undefined || counts === undefined) continue;
    const holds = (found: RegExpExecArray | null): boolean => found !== null && found[1] === found[2] && found[1] !== "0";
    if (holds(/final (\d+)\/(\d+) documents/.exec(counts))) holding.final.add(name);
    if (holds(/; other (\d+)\/(\d+)/.exec(counts))) holding["not final"].add(name);
  }
  return holding;
}

/** Asks the oracle about each body. `evaluated` counts the checks that were made of a group; `broken` are those that hold in all real feeds. */
export async function checkGates(
  bodies: Iterable<unknown>,
): Promise<{ readonly evaluated: Readonly<Record<(typeof GROUPS)[number], number>>; readonly broken: readonly string[] }> {
  const folder = await mkdtemp(join(tmpdir(), "gates-"));
  try {
    let count = 0;
    for (const body of bodies) await writeFile(join(folder, `${String(count++)}.json`), JSON.stringify(body));
    const report = join(folder, "gates.report");
    execFileSync("python3", [ORACLE, "--gates", "--all-captures", "--gates-json", report, folder], { stdio: "ignore" });
    const { gates } = JSON.parse(readFileSync(report, "utf8")) as { gates: Gates };
    const real = readRealGates();
    const made = (group: (typeof GROUPS)[number]): [string, GateCount][] =>
      Object.entries(gates).flatMap(([name, { [group]: found }]) => (found === undefined || !real[group].has(name) ? [] : [[name, found]]));
    return {
      evaluated: { final: made("final").length, "not final": made("not final").length },
      broken: GROUPS.flatMap((group) =>
        made(group).flatMap(([name, { documents, hold, first }]) =>
          hold === documents ? [] : [`${name}, ${group}: ${String(hold)} of ${String(documents)}, ${first[0] ?? ""}`],
        ),
      ),
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}
