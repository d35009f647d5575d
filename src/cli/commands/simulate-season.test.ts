import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { SmallCli } from "../../../tests/small-cli.ts";
import { OUTPUT_SCHEMAS } from "../output-schemas.ts";

interface Season {
  readonly games: number;
  readonly schedules: number;
  readonly duplicates: number;
}

async function season(cli: SmallCli, ...args: string[]): Promise<Season & { readonly exit: number }> {
  const run = await cli.json(["simulate", "season", ...args], false);
  expect(OUTPUT_SCHEMAS["simulate-season"].safeParse(run.data).error?.issues ?? []).toEqual([]);
  return { ...(run.data as Season), exit: run.exit };
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.includes(".json"))
    .toSorted();
}

describe("simulate season", () => {
  test("writes recordings that a transform replays, the same bytes each time", async () => {
    await using cli = await SmallCli.open();
    const stubs = join(cli.folder, "season");
    const target = ["--games", "2", "--seed", "5", "--to", "stubs", "--stub-dir", stubs];
    expect(await season(cli, ...target)).toMatchObject({ games: 2, schedules: 1, duplicates: 0, exit: 0 });
    const files = filesBelow(stubs);
    expect(files.map((name) => name.replace(/_[0-9a-f]{8}(_[0-9TZ]+)?\.json\.gz$/, ""))).toEqual([
      "game/liveGameV1/liveGameV1_game_pk=1000526001",
      "game/liveGameV1/liveGameV1_game_pk=1000526002",
      "schedule/schedule/schedule_date=2026-03-29_sportId=1",
    ]);
    const before = files.map((name) => readFileSync(join(stubs, name)));
    await season(cli, ...target);
    expect(filesBelow(stubs)).toEqual(files);
    expect(files.map((name, i) => readFileSync(join(stubs, name)).equals(before[i] ?? Buffer.alloc(0)))).toEqual(files.map(() => true));

    const replay = ["transform", "--endpoint", "game", "--method", "live_game_v1", "--stub-mode", "replay", "--stub-dir", stubs];
    expect((await cli.json(replay, false)).data).toMatchObject({ documents: { selected: 2, applied: 2 }, bad_values: 0, exit: 0 });
  });

  test("stores captures, those of the recordings, and finds them there the next time", async () => {
    await using cli = await SmallCli.open();
    const stubs = join(cli.folder, "season");
    const games = ["--games", "2", "--seasons", "2020,2022"];
    expect(await season(cli, ...games, "--to", "captures")).toMatchObject({ games: 2, schedules: 2, duplicates: 0, exit: 0 });
    expect(await season(cli, ...games, "--to", "captures")).toMatchObject({ games: 2, schedules: 2, duplicates: 4, exit: 0 });
    await season(cli, ...games, "--to", "stubs", "--stub-dir", stubs);
    for (const [endpoint, method] of [
      ["game", "live_game_v1"],
      ["schedule", "schedule"],
    ] as const) {
      const glob = join(stubs, endpoint, "*", "*.json.gz");
      const ingested = await cli.json(["ingest", "--endpoint", endpoint, "--method", method, "--from-files", glob], false);
      expect(ingested.data).toMatchObject({ stored: 0, duplicates: 2, refused: 0 });
    }
  });

  test("lists in the schedule of the last day the games that were not played", async () => {
    await using cli = await SmallCli.open();
    const stubs = join(cli.folder, "season");
    await season(cli, "--games", "1", "--to", "stubs", "--stub-dir", stubs);
    const file = filesBelow(stubs).find((name) => name.startsWith("schedule")) ?? "";
    const { response } = JSON.parse(gunzipSync(readFileSync(join(stubs, file))).toString("utf8")) as {
      response: { dates: { games: { status: { abstractGameState: string } }[] }[] };
    };
    const states = response.dates.flatMap(({ games }) => games.map(({ status }) => status.abstractGameState));
    expect(states).toEqual(["Final", "Preview", "Preview", "Preview", "Preview"]);
  });

  test.each([
    [["--games", "0"], "usage.number"],
    [["--games", "1.5"], "usage.number"],
    [["--games", "ten"], "usage.number"],
    [["--games", "1", "--seasons", "2020,2022"], "usage.number"],
    [["--games", "2", "--seasons", "2022,2022"], "usage.seasons"],
    [["--games", "1", "--seasons", "2019"], "usage.number"],
    [["--games", "1", "--seed", "10000"], "usage.number"],
    [["--games", "811"], "simulate.too-many-games"],
    [["--games", "301", "--seasons", "2020"], "simulate.too-many-games"],
  ])("refuses %j", async (args, code) => {
    await using cli = await SmallCli.open();
    const run = await cli.json(["simulate", "season", ...args, "--to", "captures"], false);
    expect(run).toMatchObject({ exit: 2, data: { error: { code } } });
  });

  test("does not write into the bundled recordings, nor to a place that it does not know", async () => {
    await using cli = await SmallCli.open();
    for (const [to, code] of [
      ["stubs", "simulate.bundled-stubs"],
      ["files", "usage.to"],
    ] as const) {
      const run = await cli.json(["simulate", "season", "--games", "1", "--to", to], false);
      expect(run).toMatchObject({ exit: 2, data: { error: { code } } });
    }
  });
});
