import type { BodyFailure } from "./body.ts";
import type { BodyShape } from "./shape.ts";

/** `answer`: what the API said. `derived`: a state that was made by applying captured patches to a captured state. */
export const CAPTURE_KINDS = ["answer", "derived"] as const;
export type CaptureKind = (typeof CAPTURE_KINDS)[number];

/** One API answer on its way in. */
export interface NewCapture {
  /** Names of the catalogue: `[a-z][a-z0-9_]*`. Together they name the raw table. */
  readonly endpoint: string;
  readonly method: string;
  /** Effective parameters: defaults filled in, path and query merged, one spelling, values as text. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly url: string | null;
  /** HTTP status, null where nobody knows it. */
  readonly status: number | null;
  /** Canonical UTC instant (`core/instant.ts`): `2024-07-13T04:19:09.000000Z`. */
  readonly capturedAt: string;
  readonly kind: CaptureKind;
  /** The bytes as they were received. */
  readonly body: Buffer;
}

/** A capture whose body was settled (`check-capture.ts`): what a raw store takes. */
export interface CheckedCapture extends NewCapture {
  /** SHA-256 of the body's bytes, hex. */
  readonly contentHash: string;
  /** Null where the body failed. */
  readonly shape: BodyShape | null;
  /** Null where the body may become a document. */
  readonly failure: BodyFailure | null;
}

/** One stored capture, without its body. */
export interface Capture {
  /** From 1, in the order of storing, per raw table; never reused. */
  readonly id: number;
  readonly endpoint: string;
  readonly method: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly url: string | null;
  readonly status: number | null;
  readonly capturedAt: string;
  readonly kind: CaptureKind;
  /** SHA-256 of the body's bytes, hex. */
  readonly contentHash: string;
  /** Size of the body in bytes. */
  readonly bytes: number;
  /** Which entries of the raw table's dictionary occur in the body: read it with `decodeShape`. Null for a failed capture. */
  readonly shape: string | null;
  /** Why the body is no document; null where it may become one. */
  readonly failure: BodyFailure | null;
  /** Where a store keeps the body: its own affair. */
  readonly place: BodyPlace;
}

export type BodyPlace = SegmentPlace | RowPlace;

/** A gzip member in a segment of the embedded store. Offset and length in bytes. */
export interface SegmentPlace {
  readonly segment: number;
  readonly offset: number;
  readonly length: number;
}

/** The row of a raw table in a server that has the body: that of the first capture with it. */
export interface RowPlace {
  readonly capture: number;
}

/** The place of a body in the embedded store. A capture of another store never gets here. */
export function segmentPlace({ place }: Pick<Capture, "place">): SegmentPlace {
  if (!("segment" in place)) throw new Error("a capture of another raw store");
  return place;
}
