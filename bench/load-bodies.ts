/**
 * How bodies get into DuckDB, one connection, one thread: `npx tsx bench/load-bodies.ts DIR` with a folder of real bodies (.json, .json.gz).
 * Times of a step over all bodies, the median of the rounds. `pruned` is the read schema of the bundled mapping; the texts are taken apart as a slice does it.
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { argv, hrtime, stdout } from "node:process";
import { gunzipSync } from "node:zlib";
import { packageRoot } from "../src/config/settings.ts";
import { Database } from "../src/duckdb/database.ts";
import { loadRegistry } from "../src/mapping/registry.ts";
import { compilePlan } from "../src/plan/compile-plan.ts";
import { duckdbDialect } from "../src/sql/duckdb-dialect.ts";
import { documentColumns, writeRawDocuments } from "../src/sql/write-documents.ts";

const ROUNDS = 3;

const [, , folder] = argv;
if (folder === undefined) throw new Error("usage: npx tsx bench/load-bodies.ts DIR");
const [mapping] = (await loadRegistry(join(packageRoot(), "config", "schemas", "mappings"))).find("game", "live_game_v1");
if (mapping === undefined) throw new Error("no mapping");
const plan = compilePlan(mapping);
const work = await mkdtemp(join(tmpdir(), "bench-load-"));
const bodies: string[] = [];
for (const name of (await readdir(folder)).toSorted()) {
  if (!/\.json(\.gz)?$/.test(name)) continue;
  const bytes = await readFile(join(folder, name));
  const body = name.endsWith(".gz") ? gunzipSync(bytes) : bytes;
  bodies.push(body.toString("utf8"));
  await writeFile(join(work, name.replace(/\.gz$/, "")), body);
}
const files = duckdbDialect.text(join(work, "*.json"));
const apart = writeRawDocuments(plan, documentColumns(plan), duckdbDialect);
const slots =
  'SELECT CAST(capture AS INTEGER) AS "$slot", capture AS "$capture", \'\' AS "$position", now() AS "$captured_at" FROM slice_bodies';

try {
  await using database = await Database.open({ memoryLimitBytes: 4 * 1024 ** 3, threads: 1, tempDirectory: null });
  const connection = await database.connect();
  const steps: readonly (readonly [name: string, run: () => Promise<unknown>])[] = [
    [
      "append the texts",
      async () => {
        await connection.run("CREATE OR REPLACE TEMP TABLE slice_bodies (capture BIGINT, body JSON)");
        await connection.append(
          "slice_bodies",
          ["BIGINT", "VARCHAR"],
          bodies.map((body, at) => [at, body]),
        );
      },
    ],
    [
      "write plain files (read_text needs them)",
      async () => {
        for (const [at, body] of bodies.entries()) await writeFile(join(work, `${String(at)}.txt`), body);
      },
    ],
    ["slots", () => connection.run(`CREATE OR REPLACE TEMP TABLE slice_slots AS ${slots}`)],
    ["appended, taken apart into texts and containers", () => connection.run(`CREATE OR REPLACE TEMP TABLE a AS ${apart}`)],
    [
      "appended, one pruned struct",
      () => connection.run(`CREATE OR REPLACE TEMP TABLE b AS SELECT ${duckdbDialect.parse("body", plan.read)} AS v FROM slice_bodies`),
    ],
    [
      "read_text of plain files, one pruned struct",
      () =>
        connection.run(
          `CREATE OR REPLACE TEMP TABLE c AS SELECT ${duckdbDialect.parse("content", plan.read)} AS v FROM read_text(${files})`,
        ),
    ],
    [
      "read_text of plain files, texts only",
      () => connection.run(`CREATE OR REPLACE TEMP TABLE d AS SELECT content FROM read_text(${files})`),
    ],
  ];
  const figures = new Map<string, number[]>();
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [name, run] of steps) {
      const from = hrtime.bigint();
      await run();
      // Round 0 warms up and does not count.
      if (round > 0) figures.set(name, [...(figures.get(name) ?? []), Number(hrtime.bigint() - from) / 1e6]);
    }
    for (const table of ["a", "b", "c", "d", "slice_slots", "slice_bodies"]) await connection.run(`DROP TABLE ${table}`);
  }
  stdout.write(`${String(bodies.length)} bodies, ${(bodies.reduce((sum, body) => sum + body.length, 0) / 1e6).toFixed(1)} MB\n`);
  for (const [name, times] of figures)
    stdout.write(
      `${name.padEnd(50)} ${(times.toSorted((left, right) => left - right)[ROUNDS >> 1] ?? Number.NaN).toFixed(0).padStart(6)} ms\n`,
    );
} finally {
  await rm(work, { recursive: true, force: true });
}
