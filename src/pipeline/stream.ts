import { atStep } from "../core/faults.ts";
import { randomUUID } from "node:crypto";
import { EXIT, type ExitCode, OutsideError, UserError } from "../core/errors.ts";
import type { Connection } from "../duckdb/connection.ts";
import type { Mapping } from "../mapping/mapping.ts";
import type { Plan } from "../plan/plan.ts";
import type { HeldBack } from "../raw/raw-store.ts";
import type { SqlRow } from "../sql/sql-value.ts";
import type { RunRecord } from "../store/runs.ts";
import type { Checkpoint, Lease } from "../store/slice-application.ts";
import { LEASE_SECONDS } from "../store/streams.ts";
import { type DocumentIndex, rawTableOf } from "./document-index.ts";
import { type NextCaptures, countBehind, latestPosition, nextCaptures, positionBefore } from "./next-captures.ts";
import { openIndex } from "./open-index.ts";
import { selectStream } from "./selection.ts";
import { type SliceOptions, SliceRunner, type TransformDeps } from "./slice-runner.ts";
import { waitFor } from "./wait-for.ts";

/** Where a stream begins: where it stopped; at the first capture; behind the last one of now that is not held back; at the first one that was captured at a time or later. */
export type StreamStart =
  | { readonly kind: "checkpoint" }
  | { readonly kind: "earliest" }
  | { readonly kind: "latest" }
  | { readonly kind: "time"; /** Canonical. */ readonly time: string };

/** What a stream has just done, or that it has nothing to do. */
export interface StreamProgress {
  readonly captures: number;
  readonly documents: number;
  /** Milliseconds from taking the captures to the commit. */
  readonly ms: number;
  /** Captures that are still to be taken, counted up to `MOST_BEHIND`. */
  readonly behind: number;
  /** Since when there is something to be taken; null where there is not. Milliseconds of the clock that timers use. */
  readonly behindSince: number | null;
}

export interface StreamOptions extends Omit<SliceOptions, "onProgress" | "failedCaptures"> {
  readonly from: StreamStart;
  /** The longest time between two looks at raw: new captures are mostly told of before. */
  readonly triggerMs: number;
  /** Stops where there is nothing left to take, captures that are held back included. */
  readonly untilIdle: boolean;
  /** How long to wait for another owner of the stream to die. */
  readonly waitMs: number;
  /** Names this process: another one with the same name is taken for itself. */
  readonly processId: string;
  /** Called between two steps: throwing ends the stream. */
  readonly check?: () => Promise<void>;
  readonly onProgress?: (progress: StreamProgress) => void;
  /** Told now and then, with the counts of the run so far as the store has them. */
  readonly onCounts?: (counts: StreamCounts) => void;
  /** Told with each look at raw that finds nothing else. */
  readonly onHeldBack?: (held: HeldBack) => void;
  readonly onWait?: (error: OutsideError) => void;
}

/** By what became of them. */
export interface StreamCounts {
  readonly documents: Readonly<Record<string, number>>;
  readonly rows: Readonly<Record<string, number>>;
  /** States of the mapping that are in quarantine, of earlier runs too. */
  readonly quarantine: number;
}

export interface StreamResult {
  readonly runId: string;
  readonly record: RunRecord;
  readonly exit: ExitCode;
  /** Behind which the stream is. */
  readonly captures: number;
}

const INDEX = "stream_index";
const ARRIVED = "stream_arrived";
/** How far captures that are to be taken are counted. */
const MOST_BEHIND = 10_000;
const OWNER_PAUSE_MS = 1000;
const COUNTS_APART_MS = 5000;

/**
 * Takes the captures behind the checkpoint, slice by slice, as long as they come: select → shred → gate → apply → record, as a batch does. Rows,
 * counts and the checkpoint are written in one transaction. One owner at a time.
 * @throws OutsideError `stream.owned`, `stream.lost`; UserError `schema.changed` where the tables were changed meanwhile.
 */
