import type { Finding } from "../engine/slice.ts";
import type { PathScore } from "./leaf-coverage.ts";
import type { LintProblem, LintWarning } from "./lint-problem.ts";

type FindingText = Omit<Finding, "slot">;

/** Findings of one rule, with the first as the example. */
interface Group {
  readonly first: FindingText;
  readonly capture: string;
  readonly captures: Set<string>;
  count: number;
}

/** What the engine found over all slices, gathered by target, column and rule: its size is that of the mapping. */
export class LintFindings {
  readonly #groups = new Map<string, Group>();

  add(capture: string, finding: FindingText): void {
    const key = JSON.stringify([finding.kind, finding.target, finding.column, finding.rule]);
    const group = this.#groups.get(key);
    if (group === undefined) this.#groups.set(key, { first: finding, capture, captures: new Set([capture]), count: 1 });
    else {
      group.captures.add(capture);
      group.count++;
    }
  }

  /** Values of a column that its type does not take. */
  badOf(target: string | null, column: string): number {
    return [...this.#groups.values()]
      .filter(({ first }) => isBadValue(first) && first.target === target && first.column === column)
      .reduce((sum, { count }) => sum + count, 0);
  }

  /** Bad values, and whatever fails a document. `scores` say how the mapping writes a column's path. */
  problems(scores: readonly PathScore[]): readonly LintProblem[] {
    return [...this.#groups.values()].flatMap(({ first, capture, captures, count }): LintProblem[] => {
      if (first.kind === "warn") return [];
      const { target, column, rule, pointer, value } = first;
      const example = `first ${value === null ? "" : `${JSON.stringify(value)} `}at ${pointer === "" ? "the top" : pointer} of ${capture}`;
      if (!isBadValue(first))
        return [
          {
            code: "lint.document-failed",
            message: `documents fail: ${rule} (${times(count)} in ${inCaptures(captures.size)}, ${example})`,
            target,
            column,
            path: pointer,
          },
        ];
      const path =
        scores.find(({ mapped }) => mapped.use === "column" && mapped.target === target && mapped.column === column)?.mapped.path ??
        pointer;
      return [{ code: "lint.bad-value", message: `${rule}: ${times(count)} it does not (${example})`, target, column, path }];
    });
  }

  warnings(): readonly LintWarning[] {
    return [...this.#groups.values()].flatMap(({ first, capture, count }) =>
      first.kind === "warn" ? [{ target: first.target, rule: first.rule, count, capture, path: first.pointer, value: first.value }] : [],
    );
  }
}

/** A value that its column does not take: NULL with a note, or where the mapping wants it so, a failure of the document. */
function isBadValue({ kind, column, rule }: FindingText): boolean {
  return kind === "bad" || (kind === "fail" && column !== null && rule.startsWith(`${column} takes `));
}

function times(count: number): string {
  return count === 1 ? "once" : `${String(count)} times`;
}

function inCaptures(count: number): string {
  return count === 1 ? "one capture" : `${String(count)} captures`;
}
