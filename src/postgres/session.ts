import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Client, QueryArrayResult } from "pg";
import { type CopyStreamQuery, from as copyFrom } from "pg-copy-streams";
import type { SqlRow, SqlValue } from "../sql/sql-value.ts";
import { BackOff, type BackOffDeps } from "./back-off.ts";
import type { ConnectionTarget } from "./connection-target.ts";
import { commitUnknown, explainError, sqlStateOf } from "./explain-error.ts";
import { type SqlParameter, readerOf, readerWithBytes, writeParameter } from "./values.ts";

/** Rows that a cursor gives at a time. */
const BATCH_ROWS = 1000;

/** Temporary tables and advisory locks of a session. */
const LEAVES_TRACES = /\b(?:TEMP|pg_try_advisory_lock|pg_advisory_lock)\b/i;

/** A row whose BYTEA columns are bytes. */
export type ByteRow = Readonly<Record<string, SqlValue | Buffer>>;

export interface SessionOptions {
  readonly target: ConnectionTarget;
  /** How long a transaction is tried again that others got in the way of. */
  readonly waitMs: number;
  readonly deps: BackOffDeps;
}

/**
 * One connection to a server, with its own temporary tables and one transaction at a time. It runs one statement at a time: a second one
 * meanwhile is a mistake and throws. Instants are UTC; names are looked up in `pg_catalog` and among the temporary tables only, so write
 * `schema.table`. What server or network do not do is thrown as `OutsideError`; mistakes in statements as pg throws them.
 */
export class Session {
  readonly #client: Client;
  readonly #options: SessionOptions;
  #isAlive = true;
  #isBusy = false;
  #isInTransaction = false;
  #leavesTraces = false;
  #cursors = 0;

  constructor(client: Client, options: SessionOptions) {
    this.#client = client;
    this.#options = options;
    client.on("error", () => {
      this.#isAlive = false;
    });
    client.on("end", () => {
      this.#isAlive = false;
    });
  }

  /** Whether another piece of work may have it. */
  get isUsable(): boolean {
    return this.#isAlive && !this.#isBusy && !this.#isInTransaction;
  }

  /** Whether something of it may outlive its transactions: temporary tables or advisory locks. */
  get leavesTraces(): boolean {
    return this.#leavesTraces;
  }

  /** Gives up what may be left. */
  async clean(): Promise<void> {
    await this.run("DISCARD TEMP; SELECT pg_advisory_unlock_all()");
    this.#leavesTraces = false;
  }

  /** Runs one statement (or, without values, several with `;` between); gives the number of rows that it changed, as the server counted them. */
  async run(sql: string, values: readonly SqlParameter[] = []): Promise<number> {
    const results: unknown = await this.#query(sql, values, readerOf);
    // Several statements give several results, which the types of pg do not say.
    const all = (Array.isArray(results) ? results : [results]) as readonly QueryArrayResult[];
    return all.reduce((sum, result) => sum + (result.rowCount ?? 0), 0);
  }

