import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gameStub, stubPath } from "../src/simulate/simulated-stub.ts";
import { simulateStates } from "../src/simulate/states/simulate-states.ts";
import type { SimulatedState } from "../src/simulate/states/simulate-states.ts";
import { writeStubFile } from "../src/simulate/write-stub-file.ts";
import { runCli } from "./run-cli.ts";
import { createRandom } from "./small-random.ts";

/**
 * States of a game on the shipped mapping, out of many only every n-th. All of them, with the final one loaded after each other:
 * `GAME_STATES_EVERY=1 npx vitest run tests/game-states.test.ts`, which takes long. `GAME_STATES_SEED` plays another game.
 */
const EVERY = Number(process.env["GAME_STATES_EVERY"] ?? 110);
const SEED = Number(process.env["GAME_STATES_SEED"] ?? 11);
const METHOD = ["--endpoint", "game", "--method", "live_game_v1"];
const TIMEOUT_MS = 120_000 + 7_200_000 / EVERY;

let folder = "";
/** In the order of capture. The last is the final state. */
const files: string[] = [];
/** Those of them that were the newest when they were captured: no stale answers. */
const newest: string[] = [];
const digests = new Map<string, Record<string, string>>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "game-states-"));
  let version = "";
  let count = 0;
  let skipped: SimulatedState | null = null;
  const write = async ({ body, capturedAt }: SimulatedState): Promise<void> => {
    const stub = gameStub(900_001, body, capturedAt);
    const file = join(folder, "stubs", stubPath(stub));
    await writeStubFile(join(folder, "stubs"), stub);
    const { timeStamp } = body["metaData"] as { readonly timeStamp: string };
    files.push(file);
    if (timeStamp >= version) newest.push(file);
    if (timeStamp > version) version = timeStamp;
  };
  for (const state of simulateStates({ seed: SEED, gamePk: 900_001, postponedFrom: "2024-07-10", suspendedIn: 4 })) {
    count += 1;
    skipped = count % EVERY === 0 ? null : state;
    if (skipped === null) await write(state);
  }
  if (skipped !== null) await write(skipped);
}, TIMEOUT_MS);
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

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

/** The digest of a home that holds nothing but one state. */
async function digestAlone(file: string): Promise<Record<string, string>> {
  const known = digests.get(file);
  if (known !== undefined) return known;
  const home = join(folder, "alone");
  await load(home, file);
  const digest = await digestOf(home);
  await rm(home, { recursive: true });
  digests.set(file, digest);
  return digest;
}

describe("states of a game", () => {
  test(
    "give the tables of each state that is the newest: nothing of an older one is left",
    async () => {
      const home = join(folder, "in-turn");
      expect(newest.length).toBeGreaterThan(3);
      for (const file of newest) {
        await load(home, file);
        expect(await digestOf(home)).toEqual(await digestAlone(file));
      }
      for (const table of ["mlb.quarantine", "mlb.bad_values", "mlb.warnings"]) expect(await countIn(home, table)).toEqual([{ n: "0" }]);
    },
    TIMEOUT_MS,
  );

  test(
    "give the final tables in any order, each of them twice",
    async () => {
      const random = createRandom(SEED);
      const shuffled = [...files, ...files].map((file) => ({ file, key: random() })).toSorted((a, b) => a.key - b.key);
      const order = shuffled.map(({ file }) => file);
      const home = join(folder, "any-order");
      const half = Math.ceil(order.length / 2);
      await load(home, ...order.slice(0, half));
      await load(home, ...order.slice(half));
      expect(await digestOf(home)).toEqual(await digestAlone(files.at(-1) ?? ""));
      expect(await countIn(home, "mlb.quarantine")).toEqual([{ n: "0" }]);
    },
    TIMEOUT_MS,
  );
});
