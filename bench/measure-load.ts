import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../src/config/settings.ts";
import { Database, memoryLimitOf } from "../src/duckdb/database.ts";
import type { Mapping } from "../src/mapping/mapping.ts";
import { loadRegistry } from "../src/mapping/registry.ts";
import { ingestRecordings } from "../src/pipeline/ingest.ts";
import { transform } from "../src/pipeline/transform.ts";
import { compilePlan } from "../src/plan/compile-plan.ts";
import type { Plan } from "../src/plan/plan.ts";
import { BodyChecker } from "../src/raw/body.ts";
import { SegmentStore } from "../src/raw/segment-store.ts";
import type { RecordingFile } from "../src/statsapi/recording.ts";
import { Store } from "../src/store/store.ts";
import { DuckdbStore } from "../src/store/duckdb/duckdb-store.ts";
import { type GameBodies, gameBodies, gamePk } from "./game-bodies.ts";
import { writePlainScript } from "./plain-script.ts";

export interface LoadOptions {
  readonly documents: number;
  readonly connections: number;
  /** Of the process, in MB. */
  readonly maxMemoryMb: number;
  /** A folder of game feeds; null: simulated ones. */
  readonly feeds: string | null;
}

/** Milliseconds, and the peak of the process meanwhile in MB. */
export interface Figure {
  readonly ms: number;
  readonly peakMb: number;
}

export interface LoadFigures {
  readonly from: string;
  readonly bytes: number;
  readonly jsonParse: Figure;
  readonly ingest: Figure;
  readonly load: Figure;
  readonly rerun: Figure;
  readonly equal: Figure;
  readonly parse: Figure;
  readonly script: Figure & { readonly sliceMb: number };
  readonly unbound: Figure | null;
}

const SLICE_MB = 16;
/** What the script's DuckDB gets: it needs more than ours for slices of the same size (and its process exceeds the bound). With 24 MB it runs out of it. */
const SCRIPT_MEMORY_MB = 336;
const SCRIPT_SLICE_MB = 16;

