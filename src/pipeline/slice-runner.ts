import { atStep } from "../core/faults.ts";
import { EXIT, type ExitCode } from "../core/errors.ts";
import type { Connection } from "../duckdb/connection.ts";
import type { Database } from "../duckdb/database.ts";
import { DuckdbEngine } from "../engine/duckdb/duckdb-engine.ts";
import type { Finding, SliceDocument, SliceVerdict } from "../engine/slice.ts";
import type { Plan } from "../plan/plan.ts";
import { readsCaptureTime } from "../plan/references.ts";
import type { Capture } from "../raw/capture.ts";
import type { RawStore } from "../raw/raw-store.ts";
import { decodeShape } from "../raw/shape.ts";
import type { StreamStep, TriedState } from "../store/slice-application.ts";
import type { Store } from "../store/store.ts";
import { rawTableOf } from "./document-index.ts";
import { concernsDocument, pointerOf } from "./index-document.ts";
import { LeafProof } from "./leaf-proof.ts";
import { type Candidate, newestCandidates, olderCandidates } from "./selection.ts";
import { ContainerCheck } from "./wrong-containers.ts";

/** Of one document: one is enough to fail it. */
const MAX_WRONG_CONTAINERS = 100;
/** What a state takes whose body is not read. */
const CONFIRMED_BYTES = 1024;
const NOTHING_SHREDDED: SliceVerdict = { rows: [], findings: [] };

export interface TransformProgress {
  readonly documents: number;
  readonly total: number;
}

export interface TransformDeps {
  readonly database: Database;
  readonly store: Store;
  readonly raw: RawStore;
}

export interface SliceOptions {
  /** A slice is closed when its bodies have this many bytes. */
  readonly sliceBytes: number;
  /** Slices shredded side by side. */
  readonly connections: number;
  /** Captures that were refused before shredding: they count as captures with 0 rows. */
  readonly failedCaptures: number;
  readonly onProgress?: (progress: TransformProgress) => void;
  /** Finishes the slices at hand, then stops. */
  readonly signal?: AbortSignal;
}

/** The slices of a run: shredded side by side, applied one at a time, in order. */
export class SliceRunner {
  readonly #runId: string;
  readonly #plan: Plan;
  readonly #options: SliceOptions;
  readonly #deps: TransformDeps;
  readonly #engine: DuckdbEngine;
  #total = 0;
  #connections: { readonly reader: Connection; readonly workers: readonly Connection[] } | null = null;
  /** Whether the same body again has the same rows: not where they say when it was captured, and not on a copy that has no rows of it. */
  readonly #confirms: boolean;
  #settled = 0;
  /** Slices that were handed to the store. */
  #slices = 0;
  #failedStates = 0;
  #ruleFailed = false;
  #applying: Promise<unknown> = Promise.resolve();
  /** The first error: nothing is applied after it. */
  #broken: unknown = null;

  constructor(runId: string, plan: Plan, options: SliceOptions, deps: TransformDeps) {
    this.#runId = runId;
    this.#plan = plan;
    this.#options = options;
    this.#deps = deps;
    this.#engine = new DuckdbEngine(plan);
    this.#confirms = !readsCaptureTime(plan) && !deps.store.isDryRun;
  }

  left(): number {
    return this.#total - this.#settled;
  }

