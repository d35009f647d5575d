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
