import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomUUID } from "node:crypto";
import { Postgres } from "../src/postgres/postgres.ts";
import { PROGRAMS, SUPERUSER, startServer, stopServer } from "../tests/postgres-server.ts";

/** A PostgreSQL server of this process's own, the npm package's, that is gone at the end. It does not wait for the disk. */
export interface OwnServer extends AsyncDisposable {
  /** A folder that the server reads and writes too. */
  readonly folder: string;
  /** The URL of a new database. */
  createDatabase(): Promise<string>;
}

export async function startOwnServer(): Promise<OwnServer> {
  const programs = Object.values(PROGRAMS).find((candidate) => candidate !== null);
  if (programs === null || programs === undefined) throw new Error("no PostgreSQL for this platform");
  const folder = await mkdtemp(join(tmpdir(), "bench-pg-"));
  await chmod(folder, 0o777);
  const place = await startServer({ programs, folder: join(folder, "s"), settings: ["shared_buffers = '512MB'", "max_wal_size = '4GB'"] });
  const urlOf = (database: string): string => `postgresql://${SUPERUSER}@127.0.0.1:${String(place.port)}/${database}`;
  return {
    folder,
    createDatabase: async () => {
      const name = `bench_${randomUUID().replaceAll("-", "")}`;
      await using postgres = await Postgres.open({ url: urlOf(SUPERUSER), environment: {}, waitMs: 0 });
      await postgres.withSession((session) => session.run(`CREATE DATABASE ${name}`));
      return urlOf(name);
    },
    [Symbol.asyncDispose]: async () => {
      await stopServer(place);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
