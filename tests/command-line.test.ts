import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runCli } from "./run-cli.ts";

const MISSION = "transform --endpoint game --method live_game_v1 --mode batch --game-pks 747175 --stub-mode replay".split(" ");
const REAL_STUBS = join(import.meta.dirname, "..", "..", "shared", "stubs");

let home = "";
beforeEach(async () => {
  home = join(await mkdtemp(join(tmpdir(), "mlb-cli-")), "home");
});
afterEach(async () => {
  await rm(join(home, ".."), { recursive: true, force: true });
});

const run = (...words: string[]): ReturnType<typeof runCli> => runCli("--home", home, ...words);

interface TransformJson {
  readonly documents: Readonly<Record<string, number>>;
  readonly targets: readonly Readonly<Record<string, number | string>>[];
  readonly saved: boolean;
  readonly exit: number;
}

const rowsOf = (json: TransformJson, column: string): Readonly<Record<string, unknown>> =>
  Object.fromEntries(json.targets.map((target) => [String(target["name"]).replace("game.live_game_", ""), target[column]]));

describe("the mission's command", () => {
  test("makes tables of the bundled game, and changes nothing the second time", async () => {
    const first = await run(...MISSION, "--save", "--json");
    expect(first.exit).toBe(0);
    expect(first.json).toMatchObject({
      saved: true,
      documents: { selected: 1, applied: 1, unchanged: 0, stale: 0, quarantined: 0 },
      bad_values: 0,
      exit: 0,
    });
    expect(rowsOf(first.json as TransformJson, "inserted")).toMatchObject({
      metadata: 1,
      plays: 88,
      pitch_events: 350,
      runners: 123,
      fielding_credits: 88,
      players: 52,
    });
    const second = await run(...MISSION, "--save");
    expect(second.exit).toBe(0);
    expect(second.stdout).toContain("nothing changed");
    const counts = await run("--json", "sql", "SELECT count(*) AS n FROM game.live_game_plays");
    expect(counts.json).toEqual([{ n: "88" }]);
    expect((await run("verify", "accounting")).exit).toBe(0);
  });

  test("writes nothing without --save, and tells what would be", async () => {
    const dry = await run(...MISSION, "--json");
    expect(dry.exit).toBe(0);
    expect(dry.json).toMatchObject({ saved: false, documents: { applied: 1 } });
    expect(existsSync(home)).toBe(false);
    await run(...MISSION, "--save");
    const again = await run(...MISSION, "--json");
    expect(again.json).toMatchObject({ saved: false, documents: { applied: 0, unchanged: 1 } });
  });

  // The counts are the oracle's for the real game.
  test.skipIf(!existsSync(REAL_STUBS))("gives the rows of the real game", async () => {
    const real = await run(...MISSION, "--stub-dir", REAL_STUBS, "--save", "--json");
    expect(real.exit).toBe(0);
    expect(rowsOf(real.json as TransformJson, "inserted")).toMatchObject({
      metadata: 1,
      plays: 75,
      pitch_events: 290,
      runners: 101,
      fielding_credits: 80,
      players: 51,
      linescore_innings: 9,
      scoring_plays: 8,
      umpires: 4,
    });
  });
});

