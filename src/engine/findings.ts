import type { Finding } from "./slice.ts";

/** Failures that are kept of one document: more of them say nothing new, and a hostile document could have millions. */
const MAX_FAILURES = 200;

/** Gathers what checks find. Bad values and warnings are kept all; failures up to a bound for each document, with a last one that counts the rest. */
export class Findings {
  readonly #found: Finding[] = [];
  readonly #failures = new Map<number, number>();

  add(finding: Finding): void {
    if (finding.kind === "rule" || finding.kind === "fail") {
      const failures = (this.#failures.get(finding.slot) ?? 0) + 1;
      this.#failures.set(finding.slot, failures);
      // A rule decides the exit code: it is kept wherever it comes.
      if (failures > MAX_FAILURES && finding.kind === "fail") return;
      if (failures > 2 * MAX_FAILURES) return;
    }
    this.#found.push(finding);
  }

  all(): readonly Finding[] {
    const more = [...this.#failures].flatMap(([slot, failures]): Finding[] =>
      failures > MAX_FAILURES
        ? [
            {
              slot,
              kind: "fail",
              target: null,
              rule: `more than ${String(MAX_FAILURES)} failures: the others are not listed`,
              column: null,
              pointer: "",
              value: String(failures),
            },
          ]
        : [],
    );
    return [...this.#found, ...more];
  }
}
