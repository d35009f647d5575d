import { join } from "node:path";
import type { Scratch } from "../pipeline/scratch.ts";
import { Postgres } from "../postgres/postgres.ts";
import { PostgresRawStore } from "../raw/postgres/postgres-raw-store.ts";
import { SegmentStore } from "../raw/segment-store.ts";
import { DuckdbStore } from "../store/duckdb/duckdb-store.ts";
import { PostgresStore } from "../store/postgres/postgres-store.ts";
import type { CliContext } from "./context.ts";
import { openDatabase } from "./platform.ts";
import { makeDatabase, scratchServer } from "./scratch-database.ts";

/** An empty embedded home below a folder, with an engine of its own. */
export function openScratchHome(folder: string, name: string, context: CliContext): Promise<Scratch> {
  return openScratchOf(join(folder, name), null, context);
}

/** A home of the kind of the settings' store: a folder, or a database of its own on the same server, which is dropped at the end. */
export async function openScratch(folder: string, name: string, context: CliContext): Promise<Scratch> {
  const server = scratchServer(context);
  if (server === null) return openScratchHome(folder, name, context);
  const own = await makeDatabase(server);
  try {
    const parts = await openScratchOf(join(folder, name), own.url, context);
    return {
      ...parts,
      async [Symbol.asyncDispose]() {
        try {
          await parts[Symbol.asyncDispose]();
        } finally {
          await own[Symbol.asyncDispose]();
        }
      },
    };
  } catch (error) {
    await own[Symbol.asyncDispose]();
    throw error;
  }
}

/** What there is in a home, or where there is a `url` in that database, with an engine of its own. */
export async function openScratchOf(home: string, url: string | null, { settings, environment }: CliContext): Promise<Scratch> {
  const waitMs = settings.values.lockWaitS * 1000;
  const database = await openDatabase(settings.values, join(home, "spill"));
  if (url === null) {
    return {
      database,
      raw: new SegmentStore({ root: join(home, "raw") }),
      store: new DuckdbStore({ file: join(home, "platform.duckdb"), waitMs }),
      [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
    };
  }
  const options = { url, environment, waitMs };
  const raw = new PostgresRawStore(await Postgres.open(options));
  const store = new PostgresStore({ postgres: await Postgres.open(options), waitMs });
  return {
    database,
    raw,
    store,
    async [Symbol.asyncDispose]() {
      for (const part of [store, raw, database]) await part[Symbol.asyncDispose]();
    },
  };
}
