/**
 * Two loaders store and apply states of the same games in different orders, a third process rebuilds the tables over and over, and a reader
 * counts the rows of a game over all tables in one statement all the time:
 *
 *   npm run build && npx tsx scripts/postgres-race.ts --seconds 120 [--version 15] [--config-dir DIR]
 *
 * What the reader sees must be exactly the rows of the state that `mlb.documents` names in the same statement. Every process must end with
 * 0, and the tables must be those of a load that nobody got in the way of.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { argv, execPath, exit, stdout } from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createRandom } from "../src/core/seeded-random.ts";
import { loadRegistry } from "../src/mapping/registry.ts";
import { Postgres } from "../src/postgres/postgres.ts";
import { sqlText } from "../src/sql/sql-value.ts";
import { type ServerPlace, startTemporaryServer, urlOf } from "../tests/postgres-server.ts";
import { runCli } from "../tests/run-cli.ts";
import { createDatabase, findLeftOvers, queryDatabase } from "./chaos/chaos-database.ts";
import { type SimulatedState, writeStates } from "./chaos/simulated-feeds.ts";

const METHOD = ["--endpoint", "game", "--method", "live_game_v1"];
const DATABASE = "race";
const PROGRAM = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const GAMES = 2;
const STATES_OF_EACH = 24;

const { values } = parseArgs({
  args: argv.slice(2),
  options: { seconds: { type: "string", default: "120" }, version: { type: "string" }, "config-dir": { type: "string" } },
});
const CONFIG = values["config-dir"] ?? fileURLToPath(new URL("../config", import.meta.url));

async function requireCli(...words: string[]): Promise<unknown> {
  const run = await runCli("--config-dir", CONFIG, ...words, "--json");
  if (run.exit !== 0) throw new Error(run.stderr);
  return run.json;
}

/** Names of the tables that the bundled mapping fills. */
async function tablesOfFeeds(): Promise<readonly string[]> {
  const registry = await loadRegistry(join(CONFIG, "schemas", "mappings"));
  return registry.find("game", "live_game_v1").flatMap((mapping) => mapping.targets.map(({ name }) => name));
}

/** One row: which state of a game is applied, and how many rows each table has of it. */
function countRows(tables: readonly string[], game: string): string {
  const counts = tables.map((table, at) => `(SELECT count(*) FROM ${table} WHERE game_pk = ${game}) AS n${String(at)}`);
  return `SELECT ${counts.join(", ")}, (SELECT content_hash FROM mlb.documents WHERE document_key = '[' || ${game} || ']') AS content_hash`;
}

/** By content hash, how many rows each table has of a state: each is loaded as a game of its own, into a store that is no server. */
async function expectedCounts(
  folder: string,
  states: readonly SimulatedState[],
  tables: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const home = ["--home", join(folder, "counted")];
  const files: string[] = [];
  const gameOf = (at: number): string => String(500_000 + at);
  for (const [at, { body, gamePk }] of states.entries()) {
    const file = join(folder, `counted_${String(at)}.json`);
    await writeFile(file, body.replaceAll(String(gamePk), gameOf(at)));
    files.push(file);
  }
  await requireCli(...home, "ingest", ...METHOD, "--from-files", ...files);
  await requireCli(...home, "transform", ...METHOD, "--save");
  const counts = tables.map((table, at) => `SELECT game_pk, ${String(at)} AS place, count(*) AS n FROM ${table} GROUP BY game_pk`);
  const rows = (await requireCli(...home, "sql", counts.join(" UNION ALL "))) as readonly Readonly<
    Record<"game_pk" | "place" | "n", string>
  >[];
  const found = new Map(rows.map(({ game_pk: game, place, n }) => [`${game} ${place}`, n]));
  return new Map(
    states.map(({ contentHash }, at) => [
      contentHash,
      tables.map((_, place) => found.get(`${gameOf(at)} ${String(place)}`) ?? "0").join(" "),
    ]),
  );
}

interface Seen {
  reads: number;
  readonly states: Set<string>;
  readonly faults: string[];
}

/** Reads until it is told to stop. */
async function read(
  place: ServerPlace,
  {
    tables,
    games,
    expected,
    isOver,
  }: {
    readonly tables: readonly string[];
    readonly games: readonly number[];
    readonly expected: ReadonlyMap<string, string>;
    readonly isOver: () => boolean;
  },
): Promise<Seen> {
  const seen: Seen = { reads: 0, states: new Set(), faults: [] };
  await using postgres = await Postgres.open({ url: urlOf(place, DATABASE), environment: {}, waitMs: 60_000 });
  while (!isOver()) {
    const game = String(games[seen.reads % games.length]);
    seen.reads += 1;
    try {
      const [row = {}] = await postgres.withSession((session) => session.rows(countRows(tables, game)));
      const hash = row["content_hash"] === null ? null : sqlText(row["content_hash"]);
      const counts = tables.map((_, at) => sqlText(row[`n${String(at)}`])).join(" ");
      const wanted = hash === null ? tables.map(() => "0").join(" ") : expected.get(hash);
      if (hash !== null) seen.states.add(hash);
      if (counts !== wanted) seen.faults.push(`game ${game}, state ${hash ?? "none"}: ${counts}, not ${String(wanted)}`);
    } catch (error) {
      seen.faults.push(error instanceof Error ? error.message : String(error));
    }
  }
  return seen;
}

