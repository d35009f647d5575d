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
  /** Of a stream; null where no stream writes. */
  readonly stream: StreamStep | null;
}

/** The right to write a stream: who has a greater token has it, and nobody else. */
export interface Lease {
  /** Of the stream: that of its mapping. */
  readonly stream: string;
  readonly token: number;
}

/** What a stream writes with its rows: nothing of it is written where the lease is somebody else's by now. */
export interface StreamStep {
  readonly lease: Lease;
  /** Null: there is more to try of the captures at hand. */
  readonly checkpoint: Checkpoint | null;
}

/** How far a stream has come, and what became of documents of these captures that there was nothing to try of. */
export interface Checkpoint {
  /** Of raw: the captures until there are behind it. */
  readonly position: string;
  /** Captures since the checkpoint before. */
  readonly captures: number;
  /** Documents of which the captures are older than what is applied. */
  readonly stale: number;
  /** Documents that are as these captures say, or whose states have failed before. */
  readonly unchanged: number;
}
