import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { SmallCli } from "../../../tests/small-cli.ts";
import { OUTPUT_SCHEMAS } from "../output-schemas.ts";

async function game(cli: SmallCli, ...args: string[]): Promise<Record<string, unknown>> {
  const run = await cli.json(["simulate", "game", ...args], false);
  expect(OUTPUT_SCHEMAS["simulate-game"].safeParse(run.data).error?.issues ?? []).toEqual([]);
  return run.data as Record<string, unknown>;
}

describe("simulate game", () => {
  test("stores the final feed as a capture, and finds it there the next time", async () => {
    await using cli = await SmallCli.open();
    const args = ["--game-pk", "900001", "--seed", "7", "--to", "captures"];
    expect(await game(cli, ...args)).toMatchObject({ game_pk: 900_001, seed: 7, answers: 1, duplicates: 0, exit: 0 });
    expect(await game(cli, ...args)).toMatchObject({ answers: 1, duplicates: 1, exit: 0 });
  });

  test("writes every state into a file of its own, with the time of its capture", async () => {
    await using cli = await SmallCli.open();
    const stubs = join(cli.folder, "states");
    const { answers } = await game(cli, "--game-pk", "900001", "--seed", "7", "--states", "--to", "stubs", "--stub-dir", stubs);
    const files = readdirSync(join(stubs, "game/liveGameV1")).toSorted();
    expect(files.length).toBe(answers);
    expect(files.length).toBeGreaterThan(300);
    expect(files[0]).toMatch(/^liveGameV1_game_pk=900001_[0-9a-f]{8}_20240712T[0-9]{9}Z\.json\.gz$/);
    const some = files.filter((_, i) => i % 100 === 0).map((file) => join(stubs, "game/liveGameV1", file));
    const ingested = await cli.json(["ingest", "--endpoint", "game", "--method", "live_game_v1", "--from-files", ...some], false);
    expect(ingested.data).toMatchObject({ stored: some.length, refused: 0, exit: 0 });
  }, 240_000);

  test.each([
    [["--game-pk", "0"], "usage.number"],
    [["--game-pk", "one"], "usage.number"],
    [["--game-pk", "1", "--seed", "-1"], "usage.number"],
    [["--game-pk", "1", "--date", "2024-02-30"], "usage.day"],
    [["--game-pk", "1", "--date", "2019-07-01"], "usage.day"],
    [["--game-pk", "1", "--postponed-from", "2024-07-12"], "usage.day"],
    [["--game-pk", "1", "--suspended-in", "1"], "usage.number"],
  ])("refuses %j", async (args, code) => {
    await using cli = await SmallCli.open();
    const run = await cli.json(["simulate", "game", ...args, "--to", "captures"], false);
    expect(run).toMatchObject({ exit: 2, data: { error: { code } } });
  });
});
