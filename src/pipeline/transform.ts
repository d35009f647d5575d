import { randomUUID } from "node:crypto";
import { EXIT, type ExitCode, OutsideError, UserError } from "../core/errors.ts";
import type { Connection } from "../duckdb/connection.ts";
import type { Database } from "../duckdb/database.ts";
import { DuckdbEngine } from "../engine/duckdb/duckdb-engine.ts";
import type { Finding, SliceDocument, SliceVerdict } from "../engine/slice.ts";
import type { Mapping } from "../mapping/mapping.ts";
import type { Plan } from "../plan/plan.ts";
import { readsCaptureTime } from "../plan/references.ts";
import type { Capture } from "../raw/capture.ts";
import type { RawStore } from "../raw/raw-store.ts";
import { decodeShape } from "../raw/shape.ts";
import type { DuckdbStore, RunRecord } from "../store/duckdb/duckdb-store.ts";
import type { TriedState } from "../store/store.ts";
import { DocumentIndex, rawTableOf } from "./document-index.ts";
import { concernsDocument, pointerOf } from "./index-document.ts";
import { type Candidate, type DocumentFilter, newestCandidates, nextCandidate, selectBatch } from "./selection.ts";
import { LeafProof } from "./leaf-proof.ts";
import { ContainerCheck } from "./wrong-containers.ts";

export interface TransformOptions {
  readonly filter: DocumentFilter;
  /** What the run is called in the store. */
  readonly mode: "batch" | "rebuild";
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

export interface TransformProgress {
  readonly documents: number;
  readonly total: number;
}

export interface TransformDeps {
  readonly database: Database;
  readonly store: DuckdbStore;
  readonly raw: RawStore;
}

export interface TransformResult {
  readonly runId: string;
  readonly record: RunRecord;
  readonly exit: ExitCode;
  /** Of the values that the filter names, by column, those that no document has. */
  readonly missing: Readonly<Record<string, readonly string[]>>;
  /** Documents that are still to be tried: some, where it was told to stop. */
  readonly left: number;
}

const INDEX = "document_index";
/** Of one document: one is enough to fail it. */
const MAX_WRONG_CONTAINERS = 100;
/** What a state takes whose body is not read. */
const CONFIRMED_BYTES = 1024;
const NOTHING_SHREDDED: SliceVerdict = { rows: [], findings: [] };

/** Select → shred → gate → apply → record, for one mapping. */
export async function transform(mapping: Mapping, plan: Plan, options: TransformOptions, deps: TransformDeps): Promise<TransformResult> {
  const control = await deps.database.connect();
  const index = new DocumentIndex(plan, deps.raw);
  await index.catchUp();
  await index.load(control, INDEX);
  return deps.store.keepingAttached(control, () => transformIndexed(mapping, plan, options, deps, control));
}

async function transformIndexed(
  mapping: Mapping,
  plan: Plan,
  options: TransformOptions,
  deps: TransformDeps,
  control: Connection,
): Promise<TransformResult> {
  const { store } = deps;
  await store.prepare(control, mapping, options.filter.asOf);
  const runId = randomUUID();
  await store.startRun(control, plan, {
    runId,
    mode: options.mode,
    engine: "duckdb",
    options: JSON.stringify(options.filter),
    failedCaptures: options.failedCaptures,
  });
  const selected = await store.whileAttached(control, () => selectBatch(control, plan, INDEX, options.filter, store.placement));
  const run = new Run(runId, plan, options, deps, control, selected.documents - selected.unchanged);
  try {
    await run.work();
  } catch (error) {
    const message = error instanceof Error ? error.message : "unknown";
    // A store that fails may not take this either: the run stays open then, and doctor shows it.
    await store.finishRun(control, runId, { status: "failed", unchanged: 0, exit: exitOf(error), error: message }).catch(() => null);
    throw error;
  }
  const left = run.left();
  const interrupted = options.signal?.aborted === true && left > 0;
  const { missing } = selected;
  const nothingAsked = Object.keys(missing).length === 0;
  const exit = interrupted ? EXIT.interrupted : run.exit() !== EXIT.done || nothingAsked ? run.exit() : EXIT.someFailed;
  const end = { status: interrupted ? "interrupted" : "done", unchanged: interrupted ? 0 : selected.unchanged, exit, error: null } as const;
  return { runId, record: await store.finishRun(control, runId, end), exit, missing, left };
}

function exitOf(error: unknown): ExitCode {
  return error instanceof UserError || error instanceof OutsideError ? error.exit : EXIT.bug;
}

/** One run: slices are shredded side by side and applied one at a time, in order. */
class Run {
  readonly #runId: string;
  readonly #plan: Plan;
  readonly #options: TransformOptions;
  readonly #deps: TransformDeps;
  readonly #control: Connection;
  readonly #engine: DuckdbEngine;
  readonly #total: number;
  /** Whether the same body again has the same rows: not where they say when it was captured, and not on a copy that has no rows of it. */
  readonly #confirms: boolean;
  #settled = 0;
  #failedStates = 0;
  #ruleFailed = false;
  #applying: Promise<unknown> = Promise.resolve();
  /** The first error: nothing is applied after it. */
  #broken: unknown = null;

