import type { RawStore } from "../raw/raw-store.ts";

/** The captures behind a position that a stream takes at a time. */
export interface NextCaptures {
  readonly ids: readonly number[];
  /** Behind the last of them. */
  readonly position: string;
  /** Canonical; the greatest of them. */
  readonly newest: string;
  readonly bytes: number;
}

/** However small they are: each takes a place in memory and in the queries that select by them. */
const MAX_CAPTURES = 1000;

/** The next captures of a raw table, bounded in bytes of their bodies (one at least); null where there is none. */
export async function nextCaptures(raw: RawStore, table: string, position: string | null, maxBytes: number): Promise<NextCaptures | null> {
  const ids: number[] = [];
  let last = position;
  let newest = "";
  let bytes = 0;
  for await (const { capture, position: behind } of raw.capturesFrom(table, position)) {
    if (ids.length > 0 && bytes + capture.bytes > maxBytes) break;
    ids.push(capture.id);
    bytes += capture.bytes;
    last = behind;
    if (capture.capturedAt > newest) newest = capture.capturedAt;
    if (ids.length >= MAX_CAPTURES) break;
  }
  return ids.length === 0 || last === null ? null : { ids, position: last, newest, bytes };
}

/** How many captures are behind a position, counted up to a bound. */
export async function countBehind(raw: RawStore, table: string, position: string | null, most: number): Promise<number> {
  let count = 0;
  for await (const _capture of raw.capturesFrom(table, position)) if (++count >= most) break;
  return count;
}

/** The position behind all captures of now that nothing holds back; null where there is none. */
export async function latestPosition(raw: RawStore, table: string): Promise<string | null> {
  let last: string | null = null;
  for await (const { position } of raw.capturesFrom(table, null)) last = position;
  return last;
}

/** The position before the first capture, in the order of raw, that was captured at a time or later: captures before it are all older. */
export async function positionBefore(raw: RawStore, table: string, time: string): Promise<string | null> {
  let before: string | null = null;
  for await (const { capture, position } of raw.capturesFrom(table, null)) {
    if (capture.capturedAt >= time) break;
    before = position;
  }
  return before;
}
