import type { Connection } from "../duckdb/connection.ts";
import type { SqlRow } from "../sql/sql-value.ts";
import type { Mapping } from "../mapping/mapping.ts";
import type { Plan } from "../plan/plan.ts";
import { applySlice } from "./apply-slice.ts";
import type { OpenStore } from "./open-store.ts";
import type { Placement, StoreDialect } from "./store-dialect.ts";
import { prepareSchema } from "./prepare-schema.ts";
import { type RunEnd, type RunRecord, type RunStart, finishRun, readRun, startRun } from "./runs.ts";
import { type OwnStream, advanceStream, keepLease, moveStream, releaseStream, takeStream } from "./streams.ts";
import type { Checkpoint, Lease, SliceApplication } from "./slice-application.ts";
import type { StagedSlice } from "./staged-slice.ts";

/** Relations of the engine's connection in which selection finds what a store knows. */
export interface SelectionState {
  /** The applied states. */
  readonly documents: string;
  /** The failed ones. */
  readonly quarantine: string;
}

/** How to get at a store, wherever it is, and how to bring to it what an engine made. `connection` is the engine's. */
export interface StoreAccess extends AsyncDisposable {
  readonly dialect: StoreDialect;
  /** True: nothing is written for good; what would be is worked out beside it. */
  readonly isDryRun: boolean;
  /** Whether anything was ever written. */
  exists(): Promise<boolean>;
  /** Runs `work` on the store, works of one process one after the other. A work whose connection was lost is run again: it must be of a kind that may be. */
  open<T>(connection: Connection, work: (store: OpenStore) => Promise<T>, access?: "read" | "write"): Promise<T>;
  /** Works of `work` follow each other: what they need is kept between them. */
  keeping<T>(connection: Connection, work: () => Promise<T>): Promise<T>;
  /** Runs `work` while selection can read the state of a plan's documents: of all, or at least of those in `documents`, a relation of the engine. */
  withState<T>(
    connection: Connection,
    plan: Plan,
    which: { readonly placement: Placement; readonly documents: string | null },
    work: (state: SelectionState) => Promise<T>,
  ): Promise<T>;
  /** Makes a connection ready for slices that are applied from it: before an engine shreds on it. */
  prepareConnection(connection: Connection, plan: Plan): Promise<void>;
  /** Makes the open store ready to apply a slice of the connection. Before the transaction. */
  prepareApply(connection: Connection, store: OpenStore, plan: Plan, application: SliceApplication): Promise<void>;
  /** Brings what is known of the slice beside its rows to where the store's SQL runs. Inside the transaction. */
  stage(connection: Connection, plan: Plan, application: SliceApplication): Promise<StagedSlice>;
  /** The answer to one statement that reads, as a user wrote it. @throws UserError `sql.refused`, `sql.not-a-select`. */
  ask(connection: Connection, query: string): Promise<SqlRow[]>;
  /** One rebuild of a store at a time. @throws OutsideError `lock.held` (exit 7). */
  lockRebuild(signal?: AbortSignal): Promise<AsyncDisposable>;
}

/** The store as the pipeline sees it: targets and state at one place. */
export class Store {
  readonly #access: StoreAccess;
  readonly #placement: Placement;
  /** Of each mapping that was prepared, the hash of its schema. */
  readonly #prepared = new Map<string, string>();

  constructor(access: StoreAccess, placement: Placement = "live") {
    this.#access = access;
    this.#placement = placement;
  }

  get isDryRun(): boolean {
    return this.#access.isDryRun;
  }

  keeping<T>(connection: Connection, work: () => Promise<T>): Promise<T> {
    return this.#access.keeping(connection, work);
  }

  /** Runs `work` while selection can read the state of a plan's documents: of all, or at least of those in `documents`, a relation of the engine with their keys. */
  withState<T>(connection: Connection, plan: Plan, documents: string | null, work: (state: SelectionState) => Promise<T>): Promise<T> {
    return this.#access.withState(connection, plan, { placement: this.#placement, documents }, work);
  }

  prepareConnection(connection: Connection, plan: Plan): Promise<void> {
    return this.#access.prepareConnection(connection, plan);
  }

  /** Makes or migrates the tables of a mapping, as of a time or (null) live: a store holds one of them. */
  async prepare(connection: Connection, mapping: Mapping, asOf: string | null): Promise<void> {
    this.#prepared.set(mapping.name, await this.#open(connection, (store) => prepareSchema(store, mapping, asOf)));
  }

  startRun(connection: Connection, plan: Plan, run: RunStart): Promise<void> {
    return this.#open(connection, (store) => startRun(store, plan, run));
  }

  /** Writes a slice whose tables are on the connection, in one transaction. */
  async apply(connection: Connection, plan: Plan, application: SliceApplication): Promise<void> {
    const schemaHash = this.#prepared.get(plan.mapping);
    if (schemaHash === undefined) throw new Error(`${plan.mapping} was not prepared`);
    await this.#open(connection, async (store) => {
      await this.#access.prepareApply(connection, store, plan, application);
      await applySlice(store, plan, application, { schemaHash, stage: () => this.#access.stage(connection, plan, application) });
    });
  }

  /** Takes the stream of a plan. @throws OutsideError `stream.owned` (exit 7). */
  takeStream(connection: Connection, plan: Plan, processId: string): Promise<OwnStream> {
    return this.#open(connection, (store) => takeStream(store, plan, processId));
  }

  /** Says that its owner is alive. @throws OutsideError `stream.lost`. */
  keepLease(connection: Connection, lease: Lease): Promise<void> {
    return this.#open(connection, (store) => keepLease(store, lease));
  }

  releaseStream(connection: Connection, lease: Lease): Promise<void> {
    return this.#open(connection, (store) => releaseStream(store, lease));
  }

  moveStream(connection: Connection, lease: Lease, position: string | null): Promise<void> {
    return this.#open(connection, (store) => moveStream(store, lease, position));
  }

  /** A step of captures that leave nothing to write. */
  advanceStream(connection: Connection, plan: Plan, runId: string, lease: Lease, checkpoint: Checkpoint): Promise<void> {
    return this.#open(connection, (store) => advanceStream(store, plan, runId, lease, checkpoint));
  }

  readRun(connection: Connection, runId: string): Promise<RunRecord> {
    return this.#open(connection, (store) => readRun(store, runId));
  }

  /** Gives the counts of the run as the store has them. */
  finishRun(connection: Connection, runId: string, end: RunEnd): Promise<RunRecord> {
    return this.#open(connection, async (store) => {
      await finishRun(store, runId, end);
      return readRun(store, runId);
    });
  }

  #open<T>(connection: Connection, work: (store: OpenStore) => Promise<T>): Promise<T> {
    return this.#access.open(connection, (store) => work(store.at(this.#placement)), "write");
  }
}
