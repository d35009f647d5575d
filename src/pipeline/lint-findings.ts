import type { Finding } from "../engine/slice.ts";
import type { PathScore } from "./leaf-coverage.ts";
import type { LintProblem, LintWarning } from "./lint-problem.ts";

type FindingText = Omit<Finding, "slot">;

/** A capture among all that are linted: `order` counts from 0, `name` is what people call it. */
export interface NamedCapture {
  readonly order: number;
  readonly name: string;
}

/** Findings of one rule, with the first as the example: slices end in any order, so it is looked for. */
interface Group {
  first: FindingText;
  capture: NamedCapture;
  count: number;
}

/** What the engine found over all slices, gathered by target, column and rule: its size is that of the mapping. */
export class LintFindings {
  readonly #groups = new Map<string, Group>();

  add(capture: NamedCapture, finding: FindingText): void {
    const key = JSON.stringify([finding.target, finding.column, finding.rule, finding.kind]);
    const group = this.#groups.get(key);
    if (group === undefined) {
      this.#groups.set(key, { first: finding, capture, count: 1 });
      return;
    }
    group.count++;
    if (capture.order > group.capture.order || (capture.order === group.capture.order && finding.pointer >= group.first.pointer)) return;
    group.first = finding;
    group.capture = capture;
  }

  /** Values of a column that its type does not take. */
  badOf(target: string | null, column: string): number {
    return this.#sorted().reduce(
      (sum, { first, count }) => (isBadValue(first) && first.target === target && first.column === column ? sum + count : sum),
      0,
    );
  }

  /** Bad values, and whatever fails a document. `scores` say how the mapping writes a column's path. */
  problems(scores: readonly PathScore[]): readonly LintProblem[] {
    return this.#sorted().flatMap(({ first, capture, count }): LintProblem[] => {
      if (first.kind === "warn") return [];
      const { target, column, rule, pointer, value } = first;
      const example = `first ${value === null ? "" : `${JSON.stringify(value)} `}at ${pointer === "" ? "the top" : pointer} of ${capture.name}`;
      if (!isBadValue(first))
        return [
          {
            code: "lint.document-failed",
            message: `documents fail: ${rule} does not hold ${times(count)} (${example})`,
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
    return this.#sorted().flatMap(({ first, capture, count }) =>
      first.kind === "warn"
        ? [{ target: first.target, rule: first.rule, count, capture: capture.name, path: first.pointer, value: first.value }]
        : [],
    );
  }

  #sorted(): readonly Group[] {
    return [...this.#groups].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
  }
}

/** A value that its column does not take: NULL with a note, or where the mapping wants it so, a failure of the document. */
function isBadValue({ kind, column, rule }: FindingText): boolean {
  return kind === "bad" || (kind === "fail" && column !== null && rule.startsWith(`${column} takes `));
}

function times(count: number): string {
  return count === 1 ? "once" : `${String(count)} times`;
}
