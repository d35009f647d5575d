import { EXIT } from "../core/errors.ts";
import type { Mapping } from "../mapping/mapping.ts";
import type { TransformDeps, TransformProgress } from "../pipeline/slice-runner.ts";
import { type TransformOptions, type TransformResult, transform } from "../pipeline/transform.ts";
import type { Plan } from "../plan/plan.ts";
import type { CliContext } from "./context.ts";
import type { Output } from "./output.ts";

/** Runs one mapping as the settings say, with its progress on stderr. */
export async function runMapping(
  mapping: Mapping,
  plan: Plan,
  options: Pick<TransformOptions, "filter" | "failedCaptures">,
  deps: TransformDeps,
  { out, settings, signal }: CliContext,
): Promise<TransformResult & { readonly seconds: number }> {
  const begun = performance.now();
  const result = await transform(
    mapping,
    plan,
    {
      ...options,
      mode: "batch",
      sliceBytes: settings.values.sliceMb * 1024 * 1024,
      connections: settings.values.connections,
      signal,
      onProgress: tellProgress(plan.mapping, out),
    },
    deps,
  );
  return { ...result, seconds: (performance.now() - begun) / 1000 };
}

/** Tells on stderr how far it is, how fast, and how long it will take. */
export function tellProgress(mapping: string, out: Output): (progress: TransformProgress) => void {
  const begun = performance.now();
  return ({ documents, total }) => {
    // A slice of which every document is tried again in an older state brings none to its end.
    const rate = documents / ((performance.now() - begun) / 1000);
    const left = documents === 0 ? "" : `, ${rate.toFixed(1)}/s, ${((total - documents) / rate).toFixed(0)} s left`;
    out.progress(`${mapping}: ${String(documents)} of ${String(total)} documents${left}`, documents === total);
  };
}

/** A rule that failed wins over other failures, an interruption over both. */
export function worseExit(a: number, b: number): number {
  const order = [EXIT.done, EXIT.someFailed, EXIT.ruleFailed, EXIT.interrupted] as const;
  const rank = (exit: number): number => order.findIndex((known) => known === exit);
  return rank(b) > rank(a) ? b : a;
}
