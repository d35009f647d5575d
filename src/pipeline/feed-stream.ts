import type { Mapping } from "../mapping/mapping.ts";
import type { Plan } from "../plan/plan.ts";
import type { BodyChecker } from "../raw/body.ts";
import type { Capture, CheckedCapture } from "../raw/capture.ts";
import { checkCapture } from "../raw/check-capture.ts";
import type { RawStore } from "../raw/raw-store.ts";
import { randomWhole } from "../core/seeded-random.ts";
import { rawTableOf } from "./document-index.ts";
import type { Scratch } from "./scratch.ts";
import { streamUntilIdle } from "./stream-until-idle.ts";
import type { StreamStart } from "./stream.ts";

export interface FeedOptions {
  /** The longest slice, in bytes of bodies. */
  readonly sliceBytes: number;
  readonly random: () => number;
  readonly checker: BodyChecker;
  readonly signal?: AbortSignal;
  /** Told after each step, with the captures that were sent. */
  readonly onProgress?: (captures: number) => void;
}

const MOST_OWNERS = 4;
const MOST_AT_ONCE = 8;

/**
 * Feeds captures of `from`, in the order of `ids`, to streams on `to` that follow each other: some captures come, a step is made, some more come. Each stream
 * has slices of another size; some begin at the earliest capture again. Gives how many were sent.
 */
export async function feedStreams(
  mapping: Mapping,
  plan: Plan,
  ids: readonly number[],
  from: RawStore,
  to: Scratch,
  options: FeedOptions,
): Promise<number> {
  const { random, signal } = options;
  const owners = randomWhole(random, 1, MOST_OWNERS);
  let sent = 0;
  const isStopped = (): boolean => signal?.aborted === true;
  for (let owner = 1; owner <= owners && !isStopped(); owner++) {
    const end = owner === owners ? ids.length : randomWhole(random, sent, ids.length);
    // One capture at a time, or many; all over again, or from where the one before stopped.
    const sliceBytes = random() < 0.3 ? 1 : Math.ceil(options.sliceBytes * random());
    const start: StreamStart = owner > 1 && random() < 0.3 ? { kind: "earliest" } : { kind: "checkpoint" };
    const check = async (): Promise<void> => {
      // A stream that finds nothing new is done: what it is told must be new.
      for (let isNew = false; !isNew && sent < end;) {
        const some = ids.slice(sent, Math.min(end, sent + randomWhole(random, 1, MOST_AT_ONCE)));
        sent += some.length;
        for (const id of some) {
          const results = await to.raw.append([await checkedCapture(plan, from, id, options.checker)]);
          isNew ||= results.some(({ outcome }) => outcome === "stored");
        }
        options.onProgress?.(sent);
      }
    };
    await streamUntilIdle(mapping, plan, to, { from: start, sliceBytes, check, ...(signal === undefined ? {} : { signal }) });
  }
  return sent;
}

/** A capture of raw as it came in. */
export async function checkedCapture(plan: Plan, raw: RawStore, id: number, checker: BodyChecker): Promise<CheckedCapture> {
  let capture: Capture | null = null;
  for await (const found of raw.capturesByIds(rawTableOf(plan), [id])) capture = found;
  if (capture === null) throw new Error(`capture ${String(id)} was not read`);
  const { endpoint, method, parameters, url, status, kind, capturedAt } = capture;
  const body = await raw.readBody(capture);
  return checkCapture({ endpoint, method, parameters, url, status, kind, body }, checker, () => capturedAt).checked;
}
