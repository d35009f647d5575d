/** One document of a slice: which capture holds it, and what of the capture its rows may name. */
export interface SliceDocument {
  /** Number of the document in the slice. */
  readonly slot: number;
  readonly capture: number;
  /** Array positions and keys of the document in its answer, joined by `,`; empty where the answer is the document. */
  readonly position: string;
  readonly capturedAt: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** `rule`: a rule of severity error, which fails the document. `fail`: anything else that fails it. `bad`: a value that became NULL. `warn`: only told. */
export const FINDING_KINDS = ["rule", "fail", "bad", "warn"] as const;
export type FindingKind = (typeof FINDING_KINDS)[number];

/** What a check found. */
export interface Finding {
  readonly slot: number;
  readonly kind: FindingKind;
  /** `schema.table`; null where it is the document as a whole. */
  readonly target: string | null;
  readonly rule: string;
  readonly column: string | null;
  /** JSON pointer (RFC 6901) in the answer. */
  readonly pointer: string;
  readonly value: string | null;
}

/** Number of rows that a slot has in a target, counted by the engine. Targets count from 0. */
export interface SliceRows {
  readonly target: number;
  readonly slot: number;
  readonly rows: number;
}

export interface SliceVerdict {
  readonly rows: readonly SliceRows[];
  readonly findings: readonly Finding[];
}
