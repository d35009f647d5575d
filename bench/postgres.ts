/**
 * PostgreSQL as a store: `npm run bench:postgres -- [--documents 60] [--rounds 3] [--states 300] [--feeds DIR]`. It starts a server of its own.
 * (a) The loading part of a first load, of a rerun after which nothing is different, and of one with nothing new, beside bare COPY of the same rows from
 * files of the server into the same tables with the same keys, indexes and foreign keys. (b) One live state at a time, from its capture to its commit,
 * and what that leaves in the database.
 */
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { argv, memoryUsage, stdout } from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ingestRecordings } from "../src/pipeline/ingest.ts";
import { transform } from "../src/pipeline/transform.ts";
import { Postgres } from "../src/postgres/postgres.ts";
import { BodyChecker } from "../src/raw/body.ts";
import { simulateStates } from "../src/simulate/states/simulate-states.ts";
import type { SqlRow } from "../src/sql/sql-value.ts";
import { sqlText } from "../src/sql/sql-value.ts";
import { type GameBodies, gameBodies, gamePk } from "./game-bodies.ts";
import { LiveStream, measureParts, printParts, quantile } from "./live-stream.ts";
import { type OwnServer, startOwnServer } from "./own-server.ts";
import { type Platform, openPlatform, recordingOf } from "./platform.ts";

/** States that do not count. */
const WARM_UP = 10;
/** How often sizes are shown. */
const SHOWN = 10;

const { values } = parseArgs({
  args: argv.slice(2),
  options: {
    documents: { type: "string", default: "60" },
    rounds: { type: "string", default: "3" },
    states: { type: "string", default: "300" },
    feeds: { type: "string" },
  },
});
const beside = fileURLToPath(new URL("../../shared/captures/live_feed", import.meta.url));
const bodies = await gameBodies(values.feeds ?? (existsSync(beside) ? beside : null));
const documents = Number(values.documents);
const say = (line: string): void => {
  stdout.write(`${line}\n`);
};
const home = await mkdtemp(join(tmpdir(), "bench-postgres-"));
await using server = await startOwnServer();
const parts = measureParts();
const applied = parts.get("apply and commit") ?? [];
try {
  if (documents > 0) await measureLoads(server, bodies);
  for (const times of parts.values()) times.length = 0;
  if (Number(values.states) > 0) await measureStates(server);
} finally {
  await rm(home, { recursive: true, force: true });
}

/** Medians over the rounds: each has databases of its own. */
async function measureLoads(on: OwnServer, feeds: GameBodies): Promise<void> {
  const figures = new Map<string, number[]>();
  const note = (name: string, ms: number): void => {
    figures.set(name, [...(figures.get(name) ?? []), ms]);
  };
  let rows = 0;
  for (let round = 0; round < Number(values.rounds); round++) {
    const url = await on.createDatabase();
    const reached = await openPlatform({ url, home, maxMemoryMb: 512, connections: 1 });
    await ingestRecordings(recordings(feeds), { raw: reached.raw, checker: new BodyChecker(), plans: [reached.plan] });
    note("the loading part of a first load", await loadingPart(reached));
    await reached[Symbol.asyncDispose]();
    const tables = reached.plan.targets.map(({ name }) => name);
    // Parents before children, as anybody would copy them.
    rows = await withDatabase(url, async (run) => {
      let count = 0;
      for (const table of tables) count += await run(`COPY ${table} TO '${join(on.folder, `${table}.copy`)}'`);
      await run("UPDATE mlb.documents SET fingerprint = 'another plan'");
      return count;
    });
    const again = await openPlatform({ url, home, maxMemoryMb: 512, connections: 1 });
    note("the loading part where all is compared and nothing is different", await loadingPart(again));
    note("the loading part with nothing new", await loadingPart(again));
    await again[Symbol.asyncDispose]();
    const bare = await on.createDatabase();
    const empty = await openPlatform({ url: bare, home, maxMemoryMb: 512, connections: 1 });
    await empty.store.prepare(await empty.database.connect(), empty.mapping, null);
    await empty[Symbol.asyncDispose]();
    const from = performance.now();
    await withDatabase(bare, (run) =>
      run(["BEGIN", ...tables.map((table) => `COPY ${table} FROM '${join(on.folder, `${table}.copy`)}'`), "COMMIT"].join("; ")),
    );
    note("bare COPY", performance.now() - from);
  }
  say(`(a) ${String(documents)} documents (${feeds.from}), ${String(rows)} rows; medians of ${values.rounds} rounds`);
  const bare = quantile(figures.get("bare COPY") ?? [], 0.5);
  for (const [name, times] of figures)
    say(`  ${name.padEnd(66)} ${quantile(times, 0.5).toFixed(0).padStart(6)} ms  ${(quantile(times, 0.5) / bare).toFixed(2)} x bare COPY`);
}

