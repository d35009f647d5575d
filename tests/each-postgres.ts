import { randomUUID } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, inject } from "vitest";
import { isFileError } from "../src/core/file-error.ts";
import { FileLock } from "../src/core/file-lock.ts";
import { Postgres } from "../src/postgres/postgres.ts";
import {
  PROGRAMS,
  type Programs,
  type ServerOptions,
  type ServerPlace,
  SUPERUSER,
  programsOf,
  startServer,
  urlOf,
} from "./postgres-server.ts";

/** A database of its own, dropped at the end. */
export interface TestDatabase extends AsyncDisposable {
  readonly name: string;
  readonly url: string;
}

/** A server that all test files of a run share. It starts when the first of them needs it. */
export class SharedServer {
  readonly #programs: Programs;
  #place: ServerPlace | null = null;

  constructor(programs: Programs) {
    this.#programs = programs;
  }

  get version(): number {
    return this.#programs.version;
  }

  async place(): Promise<ServerPlace> {
    this.#place ??= await sharedPlace(this.#programs);
    return this.#place;
  }

  /** A fresh, empty database. `clauses`: more of CREATE DATABASE, such as `TEMPLATE …`. */
  async createDatabase(clauses = ""): Promise<TestDatabase> {
    const place = await this.place();
    const name = `test_${randomUUID().replaceAll("-", "")}`;
    await administer(place, `CREATE DATABASE ${name} ${clauses}`);
    return { name, url: urlOf(place, name), [Symbol.asyncDispose]: () => this.dropDatabase(name) };
  }

  async dropDatabase(name: string): Promise<void> {
    await administer(await this.place(), `DROP DATABASE ${name} WITH (FORCE)`);
  }
}

/** The server of a version; null: of the newest. */
export function sharedServer(version: number | null): SharedServer {
  return new SharedServer(programsOf(version));
}

/** One statement as the superuser. */
export async function administer(place: ServerPlace, sql: string): Promise<void> {
  await using postgres = await Postgres.open({ url: urlOf(place, SUPERUSER), environment: {}, waitMs: 0 });
  await postgres.withSession((session) => session.run(sql));
}

/** A server of a test's own, for what changes or ends the whole server. */
export async function startOwnServer(options: Omit<ServerOptions, "folder">): Promise<ServerPlace> {
  return await startServer({ ...options, folder: join(inject("postgresFolder"), randomUUID().slice(0, 8)) });
}

/** Describes tests once for each PostgreSQL that is supported; those that this machine has not are shown as skipped. */
export function describeEachPostgres(define: (server: SharedServer) => void): void {
  for (const [name, programs] of Object.entries(PROGRAMS)) {
    const title = programs === null ? `on ${name}: none here` : `on PostgreSQL ${String(programs.version)}`;
    describe.skipIf(programs === null)(title, () => {
      define(new SharedServer(programs ?? { version: 0, bin: "" }));
    });
  }
}

async function sharedPlace(programs: Programs): Promise<ServerPlace> {
  const file = join(inject("postgresFolder"), `shared-${String(programs.version)}.json`);
  await using _lock = await FileLock.acquire(`${file}.lock`, { waitMs: 150_000 });
  try {
    return JSON.parse(await readFile(file, "utf8")) as ServerPlace;
  } catch (error) {
    if (!isFileError(error, "ENOENT")) throw error;
  }
  const place = await startOwnServer({ programs, settings: ["max_connections = 200"] });
  await writeFile(file, JSON.stringify(place));
  return place;
}
