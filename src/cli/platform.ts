import { tmpdir } from "node:os";
import { join } from "node:path";
import { RAW_IN_HOME, type Settings, storeFile } from "../config/settings.ts";
import { EXIT, UserError } from "../core/errors.ts";
import { openTemporaryFolder } from "../core/temporary-folder.ts";
import type { Connection } from "../duckdb/connection.ts";
import { Database, memoryLimitOf } from "../duckdb/database.ts";
import type { Mapping } from "../mapping/mapping.ts";
import { nearestSpelling } from "../mapping/nearest-spelling.ts";
import { type Registry, loadRegistry } from "../mapping/registry.ts";
import { OverlayRawStore } from "../raw/overlay-store.ts";
import { Postgres } from "../postgres/postgres.ts";
import { PostgresRawStore } from "../raw/postgres/postgres-raw-store.ts";
import type { RawStore } from "../raw/raw-store.ts";
import { SegmentStore } from "../raw/segment-store.ts";
import type { Catalogue } from "../statsapi/catalogue.ts";
import { readCatalogue } from "../statsapi/read-catalogue.ts";
import { PostgresStore } from "../store/postgres/postgres-store.ts";
import { DuckdbStore } from "../store/duckdb/duckdb-store.ts";
import type { OpenStore } from "../store/open-store.ts";
import { requireState } from "../store/state-schema.ts";
import type { StoreAccess } from "../store/store.ts";
import type { CliContext } from "./context.ts";

/** The real parts, built from the settings. */

/** The captures: of a server, or of the home. */
export async function openRaw(context: CliContext): Promise<RawStore> {
  const { values: settings, urls } = context.settings;
  if (urls.raw !== null) return new PostgresRawStore(await connect(urls.raw, context));
  return new SegmentStore({ root: join(settings.home, "raw"), lockWaitMs: settings.lockWaitS * 1000 });
}

/** Raw as it would be: new captures go to a folder that is removed at the end. */
export async function openOverlayRaw(context: CliContext): Promise<RawStore> {
  const folder = await openTemporaryFolder();
  return new OverlayRawStore(await openRaw(context), new SegmentStore({ root: join(folder.path, "raw") }), folder);
}

/** The database of `postgresql://…`. */
function connect(url: string, { settings: { values }, environment, out }: CliContext): Promise<Postgres> {
  return Postgres.open({
    url,
    environment,
    waitMs: values.lockWaitS * 1000,
    onWait: ({ text }) => {
      out.say(`waiting: ${text.message}`);
    },
  });
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
export async function requireCaptures(raw: RawStore, endpoint: string, method: string, settings: Settings): Promise<void> {
  if ((await raw.lastId(`${endpoint}.${method}`)) > 0) return;
  const isInHome = settings.raw === RAW_IN_HOME;
  throw new UserError(
    {
      code: "raw.empty",
      message: `${isInHome ? settings.home : settings.raw} has no captures of ${endpoint}.${method}`,
      next: `ingest some first (mlb-etl ingest --endpoint ${endpoint} --method ${method} --from-files …), or name another ${isInHome ? "home with --home" : "place with --raw"}`,
    },
    EXIT.sourceUnreachable,
  );
}

/** `tempDirectory`: where it spills what memory does not hold; default: a folder of this process. */
export function openDatabase(
  settings: Settings,
  tempDirectory: string = join(tmpdir(), `mlb-duckdb-${String(process.pid)}`),
): Promise<Database> {
  return Database.open({
    memoryLimitBytes: memoryLimitOf(settings.maxMemoryMb),
    threads: settings.connections,
    tempDirectory,
  });
}

/** The store of the settings. It is let go at the end. */
export async function openStore(context: CliContext, { isDryRun = false }: { readonly isDryRun?: boolean } = {}): Promise<StoreAccess> {
  const { values: settings, urls } = context.settings;
  const waitMs = settings.lockWaitS * 1000;
  const say = context.out.say.bind(context.out);
  if (urls.store !== null)
    return new PostgresStore({
      postgres: await connect(urls.store, context),
      waitMs,
      onWait: (why) => {
        say(`waiting: ${why}`);
      },
      isDryRun,
    });
  return new DuckdbStore({
    file: storeFile(settings),
    waitMs,
    onWait: (holder) => {
      say(`waiting for the store: ${holder} holds it`);
    },
    isDryRun,
  });
}

/** Runs `work` with the store of the settings, and an engine. */
export async function withStore<T>(context: CliContext, work: (access: StoreAccess, connection: Connection) => Promise<T>): Promise<T> {
  await using database = await openDatabase(context.settings.values);
  await using access = await openStore(context);
  // Awaited here: the database must outlive the work.
  return await work(access, await database.connect());
}

/** Reads the store, which must have been written. */
export function readStore<T>(context: CliContext, work: (store: OpenStore, connection: Connection) => Promise<T>): Promise<T> {
  return workOn(context, work, "read");
}

/** Changes the store, which must have been written. */
export function writeStore<T>(context: CliContext, work: (store: OpenStore, connection: Connection) => Promise<T>): Promise<T> {
  return workOn(context, work, "write");
}

async function workOn<T>(
  context: CliContext,
  work: (store: OpenStore, connection: Connection) => Promise<T>,
  mode: "read" | "write",
): Promise<T> {
  return withStore(context, async (access, connection) => {
    // What is not there is not made.
    if (mode === "write") await access.open(connection, requireState, "read");
    return access.open(
      connection,
      async (store) => {
        await requireState(store);
        return work(store, connection);
      },
      mode,
    );
  });
}
