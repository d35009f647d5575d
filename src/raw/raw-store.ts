import type { Capture, CheckedCapture } from "./capture.ts";
import type { RawWatch } from "./raw-watch.ts";
import type { ShapeDictionary } from "./shape.ts";

export interface AppendResult {
  readonly capture: Capture;
  /** `duplicate`: (request, captured_at, content hash) was there before; `capture` is that one and nothing was written. */
  readonly outcome: "stored" | "duplicate";
  /** The same body was there already (always so for a duplicate), so none was written. */
  readonly sharedBody: boolean;
}

/** A capture and where to read on after it. `position` is opaque and stays valid for ever. */
export interface PositionedCapture {
  readonly capture: Capture;
  readonly position: string;
}

/** Captures that wait for a transaction of somebody else to end: one that began before them, and may yet store others. */
export interface HeldBack {
  readonly captures: number;
  /** Whose transaction it is, in words. */
  readonly holder: string;
}

/**
 * The home of captures: append-only, knows no mapping. A raw table is named `<endpoint>.<method>`.
 * Reading takes no lock and sees all captures that were completely stored. Ids grow in the order of storing; there may be gaps, and where others write to
 * the same table by other means, a capture may come after one with a greater id: `capturesFrom` misses none.
 */
export interface RawStore extends AsyncDisposable {
  /**
   * Stores captures durably, in the order given, and gives one result for each. Either none or some first ones of the batch are stored when it throws;
   * appending the same batch again completes it. Bound a batch in bytes (`append-captures.ts` does).
   * @throws OutsideError `lock.held` when another process keeps writing · `raw.damaged` when what is there is not what was written.
   */
  append(batch: readonly CheckedCapture[]): Promise<AppendResult[]>;
  /** All captures with an id greater than `afterId` (default 0), in order of ids. A raw table that does not exist has none. */
  captures(table: string, afterId?: number): AsyncIterable<Capture>;
  /** Captures after a position (null: from the first), for readers that come again. */
  capturesFrom(table: string, position: string | null): AsyncIterable<PositionedCapture>;
  /** The captures of these ids, in order of ids. @throws OutsideError `raw.capture-missing`. */
  capturesByIds(table: string, ids: readonly number[]): AsyncIterable<Capture>;
  /** The greatest id; 0 for an empty raw table. */
  lastId(table: string): Promise<number>;
  /** The stored capture of the same request, time and content; null where there is none. */
  find(capture: CheckedCapture): Promise<Capture | null>;
  /** The bytes as received. @throws OutsideError `raw.damaged`. */
  readBody(capture: Capture): Promise<Buffer>;
  /** Bodies in the order of the captures, read ahead by a few, bounded in bytes. */
  readBodies(captures: Iterable<Capture> | AsyncIterable<Capture>): AsyncIterable<{ readonly capture: Capture; readonly body: Buffer }>;
  /** The dictionary that `Capture.shape` refers to, as of now. */
  dictionary(table: string): Promise<ShapeDictionary>;
  /** The captures that are there and not given by `capturesFrom` yet; null where there are none. */
  heldBack(table: string): Promise<HeldBack | null>;
  /** Tells of captures that come to a raw table, which need not be there yet. */
  watch(table: string): Promise<RawWatch>;
  /** Names of the raw tables, sorted. */
  tables(): Promise<string[]>;
}
