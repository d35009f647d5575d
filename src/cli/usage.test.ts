import { describe, expect, test } from "vitest";
import { SmallCli } from "../../tests/small-cli.ts";

async function refused(...words: string[]): Promise<{ readonly stderr: string; readonly error: unknown }> {
  await using cli = await SmallCli.open();
  const { exit, stderr, data } = await cli.json(words, false);
  expect(exit).toBe(2);
  return { stderr, error: (data as { readonly error: unknown }).error };
}

const HELP = "shows its flags, with an example";

describe("a command line that is wrong", () => {
  test("is told the flag that nobody knows, with the one that is near, and not that this one is missing", async () => {
    const { stderr, error } = await refused("transform", "--endpiont", "game", "--method", "live_game_v1");
    expect(error).toEqual({
      code: "usage",
      message: "unknown option '--endpiont'\n(Did you mean --endpoint?)",
      next: `mlb-etl transform --help ${HELP}`,
    });
    expect(stderr).toBe(`error: unknown option '--endpiont'\n(Did you mean --endpoint?)\n  next:     mlb-etl transform --help ${HELP}\n`);
  });

  test("is told all flags that are missing", async () => {
    expect(await refused("ingest", "--endpoint", "game")).toMatchObject({
      error: { message: "--method <name> and --from-files <glob...> are required", next: `mlb-etl ingest --help ${HELP}` },
    });
    expect(await refused("explain", "row", "--table", "game.live_game_plays")).toMatchObject({
      error: { message: "--key <values> is required", next: `mlb-etl explain row --help ${HELP}` },
    });
  });

  test.each([
    [["nonsense"], "mlb-etl --help lists the commands; mlb-etl COMMAND --help shows one with examples"],
    [["mapping", "chek"], "mlb-etl mapping --help lists its commands"],
    [["sql"], `mlb-etl sql --help ${HELP}`],
  ])("%j is told where the right one stands", async (words, next) => {
    expect(await refused(...words)).toMatchObject({ error: { code: "usage", next } });
  });
});

test("a value that a flag does not take is told with the help of its command where nothing better is known", async () => {
  const { stderr, error } = await refused("simulate", "season", "--games", "none", "--to", "captures");
  expect(error).toMatchObject({ code: "usage.number", got: '"none"', next: `mlb-etl simulate season --help ${HELP}` });
  expect(stderr).toMatch(/ {2}got: {6}"none"\n {2}next: {5}mlb-etl .*simulate season --help/);
  expect(await refused("transform", "--endpoint", "game", "--method", "live_game_v1", "--mode", "stream")).toMatchObject({
    error: { code: "usage.mode", next: "--mode batch is the default" },
  });
});

test("a day is no time of a capture, and it is told how it becomes one", async () => {
  const ingest = ["ingest", "--endpoint", "game", "--method", "live_game_v1", "--from-files", "x.json", "--captured-at"];
  expect(await refused(...ingest, "2024-07-13")).toMatchObject({
    error: { code: "captured-at.bad", next: "where only the day is known, say when in it: --captured-at 2024-07-13T00:00:00Z" },
  });
  expect(await refused(...ingest, "2024-02-30")).toMatchObject({
    error: { code: "captured-at.bad", next: `mlb-etl ingest --help ${HELP}` },
  });
});
