import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isFileError } from "../src/core/file-error.ts";
import { FileLock } from "../src/core/file-lock.ts";
import { Postgres } from "../src/postgres/postgres.ts";
import { PostgresRawStore } from "../src/raw/postgres/postgres-raw-store.ts";
import { sqlText } from "../src/sql/sql-value.ts";
import { postgresStoreDialect } from "../src/store/postgres/postgres-store-dialect.ts";
import { PostgresStore } from "../src/store/postgres/postgres-store.ts";
import type { StoreDialect } from "../src/store/store-dialect.ts";
import type { SharedServer } from "./each-postgres.ts";
import { type Homes, MAIN_STORE } from "./homes.ts";

/** In a home: the URL of the database of each store. The main one has raw too. */
const FILE = "databases.json";

type Databases = Readonly<Record<string, string>>;

/** A folder with the names of databases of the server of the run. */
export class ServerHomes implements Homes {
  readonly dialect: StoreDialect = postgresStoreDialect;
  readonly #version: number | null;
  #server: SharedServer | null = null;

  /** @param version null: the newest */
  constructor(version: number | null) {
    this.#version = version;
  }

  async open(home: string, { store, waitMs, onWait, isDryRun }: Parameters<Homes["open"]>[1]): ReturnType<Homes["open"]> {
    const connect = async (name: string): Promise<Postgres> =>
      await Postgres.open({ url: await this.address(home, name), environment: {}, waitMs, onWait });
    const raw = new PostgresRawStore(await connect(MAIN_STORE));
    const access = new PostgresStore({ postgres: await connect(store), waitMs, onWait, isDryRun });
    return {
      raw,
      store: access,
      [Symbol.asyncDispose]: async () => {
        await access[Symbol.asyncDispose]();
        await raw[Symbol.asyncDispose]();
      },
    };
  }

  async copy(from: string, to: string): Promise<void> {
    const server = await this.#shared();
    const copies: Record<string, string> = {};
    for (const [store, url] of Object.entries(await readDatabases(from)))
      copies[store] = (await server.createDatabase(`TEMPLATE ${nameOf(url)}`)).url;
    await writeDatabases(to, copies);
  }

  async remove(home: string): Promise<void> {
    const server = await this.#shared();
    for (const url of Object.values(await readDatabases(home))) await server.dropDatabase(nameOf(url));
    await rm(home, { recursive: true, force: true });
  }

  async address(home: string, store: string): Promise<string> {
    const known = (await readDatabases(home))[store];
    if (known !== undefined) return known;
    await mkdir(home, { recursive: true });
    await using _lock = await FileLock.acquire(join(home, `${FILE}.lock`), { waitMs: 60_000 });
    const databases = await readDatabases(home);
    const url = databases[store] ?? (await (await this.#shared()).createDatabase()).url;
    await writeDatabases(home, { ...databases, [store]: url });
    return url;
  }

  sql(statement: string): string {
    // `store` is no schema there; the table `mlb.store` stays.
    return statement.replaceAll(/\bstore\.(?=["a-z])/g, "");
  }

  async spoilBodies(home: string, table: string): Promise<void> {
    await using postgres = await Postgres.open({ url: await this.address(home, MAIN_STORE), environment: {}, waitMs: 0 });
    // As a replica applies changes: without the triggers that refuse them.
    await postgres.withSession((session) =>
      session.run(`SET session_replication_role = replica; UPDATE ${table} SET body = '' WHERE body IS NOT NULL`),
    );
  }

  async leftovers(store: Parameters<Homes["leftovers"]>[0]): Promise<readonly string[]> {
    const rows = await store.rows(
      "SELECT relname::text AS name FROM pg_catalog.pg_class WHERE relname LIKE 'slice\\_%' AND relnamespace <> pg_my_temp_schema() UNION ALL " +
        "SELECT nspname::text FROM pg_catalog.pg_namespace WHERE nspname LIKE '%$rebuild' OR nspname = 'mlb_rebuild'",
    );
    return rows.map((row) => sqlText(row["name"]));
  }

  /** Asked for where a database is made: a process that a test started finds its own in the home. */
  async #shared(): Promise<SharedServer> {
    const { sharedServer } = await import("./each-postgres.ts");
    this.#server ??= sharedServer(this.#version);
    return this.#server;
  }
}

async function readDatabases(home: string): Promise<Databases> {
  try {
    return JSON.parse(await readFile(join(home, FILE), "utf8")) as Databases;
  } catch (error) {
    if (isFileError(error, "ENOENT")) return {};
    throw error;
  }
}

async function writeDatabases(home: string, databases: Databases): Promise<void> {
  await mkdir(home, { recursive: true });
  await writeFile(join(home, FILE), JSON.stringify(databases));
}

/** The database of a URL. */
function nameOf(url: string): string {
  return new URL(url).pathname.slice(1);
}
