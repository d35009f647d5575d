import type { Problem } from "../core/errors.ts";
import type { Place } from "./positions.ts";

/** What a problem says, apart from where it is. */
export interface ProblemText {
  /** `mapping.what-is-wrong`. */
  readonly code: string;
  readonly message: string;
  readonly expected?: string;
  readonly got?: string;
  readonly didYouMean?: string | null;
}

/** Collects the problems of one file. */
export interface Report {
  readonly file: string;
  add(place: Place, text: ProblemText): void;
  /** All so far, in the order of the file, each once. */
  sorted(): readonly Problem[];
}

/** More are not read by anyone, and a hostile file can have as many as it has characters. */
const MAX_PROBLEMS = 1_000;

export function createReport(file: string, known: readonly Problem[] = []): Report {
  const problems = new Map<string, Problem>();
  const keep = (problem: Problem): void => {
    problems.set(`${String(problem.line)}:${String(problem.column)} ${problem.code} ${problem.message} ${problem.got ?? ""}`, problem);
  };
  for (const problem of known) keep(problem);
  return {
    file,
    add(place, { didYouMean, ...text }) {
      keep({ file, line: place.line, column: place.column, ...text, ...(typeof didYouMean === "string" ? { didYouMean } : {}) });
    },
    sorted() {
      const sorted = [...problems.values()].toSorted((a, b) => a.line - b.line || a.column - b.column);
      const first = sorted[MAX_PROBLEMS];
      if (first === undefined) return sorted;
      const rest = {
        code: "file.more-problems",
        file,
        line: first.line,
        column: first.column,
        message: `${String(sorted.length - MAX_PROBLEMS)} more problems from here on`,
      };
      return [...sorted.slice(0, MAX_PROBLEMS), rest];
    },
  };
}

/** `"a", "b", "c"` for the expected part of a problem. */
export function listed(words: Iterable<string>): string {
  return [...words].join(", ");
}

/** A written value in words, for the found part of a problem. */
export function describeWritten(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "an empty value (null)";
  if (typeof value === "string") return `the text ${quoted(value)}`;
  if (typeof value === "number" || typeof value === "bigint") return `the number ${String(value)}`;
  if (typeof value === "boolean") return String(value);
  return Array.isArray(value) ? "a list" : "keys with values";
}

/** A text as a literal of the language, cut where it is long. */
export function textLiteral(text: string): string {
  return `'${text.length > 40 ? `${text.slice(0, 39)}…` : text}'`;
}

/** In double quotes, cut where it is long. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 79)}…` : text);
}
