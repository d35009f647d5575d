import { pipeline } from "node:stream/promises";
import type { Readable } from "node:stream";
import type { Client, QueryArrayResult } from "pg";
import { from as copyFrom } from "pg-copy-streams";
import type { SqlRow, SqlValue } from "../sql/sql-value.ts";
import { type SqlParameter, readerOf, writeParameter } from "./values.ts";

/** Rows that a cursor gives at a time. */
const BATCH_ROWS = 1000;

/**
 * One connection to a server, with its own temporary tables and one transaction at a time. Statements of one session run one
 * after the other. Instants are UTC, names are not looked up in any schema but `pg_catalog` and the temporary one: write `schema.table`.
 */
export class Session {
  readonly #client: Client;
  #isInTransaction = false;
  #cursors = 0;

  constructor(client: Client) {
    this.#client = client;
  }

  /** Runs one statement (or, without values, several with `;` between); gives the number of rows that it changed, as the server counted them. */
  async run(sql: string, values: readonly SqlParameter[] = []): Promise<number> {
    const results: unknown = await this.#query(sql, values);
    // Several statements give several results, which the types of pg do not say.
    const all = (Array.isArray(results) ? results : [results]) as QueryArrayResult[];
    return all.reduce((sum, result) => sum + (result.rowCount ?? 0), 0);
  }

  /** All rows of a query. For results that are small by their nature. */
  async rows(sql: string, values: readonly SqlParameter[] = []): Promise<SqlRow[]> {
    return readRows(await this.#query(sql, values));
  }

  /** The rows of a SELECT, a batch at a time, by a cursor of the server: neither side holds them all. */
  async *batches(sql: string, values: readonly SqlParameter[] = []): AsyncGenerator<SqlRow[]> {
    const isOwn = !this.#isInTransaction;
    const cursor = `mlb_cursor_${String(++this.#cursors)}`;
    if (isOwn) await this.#begin("READ ONLY");
    try {
      await this.#query(`DECLARE ${cursor} NO SCROLL CURSOR FOR ${sql}`, values);
      for (;;) {
        const rows = readRows(await this.#query(`FETCH ${String(BATCH_ROWS)} FROM ${cursor}`));
        if (rows.length > 0) yield rows;
        if (rows.length < BATCH_ROWS) break;
      }
      if (!isOwn) await this.#query(`CLOSE ${cursor}`);
    } finally {
      if (isOwn) await this.#rollback();
    }
  }

  /** Runs `work` in one transaction (READ COMMITTED): committed when it returns, rolled back when it throws. */
  async transaction<T>(work: () => Promise<T>): Promise<T> {
    await this.#begin("ISOLATION LEVEL READ COMMITTED");
    let result: T;
    try {
      result = await work();
      await this.#query("COMMIT");
      this.#isInTransaction = false;
    } catch (error) {
      await this.#rollback().catch(() => undefined);
      throw error;
    }
    return result;
  }

  /** Streams into `COPY … FROM STDIN`; gives the number of rows that the server took. */
  async copyIn(sql: string, source: Readable): Promise<number> {
    const target = this.#client.query(copyFrom(sql));
    await pipeline(source, target);
    return target.rowCount;
  }

  async #begin(mode: string): Promise<void> {
    if (this.#isInTransaction) throw new Error("a transaction inside a transaction");
    await this.#query(`BEGIN ${mode}`);
    this.#isInTransaction = true;
  }

  async #rollback(): Promise<void> {
    this.#isInTransaction = false;
    await this.#query("ROLLBACK");
  }

  #query(sql: string, values: readonly SqlParameter[] = []): Promise<QueryArrayResult<SqlValue[]>> {
    const types = { getTypeParser: readerOf as never };
    return this.#client.query({ text: sql, values: values.map(writeParameter), rowMode: "array", types });
  }
}

/** Rows by the names of their columns; a name that comes twice gets a number, `n:1`, as DuckDB does it. */
function readRows(result: QueryArrayResult<SqlValue[]>): SqlRow[] {
  const seen = new Map<string, number>();
  const names = result.fields.map(({ name }) => {
    const times = seen.get(name) ?? 0;
    seen.set(name, times + 1);
    return times === 0 ? name : `${name}:${String(times)}`;
  });
  return result.rows.map((row) => Object.fromEntries(names.map((name, at) => [name, row[at] ?? null])));
}
