import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LINEAGE_COLUMNS } from "../src/mapping/check-name.ts";
import { gameStub, stubPath } from "../src/simulate/simulated-stub.ts";
import { simulateStates } from "../src/simulate/states/simulate-states.ts";
import type { SimulatedState } from "../src/simulate/states/simulate-states.ts";
import { writeStubFile } from "../src/simulate/write-stub-file.ts";
import { runCli } from "./run-cli.ts";
import { createRandom } from "../src/core/seeded-random.ts";

/**
 * States of simulated games on the shipped mapping: out of some hundred of a game only every n-th, of them some in turn. More:
 * `GAME_STATES_EVERY=1 GAME_STATES_TURNS=14 GAME_STATES_GAMES=3 npx vitest run tests/game-states.test.ts` takes all of three games
 * in random order and 14 of each in turn.
 */
const EVERY = Number(process.env["GAME_STATES_EVERY"] ?? 110);
const TURNS = Number(process.env["GAME_STATES_TURNS"] ?? 3);
const GAMES = Number(process.env["GAME_STATES_GAMES"] ?? 1);
const METHOD = ["--endpoint", "game", "--method", "live_game_v1"];
const TIMEOUT_MS = 300_000 + 60_000 * TURNS + (GAMES * 1_200_000) / EVERY;

/** One game under several numbers, each of which has its own way into the same tables. */
interface Game {
  /** Gets the states in turn. */
  readonly inTurn: number;
  /** Gets all states in random order, each of them twice. */
  readonly anyOrder: number;
  readonly states: SimulatedState[];
  /** Those that come in turn, with the number of a game which gets nothing else. */
  readonly turns: { readonly state: SimulatedState; readonly alone: number }[];
}

let folder = "";
let home = "";
const games = Array.from({ length: GAMES }, (_, i) => playGame(i));

function playGame(i: number): Game {
  const states: SimulatedState[] = [];
  let last: SimulatedState | null = null;
  let count = 0;
  for (const state of simulateStates({ seed: 11 + i, gamePk: 900_000 + i, postponedFrom: "2024-07-10", suspendedIn: 4 })) {
    if (count++ % EVERY === 0) states.push(state);
    last = state;
  }
  if (last !== null && states.at(-1) !== last) states.push(last);
  // A stale answer is not the newest when it comes.
  const fresh = states.filter((state, n) => states.slice(0, n).every((earlier) => versionOf(earlier) <= versionOf(state)));
  const step = (fresh.length - 1) / (TURNS - 1);
  const turns = Array.from({ length: TURNS }, (_, n) => fresh[Math.round(n * step)]).flatMap((state, n) =>
    state === undefined ? [] : [{ state, alone: 910_000 + i * 1000 + n }],
  );
  return { inTurn: 900_100 + i, anyOrder: 900_200 + i, states, turns };
}

function versionOf({ body }: SimulatedState): string {
  return (body["metaData"] as { readonly timeStamp: string }).timeStamp;
}

/** Writes a state under the number of a game; gives the file. */
async function write(gamePk: number, { body, capturedAt }: SimulatedState): Promise<string> {
  const stub = gameStub(gamePk, { ...body, gamePk }, capturedAt);
  await writeStubFile(folder, stub);
  return join(folder, stubPath(stub));
}

async function load(files: readonly string[]): Promise<void> {
  const ingested = await runCli("--home", home, "ingest", ...METHOD, "--from-files", ...files);
  expect(ingested).toMatchObject({ exit: 0 });
  const transformed = await runCli("--home", home, "transform", ...METHOD, "--save");
  expect(transformed).toMatchObject({ exit: 0 });
}

async function query(sql: string): Promise<Record<string, unknown>[]> {
  const { exit, json, stderr } = await runCli("--home", home, "--max-memory", "1024", "--json", "sql", sql);
  expect({ exit, stderr }).toMatchObject({ exit: 0 });
  return json as Record<string, unknown>[];
}

/** The tables in which one game has other rows than another has, by more than its number and where they come from. */
async function tablesThatDiffer(one: number, other: number): Promise<unknown[]> {
  const tables = await query("SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'game' ORDER BY 1");
  expect(tables.length).toBeGreaterThan(20);
  const rows = (name: string, gamePk: number): string =>
    `SELECT * EXCLUDE (game_pk, ${LINEAGE_COLUMNS.join(", ")}) FROM game.${name} WHERE game_pk = ${String(gamePk)}`;
  const differences = tables.map(({ name }) => {
    const [a, b] = [rows(String(name), one), rows(String(name), other)];
    return `SELECT '${String(name)}' AS name, (SELECT count(*) FROM (${a} EXCEPT ALL ${b})) + (SELECT count(*) FROM (${b} EXCEPT ALL ${a})) AS n`;
  });
  return (await query(`SELECT name, n FROM (${differences.join(" UNION ALL ")}) WHERE n > 0`)).map(({ name, n }) => [name, n]);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "game-states-"));
  home = join(folder, "home");
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe("states of a game", () => {
  test(
    "give the tables of the newest alone: in turn, with nothing left of an older one, and in any order, each of them twice",
    async () => {
      const random = createRandom(11);
      const first: string[] = [];
      const later: string[] = [];
      for (const { states, anyOrder, turns } of games) {
        for (const { state, alone } of turns) first.push(await write(alone, state));
        const shuffled = [...states, ...states].map((state) => ({ state, key: random() })).toSorted((a, b) => a.key - b.key);
        for (const [i, { state }] of shuffled.entries()) (i < states.length ? first : later).push(await write(anyOrder, state));
      }
      await load(first);
      for (let turn = 0; turn < TURNS; turn++) {
        const files: string[] = [];
        for (const { turns, inTurn } of games) {
          const next = turns[turn];
          if (next !== undefined) files.push(await write(inTurn, next.state));
        }
        await load(turn === 0 ? [...files, ...later] : files);
        for (const { turns, inTurn } of games) expect(await tablesThatDiffer(inTurn, turns[turn]?.alone ?? 0)).toEqual([]);
      }
      for (const { turns, anyOrder } of games) expect(await tablesThatDiffer(anyOrder, turns.at(-1)?.alone ?? 0)).toEqual([]);
      const counts = ["quarantine", "bad_values", "warnings"].map((table) => `(SELECT count(*) FROM mlb.${table}) AS ${table}`);
      expect(await query(`SELECT ${counts.join(", ")}`)).toEqual([{ quarantine: "0", bad_values: "0", warnings: "0" }]);
    },
    TIMEOUT_MS,
  );

  test("differ in their rows from each other", async () => {
    for (const { turns } of games) {
      const [early, late] = [turns[0]?.alone ?? 0, turns.at(-1)?.alone ?? 0];
      expect((await tablesThatDiffer(early, late)).length).toBeGreaterThan(15);
    }
  });
});
