import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gameStub, stubPath } from "../src/simulate/simulated-stub.ts";
import { simulateStates } from "../src/simulate/states/simulate-states.ts";
import { writeStubFile } from "../src/simulate/write-stub-file.ts";
import { runCli } from "./run-cli.ts";
import { createRandom } from "./small-random.ts";

/**
 * States of a game on the shipped mapping. More of them: `GAME_STATES=40 GAME_STATES_ALL=1 npx vitest run tests/game-states.test.ts`
 * takes 40 in turn, and every state of the game in random order.
 */
const IN_TURN = Number(process.env["GAME_STATES"] ?? 5);
const SEED = Number(process.env["GAME_STATES_SEED"] ?? 11);
const IN_RANDOM_ORDER = process.env["GAME_STATES_ALL"] === undefined ? 12 : Number.POSITIVE_INFINITY;
const METHOD = ["--endpoint", "game", "--method", "live_game_v1"];
const TIMEOUT_MS = 60_000 + 20_000 * IN_TURN + (Number.isFinite(IN_RANDOM_ORDER) ? 0 : 600_000);

let folder = "";
/** In the order of capture; those which were the newest when they were captured apart. */
const files: string[] = [];
const newest: string[] = [];

beforeAll(async () => {
  let version = "";
  folder = await mkdtemp(join(tmpdir(), "game-states-"));
  for (const { body, capturedAt } of simulateStates({ seed: SEED, gamePk: 900_001, postponedFrom: "2024-07-10", suspendedIn: 4 })) {
    const stub = gameStub(900_001, body, capturedAt);
    await writeStubFile(join(folder, "stubs"), stub);
    const file = join(folder, "stubs", stubPath(stub));
    files.push(file);
    const { timeStamp } = body["metaData"] as { readonly timeStamp: string };
    if (timeStamp >= version) newest.push(file);
    if (timeStamp > version) version = timeStamp;
  }
}, TIMEOUT_MS);
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Every n-th, and the last. */
function sample(list: readonly string[], count: number): string[] {
  const step = Math.max(1, list.length / count);
  return list.filter((_, i) => i === list.length - 1 || Math.floor((i + 1) / step) > Math.floor(i / step));
}

async function load(home: string, ...states: readonly string[]): Promise<void> {
  const ingested = await runCli("--home", home, "ingest", ...METHOD, "--from-files", ...states);
  expect(ingested.exit, ingested.stderr).toBe(0);
  const transformed = await runCli("--home", home, "transform", ...METHOD, "--save");
  expect(transformed.exit, transformed.stderr).toBe(0);
}

interface Digest {
  readonly targets: readonly { readonly name: string; readonly digest: string }[];
}

async function digestOf(home: string): Promise<Record<string, string>> {
  const { targets } = (await runCli("--home", home, "verify", "digest", "--json")).json as Digest;
  return Object.fromEntries(targets.map(({ name, digest }) => [name, digest]));
}

async function countIn(home: string, table: string): Promise<unknown> {
  return (await runCli("--home", home, "--json", "sql", `SELECT count(*) AS n FROM ${table}`)).json;
}

describe("states of a game", () => {
  test(
    "give the tables of each state that is the newest: nothing of an older one is left",
    async () => {
      const inTurn = join(folder, "in-turn");
      for (const [i, file] of sample(newest, IN_TURN).entries()) {
        await load(inTurn, file);
        const alone = join(folder, `alone-${String(i)}`);
        await load(alone, file);
        expect(await digestOf(inTurn)).toEqual(await digestOf(alone));
        await rm(alone, { recursive: true });
      }
      expect(await countIn(inTurn, "mlb.quarantine")).toEqual([{ n: "0" }]);
      expect(await countIn(inTurn, "mlb.bad_values")).toEqual([{ n: "0" }]);
      expect(await countIn(inTurn, "mlb.warnings")).toEqual([{ n: "0" }]);
    },
    TIMEOUT_MS,
  );

  test(
    "give the final tables in any order, some of them twice",
    async () => {
      const some = sample(files, IN_RANDOM_ORDER);
      const random = createRandom(SEED);
      const shuffled = [...some, ...some].map((file) => ({ file, key: random() })).toSorted((a, b) => a.key - b.key);
      const home = join(folder, "any-order");
      const third = Math.ceil(shuffled.length / 3);
      for (const from of [0, third, 2 * third]) await load(home, ...shuffled.slice(from, from + third).map(({ file }) => file));
      const alone = join(folder, "newest-alone");
      await load(alone, files.at(-1) ?? "");
      expect(await digestOf(home)).toEqual(await digestOf(alone));
      expect(await countIn(home, "mlb.quarantine")).toEqual([{ n: "0" }]);
    },
    TIMEOUT_MS,
  );
});