describe("the command line", () => {
  test.each([
    ["streaming without --save", ["--mode", "streaming"]],
    ["stub mode capture", ["--stub-mode", "capture"]],
    ["stub mode passthrough", ["--stub-mode", "passthrough"]],
    ["a day that does not exist", ["--start-date", "2026-02-30"]],
    ["a column that is no document key", ["--documents", "team_id=1"]],
    ["an option that does not exist", ["--game-pkx", "1"]],
  ])("refuses %s with exit 2", async (_name, flags) => {
    const refused = await run("transform", "--endpoint", "game", "--method", "live_game_v1", ...flags);
    expect(refused.exit).toBe(2);
    expect(refused.stderr).toMatch(/error: /);
  });

  test("names the nearest endpoint where there is none of that name", async () => {
    const refused = await run("transform", "--endpoint", "gam", "--method", "live_game_v1");
    expect(refused.exit).toBe(2);
    expect(refused.stderr).toContain('did you mean "game"?');
  });

  test("says with exit 4 that a game has no recording", async () => {
    const refused = await run(...MISSION.map((word) => (word === "747175" ? "1" : word)));
    expect(refused.exit).toBe(4);
  });

  test("gives an error as JSON where JSON was asked for", async () => {
    const refused = await run("--json", "transform", "--endpoint", "game", "--method", "live_game_v1", "--mode", "sometimes");
    expect(refused.json).toMatchObject({ schema_version: 1, error: { code: "usage.mode" }, exit: 2 });
  });

  test("keeps a body that is no JSON as a failed capture and goes on", async () => {
    const folder = join(home, "..");
    await writeFile(join(folder, "bad.json"), '{"gamePk": 1');
    await writeFile(join(folder, "twice.json"), '{"a": 1, "\\u0061": 2}');
    const ingested = await run(
      "--json",
      "ingest",
      "--endpoint",
      "game",
      "--method",
      "live_game_v1",
      "--from-files",
      join(folder, "*.json"),
      "--captured-at",
      "2024-07-13T00:00:00Z",
    );
    expect(ingested.exit).toBe(1);
    expect(ingested.json).toMatchObject({
      files: 2,
      stored: 2,
      failed: 2,
      failures: [{ code: "body.not-json" }, { code: "body.duplicate-key" }],
    });
    const listed = await run("--json", "raw", "list", "--failed");
    expect(listed.json).toMatchObject({ captures: 2 });
  });

  test("refuses a file of which nothing says when it was captured", async () => {
    const folder = join(home, "..");
    await writeFile(join(folder, "bare.json"), '{"gamePk": 1}');
    const refused = await run("ingest", "--endpoint", "game", "--method", "live_game_v1", "--from-files", join(folder, "bare.json"));
    expect(refused.exit).toBe(1);
    expect(refused.stderr).toContain("--captured-at");
    expect(existsSync(join(home, "raw", "game.live_game_v1", "000001.captures.jsonl"))).toBe(false);
  });

  test("opens the store for reading only in sql", async () => {
    await run(...MISSION, "--save");
    const refused = await run("sql", "DROP TABLE game.live_game_plays");
    expect(refused.exit).toBe(2);
    expect((await run("--json", "sql", "SELECT count(*) AS n FROM game.live_game_plays")).json).toEqual([{ n: "88" }]);
  });

  test("writes a captured body out as it was received", async () => {
    await run(...MISSION, "--save");
    const shown = await run("--json", "raw", "show", "game.live_game_v1", "1");
    expect(shown.json).toMatchObject({ id: 1, endpoint: "game", parameters: { game_pk: "747175" } });
    expect(await readdir(join(home, "raw"))).toContain("game.live_game_v1");
  });

  test("warns where simulated and real captures share a home", async () => {
    await run(...MISSION, "--save");
    const folder = join(home, "..");
    await writeFile(join(folder, "real.json"), '{"gamePk": 1}');
    await run(
      "ingest",
      "--endpoint",
      "game",
      "--method",
      "live_game_v1",
      "--from-files",
      join(folder, "real.json"),
      "--captured-at",
      "2024-07-13T00:00:00Z",
    );
    const looked = await run("doctor");
    expect(looked.exit).toBe(0);
    expect(looked.stdout).toContain("simulated and real captures share this home (1 and 1)");
  });

  test("shows each setting with where it comes from", async () => {
    const shown = await run("--json", "--slice-mb", "4", "config", "show");
    expect((shown.json as { settings: unknown[] }).settings).toContainEqual({
      setting: "slice-mb",
      value: 4,
      from: "flag",
      variable: "MLB_SLICE_MB",
    });
  });

  test("explains the stages that a transform runs", async () => {
    const explained = await run("explain", "--endpoint", "game", "--method", "live_game_v1", "--sql");
    expect(explained.exit).toBe(0);
    expect(explained.stdout).toContain("shred game.live_game_pitch_events");
    expect(explained.stdout).toContain("INSERT INTO slice_documents");
  });

  test("takes one statement that reads in sql, and shows tables without their schema", async () => {
    await run(...MISSION, "--save");
    for (const query of ["SELECT 1; SELECT 2", "COPY (SELECT 1) TO 'leak.csv'", "CREATE TABLE memory.t AS SELECT 1", "selec 1", ""]) {
      expect((await run("sql", query)).exit).toBe(2);
    }
    expect(existsSync("leak.csv")).toBe(false);
    expect((await run("sql", "SHOW TABLES")).stdout).toContain("live_game_plays");
    expect((await run("--json", "sql", "SELECT count(*) AS n FROM live_game_plays")).json).toEqual([{ n: "88" }]);
  });

  test("says that raw is empty with exit 4, and which named document is not there with exit 1", async () => {
    const empty = await run("transform", "--endpoint", "game", "--method", "live_game_v1", "--save");
    expect(empty.exit).toBe(4);
    expect(existsSync(home)).toBe(false);
    await run(...MISSION, "--save");
    const missing = await run("transform", "--endpoint", "game", "--method", "live_game_v1", "--game-pks", "747175, 999", "--save");
    expect(missing.exit).toBe(1);
    expect(missing.stderr).toContain("raw has no document with game_pk 999");
    expect((await run("transform", "--endpoint", "game", "--method", "live_game_v1", "--game-pks", "abc")).exit).toBe(2);
    expect(
      (await run("transform", "--endpoint", "game", "--method", "live_game_v1", "--start-date", "2024-08-02", "--end-date", "2024-08-01"))
        .exit,
    ).toBe(2);
  });

  test("refuses a text file for what it is", async () => {
    const file = join(home, "..", "notes.txt");
    await writeFile(file, "hello");
    const refused = await run("ingest", "--endpoint", "game", "--method", "live_game_v1", "--from-files", file);
    expect(refused.exit).toBe(1);
    expect(refused.stderr).toContain("the content is no JSON answer");
  });

  test("lets no control character of a file name or a body reach the terminal", async () => {
    const file = join(home, "..", "evil\u001b[31m.json");
    await writeFile(file, "hello");
    const refused = await run("ingest", "--endpoint", "game", "--method", "live_game_v1", "--from-files", join(home, "..", "*.json"));
    expect(refused.stderr).toContain("evil\\u001b[31m.json");
    expect(refused.stderr).not.toContain("\u001b[31m");
  });

  test("calls a store that is none of ours by its name, and makes none where there is none", async () => {
    const retry = await run("quarantine", "retry");
    expect(retry.exit).toBe(5);
    expect(existsSync(home)).toBe(false);
    await writeFile(join(home, "..", "text.duckdb"), "no database");
    expect((await run("--store", `duckdb:${join(home, "..", "text.duckdb")}`, "runs", "list")).exit).toBe(5);
  });
});
