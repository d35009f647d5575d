import { instantOfMicros, microsOfInstant } from "../core/instant.ts";
import { createRandom, shuffled } from "../core/seeded-random.ts";
import type { Mapping } from "../mapping/mapping.ts";
import type { Plan } from "../plan/plan.ts";
import { type Mismatch, checkAccounting } from "../quality/accounting.ts";
import { appendCaptures } from "../raw/append-captures.ts";
import type { BodyChecker } from "../raw/body.ts";
import type { CheckedCapture } from "../raw/capture.ts";
import type { RawStore } from "../raw/raw-store.ts";
import { Store } from "../store/store.ts";
import { type StoreDifference, compareStores, digestOf } from "./compare-stores.ts";
import { rawTableOf } from "./document-index.ts";
import { checkedCapture, feedStreams } from "./feed-stream.ts";
import type { Scratch } from "./scratch.ts";
import { transform } from "./transform.ts";

export interface ParityOptions {
  readonly seed: number;
  readonly rounds: number;
  /** The longest slice, in bytes of bodies. */
  readonly sliceBytes: number;
  readonly connections: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (text: string) => void;
}

export interface ParityDeps {
  readonly checker: BodyChecker;
  /** Opens an empty one; `name` tells one from another. */
  readonly open: (name: string) => Promise<Scratch>;
}

export interface ParityRound {
  readonly round: number;
  readonly digest: string;
  /** Captures sent to the stream, those that came again too. */
  readonly sent: number;
  readonly mismatches: readonly Mismatch[];
}

export interface ParityResult {
  readonly captures: number;
  readonly documents: number;
  /** Of the batch. */
  readonly digest: string;
  readonly rounds: readonly ParityRound[];
  /** Of the first round with other rows; null where all have the batch's. */
  readonly difference: StoreDifference | null;
}

/**
 * Whether captures that come shuffled, doubled, and in random slices to a stream give the rows of one batch over all of them. Each capture is
 * captured again a microsecond later, as a poll does, and a quarter of all is delivered twice.
 * @param source raw, and which captures of the mapping's raw table
 */
export async function verifyParity(
  mapping: Mapping,
  plan: Plan,
  source: { readonly raw: RawStore; readonly ids: readonly number[] },
  options: ParityOptions,
  { open, checker }: ParityDeps,
): Promise<ParityResult> {
  const { seed, sliceBytes, connections, signal, onProgress } = options;
  const isStopped = (): boolean => signal?.aborted === true;
  await using batch = await open("batch");
  let count = 0;
  for await (const results of appendCaptures(batch.raw, doubled(plan, source, checker)))
    onProgress?.(`parity: ${String((count += results.length))} captures`);
  const { record } = await transform(
    mapping,
    plan,
    { filter: { asOf: null, documents: {}, startDate: null, endDate: null }, mode: "batch", sliceBytes, connections, failedCaptures: 0 },
    { database: batch.database, store: new Store(batch.store), raw: batch.raw },
  );
  const digest = await digestOf(mapping, batch);
  const ids: number[] = [];
  for await (const { id } of batch.raw.captures(rawTableOf(plan))) ids.push(id);
  const rounds: ParityRound[] = [];
  let difference: StoreDifference | null = null;
  for (let round = 1; round <= options.rounds && difference === null && !isStopped(); round++) {
    // Each round can be repeated by itself: its seed and one round.
    const random = createRandom(seed + round - 1);
    const again = shuffled(ids, random).slice(0, Math.ceil(ids.length / 4));
    await using streamed = await open(`round-${String(round)}`);
    const sent = await feedStreams(mapping, plan, shuffled([...ids, ...again], random), batch.raw, streamed, {
      sliceBytes,
      random,
      checker,
      ...(signal === undefined ? {} : { signal }),
      onProgress: (captured) =>
        onProgress?.(`parity: round ${String(round)} of ${String(options.rounds)}, ${String(captured)} captures sent`),
    });
    if (isStopped()) break;
    const found = await digestOf(mapping, streamed);
    const { mismatches } = await streamed.store.open(
      await streamed.database.connect(),
      (store) => checkAccounting(store, [mapping]),
      "read",
    );
    rounds.push({ round, digest: found, sent, mismatches });
    if (found !== digest) difference = await compareStores(mapping, plan, batch, streamed);
  }
  return { captures: ids.length, documents: Number(record.run["selected"]), digest, rounds, difference };
}

/** Each capture, and the same answer captured a microsecond later. */
async function* doubled(
  plan: Plan,
  { raw, ids }: { readonly raw: RawStore; readonly ids: readonly number[] },
  checker: BodyChecker,
): AsyncGenerator<CheckedCapture> {
  for (const id of ids) {
    const capture = await checkedCapture(plan, raw, id, checker);
    yield capture;
    yield { ...capture, capturedAt: instantOfMicros(microsOfInstant(capture.capturedAt) + 1n) };
  }
}
