import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { isFileError } from "../../core/file-error.ts";
import type { Connection } from "../../duckdb/connection.ts";
import { type SqlRow, sqlText } from "../../sql/sql-value.ts";
import type { Mapping } from "../../mapping/mapping.ts";
import type { Plan } from "../../plan/plan.ts";
import { duckdbDialect } from "../../sql/duckdb-dialect.ts";
import type { SliceApplication } from "../store.ts";
import { applySlice, makeApplyTables } from "./apply-slice.ts";
import { type AttachOptions, STORE, attachStore, detachStore, isAskedFor } from "./attach.ts";
import { copyDocuments, copySchema, withBase } from "./dry-run.ts";
import { LIVE, type Placement } from "./placement.ts";
import { prepareSchema } from "./prepare-schema.ts";

export interface DuckdbStoreOptions {
  readonly file: string;
  readonly waitMs: number;
  readonly onWait?: (holder: string) => void;
  /** True: nothing is written. What would be is worked out on a copy in memory of what the documents at hand have in the file. Default false. */
  readonly isDryRun?: boolean;
  /** Which tables and state of the file are meant. Default: the live ones. */
  readonly placement?: Placement;
}

/** What a run is, when it begins. */
export interface RunStart {
  readonly runId: string;
  readonly mode: string;
  readonly engine: string;
  /** Filters and flags as JSON text. */
  readonly options: string;
  readonly failedCaptures: number;
}

const text = duckdbDialect.text.bind(duckdbDialect);
const LONGEST_KEPT_MS = 30_000;
const WATCH_MS = 200;

/**
 * The embedded store: one DuckDB file. It is attached for as long as something is written or read and let go in between, so
 * that other processes get at it. Work of one process goes one after the other, in the order of asking.
 */
export class DuckdbStore {
  readonly #options: DuckdbStoreOptions;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #isAttached = false;
  #access: AttachOptions["access"] = "read";
  #hasCopy = false;
  readonly placement: Placement;
  /** Of each mapping that was prepared, the hash of its schema. */
  readonly #prepared = new Map<string, string>();
  /** While work follows work the file is kept: letting it go writes all that changed, once for each column of each table. */
  #keepers = 0;
  #attachedAt = 0;

  constructor(options: DuckdbStoreOptions) {
    this.#options = options;
    this.placement = options.placement ?? LIVE;
  }

  get isDryRun(): boolean {
    return this.#options.isDryRun === true;
  }

  get file(): string {
    return this.#options.file;
  }

