import { join } from "node:path";
import { packageRoot } from "../src/config/settings.ts";
import { Database, memoryLimitOf } from "../src/duckdb/database.ts";
import type { Mapping } from "../src/mapping/mapping.ts";
import { loadRegistry } from "../src/mapping/registry.ts";
import { compilePlan } from "../src/plan/compile-plan.ts";
import type { Plan } from "../src/plan/plan.ts";
import { Postgres } from "../src/postgres/postgres.ts";
import { PostgresRawStore } from "../src/raw/postgres/postgres-raw-store.ts";
import type { RawStore } from "../src/raw/raw-store.ts";
import { SegmentStore } from "../src/raw/segment-store.ts";
import type { RecordingFile } from "../src/statsapi/recording.ts";
import { DuckdbStore } from "../src/store/duckdb/duckdb-store.ts";
import { PostgresStore } from "../src/store/postgres/postgres-store.ts";
import { Store } from "../src/store/store.ts";

/** The parts of the program, as the command line puts them together. */
export interface Platform extends AsyncDisposable {
  readonly mapping: Mapping;
  readonly plan: Plan;
  readonly database: Database;
  readonly raw: RawStore;
  readonly store: Store;
}

export interface PlatformOptions {
  /** `postgresql://…`, or null: DuckDB and raw files in `home`. */
  readonly url: string | null;
  readonly home: string;
  /** Of the process. */
  readonly maxMemoryMb: number;
  readonly connections: number;
}

const WAIT_MS = 30_000;

/** The live feed of games, on a store of either kind. */
export async function openPlatform({ url, home, maxMemoryMb, connections }: PlatformOptions): Promise<Platform> {
  const [mapping] = (await loadRegistry(join(packageRoot(), "config", "schemas", "mappings"))).find("game", "live_game_v1");
  if (mapping === undefined) throw new Error("no mapping");
  const database = await Database.open({
    memoryLimitBytes: memoryLimitOf(maxMemoryMb),
    threads: connections,
    tempDirectory: join(home, "spill"),
  });
  const connect = (): Promise<Postgres> => Postgres.open({ url: url ?? "", environment: {}, waitMs: WAIT_MS });
  const raw = url === null ? new SegmentStore({ root: join(home, "raw") }) : new PostgresRawStore(await connect());
  const access =
    url === null
      ? new DuckdbStore({ file: join(home, "platform.duckdb"), waitMs: WAIT_MS })
      : new PostgresStore({ postgres: await connect(), waitMs: WAIT_MS });
  return {
    mapping,
    plan: compilePlan(mapping),
    database,
    raw,
    store: new Store(access),
    [Symbol.asyncDispose]: async () => {
      await access[Symbol.asyncDispose]();
      if (raw instanceof PostgresRawStore) await raw[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

/** One answer with the feed of a game. */
export function recordingOf(gamePk: number, body: string, capturedAt: string): RecordingFile {
  return {
    ok: true,
    recording: {
      file: `${String(gamePk)}.json`,
      endpoint: "game",
      method: "live_game_v1",
      parameters: { game_pk: String(gamePk) },
      url: null,
      status: 200,
      body: Buffer.from(body, "utf8"),
      recordedAt: capturedAt,
      givenAt: null,
    },
  };
}
