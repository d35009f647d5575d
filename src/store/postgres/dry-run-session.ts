import type { Session } from "../../postgres/session.ts";
import type { SqlRow } from "../../sql/sql-value.ts";
import type { SqlRunner } from "../store-dialect.ts";

/** A session that is inside of one transaction all the time: a transaction of a work is a part of it. */
export class DryRunSession implements SqlRunner {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  run(sql: string): Promise<number> {
    return this.#session.run(sql);
  }

  rows(sql: string): Promise<SqlRow[]> {
    return this.#session.rows(sql);
  }

  batches(sql: string): AsyncIterable<SqlRow[]> {
    return this.#session.batches(sql);
  }

  async transaction<T>(work: () => Promise<T>): Promise<T> {
    await this.#session.run("SAVEPOINT work");
    let result: T;
    try {
      result = await work();
    } catch (error) {
      // A connection that is lost is rolled back anyway: what matters is the first error.
      await this.#session.run("ROLLBACK TO SAVEPOINT work").catch(() => 0);
      throw error;
    }
    await this.#session.run("RELEASE SAVEPOINT work");
    return result;
  }
}
