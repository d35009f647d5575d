import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { UserError } from "../core/errors.ts";
import type { Scratch } from "../pipeline/scratch.ts";
import { Postgres } from "../postgres/postgres.ts";
import { PostgresRawStore } from "../raw/postgres/postgres-raw-store.ts";
import { SegmentStore } from "../raw/segment-store.ts";
import { quoteName } from "../sql/quote.ts";
import { DuckdbStore } from "../store/duckdb/duckdb-store.ts";
import { PostgresStore } from "../store/postgres/postgres-store.ts";
import type { CliContext } from "./context.ts";
import { openDatabase } from "./platform.ts";

/** An empty embedded home below a folder, with an engine of its own. */
export function openScratchHome(folder: string, name: string, context: CliContext): Promise<Scratch> {
  return openScratchOf(join(folder, name), null, context);
}

/** A home of the kind of the settings' store: a folder, or a database of its own on the same server, which is dropped at the end. */
export async function openScratch(folder: string, name: string, context: CliContext): Promise<Scratch> {
  if (context.settings.urls.store === null) return openScratchHome(folder, name, context);
  const own = await makeDatabase(context);
  const parts = await openScratchOf(join(folder, name), own.url, context);
  return {
    ...parts,
    async [Symbol.asyncDispose]() {
      await parts[Symbol.asyncDispose]();
      await own[Symbol.asyncDispose]();
    },
  };
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

/**
 * A database of its own on the server of the settings' store. A process that is killed leaves it behind: its name begins with `mlb_verify_`.
 * @param from the URL of one that it is a copy of
 * @throws UserError `scratch.no-right`
 */
export async function makeDatabase(
  { settings, environment }: CliContext,
  from: string | null = null,
): Promise<AsyncDisposable & { readonly url: string }> {
  const server = settings.urls.store;
  if (server === null) throw new Error("the store is no server");
  const administer = async (sql: string): Promise<void> => {
    await using postgres = await Postgres.open({ url: server, environment, waitMs: settings.values.lockWaitS * 1000 });
    await postgres.withSession(async (session) => {
      const [role] = await session.rows("SELECT rolcreatedb OR rolsuper AS may FROM pg_catalog.pg_roles WHERE rolname = current_user");
      if (role?.["may"] !== true)
        throw new UserError({
          code: "scratch.no-right",
          message: "this is tried in databases of its own, which this role may not create",
          next: "name a server of your own with --store, or leave --store away: then it is tried in embedded stores; or, as a superuser: ALTER ROLE … CREATEDB",
        });
      await session.run(sql);
    });
  };
  const name = `mlb_verify_${randomUUID().replaceAll("-", "")}`;
  await administer(`CREATE DATABASE ${name}${from === null ? "" : ` TEMPLATE ${quoteName(new URL(from).pathname.slice(1))}`}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, [Symbol.asyncDispose]: () => administer(`DROP DATABASE ${name} WITH (FORCE)`) };
}
