import { setTimeout as sleep } from "node:timers/promises";
import { EXIT, OutsideError } from "../../core/errors.ts";
import type { Connection } from "../../duckdb/connection.ts";
import type { Plan } from "../../plan/plan.ts";
import type { Postgres } from "../../postgres/postgres.ts";
import type { Session } from "../../postgres/session.ts";
import { quoteName as name, quoteText as text } from "../../sql/quote.ts";
import { type SqlRow, sqlText, sqlTextOrNull } from "../../sql/sql-value.ts";
import { makeApplyTables } from "../apply-slice.ts";
import { OpenStore } from "../open-store.ts";
import type { SliceApplication } from "../slice-application.ts";
import type { StagedSlice } from "../staged-slice.ts";
import { knownTables } from "../state-schema.ts";
import type { SelectionState, StoreAccess } from "../store.ts";
import type { Placement, StoreDialect } from "../store-dialect.ts";
import { SliceCopier } from "./copy-slice.ts";
import { DryRunSession } from "./dry-run-session.ts";
import { HeldSession } from "./held-session.ts";
import { postgresStoreDialect } from "./postgres-store-dialect.ts";
import { sliceTables } from "./slice-tables.ts";
import { StoredDocuments } from "./stored-documents.ts";

export interface PostgresStoreOptions {
  readonly postgres: Postgres;
  /** How long to try to get a connection back. */
  readonly waitMs: number;
  readonly onWait?: (why: string) => void;
  /** True: all is done in one transaction that is rolled back at the end. Default false. */
  readonly isDryRun?: boolean;
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2000;

/**
 * A PostgreSQL database with targets and state. Its works have one session, which is kept between them with its temporary tables: those
 * of a session that is lost go with it. A work whose session is lost is done again with another one.
 */
export class PostgresStore implements StoreAccess {
  readonly dialect: StoreDialect = postgresStoreDialect;
  readonly #options: PostgresStoreOptions;
  #held: HeldSession | null = null;
  #last: Promise<unknown> = Promise.resolve();
  /** The plan whose slice tables the session has. */
  #staged: { readonly session: Session; readonly fingerprint: string } | null = null;
  readonly #copiers = new Map<Connection, { readonly fingerprint: string; readonly copier: SliceCopier }>();
  /** What the documents of a plan have. */
  #stored: { readonly fingerprint: string; readonly documents: StoredDocuments } | null = null;

  constructor(options: PostgresStoreOptions) {
    this.#options = options;
  }

  get isDryRun(): boolean {
    return this.#options.isDryRun === true;
  }

  async exists(): Promise<boolean> {
    return this.#options.postgres.withSession(async (session) => (await knownTables(openOn(session))).has("store"), { repeats: true });
  }

