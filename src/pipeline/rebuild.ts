import { EXIT, type ExitCode } from "../core/errors.ts";
import type { Database } from "../duckdb/database.ts";
import type { Mapping } from "../mapping/mapping.ts";
import type { Plan } from "../plan/plan.ts";
import type { RawStore } from "../raw/raw-store.ts";
import { type RebuiltState, type SwappedTable, beginRebuild, rebuildBeside, rebuiltState, swapRebuilt } from "../store/rebuild-tables.ts";
import { readStoreTime } from "../store/store-time.ts";
import { Store, type StoreAccess } from "../store/store.ts";
import { rawTableOf } from "./document-index.ts";
import type { TransformProgress } from "./slice-runner.ts";
import { transform } from "./transform.ts";

export interface RebuildOptions {
  readonly sliceBytes: number;
  /** Slices shredded side by side. */
  readonly connections: number;
  readonly onProgress?: (progress: TransformProgress) => void;
  /** Finishes the slices at hand, then stops: the same command goes on. */
  readonly signal?: AbortSignal;
}

export interface RebuildDeps {
  readonly database: Database;
  readonly store: StoreAccess;
  readonly raw: RawStore;
}

export interface RebuildResult {
  /** What a rebuild that did not finish had left was gone on with. */
  readonly resumed: boolean;
  readonly state: RebuiltState;
  /** Null where it was interrupted: readers have the old tables. */
  readonly swapped: readonly SwappedTable[] | null;
  readonly exit: ExitCode;
}

/** Captures may come faster than they are taken: the next transform takes the rest. */
const MAX_PASSES = 10;

/**
 * Shreds all documents of a mapping from raw into tables beside the old ones, in the ordinary pipeline, and puts them in their
 * place in one transaction; as of the time that the store holds. Until then readers and other writers have the old tables. One rebuild of a store at a time.
 * @throws OutsideError `lock.held` (exit 7): another rebuild is at work.
 */
export async function rebuild(mapping: Mapping, plan: Plan, options: RebuildOptions, deps: RebuildDeps): Promise<RebuildResult> {
  const { database, raw } = deps;
  await using _lock = await deps.store.lockRebuild(options.signal);
  const store = new Store(deps.store, "beside");
  const control = await database.connect();
  const { resumed, asOf } = await deps.store.open(control, async (live) => ({
    resumed: await beginRebuild(live, mapping, plan),
    asOf: await readStoreTime(live),
  }));
  const filter = { documents: {}, startDate: null, endDate: null, asOf };
  for (let pass = 0, grew = true; grew && pass < MAX_PASSES && options.signal?.aborted !== true; pass++) {
    const before = await raw.lastId(rawTableOf(plan));
    await transform(mapping, plan, { ...options, filter, mode: "rebuild", failedCaptures: 0 }, { database, store, raw });
    grew = (await raw.lastId(rawTableOf(plan))) > before;
  }
  const state = await deps.store.open(control, rebuiltState);
  if (options.signal?.aborted === true) return { resumed, state, swapped: null, exit: EXIT.interrupted };
  let tried: readonly SwappedTable[] | null = null;
  // Awaited here: the lock must outlive the work.
  const swapped = await deps.store.open(control, async (live) => {
    // A try before this one has done it, and its commit was not heard of.
    if (tried !== null && (await rebuildBeside(live)) === null) return tried;
    return await swapRebuilt(live, mapping, plan, (tables) => {
      tried = tables;
    });
  });
  return { resumed, state, swapped, exit: exitOf(state) };
}

/** As a transform of all documents would end, whichever attempt met the failures. */
function exitOf({ ruleFailed, otherFailed }: RebuiltState): ExitCode {
  if (ruleFailed > 0) return EXIT.ruleFailed;
  return otherFailed > 0 ? EXIT.someFailed : EXIT.done;
}
