/**
 * The errors of the platform: three families, told apart by whose turn it is.
 * `UserError`: something to mend in a file, a flag or the environment. `OutsideError`: a source, a store or an engine
 * did not do its part. Anything else that is thrown is a bug of ours and is reported as one (exit 70).
 */

/** Exit codes of the command line. Zero always means success. */
export const EXIT = {
  done: 0,
  /** Some captures or documents failed for another reason than a rule. */
  someFailed: 1,
  /** Usage or configuration. */
  usage: 2,
  /** A rule of severity error failed (wins over `someFailed`). */
  ruleFailed: 3,
  sourceUnreachable: 4,
  /** A store or an engine cannot be reached or refuses. */
  storeUnreachable: 5,
  lockHeld: 7,
  bug: 70,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What every error of ours says: what and where, expected, got, and the next step. */
export interface ErrorText {
  /** Stable name, `area.what-is-wrong`, for scripts and tests. */
  readonly code: string;
  /** What is wrong and where, one sentence without a full stop at the end. */
  readonly message: string;
  readonly expected?: string;
  readonly got?: string;
  /** The next thing to do, often a command. */
  readonly next?: string;
  readonly cause?: unknown;
}

function render(text: ErrorText): string {
  const lines = [text.message];
  if (text.expected !== undefined) lines.push(`  expected: ${text.expected}`);
  if (text.got !== undefined) lines.push(`  got:      ${text.got}`);
  if (text.next !== undefined) lines.push(`  next:     ${text.next}`);
  return lines.join("\n");
}

/** Something the user can mend: a file, a flag, the environment. */
export class UserError extends Error {
  readonly code: string;
  readonly exit: ExitCode;
  readonly text: ErrorText;
  constructor(text: ErrorText, exit: ExitCode = EXIT.usage) {
    super(render(text), text.cause === undefined ? undefined : { cause: text.cause });
    this.name = "UserError";
    this.code = text.code;
    this.exit = exit;
    this.text = text;
  }
}

/** A source, store or engine failed. `retryable` says whether the same call may succeed later. */
export class OutsideError extends Error {
  readonly code: string;
  readonly exit: ExitCode;
  readonly text: ErrorText;
  readonly retryable: boolean;
  constructor(text: ErrorText, exit: ExitCode, retryable: boolean) {
    super(render(text), text.cause === undefined ? undefined : { cause: text.cause });
    this.name = "OutsideError";
    this.code = text.code;
    this.exit = exit;
    this.text = text;
    this.retryable = retryable;
  }
}

/** One problem of a written file (a mapping, a catalogue, a configuration). Files are checked to the end: many problems, one throw. */
export interface Problem {
  readonly code: string;
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  readonly message: string;
  readonly expected?: string;
  readonly got?: string;
  /** The nearest right spelling, where one is near. */
  readonly didYouMean?: string;
}

/** `file:line:column  message. Expected …, got …. Did you mean …?` */
export function renderProblem(problem: Problem): string {
  let line = `${problem.file}:${String(problem.line)}:${String(problem.column)}  ${problem.message}`;
  if (problem.expected !== undefined) line += `. Expected ${problem.expected}`;
  if (problem.got !== undefined) line += `, got ${problem.got}`;
  if (problem.didYouMean !== undefined) line += `. Did you mean ${JSON.stringify(problem.didYouMean)}?`;
  return line;
}

/** A written file has problems, all of them listed. */
export class ProblemsError extends UserError {
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[], next?: string) {
    super({
      code: "file.problems",
      message: `${String(problems.length)} problem${problems.length === 1 ? "" : "s"}\n${problems.map(renderProblem).join("\n")}`,
      ...(next === undefined ? {} : { next }),
    });
    this.name = "ProblemsError";
    this.problems = problems;
  }
}