async function* recordings(feeds: GameBodies): AsyncGenerator<ReturnType<typeof recordingOf>> {
  for (let game = 0; game < documents; game++)
    yield await Promise.resolve(recordingOf(gamePk(game), feeds.body(game), "2026-01-01T00:00:00.000000Z"));
}

/** A run over all documents: milliseconds of bringing rows to the server and applying them. */
async function loadingPart({ mapping, plan, ...deps }: Platform): Promise<number> {
  const before = applied.length;
  await transform(
    mapping,
    plan,
    {
      filter: { documents: {}, startDate: null, endDate: null, asOf: null },
      mode: "batch",
      sliceBytes: 16 << 20,
      connections: 1,
      failedCaptures: 0,
    },
    deps,
  );
  return applied.slice(before).reduce((sum, ms) => sum + ms, 0);
}

async function withDatabase<T>(url: string, work: (run: (sql: string) => Promise<number>) => Promise<T>): Promise<T> {
  await using postgres = await Postgres.open({ url, environment: {}, waitMs: 0 });
  return await postgres.withSession((session) => work((sql) => session.run(sql)));
}

/** The states of simulated games, one after the other: each is stored when the one before was committed. */
async function measureStates(on: OwnServer): Promise<void> {
  const url = await on.createDatabase();
  await using platform = await openPlatform({ url, home, maxMemoryMb: 512, connections: 1 });
  await using live = await LiveStream.start(platform);
  const wanted = Number(values.states) + WARM_UP;
  const every = Math.max(1, Math.floor(wanted / SHOWN));
  say(`(b) one state after the other`);
  const begin = Date.UTC(2026, 6, 1);
  let count = 0;
  for (let game = 0; count < wanted; game++) {
    for (const { body } of simulateStates({ seed: game + 1, gamePk: gamePk(game) })) {
      await live.capture(gamePk(game), JSON.stringify(body), new Date(begin + count * 1000).toISOString().replace("Z", "000Z"));
      await live.caughtUp();
      count++;
      if (count === WARM_UP) for (const times of parts.values()) times.length = 0;
      if (count % every === 0) await showSizes(url, count, live);
      if (count === wanted) break;
    }
  }
  const waited = live.waited.slice(WARM_UP);
  say(
    `  ${String(waited.length)} states: capture to commit p50 ${quantile(waited, 0.5).toFixed(0)} ms, p90 ${quantile(waited, 0.9).toFixed(0)} ms, p99 ${quantile(waited, 0.99).toFixed(0)} ms; storing a capture p50 ${quantile(live.stored, 0.5).toFixed(0)} ms`,
  );
  printParts(parts, say);
}

async function showSizes(url: string, count: number, live: LiveStream): Promise<void> {
  const sum = (what: string, of: "p" | "t"): string =>
    `(SELECT sum(${what}) FROM pg_class c LEFT JOIN pg_stat_user_tables s ON s.relid = c.oid WHERE c.relkind = 'r' AND c.relpersistence = '${of}')`;
  const sql = `SELECT ${sum("n_dead_tup", "p")} AS dead, ${sum("n_live_tup", "p")} AS live, ${sum("pg_total_relation_size(c.oid)", "t")}::bigint / 1024 AS temporary,
    pg_total_relation_size('pg_catalog.pg_class') / 1024 AS classes, pg_total_relation_size('pg_catalog.pg_attribute') / 1024 AS attributes`;
  await using postgres = await Postgres.open({ url, environment: {}, waitMs: 0 });
  const [row]: readonly SqlRow[] = await postgres.withSession((session) => session.rows(sql));
  const recent = live.waited.slice(-Math.max(1, Math.floor(count / SHOWN)));
  say(
    `  after ${String(count).padStart(5)}: p50 ${quantile(recent, 0.5).toFixed(0)} ms, memory ${(memoryUsage.rss() / 2 ** 20).toFixed(0)} MB, rows ${sqlText(row?.["live"])} live ${sqlText(row?.["dead"])} dead, temporary tables ${sqlText(row?.["temporary"])} kB, pg_class ${sqlText(row?.["classes"])} kB, pg_attribute ${sqlText(row?.["attributes"])} kB`,
  );
}