  exit(): ExitCode {
    if (this.#ruleFailed) return EXIT.ruleFailed;
    return this.#failedStates > 0 || this.#options.failedCaptures > 0 ? EXIT.someFailed : EXIT.done;
  }

  /**
   * Tries the newest state of every document that was selected, then the next older one of those that failed, until none is left.
   * @param documents how many they are
   * @param step of a stream: they are one slice, and the one that leaves nothing to try takes the checkpoint with it
   */
  async work(documents: number, step: StreamStep | null = null): Promise<void> {
    this.#total += documents;
    const { reader, workers } = await this.#open();
    let failed = await this.#pass(newestCandidates(reader), workers, step);
    while (failed.length > 0 && this.#options.signal?.aborted !== true)
      failed = await this.#pass(olderCandidates(reader, failed), workers, step);
  }

  /** Frees what the last slice of a stream holds. */
  async clear(): Promise<void> {
    for (const connection of this.#connections?.workers ?? []) await this.#engine.clear(connection);
  }

  /** Frees all that its slices hold. After the last one. */
  async release(): Promise<void> {
    for (const connection of this.#connections?.workers ?? []) await this.#engine.release(connection);
  }

  /** Connections are made ready once: planning costs more than shredding a document. */
  async #open(): Promise<{ readonly reader: Connection; readonly workers: readonly Connection[] }> {
    if (this.#connections !== null) return this.#connections;
    const reader = await this.#deps.database.connect();
    const workers = await Promise.all(Array.from({ length: this.#options.connections }, () => this.#deps.database.connect()));
    for (const connection of workers) await this.#deps.store.prepareConnection(connection, this.#plan);
    this.#connections = { reader, workers };
    return this.#connections;
  }

  /** Gives the candidates that failed and have an older state. */
  async #pass(candidates: AsyncIterable<Candidate>, connections: readonly Connection[], step: StreamStep | null): Promise<Candidate[]> {
    const slices = sliced(candidates, step === null ? this.#options.sliceBytes : Number.POSITIVE_INFINITY, this.#confirms);
    const dictionary = await this.#deps.raw.dictionary(rawTableOf(this.#plan));
    const known = { containers: new ContainerCheck(this.#plan, dictionary), leaves: new LeafProof(this.#plan, dictionary) };
    const failed: Candidate[] = [];
    // A generator hands out one slice at a time: asking it and taking the place in the queue happen together.
    let asking: Promise<unknown> = Promise.resolve();
    const worker = async (connection: Connection): Promise<void> => {
      for (;;) {
        if (this.#options.signal?.aborted === true || this.#broken !== null) return;
        const asked = asking.then(async () => {
          const slice = await slices.next();
          const before = this.#applying;
          let done = (): void => undefined;
          if (slice.done !== true) {
            this.#applying = new Promise<void>((resolve) => {
              done = resolve;
            });
          }
          return { slice, before, done };
        });
        asking = asked.catch(() => undefined);
        const { slice, before, done } = await asked;
        if (slice.done === true) return;
        try {
          for (const candidate of await this.#slice(connection, slice.value, { known, before, step })) failed.push(candidate);
        } catch (error) {
          this.#broken ??= error;
          throw error;
        } finally {
          done();
        }
      }
    };
    const outcomes = await Promise.allSettled(connections.map(worker));
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
    return failed;
  }

  /** Shreds a slice, waits for its turn, applies it. Gives the candidates that failed and have an older state. */
  async #slice(
    connection: Connection,
    candidates: readonly Candidate[],
    { known: { containers, leaves }, before, step }: SliceTurn,
  ): Promise<readonly Candidate[]> {
    const findings: Finding[] = [];
    const documents: SliceDocument[] = [];
    const captures = await this.#captures(candidates);
    const suspects = new Set<number>();
    const confirms = (candidate: Candidate): boolean => candidate.isAppliedAgain && this.#confirms;
    for (const [slot, candidate] of candidates.entries()) {
      const capture = captures.get(candidate.state.capture);
      if (capture === undefined) throw new Error(`capture ${String(candidate.state.capture)} was not read`);
      if (candidate.problem !== null) findings.push({ slot, kind: "fail", target: null, column: null, ...candidate.problem });
      if (candidate.problem !== null || confirms(candidate)) continue;
      if (capture.shape !== null && containers.isSuspect(decodeShape(capture.shape))) suspects.add(capture.id);
      documents.push({
        slot,
        capture: capture.id,
        position: candidate.state.position,
        capturedAt: capture.capturedAt,
        parameters: capture.parameters,
      });
    }
    for await (const { capture, body } of this.#bodies(captures, suspects)) {
      const mine = documents.filter((document) => document.capture === capture);
      findings.push(...this.#wrongContainers(containers, body.toString("utf8"), mine));
    }
    const wrong = new Set(findings.map((finding) => finding.slot));
    const shredded = documents.filter((document) => !wrong.has(document.slot));
    const read = new Set(shredded.map((document) => document.capture));
    const shapes = [...read].map((id) => captures.get(id)?.shape ?? null);
    const proven = leaves.proven(shapes.map((shape) => (shape === null ? null : decodeShape(shape))));
    await atStep("shred.begin");
    const verdict =
      shredded.length === 0 ? NOTHING_SHREDDED : await this.#engine.run(connection, this.#bodies(captures, read), shredded, proven);
    await atStep("shred.done");
    for (const finding of verdict.findings) findings.push(finding);
    const failing = new Set(
      findings.filter((finding) => finding.kind === "rule" || finding.kind === "fail").map((finding) => finding.slot),
    );
    const tried = candidates.map((candidate, slot): TriedState => ({
      slot,
      state: candidate.state,
      passed: !failing.has(slot),
      confirms: confirms(candidate),
      last: candidate.rank >= candidate.total,
    }));
    const failed = candidates.filter((candidate, slot) => failing.has(slot) && candidate.rank < candidate.total);
    await before;
    if (this.#broken !== null) return [];
    await this.#deps.store.apply(connection, this.#plan, {
      runId: this.#runId,
      number: this.#slices++,
      tried,
      findings,
      rows: verdict.rows,
      // What is left to try must be tried again after a crash: until then its captures are not behind the stream.
      stream: step === null || failed.length === 0 ? step : { ...step, checkpoint: null },
    });
    // A stream has its next captures to look for first.
    if (step === null || !this.#engine.holdsLittle(connection)) await this.#engine.clear(connection);
    this.#ruleFailed ||= findings.some((finding) => finding.kind === "rule");
    this.#failedStates += failing.size;
    this.#settled += candidates.length - failed.length;
    this.#options.onProgress?.({ documents: this.#settled, total: this.#total });
    return failed;
  }

  async #captures(candidates: readonly Candidate[]): Promise<ReadonlyMap<number, Capture>> {
    const ids = [...new Set(candidates.map((candidate) => candidate.state.capture))].toSorted((a, b) => a - b);
    const captures = new Map<number, Capture>();
    for await (const capture of this.#deps.raw.capturesByIds(rawTableOf(this.#plan), ids)) captures.set(capture.id, capture);
    return captures;
  }

  /** The bodies of some captures, one after the other: a slice of them is never in memory at once. */
  async *#bodies(captures: ReadonlyMap<number, Capture>, ids: ReadonlySet<number>): AsyncGenerator<{ capture: number; body: Buffer }> {
    const wanted = [...captures.values()].filter(({ id }) => ids.has(id));
    for await (const { capture, body } of this.#deps.raw.readBodies(wanted)) yield { capture: capture.id, body };
  }

  #wrongContainers(containers: ContainerCheck, body: string, documents: readonly SliceDocument[]): Finding[] {
    const told = new Map<number, number>();
    const places = new DocumentPlaces(this.#plan, documents);
    return containers.find(JSON.parse(body), Number.POSITIVE_INFINITY).flatMap((wrong) =>
      places.near(wrong.pointer).flatMap((document): Finding[] => {
        const count = told.get(document.slot) ?? 0;
        if (count >= MAX_WRONG_CONTAINERS || !concernsDocument(this.#plan, document.position, wrong.pointer)) return [];
        told.set(document.slot, count + 1);
        return [
          {
            slot: document.slot,
            kind: "fail",
            target: null,
            rule: `the value is ${wrong.expected === "scalar" ? "a" : "an"} ${wrong.expected}`,
            column: null,
            pointer: wrong.pointer,
            value: wrong.value,
          },
        ];
      }),
    );
  }
}

/** When a slice may be applied, and what is known for all of its pass. */
interface SliceTurn {
  readonly known: { readonly containers: ContainerCheck; readonly leaves: LeafProof };
  readonly before: Promise<unknown>;
  readonly step: StreamStep | null;
}

/** The documents of one answer by their place: a place inside one of them concerns that one alone, any other may concern all. */
class DocumentPlaces {
  readonly #documents: readonly SliceDocument[];
  readonly #byPlace: ReadonlyMap<string, SliceDocument>;

  constructor(plan: Plan, documents: readonly SliceDocument[]) {
    this.#documents = documents;
    this.#byPlace = new Map(documents.map((document) => [pointerOf(plan, document.position), document]));
  }

  near(pointer: string): readonly SliceDocument[] {
    for (let place = pointer; ; place = place.slice(0, place.lastIndexOf("/"))) {
      const document = this.#byPlace.get(place);
      if (document !== undefined) return [document];
      if (place === "") return this.#documents;
    }
  }
}

/**
 * Slices bounded in bytes: the body of a capture is counted once in each slice that reads it, with the first of its documents that has to be read.
 * Those that are read stand together.
 */
async function* sliced(candidates: AsyncIterable<Candidate>, sliceBytes: number, confirms: boolean): AsyncGenerator<readonly Candidate[]> {
  let slice: Candidate[] = [];
  let bytes = 0;
  /** The capture whose body is counted. */
  let read: number | null = null;
  for await (const candidate of candidates) {
    const { capture } = candidate.state;
    const isRead = !confirms || !candidate.isAppliedAgain;
    const size = !isRead ? CONFIRMED_BYTES : capture === read ? 0 : candidate.bytes;
    if (size > 0 && slice.length > 0 && bytes + size > sliceBytes) {
      yield slice;
      slice = [];
      bytes = 0;
      read = null;
    }
    bytes += size;
    if (isRead) read = capture;
    slice.push(candidate);
  }
  if (slice.length > 0) yield slice;
}
