/**
 * What shredding and checking one slice costs, one connection, one thread, for a slice of one body and for one of all:
 * `npx tsx bench/shred-slice.ts DIR` with a folder of game feeds (.json, .json.gz). The median of the rounds.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { argv, hrtime, stdout } from "node:process";
import { gunzipSync } from "node:zlib";
import { packageRoot } from "../src/config/settings.ts";
import { Database } from "../src/duckdb/database.ts";
import { DuckdbEngine } from "../src/engine/duckdb/duckdb-engine.ts";
import { loadRegistry } from "../src/mapping/registry.ts";
import { compilePlan } from "../src/plan/compile-plan.ts";

const ROUNDS = 3;

const [, , folder] = argv;
if (folder === undefined) throw new Error("usage: npx tsx bench/shred-slice.ts DIR");
const [mapping] = (await loadRegistry(join(packageRoot(), "config", "schemas", "mappings"))).find("game", "live_game_v1");
if (mapping === undefined) throw new Error("no mapping");
const engine = new DuckdbEngine(compilePlan(mapping));
const bodies: Buffer[] = [];
for (const name of (await readdir(folder)).toSorted()) {
  if (!/\.json(\.gz)?$/.test(name)) continue;
  const bytes = await readFile(join(folder, name));
  bodies.push(name.endsWith(".gz") ? gunzipSync(bytes) : bytes);
}

await using database = await Database.open({ memoryLimitBytes: 4 * 1024 ** 3, threads: 1, tempDirectory: null });
const connection = await database.connect();
for (const slice of [bodies.slice(0, 1), bodies]) {
  const documents = slice.map((_, at) => ({ slot: at, capture: at, position: "", capturedAt: "2024-07-13T04:19:09Z", parameters: {} }));
  const times: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const from = hrtime.bigint();
    await engine.run(
      connection,
      slice.map((body, capture) => ({ capture, body })),
      documents,
    );
    await engine.clear(connection);
    // Round 0 warms up and does not count.
    if (round > 0) times.push(Number(hrtime.bigint() - from) / 1e6);
  }
  const megabytes = slice.reduce((sum, body) => sum + body.length, 0) / 1e6;
  stdout.write(
    `${String(slice.length).padStart(3)} bodies, ${megabytes.toFixed(1).padStart(5)} MB: ${(times.toSorted((left, right) => left - right)[ROUNDS >> 1] ?? Number.NaN).toFixed(0)} ms\n`,
  );
}
