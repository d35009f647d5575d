export const LINT_CODES = [
  "lint.no-hit",
  "lint.ignore-no-hit",
  "lint.ignore-covers-mapped",
  "lint.unknown-path",
  "lint.bad-value",
  "lint.text-of-number",
  "lint.document-failed",
  "lint.capture-refused",
] as const;

/** What a lint fails on. `path` is a path of the mapping, of the documents (`lint.unknown-path`), or a JSON pointer to an example. */
export interface LintProblem {
  readonly code: (typeof LINT_CODES)[number];
  readonly message: string;
  readonly target: string | null;
  readonly column: string | null;
  readonly path: string | null;
}

/** A rule of severity warn that does not hold in places. */
export interface LintWarning {
  readonly target: string | null;
  readonly rule: string;
  /** Rows. */
  readonly count: number;
  /** The first of them: its capture, JSON pointer and values. */
  readonly capture: string;
  readonly path: string;
  readonly value: string | null;
}