  constructor(runId: string, plan: Plan, options: TransformOptions, deps: TransformDeps, control: Connection, total: number) {
    this.#runId = runId;
    this.#plan = plan;
    this.#options = options;
    this.#deps = deps;
    this.#control = control;
    this.#total = total;
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

  /** Tries the newest state of every document, then the next older one of those that failed, until none is left. */
  async work(): Promise<void> {
    const reader = await this.#deps.database.connect();
    const connections = await Promise.all(Array.from({ length: this.#options.connections }, () => this.#deps.database.connect()));
    for (const connection of connections) await this.#deps.store.prepareConnection(connection, this.#plan);
    let failed = await this.#pass(newestCandidates(reader), connections);
    while (failed.length > 0 && this.#options.signal?.aborted !== true) {
      const next: Candidate[] = [];
      for (const candidate of failed) {
        const older = await nextCandidate(this.#control, candidate);
        if (older !== null) next.push(older);
      }
      failed = await this.#pass(next, connections);
    }
  }

  /** Gives the candidates that failed. */
  async #pass(candidates: Iterable<Candidate> | AsyncIterable<Candidate>, connections: readonly Connection[]): Promise<Candidate[]> {
    const slices = sliced(candidates, this.#options.sliceBytes, this.#confirms);
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
          for (const candidate of await this.#slice(connection, slice.value, known, before)) failed.push(candidate);
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

  /** Shreds a slice, waits for its turn, applies it. Gives the candidates that failed. */
  async #slice(
    connection: Connection,
    candidates: readonly Candidate[],
    { containers, leaves }: { readonly containers: ContainerCheck; readonly leaves: LeafProof },
    before: Promise<unknown>,
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
    const verdict =
      shredded.length === 0 ? NOTHING_SHREDDED : await this.#engine.run(connection, this.#bodies(captures, read), shredded, proven);
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
    await before;
    if (this.#broken !== null) return [];
    await this.#deps.store.apply(connection, this.#plan, { runId: this.#runId, tried, findings, rows: verdict.rows });
    await this.#engine.clear(connection);
    this.#ruleFailed ||= findings.some((finding) => finding.kind === "rule");
    this.#failedStates += failing.size;
    const failed = candidates.filter((_, slot) => failing.has(slot));
    this.#settled += candidates.length - failed.filter((candidate) => candidate.rank < candidate.total).length;
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
async function* sliced(
  candidates: Iterable<Candidate> | AsyncIterable<Candidate>,
  sliceBytes: number,
  confirms: boolean,
): AsyncGenerator<readonly Candidate[]> {
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