/** The real program; its exit code and what it said. */
async function runProgram(
  place: ServerPlace,
  words: readonly string[],
): Promise<{ readonly exit: number | null; readonly stderr: string }> {
  const child = spawn(execPath, [PROGRAM, "--config-dir", CONFIG, "--store", urlOf(place, DATABASE), ...words], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr.on("data", (data: Buffer) => (stderr += data.toString("utf8")));
  await once(child, "close");
  return { exit: child.exitCode, stderr };
}

interface Worked {
  runs: number;
  readonly faults: string[];
}

async function workUntil(isOver: () => boolean, place: ServerPlace, next: () => readonly (readonly string[])[]): Promise<Worked> {
  const worked: Worked = { runs: 0, faults: [] };
  while (!isOver())
    for (const words of next()) {
      const { exit: code, stderr } = await runProgram(place, words);
      worked.runs += 1;
      if (code !== 0) worked.faults.push(`exit ${String(code)} of ${words[0] ?? ""}: ${stderr}`);
    }
  return worked;
}

async function race(place: ServerPlace, folder: string): Promise<boolean> {
  const states = await writeStates(folder, GAMES, STATES_OF_EACH);
  const tables = await tablesOfFeeds();
  const expected = await expectedCounts(folder, states, tables);
  const plain = ["--home", join(folder, "plain")];
  const all = states.map(({ file }) => file);
  await requireCli(...plain, "ingest", ...METHOD, "--from-files", ...all);
  await requireCli(...plain, "transform", ...METHOD, "--save");
  const { digest } = (await requireCli(...plain, "verify", "digest")) as { readonly digest: string };

  await createDatabase(place, DATABASE, "template0");
  const store = ["--store", urlOf(place, DATABASE)];
  // The tables are there before anybody reads.
  await requireCli(...store, "schema", "apply");
  // And a capture before anybody transforms.
  await requireCli(...store, "ingest", ...METHOD, "--from-files", ...all.slice(0, 1));
  const transform = ["--slice-mb", "1", "transform", ...METHOD, "--save"];
  // Both go from old to new, so that there is always something to apply; one of them not straight.
  const ascending = states.toSorted((a, b) => a.place - b.place);
  const random = createRandom(1);
  const places = new Map(states.map((state) => [state, state.place + 6 * (random() - 0.5)]));
  const orders = [ascending, states.toSorted((a, b) => (places.get(a) ?? 0) - (places.get(b) ?? 0))];
  const end = performance.now() + Number(values.seconds) * 1000;
  const isOver = (): boolean => performance.now() > end;
  let isDone = false;
  const loaders = orders.map((order) => {
    let at = 0;
    return workUntil(isOver, place, () => {
      const some = order.slice(at % order.length, (at % order.length) + GAMES);
      at += GAMES;
      return [["ingest", ...METHOD, "--from-files", ...some.map(({ file }) => file)], transform];
    });
  });
  const rebuilder = workUntil(isOver, place, () => [["--slice-mb", "1", "rebuild", ...METHOD]]);
  const games = [...new Set(states.map(({ gamePk }) => gamePk))];
  const reader = read(place, { tables, games, expected, isOver: () => isDone });
  const workers = await Promise.all([...loaders, rebuilder]);
  isDone = true;
  const seen = await reader;
  for (const words of [["ingest", ...METHOD, "--from-files", ...all], transform]) await requireCli(...store, ...words);
  const got = ((await requireCli(...store, "verify", "digest")) as { readonly digest: string }).digest;
  const accounting = await runCli("--config-dir", CONFIG, ...store, "verify", "accounting");
  const [deadlocks] = await queryDatabase(place, DATABASE, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()");
  const { found } = await findLeftOvers(place, DATABASE);
  const faults = [
    ...workers.flatMap((worked) => worked.faults),
    ...seen.faults,
    ...found,
    ...(got === digest ? [] : [`digest ${got}, not ${digest}`]),
    ...(accounting.exit === 0 ? [] : [accounting.stdout]),
  ];
  stdout.write(
    `PostgreSQL ${String(place.version)}: loaders ran ${String(workers[0]?.runs)} and ${String(workers[1]?.runs)} commands, ${String(workers[2]?.runs)} rebuilds; ` +
      `${String(seen.reads)} reads saw ${String(seen.states.size)} of ${String(states.length)} states; ${sqlText(deadlocks?.["deadlocks"])} deadlocks in the server; digest ${got}; ${String(faults.length)} faults\n`,
  );
  for (const fault of faults.slice(0, 20)) stdout.write(`  ${fault}\n`);
  return faults.length === 0;
}

if (!existsSync(PROGRAM)) throw new Error("the program is not built: npm run build");
const version = values.version === undefined ? null : Number(values.version);
let isGood = false;
{
  await using server = await startTemporaryServer({ name: "postgres-race", version });
  isGood = await race(server.place, server.folder);
}
exit(isGood ? 0 : 1);
