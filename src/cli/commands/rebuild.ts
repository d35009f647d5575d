import { EXIT } from "../../core/errors.ts";
import { type RebuildResult, rebuild } from "../../pipeline/rebuild.ts";
import { compilePlan } from "../../plan/compile-plan.ts";
import type { Plan } from "../../plan/plan.ts";
import type { CliContext } from "../context.ts";
import { counted } from "../counted.ts";
import { mappingsOf, openCatalogue, openDatabase, openRaw, openRegistry, openStore, requireCaptures } from "../platform.ts";
import { tellProgress, worseExit } from "../run-mapping.ts";

export interface RebuildFlags {
  readonly endpoint: string;
  readonly method: string;
  readonly strict?: boolean;
}

/** Fills the tables of a method's mappings from raw beside the old ones and puts them in their place, one mapping after the other. */
export async function runRebuild(flags: RebuildFlags, context: CliContext): Promise<number> {
  const { out, settings, signal } = context;
  const method = (await openCatalogue(settings.values)).get(flags.endpoint, flags.method);
  const mappings = mappingsOf(await openRegistry(settings.values), method.endpoint, method.name);
  await using raw = await openRaw(context);
  // Without captures there is nothing to fill tables from: a wrong home must not empty a store.
  await requireCaptures(raw, method.endpoint, method.name, settings.values);
  await using database = await openDatabase(settings.values);
  await using store = await openStore(context);
  let exit: number = EXIT.done;
  for (const mapping of mappings) {
    if (signal.aborted) break;
    const plan = compilePlan(mapping, { strict: flags.strict ?? false });
    const begun = performance.now();
    const result = await rebuild(
      mapping,
      plan,
      {
        sliceBytes: settings.values.sliceMb * 1024 * 1024,
        connections: settings.values.connections,
        signal,
        onProgress: tellProgress(plan.mapping, out),
      },
      { database, store, raw },
    );
    exit = worseExit(exit, result.exit);
    report(result, plan, (performance.now() - begun) / 1000, context);
  }
  return exit;
}

function report({ resumed, state, swapped, exit }: RebuildResult, plan: Plan, seconds: number, { out, settings }: CliContext): void {
  const { documents: applied, quarantined, ruleFailed, otherFailed } = state;
  const targets = (swapped ?? []).map(({ table, rowsBefore, rows }) => ({ name: table, rows_before: rowsBefore, rows }));
  out.data({
    schema_version: 1,
    mapping: plan.mapping,
    fingerprint: plan.fingerprint,
    store: settings.values.store,
    resumed,
    swapped: swapped !== null,
    documents: { applied, quarantined },
    failed_states: ruleFailed + otherFailed,
    targets,
    seconds: Math.round(seconds * 1000) / 1000,
    exit,
  });
  if (resumed) out.say("went on where a rebuild that did not finish had stopped");
  out.text(`${plan.mapping}: ${counted(applied, "document")} applied, ${String(quarantined)} quarantined`);
  if (swapped === null) out.say("interrupted: the tables are as they were; the same command goes on");
  else out.table(targets);
  if (ruleFailed + otherFailed > 0) out.say(`${counted(ruleFailed + otherFailed, "state")} of documents failed (mlb-etl quarantine list)`);
}
