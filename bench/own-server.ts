import { randomUUID } from "node:crypto";
import { Postgres } from "../src/postgres/postgres.ts";
import { SUPERUSER, startTemporaryServer, urlOf } from "../tests/postgres-server.ts";

/** A PostgreSQL server of this process's own, the npm package's, that is gone at the end. It does not wait for the disk. */
export interface OwnServer extends AsyncDisposable {
  /** A folder that the server reads and writes too. */
  readonly folder: string;
  /** The URL of a new database. */
  createDatabase(): Promise<string>;
}

export async function startOwnServer(): Promise<OwnServer> {
  const server = await startTemporaryServer({ name: "bench-pg", settings: ["shared_buffers = '512MB'", "max_wal_size = '4GB'"] });
  return {
    folder: server.folder,
    createDatabase: async () => {
      const name = `bench_${randomUUID().replaceAll("-", "")}`;
      await using postgres = await Postgres.open({ url: urlOf(server.place, SUPERUSER), environment: {}, waitMs: 0 });
      await postgres.withSession((session) => session.run(`CREATE DATABASE ${name}`));
      return urlOf(server.place, name);
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
