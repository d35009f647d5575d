import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Settings, storeFile } from "../config/settings.ts";
import { EXIT, UserError } from "../core/errors.ts";
import { openTemporaryFolder } from "../core/temporary-folder.ts";
import type { Connection } from "../duckdb/connection.ts";
import { Database } from "../duckdb/database.ts";
import type { Mapping } from "../mapping/mapping.ts";
import { nearestSpelling } from "../mapping/nearest-spelling.ts";
import { type Registry, loadRegistry } from "../mapping/registry.ts";
import { OverlayRawStore } from "../raw/overlay-store.ts";
import type { RawStore } from "../raw/raw-store.ts";
import { SegmentStore } from "../raw/segment-store.ts";
import type { Catalogue } from "../statsapi/catalogue.ts";
import { readCatalogue } from "../statsapi/read-catalogue.ts";
import { DuckdbStore, type DuckdbStoreOptions } from "../store/duckdb/duckdb-store.ts";
import { requireState } from "../store/duckdb/state-schema.ts";
import type { CliContext } from "./context.ts";

/** The real parts, built from the settings. */

export function openRaw(settings: Settings): SegmentStore {
  return new SegmentStore({ root: join(settings.home, "raw"), lockWaitMs: settings.lockWaitS * 1000 });
}

/** Raw as it would be: new captures go to a folder that is removed at the end. */
export async function openOverlayRaw(settings: Settings): Promise<{ readonly raw: RawStore } & AsyncDisposable> {
  const folder = await openTemporaryFolder();
  const raw = new OverlayRawStore(openRaw(settings), new SegmentStore({ root: join(folder.path, "raw") }));
  return { raw, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

export function openCatalogue(settings: Settings): Promise<Catalogue> {
  return readCatalogue(join(settings.configDir, "endpoints"));
}

export function openRegistry(settings: Settings): Promise<Registry> {
  return loadRegistry(mappingsFolder(settings));
}

export function mappingsFolder(settings: Settings): string {
  return join(settings.configDir, "schemas", "mappings");
}

/** The mappings of one method. @throws UserError `mapping.none`. */
export function mappingsOf(registry: Registry, endpoint: string, method: string): readonly Mapping[] {
  const found = registry.find(endpoint, method);
  if (found.length > 0) return found;
  const known = [...new Set(registry.mappings.map((mapping) => `${mapping.source.endpoint}.${mapping.source.method}`))];
  const near = nearestSpelling(`${endpoint}.${method}`, known);
  throw new UserError({
    code: "mapping.none",
    message: `no mapping takes captures of ${endpoint}.${method}`,
    expected: `one of: ${known.join(", ")}`,
    next:
      near === null ? `write one: config/schemas/mappings/${endpoint}/${method}.yaml (docs/mapping-language.md)` : `did you mean ${near}?`,
  });
}

/** All mappings, or those of an endpoint or a method. @throws UserError `mapping.none`. */
export function mappingsUnder(
  registry: Registry,
  { endpoint, method }: { readonly endpoint?: string; readonly method?: string },
): readonly Mapping[] {
  const found = registry.mappings.filter(
    ({ source }) => (endpoint === undefined || source.endpoint === endpoint) && (method === undefined || source.method === method),
  );
  if (found.length > 0) return found;
  throw new UserError({ code: "mapping.none", message: "no mapping is of that endpoint and method", next: "mlb-etl mapping list" });
}

/** @throws UserError `raw.empty` (exit 4): there is nothing to make tables of. */
export async function requireCaptures(raw: RawStore, endpoint: string, method: string, { home }: Settings): Promise<void> {
  if ((await raw.lastId(`${endpoint}.${method}`)) > 0) return;
  throw new UserError(
    {
      code: "raw.empty",
      message: `${home} has no captures of ${endpoint}.${method}`,
      next: `ingest some first (mlb-etl ingest --endpoint ${endpoint} --method ${method} --from-files …), or name another home with --home`,
    },
    EXIT.sourceUnreachable,
  );
}

/** Of the bound of the process, DuckDB gets what Node, the libraries and memory that was freed and not given back yet do not need. */
const NODE_MB = 286;

/** `tempDirectory`: where it spills what memory does not hold; default: a folder of this process. */
export function openDatabase(
  settings: Settings,
  tempDirectory: string = join(tmpdir(), `mlb-duckdb-${String(process.pid)}`),
): Promise<Database> {
  return Database.open({
    memoryLimitBytes: Math.max(64, settings.maxMemoryMb - NODE_MB) * 1024 * 1024,
    threads: settings.connections,
    tempDirectory,
  });
}

export function storeOptions(context: CliContext): DuckdbStoreOptions {
  const settings = context.settings.values;
  return {
    file: storeFile(settings),
    waitMs: settings.lockWaitS * 1000,
    onWait: (holder) => {
      context.out.say(`waiting for the store: ${holder} holds it`);
    },
  };
}

export function openStore(context: CliContext, options: { readonly isDryRun?: boolean } = {}): DuckdbStore {
  return new DuckdbStore({ ...storeOptions(context), ...options });
}

/** Runs queries on the store, which is attached for reading as `store` meanwhile. */
export async function readStore<T>(context: CliContext, work: (connection: Connection) => Promise<T>): Promise<T> {
  await using database = await openDatabase(context.settings.values);
  const connection = await database.connect();
  // Awaited here: the database must outlive the work.
  return await openStore(context).whileAttached(
    connection,
    async () => {
      await requireState(connection);
      return await work(connection);
    },
    "read",
  );
}