  open<T>(_connection: Connection, work: (store: OpenStore) => Promise<T>): Promise<T> {
    const turn = this.#last.then(() => this.#persist((session) => work(this.#openOn(session))));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** The session is kept in any case. */
  keeping<T>(_connection: Connection, work: () => Promise<T>): Promise<T> {
    return work();
  }

  /** Copies what selection needs to the engine. */
  async withState<T>(
    connection: Connection,
    plan: Plan,
    { placement, documents }: { readonly placement: Placement; readonly documents: string | null },
    work: (state: SelectionState) => Promise<T>,
  ): Promise<T> {
    const state = { documents: "store_documents", quarantine: "store_quarantine" };
    const keys =
      documents === null
        ? null
        : (await connection.rows(`SELECT DISTINCT document_key AS key FROM ${documents}`)).map((row) => sqlText(row["key"]));
    await this.open(connection, async (live) => {
      const store = live.at(placement);
      const order = "document_key VARCHAR, version VARCHAR, captured_at TIMESTAMPTZ, content_hash VARCHAR, request VARCHAR";
      await connection.run(
        `CREATE OR REPLACE TABLE ${state.documents} (mapping VARCHAR, fingerprint VARCHAR, ${order}, raw_id BIGINT, position VARCHAR)`,
      );
      await connection.run(
        `CREATE OR REPLACE TABLE ${state.quarantine} (mapping VARCHAR, fingerprint VARCHAR, document_key VARCHAR, raw_id BIGINT, position VARCHAR, status VARCHAR)`,
      );
      const ofThese = keys === null ? "" : ` AND document_key IN (${["NULL", ...keys.map(text)].join(", ")})`;
      const which = `mapping = ${text(plan.mapping)} AND fingerprint = ${text(plan.fingerprint)}${ofThese}`;
      const applied = store.batches(
        `SELECT mapping, fingerprint, document_key, version, captured_at, content_hash, request, raw_id, position FROM ${store.state("documents")} WHERE ${which}`,
      );
      for await (const batch of applied)
        await connection.append(
          state.documents,
          ["VARCHAR", "VARCHAR", "VARCHAR", "VARCHAR", "TIMESTAMPTZ", "VARCHAR", "VARCHAR", "BIGINT", "VARCHAR"],
          batch.map((row) => Object.values(row).map(sqlTextOrNull)),
        );
      const failed = store.batches(
        `SELECT DISTINCT mapping, fingerprint, document_key, raw_id, position, status FROM ${store.state("quarantine")} WHERE ${which} AND status = 'open'`,
      );
      for await (const batch of failed)
        await connection.append(
          state.quarantine,
          ["VARCHAR", "VARCHAR", "VARCHAR", "BIGINT", "VARCHAR", "VARCHAR"],
          batch.map((row) => Object.values(row).map(sqlTextOrNull)),
        );
    });
    return work(state);
  }

  /** A slice is read from its own tables. */
  prepareConnection(): Promise<void> {
    return Promise.resolve();
  }

  async prepareApply(connection: Connection, store: OpenStore, plan: Plan): Promise<void> {
    const session = this.#session();
    const tables = sliceTables(plan, this.dialect);
    if (this.#staged?.session !== session || this.#staged.fingerprint !== plan.fingerprint) {
      this.#staged = null;
      for (const { table, columns } of tables) {
        await store.run(`DROP TABLE IF EXISTS ${table}`);
        await store.run(this.dialect.writeTemporary(table, columns));
      }
      await makeApplyTables(store, plan);
      this.#staged = { session, fingerprint: plan.fingerprint };
    } else if (this.isDryRun) for (const { table } of tables) await store.run(`DELETE FROM ${table}`);
    if (this.#stored?.fingerprint !== plan.fingerprint) this.#stored = { fingerprint: plan.fingerprint, documents: new StoredDocuments() };
    if (this.#copiers.get(connection)?.fingerprint !== plan.fingerprint) {
      const copier = new SliceCopier({ connection, plan, tables, stored: this.#stored.documents });
      this.#copiers.set(connection, { fingerprint: plan.fingerprint, copier });
    }
  }

  async stage(connection: Connection, _plan: Plan, application: SliceApplication): Promise<StagedSlice> {
    const copier = this.#copiers.get(connection)?.copier;
    if (copier === undefined) throw new Error("nothing was prepared to apply a slice of this connection");
    return await copier.copy(this.#session(), application);
  }

  /** The schemas of the targets and of the state are those in which tables are looked for. */
  async ask(_connection: Connection, query: string): Promise<SqlRow[]> {
    const work = async (session: Session): Promise<SqlRow[]> => {
      const schemas = await session.rows(
        `SELECT nspname::text AS name FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' ORDER BY nspname <> 'public', nspname`,
      );
      return session.ask(query, ["pg_catalog", ...schemas.map((row) => name(sqlText(row["name"])))]);
    };
    return this.#options.postgres.withSession(work, { repeats: true });
  }

  async lockRebuild(): Promise<AsyncDisposable> {
    const held = await HeldSession.take(this.#options.postgres);
    const [row] = await held.session.rows("SELECT pg_try_advisory_lock(hashtextextended('mlb rebuild', 0)) AS taken");
    if (row?.["taken"] === true) return { [Symbol.asyncDispose]: () => held.letGo() };
    await held.letGo();
    throw new OutsideError(
      {
        code: "lock.held",
        message: "another rebuild is at work on this database",
        next: "wait until it is done; doctor shows what it has left",
      },
      EXIT.lockHeld,
      true,
    );
  }

  /** Does a work; where its session is lost, with another one, from its beginning. */
  async #persist<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const deadline = performance.now() + this.#options.waitMs;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      try {
        this.#held ??= await HeldSession.take(this.#options.postgres, { rollsBack: this.isDryRun });
        return await work(this.#held.session);
      } catch (error) {
        if (!isLost(error)) throw error;
        await this.#held?.letGo(error);
        this.#held = null;
        this.#staged = null;
        // What a dry run had done is gone with its transaction.
        if (this.isDryRun || performance.now() + pause > deadline) throw error;
        this.#options.onWait?.(error.text.message);
        await sleep(pause);
      }
    }
  }

  #session(): Session {
    if (this.#held === null) throw new Error("the store is not open");
    return this.#held.session;
  }

  #openOn(session: Session): OpenStore {
    return this.isDryRun ? new OpenStore(new DryRunSession(session), postgresStoreDialect, "live") : openOn(session);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#last;
    await this.#held?.letGo();
    this.#held = null;
    await this.#options.postgres[Symbol.asyncDispose]();
  }
}

/** Whether the server or the way to it failed in passing: another session may do better. */
function isLost(error: unknown): error is OutsideError {
  return error instanceof OutsideError && error.retryable && error.code.startsWith("postgres.") && error.exit === EXIT.storeUnreachable;
}

function openOn(session: Session): OpenStore {
  return new OpenStore(session, postgresStoreDialect, "live");
}
