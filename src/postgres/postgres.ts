import pg from "pg";
import { Session } from "./session.ts";

export interface PostgresOptions {
  /** `postgresql://…` (`docs/`). */
  readonly url: string;
  /** For `PGPASSWORD`, `PGPASSFILE`, `PGSERVICEFILE`. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** How long to wait for a server that is down, and for locks that others hold. */
  readonly waitMs: number;
  /** Sessions at a time; more wait for one. */
  readonly maxSessions?: number;
}

/** Sets what every session has. */
const SETTINGS = [
  "SET TimeZone = 'UTC'",
  "SET DateStyle = 'ISO, YMD'",
  "SET standard_conforming_strings = on",
  "SET search_path = pg_catalog, pg_temp",
].join("; ");

/** A server's database and the few connections to it. */
export class Postgres implements AsyncDisposable {
  readonly #pool: pg.Pool;

  private constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  static async open(options: PostgresOptions): Promise<Postgres> {
    const pool = new pg.Pool({ connectionString: options.url, max: options.maxSessions ?? 4 });
    const postgres = new Postgres(pool);
    await postgres.withSession((session) => session.rows("SELECT 1"));
    return postgres;
  }

  /** Runs `work` with a session that nobody else has meanwhile. */
  async withSession<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect();
    try {
      await client.query(SETTINGS);
      const result = await work(new Session(client as unknown as pg.Client));
      client.release();
      return result;
    } catch (error) {
      client.release(true);
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.end();
  }
}
