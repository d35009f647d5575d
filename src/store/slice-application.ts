import type { Finding, SliceRows } from "../engine/slice.ts";

/** Which state of a document a capture holds: documents are ordered by (version, captured at, content hash, request); no version sorts before any version. */
export interface OrderKey {
  readonly version: string | null;
  readonly capturedAt: string;
  readonly contentHash: string;
  /** The request's parameters as one text: breaks the tie of one body that two requests gave at one time. */
  readonly request: string;
}

/** One state of a document, as a capture holds it. */
export interface DocumentState extends OrderKey {
  /** Canonical JSON array of the key columns' values, `[747175]`: the name of the document. */
  readonly documentKey: string;
  readonly capture: number;
  readonly position: string;
}

/** One tried state of a slice: to be written, or failed by the gate. */
export interface TriedState {
  readonly slot: number;
  readonly state: DocumentState;
  readonly passed: boolean;
  /** It was the applied state again when it was selected, and was not shredded: nothing is known of it but that. */
  readonly confirms: boolean;
  /** True where the document has no further candidate: a failed last one settles it as quarantined. */
  readonly last: boolean;
}

/** All that one transaction writes. */
export interface SliceApplication {
  readonly runId: string;
  /** Of the slice in its run, from 0: slices of a run are applied in this order. */
  readonly number: number;
  readonly tried: readonly TriedState[];
  readonly findings: readonly Finding[];
  readonly rows: readonly SliceRows[];
}
