import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { EXIT, OutsideError } from "../../core/errors.ts";
import { sqlStateOf } from "../../postgres/explain-error.ts";
import type { Postgres } from "../../postgres/postgres.ts";
import type { ByteRow, Session } from "../../postgres/session.ts";
import type { SqlParameter } from "../../postgres/values.ts";
import type { RawKeyColumn } from "../../sql/postgres-key-columns.ts";
import { type SqlRow, sqlText } from "../../sql/sql-value.ts";
import { appendByTable } from "../append-captures.ts";
import type { Capture, CheckedCapture } from "../capture.ts";
import { captureMissing } from "../capture-missing.ts";
import type { AppendResult, HeldBack, PositionedCapture, RawStore } from "../raw-store.ts";
import { RawWatch } from "../raw-watch.ts";
import { ShapeDictionary } from "../shape.ts";
import { checkTableName, rawTableName } from "../table-name.ts";
import { CAPTURE_COLUMNS, captureOf } from "./capture-row.ts";
import { type RawPosition, parseRawPosition, writeRawPosition } from "./raw-position.ts";
import { RawAppender, findCaptures } from "./raw-appender.ts";
import { hasRawSchema } from "./raw-schema.ts";
import { missingKeyColumns, prepareRawTable, quoteTable } from "./raw-table.ts";
import { readDictionary } from "./shape-paths.ts";

/** Captures that are read at a time: none of them has its body with it. */
const PAGE_CAPTURES = 1000;
/** How many bodies are read at a time, and how many bytes of them. */
const AHEAD_BODIES = 8;
const AHEAD_BYTES = 32 * 1024 * 1024;

/** unique_violation in the catalog, duplicate_schema. */
const MADE_MEANWHILE: ReadonlySet<string> = new Set(["23505", "42P06"]);

const LISTEN_PAUSE_MS = 1000;

const decompress = promisify<Uint8Array, { maxOutputLength: number }, Buffer>(gunzip);

/**
 * The raw store in a server: a table for each raw table, `<endpoint>.<method>`, partitioned by month (`raw-table.ts`). Nothing that is read holds a session
 * between two pages, so that readers may be nested and no transaction stays open.
 */
export class PostgresRawStore implements RawStore {
  readonly postgres: Postgres;
  readonly #appenders = new Map<string, RawAppender>();
  /** Raw tables that were seen: none is ever removed. */
  readonly #known = new Set<string>();

  /** Disposing closes `postgres`. */
  constructor(postgres: Postgres) {
    this.postgres = postgres;
  }

  /** Makes a raw table, where it is not there, with columns for what names its documents. */
  async prepareTable(table: string, keyColumns: readonly RawKeyColumn[]): Promise<void> {
    if ((await this.hasTable(table)) && (await this.missingKeyColumns(table, keyColumns)).length === 0) return;
    const prepare = (): Promise<void> => this.#session((session) => session.transaction(() => prepareRawTable(session, table, keyColumns)));
    try {
      await prepare();
    } catch (error) {
      // Whoever makes tables beside captures may have made the same schema at the same moment.
      if (!MADE_MEANWHILE.has(sqlStateOf(error) ?? "")) throw error;
      await prepare();
    }
    this.#known.add(table);
  }

  /** The columns of keys that a raw table lacks: it had captures before the mapping came. */
  missingKeyColumns(table: string, keyColumns: readonly RawKeyColumn[]): Promise<readonly RawKeyColumn[]> {
    return this.#session((session) => missingKeyColumns(session, table, keyColumns));
  }