/** One size, in this process: the platform first, so that its memory is its own. */
export async function measureLoad(options: LoadOptions): Promise<LoadFigures> {
  const bodies = await gameBodies(options.feeds);
  const [mapping] = (await loadRegistry(join(packageRoot(), "config", "schemas", "mappings"))).find("game", "live_game_v1");
  if (mapping === undefined) throw new Error("no mapping");
  const plan = compilePlan(mapping);
  const home = await mkdtemp(join(tmpdir(), "bench-load-"));
  try {
    let bytes = 0;
    const jsonParse = await measure(() => {
      let ms = 0;
      for (let game = 0; game < options.documents; game++) {
        const body = Buffer.from(bodies.body(game), "utf8");
        bytes += body.length;
        const from = performance.now();
        JSON.parse(body.toString("utf8"));
        ms += performance.now() - from;
      }
      return ms;
    });
    const platform = new Platform(home, mapping, plan, bodies, options);
    const ingest = await measure(() => platform.ingest("2026-01-01T00:00:00.000000Z"));
    const load = await measure(() => platform.load({ applied: options.documents, unchanged: 0 }));
    const rerun = await measure(() => platform.load({ applied: 0, unchanged: options.documents }));
    await platform.ingest("2026-01-02T00:00:00.000000Z");
    const equal = await measure(() => platform.load({ applied: options.documents, unchanged: 0 }));
    const database = {
      memoryLimitBytes: SCRIPT_MEMORY_MB * 2 ** 20,
      threads: options.connections,
      tempDirectory: join(home, "spill"),
    };
    const parse = await measure(() =>
      runScript(plan, bodies, options.documents, {
        ...database,
        file: join(home, "parse.duckdb"),
        sliceMb: SCRIPT_SLICE_MB,
        insert: false,
      }),
    );
    const script = await measure(() =>
      runScript(plan, bodies, options.documents, {
        ...database,
        file: join(home, "script.duckdb"),
        sliceMb: SCRIPT_SLICE_MB,
        insert: true,
      }),
    );
    const unbound = await measure(() =>
      runScript(plan, bodies, options.documents, {
        ...database,
        memoryLimitBytes: 8 * 2 ** 30,
        file: join(home, "unbound.duckdb"),
        sliceMb: 1e6,
        insert: true,
      }),
    );
    return {
      from: bodies.from,
      bytes,
      jsonParse,
      ingest,
      load,
      rerun,
      equal,
      parse,
      script: { ...script, sliceMb: SCRIPT_SLICE_MB },
      unbound,
    };
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** `work` gives its own time where only a part of it counts. */
async function measure(work: () => unknown): Promise<Figure> {
  const canReset = resetPeak();
  const from = performance.now();
  const own = await work();
  const ms = typeof own === "number" ? own : performance.now() - from;
  return { ms, peakMb: canReset ? peakMb() : Number.NaN };
}

/** Linux only. */
function resetPeak(): boolean {
  try {
    writeFileSync("/proc/self/clear_refs", "5");
    return true;
  } catch {
    return false;
  }
}

function peakMb(): number {
  return Number(/VmHWM:\s+([0-9]+) kB/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) / 1024;
}

class Platform {
  readonly #raw: SegmentStore;
  readonly #store: DuckdbStore;

  readonly #mapping: Mapping;
  readonly #plan: Plan;
  readonly #bodies: GameBodies;
  readonly #options: LoadOptions;

  constructor(home: string, mapping: Mapping, plan: Plan, bodies: GameBodies, options: LoadOptions) {
    this.#raw = new SegmentStore({ root: join(home, "raw") });
    this.#store = new DuckdbStore({ file: join(home, "platform.duckdb"), waitMs: 0 });
    this.#mapping = mapping;
    this.#plan = plan;
    this.#bodies = bodies;
    this.#options = options;
  }

  /** Milliseconds without making the bodies. */
  async ingest(capturedAt: string): Promise<number> {
    const bodies = this.#bodies;
    const options = this.#options;
    const plan = this.#plan;
    let making = 0;
    async function* recordings(): AsyncGenerator<RecordingFile> {
      for (let game = 0; game < options.documents; game++) {
        const from = performance.now();
        const body = Buffer.from(bodies.body(game), "utf8");
        making += performance.now() - from;
        const parameters = { game_pk: String(gamePk(game)) };
        yield {
          ok: true,
          recording: {
            file: "",
            endpoint: "game",
            method: "live_game_v1",
            parameters,
            url: null,
            status: 200,
            body,
            recordedAt: capturedAt,
            givenAt: null,
          },
        };
      }
    }
    const from = performance.now();
    const { stored } = await ingestRecordings(recordings(), { raw: this.#raw, checker: new BodyChecker(), plans: [plan] });
    const ms = performance.now() - from - making;
    if (stored !== options.documents) throw new Error(`${String(stored)} stored`);
    return ms;
  }

  async load(expected: { readonly applied: number; readonly unchanged: number }): Promise<void> {
    const { connections, maxMemoryMb } = this.#options;
    await using database = await Database.open({
      memoryLimitBytes: memoryLimitOf(maxMemoryMb),
      threads: connections,
      tempDirectory: join(tmpdir(), `bench-spill-${String(process.pid)}`),
    });
    const { record } = await transform(
      this.#mapping,
      this.#plan,
      {
        filter: { documents: {}, startDate: null, endDate: null, asOf: null },
        mode: "batch",
        sliceBytes: SLICE_MB * 2 ** 20,
        connections,
        failedCaptures: 0,
      },
      { database, store: new Store(this.#store), raw: this.#raw },
    );
    const [applied, unchanged] = [Number(record.run["applied"]), Number(record.run["unchanged"])];
    if (applied !== expected.applied || unchanged !== expected.unchanged)
      throw new Error(`not as expected: ${String(applied)} applied, ${String(unchanged)} unchanged`);
  }
}

interface ScriptOptions {
  readonly file: string;
  readonly sliceMb: number;
  readonly insert: boolean;
  readonly memoryLimitBytes: number;
  readonly threads: number;
  readonly tempDirectory: string;
}

/** Milliseconds without making the bodies. */
async function runScript(plan: Plan, bodies: GameBodies, documents: number, options: ScriptOptions): Promise<number> {
  await using database = await Database.open(options);
  const connection = await database.connect();
  let making = 0;
  const from = performance.now();
  await connection.run(`ATTACH '${options.file}' AS plain (BLOCK_SIZE 16384)`);
  const script = writePlainScript(plan, "plain");
  if (options.insert) for (const { create } of script.targets) for (const statement of create.split("; ")) await connection.run(statement);
  for (let game = 0; game < documents;) {
    const begun = performance.now();
    const slice: string[] = [];
    for (let size = 0; game < documents && (slice.length === 0 || size < options.sliceMb * 2 ** 20); game++) {
      const body = bodies.body(game);
      size += body.length;
      slice.push(body);
    }
    making += performance.now() - begun;
    await connection.run("CREATE OR REPLACE TEMP TABLE plain_bodies (body JSON)");
    await connection.append(
      "plain_bodies",
      ["VARCHAR"],
      slice.map((body) => [body]),
    );
    await connection.run(script.parse);
    if (!options.insert) continue;
    await connection.transaction(async () => {
      for (const { insert } of script.targets) await connection.run(insert);
    });
  }
  await connection.run("DETACH plain");
  return performance.now() - from - making;
}
