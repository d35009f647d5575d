import { EXIT, UserError } from "../core/errors.ts";
import type { TransformProgress } from "../pipeline/transform.ts";
import type { Output } from "./output.ts";

/** A rule that failed wins over other failures, an interruption over both. */
export function worse(a: number, b: number): number {
  const order = [EXIT.done, EXIT.someFailed, EXIT.ruleFailed, EXIT.interrupted] as const;
  const rank = (exit: number): number => order.findIndex((known) => known === exit);
  return rank(b) > rank(a) ? b : a;
}

export function noCaptures(endpoint: string, method: string, home: string): UserError {
  return new UserError(
    {
      code: "raw.empty",
      message: `${home} has no captures of ${endpoint}.${method}`,
      next: `ingest some first (mlb-etl ingest --endpoint ${endpoint} --method ${method} --from-files …), or name another home with --home`,
    },
    EXIT.sourceUnreachable,
  );
}

/** Tells how far it is, how fast, and how long it will take. */
export function describeProgress(mapping: string, out: Output): (progress: TransformProgress) => void {
  const begun = performance.now();
  return ({ documents, total }) => {
    const rate = documents / ((performance.now() - begun) / 1000);
    out.progress(
      `${mapping}: ${String(documents)} of ${String(total)} documents, ${rate.toFixed(1)}/s, ${((total - documents) / rate).toFixed(0)} s left`,
      documents === total,
    );
  };
}