export async function stream(mapping: Mapping, plan: Plan, options: StreamOptions, deps: TransformDeps): Promise<StreamResult> {
  const control = await deps.database.connect();
  return deps.store.keeping(control, async () => {
    await deps.store.prepare(control, mapping, null);
    const { lease, state } = await own(control, plan, options, deps);
    await atStep("stream.owned");
    const work = new Stream(plan, options, deps, control, lease);
    try {
      return await work.run(state.position);
    } finally {
      // Where it is lost, or the store is, there is nothing to give back.
      await deps.store.releaseStream(control, lease).catch(() => undefined);
    }
  });
}

/** Waits for the owner before, as long as it may. */
async function own(
  control: Connection,
  plan: Plan,
  { processId, waitMs, signal, onWait }: StreamOptions,
  { store }: TransformDeps,
): ReturnType<TransformDeps["store"]["takeStream"]> {
  const deadline = performance.now() + waitMs;
  for (let isTold = false; ; isTold = true) {
    try {
      return await store.takeStream(control, plan, processId);
    } catch (error) {
      const isOwned = error instanceof OutsideError && error.code === "stream.owned";
      if (!isOwned || performance.now() > deadline || signal?.aborted === true) throw error;
      if (!isTold) onWait?.(error);
      await waitFor(OWNER_PAUSE_MS, signal);
    }
  }
}

class Stream {
  readonly #plan: Plan;
  readonly #options: StreamOptions;
  readonly #deps: TransformDeps;
  readonly #control: Connection;
  readonly #lease: Lease;
  readonly #index: DocumentIndex;
  readonly #runId = randomUUID();
  readonly #runner: SliceRunner;
  #captures = 0;
  #countedAt = Number.NEGATIVE_INFINITY;
  #behindSince: number | null = null;

