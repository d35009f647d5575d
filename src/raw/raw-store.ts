import type { Capture, CheckedCapture } from "./capture.ts";
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

/** One line of a sidecar: whatever a user of raw derives from one capture. One line per capture. */
export interface SidecarLine {
  readonly capture: number;
  readonly [field: string]: unknown;
}

/** Captures that are never more or others, and the file in which a user of a sidecar keeps what it made of their lines. */
export interface SidecarPart {
  readonly firstId: number;
  readonly lastId: number;
  /** Null where there is none, or only one that was made of other captures. */
  readonly file: string | null;
}

/** An append-only file of derived lines beside a raw table, `capture` strictly increasing. It can be removed and derived again at any time. */
export interface Sidecar {
  /**
   * Appends under the raw table's lock. Lines of captures that are covered already (another process was faster) are left out.
   * Gives how many lines were written.
   */
  append(lines: readonly SidecarLine[]): Promise<number>;
  /** `capture` of the last complete line; 0 where there is none. */
  lastId(): Promise<number>;
  /** Complete lines of captures with an id greater than `afterId` (default 0). */
  lines(afterId?: number): AsyncIterable<SidecarLine>;
  /** Ranges of ids from 1 on without gaps, as far as raw is settled. `kind` says what the files are: they end with `.<kind>`. */
  parts(kind: string): Promise<readonly SidecarPart[]>;
  /** Keeps the file of a part, under the raw table's lock, whole or not at all: `write` makes it where it is told. Null where this raw store keeps none. */
  keepPart(kind: string, part: SidecarPart, write: (file: string) => Promise<void>): Promise<string | null>;
  /** Removes the file and those of its parts. */
  remove(): Promise<void>;
}

/**
 * The home of captures: append-only, knows no mapping. A raw table is named `<endpoint>.<method>`.
 * Reading takes no lock and sees all captures that were completely stored.
 */
export interface RawStore {
  /**
   * Stores captures durably, in the order given, and gives one result for each. Either none or some first ones of the batch are stored when it throws;
   * appending the same batch again completes it. Bound a batch in bytes (`append-captures.ts` does).
   * @throws OutsideError `lock.held` when another process keeps writing · `raw.damaged` when the files are not what was written.
   */
  append(batch: readonly CheckedCapture[]): Promise<AppendResult[]>;
  /** All captures with an id greater than `afterId` (default 0), in order of ids. A raw table that does not exist has none. */
  captures(table: string, afterId?: number): AsyncIterable<Capture>;
  /** Captures after a position (null: from the first), for readers that come again. */
  capturesFrom(table: string, position: string | null): AsyncIterable<PositionedCapture>;
  /** The captures of these ids, in order of ids. @throws OutsideError `raw.capture-missing`. */
  capturesByIds(table: string, ids: readonly number[]): AsyncIterable<Capture>;
  /** The greatest id; 0 for an empty raw table. Ids are 1 … lastId without gaps, so it is also the number of captures. */
  lastId(table: string): Promise<number>;
  /** The bytes as received. @throws OutsideError `raw.damaged`. */
  readBody(capture: Capture): Promise<Buffer>;
  /** Bodies in the order of the captures, read ahead by a few, bounded in bytes. */
  readBodies(captures: Iterable<Capture> | AsyncIterable<Capture>): AsyncIterable<{ readonly capture: Capture; readonly body: Buffer }>;
  /** The dictionary that `Capture.shape` refers to, as of now. */
  dictionary(table: string): Promise<ShapeDictionary>;
  /** Names of the raw tables, sorted. */
  tables(): Promise<string[]>;
  /** `name`: `[a-z0-9][a-z0-9_-]*`, at most 64 characters. */
  sidecar(table: string, name: string): Sidecar;
}
