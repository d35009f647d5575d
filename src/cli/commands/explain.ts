import { DuckdbEngine } from "../../engine/duckdb/duckdb-engine.ts";
import { compilePlan } from "../../plan/compile-plan.ts";
import type { CliContext } from "../context.ts";
import { mappingsOf, openCatalogue, openRegistry } from "../platform.ts";

export interface ExplainFlags {
  readonly endpoint: string;
  readonly method: string;
  readonly strict?: boolean;
  readonly sql?: boolean;
}

/** Prints the stages that a transform executes: the same list, not a description of it. */
export async function runExplain(flags: ExplainFlags, { out, settings }: CliContext): Promise<number> {
  const method = (await openCatalogue(settings.values)).get(flags.endpoint, flags.method);
  const plans = mappingsOf(await openRegistry(settings.values), method.endpoint, method.name).map((mapping) =>
    compilePlan(mapping, { strict: flags.strict ?? false }),
  );
  const explained = plans.map((plan) => ({ plan, stages: new DuckdbEngine(plan).stages() }));
  out.data({
    schema_version: 1,
    engine: "duckdb",
    mappings: explained.map(({ plan, stages }) => ({ mapping: plan.mapping, fingerprint: plan.fingerprint, plan, stages })),
  });
  for (const { plan, stages } of explained) {
    out.text(`${plan.mapping}  fingerprint ${plan.fingerprint}  ${String(plan.targets.length)} targets`);
    out.text("select: of each document under the filter, the states newer than the applied one, newest first");
    for (const [at, stage] of stages.entries()) {
      out.text(`${String(at + 1).padStart(3)}  ${stage.name}`);
      if (flags.sql === true) out.text(`\n${stage.sql};\n`);
    }
    out.text("apply: rows, documents, quarantine, bad values and counts of the slice, in one transaction");
  }
  return 0;
}
