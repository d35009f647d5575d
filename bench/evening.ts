/**
 * An evening of games: `npx tsx bench/evening.ts [--store postgres|duckdb] [--games 15] [--minutes 20] [--speed 60]`.
 * Each simulated game gives a state every 30 s of the evening, played at `--speed` times; all states are stored and streamed into the tables by this one
 * process. Where it falls behind, states come as fast as they are stored. Tells capture to commit, lag, memory, and where the time of a step goes.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { argv, cpuUsage, memoryUsage, stdout } from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { gunzipSync, gzipSync } from "node:zlib";
import { simulateStates } from "../src/simulate/states/simulate-states.ts";
import { LiveStream, measureParts, printParts, quantile } from "./live-stream.ts";
import { startOwnServer } from "./own-server.ts";
import { openPlatform } from "./platform.ts";

const CADENCE_S = 30;
const FIRST_GAME = 810_000;
/** States of a game before its first pitch. */
const BEFORE_GAME = 20;

const { values } = parseArgs({
  args: argv.slice(2),
  options: {
    store: { type: "string", default: "postgres" },
    games: { type: "string", default: "15" },
    minutes: { type: "string", default: "20" },
    speed: { type: "string", default: "60" },
  },
});
const games = Number(values.games);
const polls = Math.floor((Number(values.minutes) * 60) / CADENCE_S);
const pauseMs = (CADENCE_S * 1000) / Number(values.speed);

/** Bodies are made before: making them must not take time of those who are measured. Packed, for there are many. */
const states = Array.from({ length: games }, (_, game) => {
  const bodies: Buffer[] = [];
  let skip = BEFORE_GAME + game * 8;
  for (const { body } of simulateStates({ seed: game + 1, gamePk: FIRST_GAME + game })) {
    if (skip-- > 0) continue;
    bodies.push(gzipSync(JSON.stringify(body), { level: 1 }));
    if (bodies.length === polls) break;
  }
  return bodies;
});

const home = await mkdtemp(join(tmpdir(), "bench-evening-"));
await using server = values.store === "duckdb" ? null : await startOwnServer();
try {
  const url = server === null ? null : await server.createDatabase();
  await using platform = await openPlatform({ url, home, maxMemoryMb: 512, connections: 1 });
  const parts = measureParts();
  const memory: number[] = [];
  const lags: number[] = [];
  let late = 0;
  const live = await LiveStream.start(platform);
  const began = performance.now();
  const cpu = cpuUsage();
  const sampling = setInterval(() => {
    memory.push(memoryUsage.rss() / 2 ** 20);
    lags.push(live.lag);
  }, 500);
  for (let poll = 0; poll < polls; poll++) {
    for (const [game, bodies] of states.entries()) {
      const packed = bodies[poll];
      if (packed === undefined) continue;
      // Spread over the cadence, as polls of many games are.
      const due = began + (poll + game / games) * pauseMs;
      const wait = due - performance.now();
      if (wait > 0) await sleep(wait);
      else late = Math.max(late, -wait);
      const at = new Date(Date.UTC(2026, 6, 1, 23) + (poll * CADENCE_S + game) * 1000).toISOString().replace("Z", "000Z");
      await live.capture(FIRST_GAME + game, gunzipSync(packed).toString("utf8"), at);
    }
  }
  const stored = performance.now() - began;
  await live.caughtUp();
  const all = performance.now() - began;
  clearInterval(sampling);
  const { user, system } = cpuUsage(cpu);
  const say = (line: string): void => {
    stdout.write(`${line}\n`);
  };
  const { waited } = live;
  say(`${values.store}: ${String(games)} games, ${String(waited.length)} states of ${values.minutes} minutes at ${values.speed} x`);
  say(
    `  states came over ${(stored / 1000).toFixed(0)} s, at most ${(late / 1000).toFixed(1)} s late; all were in after ${(all / 1000).toFixed(0)} s; processors of this process ${((user + system) / 1e6).toFixed(0)} s`,
  );
  say(`  storing a capture p50 ${quantile(live.stored, 0.5).toFixed(0)} ms, p99 ${quantile(live.stored, 0.99).toFixed(0)} ms`);
  say(
    `  capture to commit p50 ${quantile(waited, 0.5).toFixed(0)} ms, p99 ${quantile(waited, 0.99).toFixed(0)} ms, most ${quantile(waited, 1).toFixed(0)} ms`,
  );
  say(
    `  captures of a step p50 ${String(quantile(live.steps, 0.5))}, most ${String(quantile(live.steps, 1))}, ${String(live.steps.length)} steps`,
  );
  say(`  lag in captures p50 ${String(quantile(lags, 0.5))}, most ${String(quantile(lags, 1))}`);
  const quarter = Math.max(1, Math.floor(memory.length / 4));
  const quarters = [0, 1, 2, 3].map((at) => quantile(memory.slice(at * quarter, (at + 1) * quarter), 1).toFixed(0));
  say(`  memory, peak of each quarter of the time: ${quarters.join(", ")} MB`);
  printParts(parts, say);
  await live[Symbol.asyncDispose]();
} finally {
  await rm(home, { recursive: true, force: true });
}
