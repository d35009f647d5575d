import { existsSync } from "node:fs";
import { FileLock } from "../../core/file-lock.ts";
import type { Connection } from "../../duckdb/connection.ts";
import type { SqlRow } from "../../sql/sql-value.ts";
import type { Plan } from "../../plan/plan.ts";
import { makeApplyTables } from "../apply-slice.ts";
import { OpenStore } from "../open-store.ts";
import type { Placement, StoreDialect } from "../store-dialect.ts";
import type { SliceApplication } from "../slice-application.ts";
import { loadInput, makeInputTables } from "../slice-input.ts";
import type { StagedSlice } from "../staged-slice.ts";
import type { SelectionState, StoreAccess } from "../store.ts";
import { ask } from "./ask.ts";
import { placedSlice } from "./placed-slice.ts";
import { type AttachOptions, STORE, attachStore, detachStore, isAskedFor } from "./attach.ts";
import { copyDocuments, copySchema, withBase } from "./dry-run.ts";
import { duckdbStoreDialect } from "./duckdb-store-dialect.ts";

export interface DuckdbStoreOptions {
  readonly file: string;
  readonly waitMs: number;
  readonly onWait?: (holder: string) => void;
  /** True: nothing is written. What would be is worked out on a copy in memory of what the documents at hand have in the file. Default false. */
  readonly isDryRun?: boolean;
}

const LONGEST_KEPT_MS = 30_000;
const WATCH_MS = 200;

/**
 * The embedded store: one DuckDB file. It is attached for as long as something is written or read and let go in between, so
 * that other processes get at it. Work of one process goes one after the other, in the order of asking.
 */
export class DuckdbStore implements StoreAccess {
  readonly #options: DuckdbStoreOptions;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #isAttached = false;
  #access: AttachOptions["access"] = "read";
  #hasCopy = false;
  readonly dialect: StoreDialect = duckdbStoreDialect;
  /** While work follows work the file is kept: letting it go writes all that changed, once for each column of each table. */
  #keepers = 0;
  #attachedAt = 0;

  constructor(options: DuckdbStoreOptions) {
    this.#options = options;
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
  async keeping<T>(connection: Connection, work: () => Promise<T>): Promise<T> {
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
    if (existsSync(this.#options.file)) await withBase(connection, this.#options, () => copySchema(connection, openOn(connection)));
  }

  open<T>(connection: Connection, work: (store: OpenStore) => Promise<T>, access: AttachOptions["access"] = "write"): Promise<T> {
    return this.whileAttached(connection, () => work(openOn(connection)), access);
  }

  exists(): Promise<boolean> {
    return Promise.resolve(existsSync(this.#options.file));
  }

  /** Selection reads the state where it is. */
  withState<T>(
    connection: Connection,
    _plan: Plan,
    { placement }: { readonly placement: Placement },
    work: (state: SelectionState) => Promise<T>,
  ): Promise<T> {
    return this.open(connection, (store) =>
      work({ documents: store.at(placement).state("documents"), quarantine: store.at(placement).state("quarantine") }),
    );
  }

  async prepareConnection(connection: Connection, plan: Plan): Promise<void> {
    await makeInputTables(connection);
    await makeApplyTables(openOn(connection), plan);
  }

  async prepareApply(connection: Connection, store: OpenStore, plan: Plan, application: SliceApplication): Promise<void> {
    await loadInput(connection, application);
    // Where nothing passed there may be no table of documents: nothing was shredded.
    const isShredded = application.tried.some(({ passed, confirms }) => passed && !confirms);
    if (this.isDryRun && isShredded && existsSync(this.#options.file))
      await withBase(connection, this.#options, () => copyDocuments(connection, store, plan));
  }

  stage(_connection: Connection, plan: Plan): Promise<StagedSlice> {
    return Promise.resolve(placedSlice(plan));
  }

  ask(connection: Connection, query: string): Promise<SqlRow[]> {
    return this.whileAttached(connection, () => ask(connection, query), "read");
  }

  lockRebuild(signal?: AbortSignal): Promise<AsyncDisposable> {
    return FileLock.acquire(`${this.#options.file}.rebuild.lock`, {
      waitMs: this.#options.waitMs,
      ...(signal === undefined ? {} : { signal }),
    });
  }

  /** What keeps the file are its works: after the last one nothing does. */
  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

/** The file that is attached to a connection. */
function openOn(connection: Connection): OpenStore {
  return new OpenStore(connection, duckdbStoreDialect, "live");
}
