import { expect, test } from "vitest";
import { SmallCli } from "./small-cli.ts";

interface Lint {
  readonly documents: number;
  readonly coverage: { readonly unknown: readonly string[] };
  readonly problems: readonly { readonly code: string }[];
}

test("the mapping knows every path of a simulated season, whatever its rules, and takes every value", async () => {
  await using cli = await SmallCli.open();
  const made = await cli.run(["simulate", "season", "--games", "12", "--seasons", "2020,2022,2026", "--to", "captures"], false);
  expect(made.exit).toBe(0);
  const { data } = await cli.json(["mapping", "lint", "game/live_game_v1"], false);
  const lint = data as Lint;
  expect(lint.documents).toBe(12);
  expect(lint.coverage.unknown).toEqual([]);
  // Not everything happens in twelve games.
  const rare = ["lint.no-hit", "lint.ignore-no-hit"];
  expect(lint.problems.filter(({ code }) => !rare.includes(code))).toEqual([]);
}, 120_000);

test("a season that is polled while it is played gives the tables of its final answers", async () => {
  const loaded = async (...flags: string[]): Promise<{ readonly made: unknown; readonly digest: unknown }> => {
    await using cli = await SmallCli.open();
    const made = await cli.json(["simulate", "season", "--games", "1", "--seed", "5", "--to", "captures", ...flags], false);
    const run = await cli.json(["transform", "--endpoint", "game", "--method", "live_game_v1", "--save"], false);
    expect(run).toMatchObject({ exit: 0, data: { documents: { selected: 1, applied: 1 }, bad_values: 0 } });
    expect((await cli.run(["verify", "accounting"], false)).exit).toBe(0);
    expect((await cli.json(["sql", "SELECT count(*) AS n FROM mlb.quarantine"], false)).data).toEqual([{ n: "0" }]);
    return { made: made.data, digest: (await cli.json(["verify", "digest"], false)).data };
  };
  const polled = await loaded("--states");
  const final = await loaded();
  expect(final.made).toMatchObject({ games: 1, feeds: 1, schedules: 1, exit: 0 });
  expect(polled.made).toMatchObject({ games: 1, schedules: 1, duplicates: 0, failed: 0, exit: 0 });
  expect((polled.made as { readonly feeds: number }).feeds).toBeGreaterThan(300);
  expect(polled.digest).toEqual(final.digest);
}, 300_000);
