import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCli, runOn } from "./run-cli.ts";
import { MAIN_STORE } from "./homes.ts";
import { homes, isOnServer } from "./test-home.ts";

/** Real documents, beside the checkout where present. */
const SHARED = join(import.meta.dirname, "..", "..", "shared");
const FEEDS = join(SHARED, "captures", "live_feed");
const COMPARE = join(SHARED, "oracle", "compare.py");
const PYTHON = process.env["MLB_ORACLE_PYTHON"] ?? "python3";
const hasFeeds = existsSync(FEEDS);
const hasOracle =
  hasFeeds && existsSync(COMPARE) && spawnSync(PYTHON, ["-c", isOnServer ? "import psycopg" : "import duckdb"]).status === 0;
const METHOD = ["--endpoint", "game", "--method", "live_game_v1"];

interface Digest {
  readonly digest: string;
}

async function digestOf(home: string): Promise<string> {
  return ((await runOn(home, "verify", "digest", "--json")).json as Digest).digest;
}

/** The same order every time: a linear congruential generator is enough to shuffle. */
function shuffled<T>(items: readonly T[], seed: number): T[] {
  let state = seed;
  const next = (): number => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648);
  return items
    .map((item) => ({ item, key: next() }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ item }) => item);
}

describe.skipIf(!hasFeeds)("real documents", () => {
  let folder = "";
  let home = "";
  const made: string[] = [];
  const newHome = (name: string): string => {
    const path = join(folder, name);
    made.push(path);
    return path;
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "mlb-real-"));
    home = newHome("plain");
    await runOn(home, "ingest", ...METHOD, "--from-files", join(FEEDS, "*.json.gz"));
    await runOn(home, "transform", ...METHOD, "--save");
  }, 240_000);
  afterAll(async () => {
    for (const each of made) await homes.remove(each);
    await homes.remove(folder);
  });

  const rows = async (sql: string): Promise<Record<string, unknown>[]> =>
    (await runOn(home, "--json", "sql", sql)).json as Record<string, unknown>[];

  test.skipIf(!hasOracle)("have the rows that the independent oracle expects, cell by cell", async () => {
    const store = (await homes.address(home, MAIN_STORE)).replace(/^duckdb:/, "");
    const compared = spawnSync(PYTHON, [COMPARE, store, FEEDS], { encoding: "utf8" });
    expect(compared.stdout.trim().split("\n").at(-1)).toBe("PASSED: 0 count or key mismatches, 0 columns with value mismatches");
  });

  test("have no bad value and break no rule, and all counts add up", async () => {
    expect(await rows("SELECT count(*) AS n FROM mlb.bad_values")).toEqual([{ n: "0" }]);
    expect(await rows("SELECT count(*) AS n FROM mlb.quarantine")).toEqual([{ n: "0" }]);
    expect(await rows("SELECT count(*) AS n FROM mlb.warnings")).toEqual([{ n: "0" }]);
    expect((await runOn(home, "verify", "accounting")).exit).toBe(0);
  });

  test("give the same digest shuffled, doubled, in two loads, in other slices and on two connections", async () => {
    const other = newHome("shuffled");
    const files = shuffled(
      readdirSync(FEEDS).map((file) => join(FEEDS, file)),
      20_240_713,
    );
    const half = files.slice(0, files.length / 2);
    await runOn(other, "ingest", ...METHOD, "--from-files", ...half);
    await runOn(other, "--slice-mb", "3", "transform", ...METHOD, "--save");
    // The files that were there before come again, in another order, under another time of capture: the same states.
    await runOn(other, "ingest", ...METHOD, "--from-files", ...files.toReversed());
    await runOn(other, "--slice-mb", "6", "--connections", "2", "--max-memory", "1024", "transform", ...METHOD, "--save");
    expect(await digestOf(other)).toBe(await digestOf(home));
    expect((await runOn(other, "verify", "accounting")).exit).toBe(0);
  }, 240_000);

  test.runIf(isOnServer)(
    "give the digest that they give in an embedded store",
    async () => {
      const embedded = ["--home", join(folder, "embedded")];
      await runCli(...embedded, "ingest", ...METHOD, "--from-files", join(FEEDS, "*.json.gz"));
      await runCli(...embedded, "transform", ...METHOD, "--save");
      expect(await digestOf(home)).toBe(((await runCli(...embedded, "verify", "digest", "--json")).json as Digest).digest);
    },
    240_000,
  );

  // A server has raw where the store is, so that another store has no captures.
  test.skipIf(isOnServer)(
    "as of the time of a capture, are those of a load of the captures until then, of five games with several states",
    async () => {
      const games = ["823717", "824445", "746139", "747175", "746551"];
      const captures = readdirSync(FEEDS).flatMap((file) => {
        const [, game = "", time = ""] = /^(\d+)_(\d{8}_\d{6})/.exec(file) ?? [];
        return games.includes(game) ? [{ file: join(FEEDS, file), game, time }] : [];
      });
      const times = captures
        .filter(({ game }) => game === "824445")
        .map(({ time }) => time)
        .toSorted();
      for (const time of [times[1] ?? "", times[3] ?? ""]) {
        const known = captures.filter((capture) => capture.time <= time);
        expect(known.length).toBeGreaterThan(games.length);
        expect(known.length).toBeLessThan(captures.length);
        const fresh = newHome(`until-${time}`);
        await runOn(fresh, "ingest", ...METHOD, "--from-files", ...known.map(({ file }) => file));
        await runOn(fresh, "transform", ...METHOD, "--save");
        const then = ["--home", home, "--store", `duckdb:${join(folder, `then-${time}.duckdb`)}`];
        const asked = ["--game-pks", [...new Set(known.map(({ game }) => game))].join(",")];
        expect((await runCli(...then, "transform", ...METHOD, "--as-of", time, ...asked, "--save")).exit).toBe(0);
        const digest = ((await runCli(...then, "verify", "digest", "--json")).json as Digest).digest;
        expect({ time, digest }).toEqual({ time, digest: await digestOf(fresh) });
      }
    },
    480_000,
  );

  describe("are read where others went wrong", () => {
    test("fielding credits come from the runners, and pitches, not plays, have a play id", async () => {
      expect(await rows("SELECT count(*) AS n FROM game.live_game_fielding_credits WHERE game_pk = 747175")).toEqual([{ n: "80" }]);
      expect(
        await rows("SELECT count(*) AS n FROM information_schema.columns WHERE table_name = 'live_game_plays' AND column_name = 'play_id'"),
      ).toEqual([{ n: "0" }]);
      expect(await rows("SELECT count(*) FILTER (WHERE play_id IS NULL) AS n FROM game.live_game_pitch_events")).toEqual([{ n: "0" }]);
    });

    test("half innings are top and bottom, time zones are zones", async () => {
      expect(await rows("SELECT DISTINCT half_inning AS h FROM game.live_game_plays ORDER BY 1")).toEqual([{ h: "bottom" }, { h: "top" }]);
      const [zones] = await rows(
        "SELECT count(*) FILTER (WHERE time_zone_id NOT SIMILAR TO '[A-Z][A-Za-z_]+/[A-Za-z_/]+') AS n FROM game.live_game_venue_details",
      );
      expect(zones).toEqual({ n: "0" });
    });

    test("a place in the batting order is the place in the list", async () => {
      const body = JSON.parse(gunzipSync(readFileSync(join(FEEDS, "715720_20221104_040316.json.gz"))).toString("utf8")) as {
        liveData: { boxscore: { teams: { home: { battingOrder: number[] } } } };
      };
      const order = await rows("SELECT player_id FROM game.live_game_home_batting_order WHERE game_pk = 715720 ORDER BY batting_position");
      expect(order.map((row) => Number(row["player_id"]))).toEqual(body.liveData.boxscore.teams.home.battingOrder);
    });

    test("a half inning that was not batted has no runs, not 0", async () => {
      const [unbatted] = await rows(
        "SELECT count(*) AS n FROM game.live_game_linescore_innings i WHERE home_runs IS NULL AND NOT EXISTS (SELECT 1 FROM game.live_game_plays p WHERE p.game_pk = i.game_pk AND p.inning = i.inning_number AND p.half_inning = 'bottom')",
      );
      expect(Number(unbatted?.["n"])).toBeGreaterThan(0);
    });
  });
});
