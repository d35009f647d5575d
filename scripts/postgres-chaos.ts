/**
 * Loads game feeds into PostgreSQL while something goes wrong, again and again, and looks after each round whether the tables are those of
 * an undisturbed load and nothing is left behind:
 *
 *   npx tsx scripts/postgres-chaos.ts cut --times 200       connections are cut at random bytes
 *   npx tsx scripts/postgres-chaos.ts restart --times 20    the server is restarted, or crashes, at random moments
 *   npx tsx scripts/postgres-chaos.ts kill --times 100      the loader gets SIGKILL at random moments (npm run build first)
 *
 * `--feeds DIR`: files of game feeds (default: simulated ones); `--seed N`: the same random numbers again; `--version 15`: of the servers
 * that this machine has the programs of;
 * `--config-dir DIR`: another configuration, with a mapping of the same method. It starts a server of its own, and ends with 1 where a round found something.
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { argv, exit, stdout } from "node:process";
import { parseArgs } from "node:util";
import { createRandom } from "../src/core/seeded-random.ts";
import { sqlText } from "../src/sql/sql-value.ts";
import { type ServerPlace, startTemporaryServer, urlOf } from "../tests/postgres-server.ts";
import { runCli } from "../tests/run-cli.ts";
import { createDatabase, dropDatabase, findLeftOvers, queryDatabase } from "./chaos/chaos-database.ts";
import { type Commands, Cuts, type Disturbance, Kills, Restarts, type Undisturbed, runHere } from "./chaos/disturbance.ts";
import { writeStates } from "./chaos/simulated-feeds.ts";

const { values, positionals } = parseArgs({
  args: argv.slice(2),
  allowPositionals: true,
  options: {
    times: { type: "string", default: "10" },
    feeds: { type: "string" },
    seed: { type: "string", default: "1" },
    version: { type: "string" },
    "config-dir": { type: "string" },
  },
});

const CONFIG = values["config-dir"] === undefined ? [] : ["--config-dir", values["config-dir"]];
const METHOD = ["--endpoint", "game", "--method", "live_game_v1"];
/** So small that a feed is a slice of its own: as many transactions as there can be. */
const TRANSFORM = [...CONFIG, "--slice-mb", "1", "transform", ...METHOD, "--save"];
const REBUILD = [...CONFIG, "--slice-mb", "1", "rebuild", ...METHOD];

/** Where a round begins, and what is done in it. */
interface Beginning {
  readonly template: string;
  readonly commands: Commands;
}

function ingest(files: readonly string[]): readonly string[] {
  return [...CONFIG, "ingest", ...METHOD, "--from-files", ...files];
}

async function feedFiles(folder: string): Promise<readonly string[]> {
  if (values.feeds === undefined) return (await writeStates(folder, 2, 3)).map(({ file }) => file);
  const names = await readdir(values.feeds);
  return names
    .filter((name) => name.endsWith(".json.gz"))
    .toSorted()
    .map((name) => join(values.feeds ?? "", name));
}

/** What the tables must hold in the end: of the store that nothing came in the way of, and that is no server. */
async function expectedDigest(home: string, files: readonly string[]): Promise<string> {
  for (const words of [ingest(files), TRANSFORM]) {
    const { exit: code, stderr } = await runCli("--home", home, ...words);
    if (code !== 0) throw new Error(stderr);
  }
  return digestIn((await runCli("--home", home, ...CONFIG, "verify", "digest", "--json")).json);
}

function digestIn(json: unknown): string {
  return (json as { readonly digest: string }).digest;
}

/** From nothing; from half of the feeds, which have been loaded; and a rebuild of all. */
async function prepareBeginnings(place: ServerPlace, files: readonly string[]): Promise<readonly Beginning[]> {
  const load = async (database: string, some: readonly string[]): Promise<void> => {
    await createDatabase(place, database, "template0");
    const failed = (await runHere([ingest(some), TRANSFORM], urlOf(place, database))).find((end) => end.exit !== 0);
    if (failed !== undefined) throw new Error(failed.stderr);
  };
  await load("half", files.slice(0, Math.ceil(files.length / 2)));
  await load("loaded", files);
  const all: Commands = [ingest(files), TRANSFORM];
  return [
    { template: "template0", commands: all },
    { template: "half", commands: all },
    { template: "loaded", commands: [REBUILD] },
  ];
}

async function undisturbed(place: ServerPlace, { template, commands }: Beginning, disturbance: Disturbance): Promise<Undisturbed> {
  await createDatabase(place, "measured", template);
  const result = await disturbance.measure(commands, "measured");
  await dropDatabase(place, "measured");
  return result;
}