  /** Runs `work` while the file is attached for writing. The file is kept when somebody waits to go on with it. */
  async whileAttached<T>(connection: Connection, work: () => Promise<T>, access: AttachOptions["access"] = "write"): Promise<T> {
    return this.#inTurn(connection, async () => {
      if (this.#options.isDryRun === true) await this.#attachCopy(connection);
      else {
        // What was kept from the work before may be for reading only.
        if (this.#isAttached && access === "write" && this.#access === "read") await this.#detach(connection);
        if (!this.#isAttached) {
          await attachStore(connection, { ...this.#options, access });
          this.#isAttached = true;
          this.#attachedAt = performance.now();
          this.#access = access;
        }
      }
      return await work();
    });
  }

  /** Works of this process follow each other; after the last one the file is let go. */
  async #inTurn<T>(connection: Connection, work: () => Promise<T>): Promise<T> {
    this.#waiting++;
    const before = this.#last;
    let release = (): void => undefined;
    this.#last = new Promise<void>((resolve) => {
      release = resolve;
    });
    await before;
    this.#waiting--;
    try {
      let result: T;
      try {
        result = await work();
      } catch (error) {
        // What failed may stand in the way of letting go: what matters is the first error.
        await this.#letGo(connection).catch(() => undefined);
        throw error;
      }
      await this.#letGo(connection);
      return result;
    } finally {
      release();
    }
  }

  async #letGo(connection: Connection): Promise<void> {
    if (this.#waiting === 0 && this.#isAttached && !this.#isKept()) await this.#detach(connection);
  }

  /**
   * Keeps the file attached between the works of `work`, for as long as nobody else asks for it, and not longer than half a minute at a time:
   * programs that cannot ask get at it then. Who asks while nothing is read or written need not wait for the next work.
   */
  async keepingAttached<T>(connection: Connection, work: () => Promise<T>): Promise<T> {
    this.#keepers++;
    let isLettingGo = false;
    const watch = setInterval(() => {
      if (isLettingGo || !this.#isAttached || this.#isKept()) return;
      isLettingGo = true;
      // What fails here fails again, and is told, when the file is let go at the end.
      void this.#inTurn(connection, () => Promise.resolve())
        .catch(() => undefined)
        .finally(() => {
          isLettingGo = false;
        });
    }, WATCH_MS).unref();
    try {
      return await work();
    } finally {
      clearInterval(watch);
      this.#keepers--;
      await this.#inTurn(connection, () => Promise.resolve());
    }
  }

  #isKept(): boolean {
    return this.#keepers > 0 && performance.now() - this.#attachedAt < LONGEST_KEPT_MS && !isAskedFor(this.#options.file);
  }

  async #detach(connection: Connection): Promise<void> {
    await detachStore(connection, this.#options.file);
    this.#isAttached = false;
  }

  /** A dry run attaches a store in memory, once, made like the file. */
  async #attachCopy(connection: Connection): Promise<void> {
    if (this.#hasCopy) return;
    this.#hasCopy = true;
    await connection.run(`ATTACH ':memory:' AS ${STORE}`);
    if (existsSync(this.#options.file)) await withBase(connection, this.#options, () => copySchema(connection));
  }

  /** Makes or migrates the tables of a mapping, as of a time or (null) live: a store holds one of them. */
  async prepare(connection: Connection, mapping: Mapping, asOf: string | null): Promise<void> {
    const hash = await this.whileAttached(connection, () => prepareSchema(connection, mapping, asOf, this.placement));
    this.#prepared.set(mapping.name, hash);
  }

  /** Makes a connection ready for `apply`: to be done before slices are shredded on it. */
  async prepareConnection(connection: Connection, plan: Plan): Promise<void> {
    await makeApplyTables(connection, plan);
  }

  async startRun(connection: Connection, plan: Plan, run: RunStart): Promise<void> {
    await this.whileAttached(connection, async () => {
      await abandonDeadRuns(connection, this.placement);
      await connection.run(
        `INSERT INTO ${this.placement.state("runs")} (run_id, mapping, fingerprint, mode, engine, status, host, pid, started_at, options, failed_captures) VALUES (${[run.runId, plan.mapping, plan.fingerprint, run.mode, run.engine].map(text).join(", ")}, 'running', ${text(hostname())}, ${String(process.pid)}, now(), ${text(run.options)}, ${String(run.failedCaptures)})`,
      );
      const targets = plan.targets.map((target) => `(${text(run.runId)}, ${text(target.name)}, 0, 0, 0, 0, 0, 0, 0)`);
      await connection.run(`INSERT INTO ${this.placement.state("run_targets")} VALUES ${targets.join(", ")}`);
    });
  }

  async apply(connection: Connection, plan: Plan, application: SliceApplication): Promise<void> {
    await this.whileAttached(connection, async () => {
      // Where nothing passed there may be no table of documents: nothing was shredded.
      const isShredded = application.tried.some(({ passed, confirms }) => passed && !confirms);
      if (this.#options.isDryRun === true && isShredded && existsSync(this.#options.file))
        await withBase(connection, this.#options, () => copyDocuments(connection, plan));
      const schemaHash = this.#prepared.get(plan.mapping);
      if (schemaHash === undefined) throw new Error(`${plan.mapping} was not prepared`);
      await applySlice(connection, plan, application, { placement: this.placement, schemaHash });
    });
  }

  /** Ends a run: its status, and documents that had nothing to try. Gives its counts as the store has them. */
  async finishRun(
    connection: Connection,
    runId: string,
    end: {
      readonly status: "done" | "failed" | "interrupted";
      readonly unchanged: number;
      readonly exit: number;
      readonly error: string | null;
    },
  ): Promise<RunRecord> {
    return this.whileAttached(connection, async () => {
      await connection.run(
        `UPDATE ${this.placement.state("runs")} SET status = ${text(end.status)}, finished_at = now(), selected = selected + ${String(end.unchanged)}, unchanged = unchanged + ${String(end.unchanged)}, exit = ${String(end.exit)}, error = ${end.error === null ? "NULL" : text(end.error)} WHERE run_id = ${text(runId)}`,
      );
      return readRun(connection, runId, this.placement);
    });
  }

  async readRun(connection: Connection, runId: string): Promise<RunRecord> {
    return this.whileAttached(connection, () => readRun(connection, runId, this.placement));
  }
}

/** Runs of this host whose process is gone were killed: what they had committed counts, and a later run goes on. */
async function abandonDeadRuns(connection: Connection, placement: Placement): Promise<void> {
  const running = await connection.rows(
    `SELECT run_id, pid FROM ${placement.state("runs")} WHERE status = 'running' AND host = ${text(hostname())}`,
  );
  for (const { run_id: runId, pid } of running) {
    if (isAlive(Number(pid))) continue;
    await connection.run(
      `UPDATE ${placement.state("runs")} SET status = 'abandoned', finished_at = now() WHERE run_id = ${text(sqlText(runId))}`,
    );
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isFileError(error, "EPERM");
  }
}

/** A run and its targets, as the store has them. */
export interface RunRecord {
  readonly run: SqlRow;
  /** States of the mapping's documents that are in quarantine now, from this run and from earlier ones. */
  readonly inQuarantine: number;
  readonly targets: readonly SqlRow[];
}

async function readRun(connection: Connection, runId: string, placement: Placement): Promise<RunRecord> {
  const [run] = await connection.rows(`SELECT * FROM ${placement.state("runs")} WHERE run_id = ${text(runId)}`);
  if (run === undefined) throw new Error(`no run ${runId}`);
  const targets = await connection.rows(`SELECT * FROM ${placement.state("run_targets")} WHERE run_id = ${text(runId)} ORDER BY rowid`);
  const [failed] = await connection.rows(
    `SELECT count(DISTINCT (document_key, raw_id, position)) AS n FROM ${placement.state("quarantine")} WHERE mapping = ${text(sqlText(run["mapping"]))} AND status = 'open'`,
  );
  return { run, targets, inQuarantine: Number(failed?.["n"] ?? 0) };
}
