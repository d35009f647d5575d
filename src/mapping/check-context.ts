import type { Fault } from "./parse-fault.ts";
import type { Positions } from "./positions.ts";
import { describeWritten, listed, type ProblemText, quoted, type Report } from "./report.ts";
import { nearestSpelling } from "./nearest-spelling.ts";

/** What every check of one mapping shares. */
export interface CheckContext {
  readonly positions: Positions;
  readonly report: Report;
}

/** Reports a problem of a value. */
export function problemAt(context: CheckContext, container: object, key: string | number, text: ProblemText): void {
  context.report.add(context.positions.valuePlace(container, key), text);
}

/** Reports what stopped the reading of a text, at the character that did. */
export function faultAt(context: CheckContext, container: object, key: string | number, code: string, { offset, ...fault }: Fault): void {
  context.report.add(context.positions.valuePlace(container, key, offset), { code, ...fault });
}

/** Names that a list may hold. */
export interface KnownNames<Value> {
  /** In words, as `a column of this target`. */
  readonly what: string;
  readonly names: ReadonlyMap<string, Value>;
}

/** Checks a list of names: each known, none twice. Gives the right ones. */
export function checkNames<Value>(
  context: CheckContext,
  container: object,
  key: string,
  written: string | readonly string[],
  known: KnownNames<Value>,
): readonly string[] {
  const list: readonly string[] = typeof written === "string" ? [written] : written;
  const seen = new Set<string>();
  for (const [position, name] of list.entries()) {
    const [at, index]: [object, string | number] = typeof written === "string" ? [container, key] : [written, position];
    if (seen.has(name))
      problemAt(context, at, index, {
        code: "mapping.double-name",
        message: `${quoted(name)} is twice in ${quoted(key)}`,
        expected: "each name once",
        got: `${quoted(name)} again`,
      });
    // Without any known name the list of names itself is missing, which is reported.
    if (!known.names.has(name) && known.names.size > 0) {
      problemAt(context, at, index, {
        code: "mapping.unknown-column",
        message: `${quoted(key)} names ${quoted(name)}, which is no ${known.what}`,
        expected: `a ${known.what}`,
        got: describeWritten(name),
        didYouMean: nearestSpelling(name, known.names.keys()),
      });
    }
    seen.add(name);
  }
  return [...seen].filter((name) => known.names.has(name));
}

export function oneOf(words: Iterable<string>): string {
  return `one of: ${listed(words)}`;
}