  constructor(plan: Plan, options: StreamOptions, deps: TransformDeps, control: Connection, lease: Lease) {
    this.#plan = plan;
    this.#options = options;
    this.#deps = deps;
    this.#control = control;
    this.#lease = lease;
    this.#index = openIndex(plan, deps.raw);
    const { sliceBytes, connections, signal } = options;
    this.#runner = new SliceRunner(
      this.#runId,
      plan,
      { sliceBytes, connections, failedCaptures: 0, ...(signal === undefined ? {} : { signal }) },
      deps,
    );
  }

  async run(position: string | null): Promise<StreamResult> {
    const { store } = this.#deps;
    const { from } = this.#options;
    await store.startRun(this.#control, this.#plan, {
      runId: this.#runId,
      mode: "streaming",
      engine: "duckdb",
      options: JSON.stringify({ from }),
      failedCaptures: 0,
    });
    await using heart = this.#beat();
    try {
      await this.#takeAll(await this.#begin(position), heart);
      await this.#runner.release();
    } catch (error) {
      const message = error instanceof Error ? error.message : "unknown";
      const exit = error instanceof UserError || error instanceof OutsideError ? error.exit : EXIT.bug;
      await store.finishRun(this.#control, this.#runId, { status: "failed", unchanged: 0, exit, error: message }).catch(() => null);
      throw error;
    }
    await atStep("run.finish");
    const exit = this.#runner.exit();
    const record = await store.finishRun(this.#control, this.#runId, { status: "done", unchanged: 0, exit, error: null });
    return { runId: this.#runId, record, exit, captures: this.#captures };
  }

  async #begin(position: string | null): Promise<string | null> {
    const { from } = this.#options;
    const table = rawTableOf(this.#plan);
    if (from.kind === "checkpoint") return position;
    const { raw } = this.#deps;
    let begin: string | null = null;
    if (from.kind === "latest") begin = await latestPosition(raw, table);
    if (from.kind === "time") begin = await positionBefore(raw, table, from.time);
    await this.#deps.store.moveStream(this.#control, this.#lease, begin);
    return begin;
  }

  async #takeAll(begin: string | null, heart: Heart): Promise<void> {
    const { raw } = this.#deps;
    const { signal, untilIdle, triggerMs, sliceBytes, check, onHeldBack } = this.#options;
    const table = rawTableOf(this.#plan);
    await using news = await raw.watch(table);
    let position = begin;
    for (;;) {
      if (signal?.aborted === true) return;
      heart.requireAlive();
      await this.#tellCounts();
      await check?.();
      const seen = news.count;
      const next = await nextCaptures(raw, table, position, sliceBytes);
      if (next !== null) {
        // After they were found: what came between would be passed over without its documents.
        await this.#index.catchUp();
        await this.#take(next);
        position = next.position;
        continue;
      }
      this.#behindSince = null;
      await this.#runner.clear();
      const held = await raw.heldBack(table);
      this.#options.onProgress?.({ captures: 0, documents: 0, ms: 0, behind: held?.captures ?? 0, behindSince: null });
      if (held !== null) onHeldBack?.(held);
      // What is stored and held back is still to be taken: a transaction of any database of the server holds it back while it is at work.
      if (untilIdle && held === null) return;
      await news.next(seen, triggerMs, signal);
    }
  }

  /** One step: the documents of these captures. */
  async #take(next: NextCaptures): Promise<void> {
    const { store } = this.#deps;
    const began = performance.now();
    this.#behindSince ??= began;
    await this.#index.load(this.#control, INDEX, next.ids);
    await this.#control.run(
      `CREATE OR REPLACE VIEW ${ARRIVED} AS SELECT DISTINCT document_key FROM ${INDEX} WHERE raw_id IN (${next.ids.join(", ")})`,
    );
    const selected = await store.withState(this.#control, this.#plan, ARRIVED, (state) =>
      selectStream(this.#control, this.#plan, INDEX, next.ids, state),
    );
    const checkpoint: Checkpoint = {
      position: next.position,
      captures: next.ids.length,
      stale: selected.stale,
      unchanged: selected.documents - selected.open - selected.stale,
    };
    if (selected.open === 0) await store.advanceStream(this.#control, this.#plan, this.#runId, this.#lease, checkpoint);
    else await this.#runner.work(selected.open, { lease: this.#lease, checkpoint });
    // Told to stop, it may have left these to the next one.
    if (this.#options.signal?.aborted === true) return;
    this.#captures += next.ids.length;
    const behind = await countBehind(this.#deps.raw, rawTableOf(this.#plan), next.position, MOST_BEHIND);
    this.#options.onProgress?.({
      captures: next.ids.length,
      documents: selected.documents,
      ms: performance.now() - began,
      behind,
      behindSince: behind === 0 ? null : this.#behindSince,
    });
  }

  /** Asked for now and then only: each time is a query over all targets. */
  async #tellCounts(): Promise<void> {
    const { onCounts } = this.#options;
    if (onCounts === undefined || performance.now() - this.#countedAt < COUNTS_APART_MS) return;
    this.#countedAt = performance.now();
    const { run, targets, inQuarantine } = await this.#deps.store.readRun(this.#control, this.#runId);
    const pick = (rows: readonly SqlRow[], columns: readonly string[]): Record<string, number> =>
      Object.fromEntries(columns.map((column) => [column, rows.reduce((sum, row) => sum + Number(row[column]), 0)]));
    onCounts({
      documents: pick([run], ["applied", "unchanged", "stale", "quarantined"]),
      rows: pick(targets, ["inserted", "updated", "unchanged", "deleted", "stale", "quarantined"]),
      quarantine: inQuarantine,
    });
  }

  /** A sign of life while nothing is written. */
  #beat(): Heart {
    const heart = new Heart();
    const timer = setInterval(
      () => {
        void this.#deps.store.keepLease(this.#control, this.#lease).catch((error: unknown) => {
          // A store that is away for a while is the next work's affair: it is tried again there, for as long as it may be.
          if (error instanceof OutsideError && error.code === "stream.lost") heart.stop(error);
        });
      },
      (LEASE_SECONDS * 1000) / 3,
    );
    heart.onDispose(() => {
      clearInterval(timer);
    });
    return heart;
  }
}

/** Whether this process still has its stream, as far as it knows. */
class Heart implements AsyncDisposable {
  #failure: Error | null = null;
  #dispose = (): void => undefined;

  stop(failure: Error): void {
    this.#failure ??= failure;
  }

  requireAlive(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  onDispose(dispose: () => void): void {
    this.#dispose = dispose;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#dispose();
    return Promise.resolve();
  }
}
