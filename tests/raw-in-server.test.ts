import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestDatabase, sharedServer } from "./each-postgres.ts";
import { type CliRun, runWith } from "./run-cli.ts";

/** Captures in a server, tables there and in a file; and a password that no output may hold. */

const METHOD = ["--endpoint", "game", "--method", "live_game_v1"];
const PASSWORD = "geheim";

const server = sharedServer(null);

describe("captures in a server", () => {
  let folder = "";
  let database: TestDatabase;
  const outputs: string[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "raw-in-server-"));
    database = await server.createDatabase();
  });
  afterAll(async () => {
    await database[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  /** The server asks nobody for a password: one that is given is only carried about. */
  const url = (): string => database.url.replace("postgres@", `postgres:${PASSWORD}@`);
  const run = async (environment: Readonly<Record<string, string>>, ...words: string[]): Promise<CliRun> => {
    const ended = await runWith(environment, "--home", join(folder, "home"), ...words);
    outputs.push(`${words.join(" ")}: ${ended.stdout}${ended.stderr}`);
    return ended;
  };
  const digest = async (environment: Readonly<Record<string, string>>, ...flags: string[]): Promise<unknown> => {
    const ended = await run(environment, "--json", "verify", "digest", ...flags);
    expect(ended).toMatchObject({ exit: 0 });
    return (ended.json as { digest: string }).digest;
  };

  test("tables of its captures are the same in the server, in a file, and as of the last capture", async () => {
    const [store, raw] = [{ MLB_STORE: url() }, { MLB_RAW: url() }];
    expect(await run(store, "simulate", "game", "--game-pk", "900001", "--seed", "7", "--to", "captures")).toMatchObject({ exit: 0 });
    expect(await run(store, "--json", "transform", ...METHOD, "--save")).toMatchObject({ exit: 0 });
    const there = await digest(store);
    expect(await run(raw, "--json", "transform", ...METHOD, "--save")).toMatchObject({ exit: 0 });
    expect(await digest(raw)).toBe(there);
    const then = ["--store", `duckdb:${join(folder, "then.duckdb")}`];
    expect(await run(raw, "--json", "transform", ...METHOD, "--as-of", "2999-01-01T00:00:00Z", "--save", ...then)).toMatchObject({
      exit: 0,
    });
    expect(await digest({}, ...then)).toBe(there);
    const asked = await run(raw, "--json", "sql", "SELECT count(*) AS n FROM game.live_game_metadata", "--as-of", "2999-01-01T00:00:00Z");
    expect(asked.json).toEqual([{ n: "1" }]);
  }, 120_000);

  test("no output has the password", async () => {
    const store = { MLB_STORE: url() };
    await run(store, "--json", "config", "show");
    await run(store, "--json", "doctor");
    for (const command of ["plan", "status", "drift", "apply"]) await run(store, "--json", "schema", command);
    await run(store, "--json", "rebuild", ...METHOD);
    await run(store, "--json", "transform", ...METHOD, "--mode", "streaming", "--until-idle", "--save");
    await run(store, "--json", "runs");
    await run({ MLB_STORE: url().replace(/:[0-9]+\//, ":1/") }, "--json", "runs");
    expect(outputs.length).toBeGreaterThan(12);
    expect(outputs.filter((output) => output.includes(PASSWORD))).toEqual([]);
  }, 120_000);
});