/** What is wrong once the commands were run again, in peace. */
async function findFaults(
  place: ServerPlace,
  database: string,
  wanted: { readonly digest: string; readonly captures: number },
): Promise<{ readonly faults: readonly string[]; readonly ms: number }> {
  const store = ["--store", urlOf(place, database), ...CONFIG];
  const faults: string[] = [];
  const digest = await runCli(...store, "verify", "digest", "--json");
  const got = digest.exit === 0 ? digestIn(digest.json) : digest.stderr;
  if (got !== wanted.digest) faults.push(`digest ${got}, not ${wanted.digest}`);
  const accounting = await runCli(...store, "verify", "accounting");
  if (accounting.exit !== 0) faults.push(`accounting: ${accounting.stdout}${accounting.stderr}`);
  const [count] = await queryDatabase(place, database, "SELECT count(*) AS n FROM game.live_game_v1");
  if (Number(count?.["n"]) !== wanted.captures) faults.push(`${sqlText(count?.["n"])} captures, not ${String(wanted.captures)}`);
  const { found, ms } = await findLeftOvers(place, database);
  return { faults: [...faults, ...found], ms };
}

function disturbanceOf(kind: string | undefined, place: ServerPlace): Disturbance {
  const random = createRandom(Number(values.seed));
  if (kind === "cut") return new Cuts(place, random);
  if (kind === "restart") return new Restarts(place, random);
  if (kind === "kill") return new Kills(place, random);
  throw new Error("say what is to go wrong: cut, restart or kill");
}

/** Counts of texts, the most frequent first. */
function tally(texts: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .map(([text, n]) => `${String(n)} x ${text}`)
    .join(", ");
}

async function runRounds(place: ServerPlace, folder: string): Promise<boolean> {
  const disturbance = disturbanceOf(positionals[0], place);
  const files = await feedFiles(folder);
  const digest = await expectedDigest(join(folder, "home"), files);
  stdout.write(`PostgreSQL ${String(place.version)}, ${String(files.length)} feeds, digest ${digest}\n`);
  const beginnings = await prepareBeginnings(place, files);
  const takes: Undisturbed[] = [];
  for (const beginning of beginnings) takes.push(await undisturbed(place, beginning, disturbance));
  stdout.write(
    `undisturbed: ${takes.map(({ bytes, ms }) => `${ms.toFixed(0)} ms${bytes === 0 ? "" : ` ${String(bytes)} bytes`}`).join(", ")}\n`,
  );
  const endings: string[] = [];
  let [round, times, bad, slowest] = [0, 0, 0, 0];
  for (; times < Number(values.times); round++) {
    const { template, commands } = beginnings[round % beginnings.length] as Beginning;
    await createDatabase(place, "round", template);
    const disturbed = await disturbance.run(commands, "round", takes[round % beginnings.length] as Undisturbed);
    times += disturbed.times;
    const again = await runHere(commands, urlOf(place, "round"));
    const failed = again.find((end) => end.exit !== 0);
    const { faults, ms } = await findFaults(place, "round", { digest, captures: files.length });
    slowest = Math.max(slowest, ms);
    const ends = disturbed.ends.map(({ exit: code }) => (code === null ? "killed" : String(code))).join("+");
    endings.push(`exit ${ends}`);
    const all = [...(failed === undefined ? [] : [`the next run ended with ${String(failed.exit)}: ${failed.stderr}`]), ...faults];
    const strange = disturbed.ends.filter(({ exit: code }) => code !== null && ![0, 5, 7].includes(code));
    all.push(...strange.map((end) => `disturbed, it ended with ${String(end.exit)}: ${end.stderr}`));
    if (all.length > 0) bad += 1;
    stdout.write(
      `round ${String(round + 1)} from ${template}: ${String(disturbed.times)} x ${String(positionals[0])} (${String(times)}), ${ends}${all.length === 0 ? "" : `\n  ${all.join("\n  ")}`}\n`,
    );
    const lost = disturbed.ends.find((end) => end.exit !== null && end.exit !== 0);
    if (lost !== undefined) stdout.write(`  ${lost.stderr.trim().split("\n").slice(-4).join("\n  ")}\n`);
  }
  stdout.write(
    `${String(times)} x ${String(positionals[0])} in ${String(round)} rounds: ${String(bad)} with a fault. Disturbed runs: ${tally(endings)}. Nothing left after at most ${slowest.toFixed(0)} ms\n`,
  );
  return bad === 0;
}

const version = values.version === undefined ? null : Number(values.version);
// What was committed must outlive a crash of the server. Temporary tables of sessions that such a crash ended are dropped by autovacuum, which looks
// at each database once a minute by default.
const settings = ["synchronous_commit = on", "autovacuum_naptime = 2s"];
let isGood = false;
{
  await using server = await startTemporaryServer({ name: "postgres-chaos", version, settings });
  isGood = await runRounds(server.place, server.folder);
}
exit(isGood ? 0 : 1);
