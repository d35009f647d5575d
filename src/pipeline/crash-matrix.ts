import { type Fault, type FaultKind, STEP_NAMES, type Step } from "../core/faults.ts";
import type { Mapping } from "../mapping/mapping.ts";
import { type Mismatch, checkAccounting } from "../quality/accounting.ts";
import { digestStore } from "../quality/store-digest.ts";
import { rawTableOf } from "./document-index.ts";
import type { Scratch } from "./scratch.ts";

/** What is done to a store: the captures that are there before, and those that come. Each is a folder of recordings. */
export const CRASH_CASES = [
  { name: "first load", before: null, now: "first" },
  { name: "correction", before: "first", now: "correction" },
  { name: "delete", before: "first", now: "delete" },
] as const;
export type CrashCase = (typeof CRASH_CASES)[number];

export const CRASH_MODES = ["batch", "streaming"] as const;
export type CrashMode = (typeof CRASH_MODES)[number];

/** A home, or a database, that processes work on. */
export interface CrashPlace extends AsyncDisposable {
  /** Opens it in this process. */
  open(): Promise<Scratch>;
}

/** How a process ended, and what it said of the fault. */
export interface ProcessEnd {
  readonly exit: number | null;
  readonly signal: string | null;
  readonly reachedFault: boolean;
  readonly stderr: string;
}

export interface CrashDeps<Place extends CrashPlace> {
  /** Makes an empty place, or a copy of another one. */
  readonly make: (from: Place | null) => Promise<Place>;
  /** Ingests and transforms a folder of recordings in a process of its own. */
  readonly load: (place: Place, recordings: string, mode: CrashMode, fault: Fault | null) => Promise<ProcessEnd>;
}

export interface CrashOptions {
  readonly modes: readonly CrashMode[];
  readonly cases: readonly CrashCase[];
  readonly steps: readonly Step[];
  readonly kinds: readonly FaultKind[];
  readonly signal?: AbortSignal;
  readonly onCell?: (cell: CrashCell, done: number, total: number) => void;
}

/** One fault and what came after it. */
export interface CrashCell {
  readonly mode: CrashMode;
  readonly case: CrashCase["name"];
  readonly step: Step;
  readonly kind: FaultKind;
  /** `not reached`: this work has no such step. `equal`: after a restart all is as in the undisturbed run. */
  readonly outcome: "not reached" | "equal" | "DIFFERENT";
  /** How the process with the fault ended: a signal, or an exit code. */
  readonly ended: string;
  readonly restarted: string;
  readonly mismatches: readonly Mismatch[];
}

interface PlaceState {
  /** Rows, applied states, captures: all that must be the same. */
  readonly data: string;
  readonly mismatches: readonly Mismatch[];
}

/** A fault at each step of each work, then a restart: is all as if there had been none? */
export async function crashMatrix<Place extends CrashPlace>(
  mapping: Mapping,
  options: CrashOptions,
  deps: CrashDeps<Place>,
): Promise<readonly CrashCell[]> {
  const { modes, cases, kinds, signal, onCell } = options;
  const steps = STEP_NAMES.filter((step) => options.steps.includes(step));
  const total = modes.length * cases.length * steps.length * kinds.length;
  const cells: CrashCell[] = [];
  await using base = await deps.make(null);
  requireDone(await deps.load(base, "first", "batch", null));
  for (const mode of modes) {
    for (const work of cases) {
      const from = work.before === null ? null : base;
      await using undisturbed = await deps.make(from);
      requireDone(await deps.load(undisturbed, work.now, mode, null));
      const expected = await stateOf(mapping, undisturbed);
      for (const step of steps) {
        for (const kind of kinds) {
          if (signal?.aborted === true) return cells;
          await using place = await deps.make(from);
          const fault = { kind, step, nth: 1 };
          const end = await deps.load(place, work.now, mode, fault);
          const again = await deps.load(place, work.now, mode, null);
          const state = await stateOf(mapping, place);
          const isEqual = state.data === expected.data && state.mismatches.length === 0 && isDone(again);
          const cell: CrashCell = {
            mode,
            case: work.name,
            step,
            kind,
            outcome: !isEqual ? "DIFFERENT" : end.reachedFault ? "equal" : "not reached",
            ended: end.signal ?? `exit ${String(end.exit)}`,
            restarted: again.signal ?? `exit ${String(again.exit)}`,
            mismatches: state.mismatches,
          };
          cells.push(cell);
          onCell?.(cell, cells.length, total);
        }
      }
    }
  }
  return cells;
}

/** A rule that does not hold is an outcome, not a failure. */
function isDone({ exit }: ProcessEnd): boolean {
  return exit === 0 || exit === 3;
}

function requireDone(end: ProcessEnd): void {
  if (!isDone(end)) throw new Error(`the undisturbed run failed: ${end.signal ?? String(end.exit)}\n${end.stderr.slice(-2000)}`);
}

async function stateOf(mapping: Mapping, place: CrashPlace): Promise<PlaceState> {
  await using parts = await place.open();
  const connection = await parts.database.connect();
  const captures: string[] = [];
  for await (const { contentHash, capturedAt } of parts.raw.captures(rawTableOf(mapping))) captures.push(`${capturedAt} ${contentHash}`);
  // Awaited here: the database must outlive the work.
  return await parts.store.open(
    connection,
    async (store) => {
      const documents = await store.rows(
        `SELECT document_key, version, captured_at, content_hash, fingerprint FROM ${store.state("documents")} ORDER BY document_key`,
      );
      const failed = await store.rows(
        `SELECT document_key, version, rule, pointer, status FROM ${store.state("quarantine")} ORDER BY document_key, version, rule, pointer`,
      );
      const digest = await digestStore(store, [mapping]);
      const { mismatches } = await checkAccounting(store, [mapping]);
      return { data: JSON.stringify({ digest, documents, failed, captures: captures.toSorted() }), mismatches };
    },
    "read",
  );
}
