import type { CheckedCapture } from "./capture.ts";
import type { AppendResult, RawStore } from "./raw-store.ts";
import { rawTableName } from "./table-name.ts";

export interface AppendOptions {
  /** A batch, with one group commit, is closed when its bodies have this many bytes … */
  readonly batchBytes: number;
  /** … or it has this many captures. */
  readonly batchCaptures: number;
}

/** Ten feeds: the cost of a commit is spread, and the store compresses one batch while the next one is checked. */
const DEFAULT_APPEND_OPTIONS: AppendOptions = { batchBytes: 8 * 1024 * 1024, batchCaptures: 512 };

/**
 * Stores a stream of captures in batches, in order, and gives the results of each batch once it is durable. While one batch is compressed and written the next one
 * is gathered; at most two are in memory.
 */
export async function* appendCaptures(
  store: Pick<RawStore, "append">,
  captures: Iterable<CheckedCapture> | AsyncIterable<CheckedCapture>,
  options: AppendOptions = DEFAULT_APPEND_OPTIONS,
): AsyncGenerator<AppendResult[], void, undefined> {
  let underWay: Promise<AppendResult[]> | null = null;
  let batch: CheckedCapture[] = [];
  let bytes = 0;
  try {
    for await (const capture of captures) {
      batch.push(capture);
      bytes += capture.body.length;
      if (bytes < options.batchBytes && batch.length < options.batchCaptures) continue;
      const before: Promise<AppendResult[]> | null = underWay;
      // Nothing is written after a failure: the batches stay a prefix.
      const results: AppendResult[] | null = before === null ? null : await before;
      underWay = start(store, batch);
      batch = [];
      bytes = 0;
      if (results !== null) yield results;
    }
    if (underWay !== null) yield await underWay;
    underWay = null;
    if (batch.length > 0) yield await store.append(batch);
  } finally {
    // Left early: what is being written is let finish.
    if (underWay !== null) await Promise.allSettled([underWay]);
  }
}

function start(store: Pick<RawStore, "append">, batch: readonly CheckedCapture[]): Promise<AppendResult[]> {
  const results = store.append(batch);
  // It is awaited in its turn; until then a failure must not count as unhandled.
  results.catch(() => undefined);
  return results;
}

/** Appends the captures of each raw table by themselves, in the order of their first ones. Gives the results in the order of the batch. */
export async function appendByTable(
  batch: readonly CheckedCapture[],
  append: (table: string, captures: readonly CheckedCapture[]) => Promise<readonly AppendResult[]>,
): Promise<AppendResult[]> {
  const places = new Map<string, number[]>();
  for (const [place, { endpoint, method }] of batch.entries()) {
    const table = rawTableName(endpoint, method);
    const list = places.get(table);
    if (list === undefined) places.set(table, [place]);
    else list.push(place);
  }
  const results: AppendResult[] = [];
  for (const [table, list] of places) {
    const stored = await append(
      table,
      list.flatMap((place) => batch[place] ?? []),
    );
    for (const [at, result] of stored.entries()) results[list[at] ?? -1] = result;
  }
  return results;
}