  /** All rows of a statement. For results that are small by their nature. BYTEA comes as text, `\x…`. */
  async rows(sql: string, values: readonly SqlParameter[] = []): Promise<SqlRow[]> {
    return readRows(await this.#query(sql, values, readerOf));
  }

  /** The same, with BYTEA as bytes. */
  async byteRows(sql: string, values: readonly SqlParameter[] = []): Promise<ByteRow[]> {
    return readRows(await this.#query(sql, values, readerWithBytes));
  }

  /**
   * The rows of a SELECT, at most 1,000 at a time, by a cursor of the server: neither side holds them all. Between two batches the
   * session may run other statements. Outside of a transaction it makes one that reads only.
   */
  async *batches(sql: string, values: readonly SqlParameter[] = []): AsyncGenerator<SqlRow[]> {
    const isOwn = !this.#isInTransaction;
    this.#cursors += 1;
    const cursor = `mlb_cursor_${String(this.#cursors)}`;
    if (isOwn) await this.#begin("READ ONLY");
    let hasFailed = true;
    try {
      await this.#query(`DECLARE ${cursor} NO SCROLL CURSOR FOR ${sql}`, values, readerOf);
      for (;;) {
        const rows = readRows(await this.#query(`FETCH ${String(BATCH_ROWS)} FROM ${cursor}`, [], readerOf));
        hasFailed = false;
        if (rows.length > 0) yield rows;
        if (rows.length < BATCH_ROWS) break;
        hasFailed = true;
      }
    } finally {
      if (isOwn) await this.#rollBack();
      else if (!hasFailed) await this.run(`CLOSE ${cursor}`);
    }
  }

  /**
   * Runs `work` in one transaction (READ COMMITTED): committed when it returns, rolled back when it throws. Where the server ended it
   * for the sake of another one (deadlock, serialization), the whole of `work` is run again, until the waiting time is over.
   * @throws OutsideError `postgres.contended` (exit 7); `postgres.commit-unknown` where the connection was lost during COMMIT, which
   * is not tried again: whether it was done, only who wrote can find out.
   */
  async transaction<T>(work: () => Promise<T>): Promise<T> {
    const backOff = new BackOff(this.#options.waitMs, this.#options.deps);
    for (;;) {
      try {
        return await this.#tryTransaction(work);
      } catch (error) {
        const state = sqlStateOf(error);
        if ((state !== "40001" && state !== "40P01") || !(await backOff.pause())) throw error;
      }
    }
  }

  /** One statement as a user wrote it, in a transaction that writes nothing. @param searchPath quoted schemas in which names without one are looked for */
  async ask(sql: string, searchPath: readonly string[]): Promise<SqlRow[]> {
    // It may call a function that does.
    this.#leavesTraces = true;
    await this.#begin("READ ONLY");
    try {
      await this.run(`SET LOCAL search_path = ${searchPath.join(", ")}`);
      // By the extended protocol the server takes no second statement, so none can end the transaction and go on writing.
      const query = { text: sql, queryMode: "extended", rowMode: "array" as const, types: { getTypeParser: readerOf as never } };
      return readRows(await this.#alone(() => this.#client.query<SqlValue[]>(query)));
    } finally {
      await this.#rollBack();
    }
  }

  /**
   * Streams into `COPY … FROM STDIN`; gives the number of rows that the server took. Where the source fails, its error is thrown and the
   * server takes nothing. The source must not use this session.
   */
  async copyIn(sql: string, source: Readable): Promise<number> {
    return await this.#alone(async () => {
      const copy = shortCopy(sql);
      let ownFailure: Error | null = null;
      source.once("error", (error) => (ownFailure ??= error));
      // What the server says comes after the stream has ended too, where it is told to forget what it got.
      copy.on("error", () => undefined);
      try {
        await pipeline(source, this.#client.query(copy));
      } catch (error) {
        throw ownFailure ?? error;
      }
      return copy.rowCount;
    });
  }

  /** Tells what others notify on a channel, by its text. Until the session is given back or closed. @param channel `[a-z_]+` */
  async listen(channel: string, onNotify: (text: string) => void): Promise<void> {
    this.#client.on("notification", (message) => {
      if (message.channel === channel) onNotify(message.payload ?? "");
    });
    await this.run(`LISTEN ${channel}`);
  }

  /** Ends when the connection does, whoever ends it. */
  async ended(): Promise<void> {
    if (this.#isAlive)
      await new Promise<void>((resolve) => {
        this.#client.once("end", resolve);
      });
  }

  /** Ends the connection; what was not committed is undone. */
  async close(): Promise<void> {
    await this.#client.end();
  }

  async #tryTransaction<T>(work: () => Promise<T>): Promise<T> {
    await this.#begin("ISOLATION LEVEL READ COMMITTED");
    let result: T;
    try {
      result = await work();
    } catch (error) {
      await this.#rollBack();
      throw error;
    }
    await this.#commit();
    return result;
  }

  async #begin(mode: string): Promise<void> {
    if (this.#isInTransaction) throw new Error("a transaction inside a transaction");
    await this.run(`BEGIN ${mode}`);
    this.#isInTransaction = true;
  }

  async #commit(): Promise<void> {
    let tag: string;
    try {
      tag = (await this.#query("COMMIT", [], readerOf)).command;
    } catch (error) {
      // A server that still answers has said no: nothing was committed. Else nobody knows.
      if (await this.#rollBack()) throw error;
      throw commitUnknown(error, this.#options.target);
    }
    this.#isInTransaction = false;
    if (tag !== "COMMIT") throw new Error("a statement of the transaction failed, and its error was passed over: nothing was committed");
  }

  /** Whether the session lives on. */
  async #rollBack(): Promise<boolean> {
    try {
      await this.run("ROLLBACK");
      this.#isInTransaction = false;
      return true;
    } catch {
      // Without a connection the server rolls back by itself. What brought us here is thrown by the caller.
      this.#isAlive = false;
      return false;
    }
  }

  async #query<T>(
    sql: string,
    values: readonly SqlParameter[],
    getTypeParser: (type: number) => (text: string) => T,
  ): Promise<QueryArrayResult<T[]>> {
    this.#leavesTraces ||= LEAVES_TRACES.test(sql);
    const written = values.map(writeParameter);
    return await this.#alone(() =>
      this.#client.query<T[]>({ text: sql, values: written, rowMode: "array", types: { getTypeParser: getTypeParser as never } }),
    );
  }

  async #alone<T>(statement: () => Promise<T>): Promise<T> {
    if (this.#isBusy) throw new Error("a session runs one statement at a time");
    this.#isBusy = true;
    try {
      return await statement();
    } catch (error) {
      throw explainError(error, this.#options.target);
    } finally {
      this.#isBusy = false;
    }
  }
}

/**
 * A copy that gives up with few words. By itself it would send the server the whole text of the error that ended it, and a server ends
 * connections that send more than 10,000 bytes of it: a text that holds a value is soon that long.
 */
function shortCopy(sql: string): CopyStreamQuery {
  const copy = copyFrom(sql);
  const destroy = copy._destroy.bind(copy);
  copy._destroy = (error, done) => {
    destroy(error === null ? null : new Error("given up by the client"), done);
  };
  return copy;
}

/** Rows by the names of their columns; a name that comes twice gets a number, `n:1`, as DuckDB does it. */
function readRows<T>(result: QueryArrayResult<(T | null)[]>): Readonly<Record<string, T | null>>[] {
  const seen = new Map<string, number>();
  const names = result.fields.map(({ name }) => {
    const times = seen.get(name) ?? 0;
    seen.set(name, times + 1);
    return times === 0 ? name : `${name}:${String(times)}`;
  });
  return result.rows.map((row) => Object.fromEntries(names.map((name, at) => [name, row[at] ?? null])));
}
