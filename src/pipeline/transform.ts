import { atStep } from "../core/faults.ts";
import { randomUUID } from "node:crypto";
import { EXIT, type ExitCode, OutsideError, UserError } from "../core/errors.ts";
import type { Connection } from "../duckdb/connection.ts";
import { type SqlRow, sqlText } from "../sql/sql-value.ts";
import type { Mapping } from "../mapping/mapping.ts";
import type { Plan } from "../plan/plan.ts";
import type { RunRecord } from "../store/runs.ts";
import { openIndex } from "./open-index.ts";
import { type DocumentFilter, selectBatch } from "./selection.ts";
import { type SliceOptions, SliceRunner, type TransformDeps } from "./slice-runner.ts";

export interface TransformOptions extends SliceOptions {
  readonly filter: DocumentFilter;
  /** What the run is called in the store. */
  readonly mode: "batch" | "rebuild";
}

export interface TransformResult {
  readonly runId: string;
  readonly record: RunRecord;
  readonly exit: ExitCode;
  /** Of the values that the filter names, by column, those that no document has. */
  readonly missing: Readonly<Record<string, readonly string[]>>;
  /** Documents that are still to be tried: some, where it was told to stop. */
  readonly left: number;
}

const INDEX = "document_index";

/** Select → shred → gate → apply → record, for one mapping. */
export async function transform(mapping: Mapping, plan: Plan, options: TransformOptions, deps: TransformDeps): Promise<TransformResult> {
  const control = await deps.database.connect();
  const index = openIndex(plan, deps.raw);
  await index.catchUp();
  await index.load(control, INDEX);
  return deps.store.keeping(control, () => transformIndexed(mapping, plan, options, deps, control));
}

async function transformIndexed(
  mapping: Mapping,
  plan: Plan,
  options: TransformOptions,
  deps: TransformDeps,
  control: Connection,
): Promise<TransformResult> {
  const { store } = deps;
  await store.prepare(control, mapping, options.filter.asOf);
  const runId = randomUUID();
  await store.startRun(control, plan, {
    runId,
    mode: options.mode,
    engine: "duckdb",
    options: JSON.stringify(options.filter),
    failedCaptures: options.failedCaptures,
  });
  const selected = await store.withState(control, plan, null, (state) => selectBatch(control, plan, INDEX, options.filter, state));
  const run = new SliceRunner(runId, plan, options, deps);
  try {
    await run.work(selected.documents - selected.unchanged);
    await run.release();
  } catch (error) {
    const message = error instanceof Error ? error.message : "unknown";
    // A store that fails may not take this either: the run stays open then, and doctor shows it.
    await store.finishRun(control, runId, { status: "failed", unchanged: 0, exit: exitOf(error), error: message }).catch(() => null);
    throw error;
  }
  const left = run.left();
  const interrupted = options.signal?.aborted === true && left > 0;
  const { missing } = selected;
  const nothingAsked = Object.keys(missing).length === 0;
  const exit = interrupted ? EXIT.interrupted : run.exit() !== EXIT.done || nothingAsked ? run.exit() : EXIT.someFailed;
  const end = { status: interrupted ? "interrupted" : "done", unchanged: interrupted ? 0 : selected.unchanged, exit, error: null } as const;
  await atStep("run.finish");
  const record = inOrder(await store.finishRun(control, runId, end), plan);
  return { runId, record, exit, missing, left };
}

/** Targets in the order of the mapping. */
function inOrder(record: RunRecord, plan: Plan): RunRecord {
  const place = new Map(plan.targets.map(({ name }, at) => [name, at]));
  const placeOf = (row: SqlRow): number => place.get(sqlText(row["target"])) ?? 0;
  return { ...record, targets: record.targets.toSorted((a, b) => placeOf(a) - placeOf(b)) };
}

function exitOf(error: unknown): ExitCode {
  return error instanceof UserError || error instanceof OutsideError ? error.exit : EXIT.bug;
}