  async hasTable(name: string): Promise<boolean> {
    const table = checkTableName(name);
    if (this.#known.has(table)) return true;
    const isKnown = (await this.tables()).includes(table);
    if (isKnown) this.#known.add(table);
    return isKnown;
  }

  async append(batch: readonly CheckedCapture[]): Promise<AppendResult[]> {
    return await appendByTable(batch, async (table, captures) => {
      if (!(await this.hasTable(table))) await this.prepareTable(table, []);
      let appender = this.#appenders.get(table);
      if (appender === undefined) this.#appenders.set(table, (appender = new RawAppender(this.postgres, table)));
      return await appender.append(captures);
    });
  }

  async *captures(table: string, afterId = 0): AsyncGenerator<Capture, void, undefined> {
    yield* this.pages(table, "TRUE", [], afterId);
  }

  /** The captures for which a condition on `r` holds, in order of ids. `values` are its `$1`, `$2`, … */
  async *pages(table: string, condition: string, values: readonly SqlParameter[], afterId = 0): AsyncGenerator<Capture, void, undefined> {
    if (!(await this.hasTable(table))) return;
    const from = `$${String(values.length + 1)}`;
    const sql = `SELECT ${CAPTURE_COLUMNS} FROM ${quoteTable(table)} r WHERE r.id > ${from} AND (${condition}) ORDER BY r.id LIMIT ${String(PAGE_CAPTURES)}`;
    for (let last = afterId; ;) {
      const page = (await this.#rows(sql, [...values, last])).map((row) => captureOf(table, row));
      yield* page;
      last = page.at(-1)?.id ?? last;
      if (page.length < PAGE_CAPTURES) return;
    }
  }

  /**
   * A transaction that began before others may commit after them. Captures are given in windows of transactions that have all ended, by id inside a window:
   * none can come to a window later. A transaction that stays open, anywhere in the server, holds back what is stored after its first change.
   */
  async *capturesFrom(table: string, position: string | null): AsyncGenerator<PositionedCapture, void, undefined> {
    const last = parseRawPosition(position);
    if (!(await this.hasTable(table))) return;
    yield* this.#window(table, last);
    const next = { from: last.to, to: await this.horizon(table), id: 0 };
    if (next.to > next.from) yield* this.#window(table, next);
  }

  async *#window(table: string, window: RawPosition): AsyncGenerator<PositionedCapture, void, undefined> {
    const { from, to, id } = window;
    if (from === to) return;
    for await (const capture of this.pages(table, "r.xid >= $1::text::xid8 AND r.xid < $2::text::xid8", [from, to], id))
      yield { capture, position: writeRawPosition({ from, to, id: capture.id }) };
  }

  /**
   * The first transaction that may still be under way: all before it have ended.
   * @throws OutsideError `raw.other-server`: captures are of transactions that this server never had.
   */
  async horizon(table: string): Promise<bigint> {
    const [row] = await this.#rows(
      `SELECT pg_snapshot_xmin(s) AS horizon, EXISTS (SELECT FROM ${quoteTable(table)} r WHERE r.xid >= pg_snapshot_xmax(s)) AS is_other FROM pg_current_snapshot() s`,
    );
    if (row?.["is_other"] === true)
      throw new OutsideError(
        {
          code: "raw.other-server",
          message: `${table} holds captures with numbers of transactions that this server has not reached: they were restored from another one`,
          next: "nothing is lost: number them anew as src/raw/README.md says, and let streams begin from the start",
        },
        EXIT.storeUnreachable,
        false,
      );
    return BigInt(sqlText(row?.["horizon"]));
  }

  /** Whether captures are of transactions from `from` on and before `to`. */
  async hasStoredBetween(table: string, from: bigint, to: bigint): Promise<boolean> {
    const between = "r.xid >= $1::text::xid8 AND r.xid < $2::text::xid8";
    const [row] = await this.#rows(`SELECT EXISTS (SELECT FROM ${quoteTable(table)} r WHERE ${between}) AS found`, [from, to]);
    return row?.["found"] === true;
  }

  async *capturesByIds(table: string, ids: readonly number[]): AsyncGenerator<Capture, void, undefined> {
    const wanted = [...new Set(ids)].toSorted((a, b) => a - b);
    const missing = new Set(wanted);
    for await (const capture of this.pages(table, "r.id = ANY($1::bigint[])", [wanted])) {
      missing.delete(capture.id);
      yield capture;
    }
    if (missing.size > 0) throw captureMissing(table, missing, "check that --store names the database that the tables were filled from");
  }

  async lastId(table: string): Promise<number> {
    if (!(await this.hasTable(table))) return 0;
    const [row] = await this.#rows(`SELECT coalesce(max(r.id), 0) AS id FROM ${quoteTable(table)} r`);
    return Number(row?.["id"]);
  }

  async find(capture: CheckedCapture): Promise<Capture | null> {
    const table = rawTableName(capture.endpoint, capture.method);
    if (!(await this.hasTable(table))) return null;
    const [found] = await this.#session((session) => findCaptures(session, table, [capture]));
    return found ?? null;
  }

  async readBody(capture: Capture): Promise<Buffer> {
    for await (const { body } of this.readBodies([capture])) return body;
    throw new Error("one capture has one body");
  }

  async *readBodies(
    captures: Iterable<Capture> | AsyncIterable<Capture>,
  ): AsyncGenerator<{ readonly capture: Capture; readonly body: Buffer }, void, undefined> {
    let ahead: Capture[] = [];
    let bytes = 0;
    for await (const capture of captures) {
      const isFull = ahead.length >= AHEAD_BODIES || bytes + capture.bytes > AHEAD_BYTES;
      const [first] = ahead;
      if (first !== undefined && (isFull || tableOf(first) !== tableOf(capture))) {
        yield* this.#bodies(ahead);
        ahead = [];
        bytes = 0;
      }
      ahead.push(capture);
      bytes += capture.bytes;
    }
    yield* this.#bodies(ahead);
  }

  /** Of captures of one raw table. */
  async *#bodies(captures: readonly Capture[]): AsyncGenerator<{ readonly capture: Capture; readonly body: Buffer }, void, undefined> {
    const [first] = captures;
    if (first === undefined) return;
    const sql = `SELECT r.id, r.body FROM ${quoteTable(tableOf(first))} r WHERE r.id = ANY($1::bigint[]) AND r.body IS NOT NULL`;
    const ids = [...new Set(captures.map(holderOf))];
    const rows = await this.#session((session) => session.byteRows(sql, [ids]));
    const members = new Map(rows.map((row) => [Number(row["id"]), row["body"]]));
    for (const capture of captures) yield { capture, body: await readMember(capture, members.get(holderOf(capture))) };
  }

  async dictionary(table: string): Promise<ShapeDictionary> {
    if (!(await this.hasTable(table))) return new ShapeDictionary();
    return new ShapeDictionary(await this.#session((session) => readDictionary(session, table, 0)));
  }

  async heldBack(table: string): Promise<HeldBack | null> {
    if (!(await this.hasTable(table))) return null;
    const [row] = await this.#rows(
      `SELECT count(*) AS n, (SELECT format('%s (pid %s, %s, %s since %s)', coalesce(nullif(a.application_name, ''), 'a session'), a.pid, a.usename, a.state, a.xact_start) FROM pg_stat_activity a WHERE a.pid <> pg_backend_pid() AND a.backend_xid IS NOT NULL ORDER BY age(a.backend_xid) DESC LIMIT 1) AS session, ` +
        `(SELECT format('the prepared transaction %s of %s since %s', p.gid, p.owner, p.prepared) FROM pg_prepared_xacts p ORDER BY age(p.transaction) DESC LIMIT 1) AS prepared ` +
        `FROM ${quoteTable(table)} r WHERE r.xid >= pg_snapshot_xmin(pg_current_snapshot())`,
    );
    const captures = Number(row?.["n"] ?? 0);
    if (captures === 0) return null;
    const holder = row?.["session"] ?? row?.["prepared"];
    return { captures, holder: typeof holder === "string" ? holder : "a transaction that has just ended" };
  }

  /** A session of its own listens; where it is lost, another one, as soon as there can be. */
  watch(table: string): Promise<RawWatch> {
    const closing = new AbortController();
    const news = new RawWatch(async () => {
      closing.abort();
      await listening;
    });
    const listening = this.#listen(table, news, closing.signal);
    return Promise.resolve(news);
  }

  async #listen(table: string, news: RawWatch, closed: AbortSignal): Promise<void> {
    const closing = new Promise<void>((resolve) => {
      closed.addEventListener("abort", () => {
        resolve();
      });
    });
    while (!closed.aborted) {
      try {
        await this.postgres.withSession(async (session) => {
          await session.listen("mlb_raw", (name) => {
            if (name === table) news.tell();
          });
          // What came while nobody listened.
          news.tell();
          await Promise.race([closing, session.ended()]);
          // It has a listener: nobody else is to have it.
          await session.close();
        });
      } catch {
        // Who waits looks from time to time, and is told then what is wrong with the server.
      }
      await Promise.race([closing, sleep(LISTEN_PAUSE_MS, undefined, { ref: false })]);
    }
  }

  async tables(): Promise<string[]> {
    return await this.#session(async (session) => {
      if (!(await hasRawSchema(session))) return [];
      return (await session.rows("SELECT name FROM mlb.raw_tables ORDER BY name")).map((row) => sqlText(row["name"]));
    });
  }

  /** How many captures lie in the default partition of a raw table: in months that have none of their own. */
  async capturesInDefault(table: string): Promise<number> {
    const [row] = await this.#rows(
      `SELECT count(*) AS n FROM ${quoteTable(table)} r WHERE r.tableoid = (SELECT partdefid FROM pg_partitioned_table WHERE partrelid = $1::regclass)`,
      [quoteTable(table)],
    );
    return Number(row?.["n"]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.postgres[Symbol.asyncDispose]();
  }

  #rows(sql: string, values: readonly SqlParameter[] = []): Promise<SqlRow[]> {
    return this.#session((session) => session.rows(sql, values));
  }

  /** All that is done so may be done twice: where the connection is lost, it is done again with another one. */
  #session<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return this.postgres.withSession(work, { repeats: true });
  }
}

function tableOf({ endpoint, method }: Capture): string {
  return rawTableName(endpoint, method);
}

/** The capture that has the body. */
function holderOf({ id, place }: Capture): number {
  return "capture" in place ? place.capture : id;
}

async function readMember(capture: Capture, member: ByteRow[string] | undefined): Promise<Buffer> {
  if (!Buffer.isBuffer(member)) throw damaged(capture, "is not there");
  let body: Buffer;
  try {
    body = await decompress(member, { maxOutputLength: Math.max(capture.bytes, 1) });
  } catch (cause) {
    throw damaged(capture, "cannot be read", cause);
  }
  if (body.length !== capture.bytes) throw damaged(capture, `has ${String(body.length)} bytes`);
  return body;
}

function damaged(capture: Capture, what: string, cause?: unknown): OutsideError {
  return new OutsideError(
    {
      code: "raw.damaged",
      message: `the body of ${tableOf(capture)} ${String(capture.id)} ${what}`,
      expected: `${String(capture.bytes)} bytes, compressed, in the row of capture ${String(holderOf(capture))}`,
      next: "restore the database from a backup: a raw table is append-only, and no month of it may be dropped while later captures share its bodies",
      ...(cause === undefined ? {} : { cause }),
    },
    EXIT.storeUnreachable,
    false,
  );
}
