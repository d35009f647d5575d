import { randomUUID } from "node:crypto";
import { EXIT, UserError } from "../../core/errors.ts";
import { parseInstantOrDay } from "../../core/instant.ts";
import type { Mapping } from "../../mapping/mapping.ts";
import { type StreamProgress, type StreamResult, type StreamStart, stream } from "../../pipeline/stream.ts";
import { compilePlan } from "../../plan/compile-plan.ts";
import type { Plan } from "../../plan/plan.ts";
import type { RawStore } from "../../raw/raw-store.ts";
import { Store } from "../../store/store.ts";
import type { CliContext } from "../context.ts";
import { counted } from "../counted.ts";
import { openDatabase, openRegistry, openStore } from "../platform.ts";
import { readDuration } from "../read-duration.ts";
import { worseExit } from "../run-mapping.ts";
import { StreamMetrics } from "../stream-metrics.ts";

export interface StreamFlags {
  readonly from: string;
  readonly trigger: string;
  readonly maxSlice?: string;
  readonly untilIdle?: boolean;
  readonly metricsPort?: string;
  readonly onMappingChange: string;
  readonly strict?: boolean;
}

/** One stream for each mapping of a method, side by side, until they are idle or told to stop. */
export async function runStreams(mappings: readonly Mapping[], flags: StreamFlags, raw: RawStore, context: CliContext): Promise<number> {
  const { out, signal } = context;
  const options = readFlags(flags, context);
  const metrics = new StreamMetrics(mappings.map(({ name }) => name));
  try {
    if (options.metricsPort !== null)
      out.say(`metrics on port ${String(await metrics.listen(options.metricsPort))}: /metrics, /health, /ready`);
    // One that fails ends the others: a service is whole, or is started again.
    const failing = new AbortController();
    const stop = AbortSignal.any([signal, failing.signal]);
    const outcomes = await Promise.allSettled(
      mappings.map(async (mapping) => {
        try {
          return await runStream(
            mapping,
            compilePlan(mapping, { strict: flags.strict ?? false }),
            options,
            { raw, stop, metrics },
            context,
          );
        } catch (error) {
          failing.abort();
          throw error;
        }
      }),
    );
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
    return outcomes.reduce(
      (exit, outcome) => (outcome.status === "fulfilled" ? worseExit(exit, outcome.value.exit) : exit),
      EXIT.done as number,
    );
  } finally {
    await metrics.close();
  }
}

interface ReadFlags {
  readonly from: StreamStart;
  readonly triggerMs: number;
  readonly sliceBytes: number;
  readonly untilIdle: boolean;
  readonly metricsPort: number | null;
  readonly keepsPlan: boolean;
}

function readFlags(flags: StreamFlags, { settings: { values } }: CliContext): ReadFlags {
  if (flags.onMappingChange !== "stop" && flags.onMappingChange !== "keep")
    throw new UserError({
      code: "usage.on-mapping-change",
      message: "--on-mapping-change is not known",
      expected: "stop or keep",
      got: JSON.stringify(flags.onMappingChange),
      next: "stop ends the stream, keep goes on with the plan that it began with",
    });
  const number = (flag: string, text: string, most: number): number => {
    if (/^[0-9]{1,6}$/.test(text) && Number(text) <= most) return Number(text);
    throw new UserError({
      code: "usage.number",
      message: `${flag} is out of range`,
      expected: `a whole number up to ${String(most)}`,
      got: JSON.stringify(text.slice(0, 100)),
      next: `for example ${flag} 8`,
    });
  };
  return {
    from: readFrom(flags.from),
    triggerMs: readDuration("--trigger", flags.trigger),
    sliceBytes: (flags.maxSlice === undefined ? values.sliceMb : Math.max(1, number("--max-slice", flags.maxSlice, 1024))) * 1024 * 1024,
    untilIdle: flags.untilIdle ?? false,
    metricsPort: flags.metricsPort === undefined ? null : number("--metrics-port", flags.metricsPort, 65_535),
    keepsPlan: flags.onMappingChange === "keep",
  };
}

function readFrom(text: string): StreamStart {
  if (text === "checkpoint" || text === "earliest" || text === "latest") return { kind: text };
  const time = parseInstantOrDay(text, "first");
  if (time !== null) return { kind: "time", time };
  throw new UserError({
    code: "usage.from",
    message: "--from is not known",
    expected: "checkpoint, earliest, latest, or a time: 2024-07-12T20:15:00Z",
    got: JSON.stringify(text.slice(0, 100)),
    next: "checkpoint goes on where the stream stopped",
  });
}

interface StreamParts {
  readonly raw: RawStore;
  readonly stop: AbortSignal;
  readonly metrics: StreamMetrics;
}

async function runStream(
  mapping: Mapping,
  plan: Plan,
  options: ReadFlags,
  { raw, stop, metrics }: StreamParts,
  context: CliContext,
): Promise<StreamResult> {
  const { out, settings } = context;
  await using database = await openDatabase(settings.values);
  await using access = await openStore(context);
  const began = performance.now();
  let captures = 0;
  let isIdle = false;
  let heldBy = "";
  const onProgress = (progress: StreamProgress): void => {
    metrics.step(mapping.name, progress);
    if (progress.captures === 0) {
      if (!isIdle && !options.untilIdle) out.say(`${mapping.name}: ${counted(captures, "capture")} taken, waiting for more`);
      isIdle = true;
      return;
    }
    isIdle = false;
    captures += progress.captures;
    const { documents, ms, behind } = progress;
    out.data({ schema_version: 1, mapping: mapping.name, captures: progress.captures, documents, ms: Math.round(ms), behind });
    const rate = captures / ((performance.now() - began) / 1000);
    out.progress(
      `${mapping.name}: ${counted(captures, "capture")}, ${rate.toFixed(1)}/s, ${String(behind)} behind, last slice ${ms.toFixed(0)} ms`,
    );
  };
  const result = await stream(
    mapping,
    plan,
    {
      from: options.from,
      triggerMs: options.triggerMs,
      untilIdle: options.untilIdle,
      waitMs: settings.values.lockWaitS * 1000,
      processId: `${String(process.pid)}-${randomUUID().slice(0, 8)}`,
      sliceBytes: options.sliceBytes,
      connections: 1,
      signal: stop,
      check: () => checkMapping(mapping, plan, options.keepsPlan, context),
      onProgress,
      onCounts: (counts) => {
        metrics.counts(mapping.name, counts);
      },
      onHeldBack: ({ captures: waiting, holder }) => {
        if (holder !== heldBy) out.say(`${counted(waiting, "capture")} of ${mapping.name} wait for a transaction to end: ${holder}`);
        heldBy = holder;
      },
      onWait: ({ text }) => {
        out.say(`waiting: ${text.message} (${text.got ?? ""})`);
      },
    },
    { database, store: new Store(access), raw },
  );
  report(mapping.name, result, context);
  return result;
}

/** Files that were looked at, by mapping: a change is told once. */
const told = new Set<string>();

/** @throws UserError `mapping.changed` where a file says another plan by now, and the stream is not to go on with the old one. */
async function checkMapping(mapping: Mapping, plan: Plan, keepsPlan: boolean, context: CliContext): Promise<void> {
  const now = (await openRegistry(context.settings.values)).named(mapping.name);
  const fingerprint = now === null ? null : compilePlan(now, { strict: plan.strict }).fingerprint;
  if (fingerprint === plan.fingerprint) return;
  const what =
    fingerprint === null ? `the mapping ${mapping.name} is gone` : `the mapping ${mapping.name} was changed while its stream was at work`;
  if (!keepsPlan)
    throw new UserError({
      code: "mapping.changed",
      message: what,
      next: "see mlb-etl schema plan; then start the stream again, or go on with the plan that it began with: --on-mapping-change keep",
    });
  if (told.has(mapping.name)) return;
  told.add(mapping.name);
  context.out.say(`warning: ${what}: going on with the plan that it began with`);
}

function report(mapping: string, { runId, record, exit, captures }: StreamResult, { out, settings }: CliContext): void {
  const count = (column: string): number => Number(record.run[column]);
  const documents = Object.fromEntries(["selected", "applied", "unchanged", "stale", "quarantined"].map((name) => [name, count(name)]));
  out.data({
    schema_version: 1,
    mapping,
    run_id: runId,
    mode: "streaming",
    store: settings.values.store,
    captures,
    documents,
    bad_values: count("bad_values"),
    exit,
  });
  out.text(`${mapping}  run ${runId}  ${counted(captures, "capture")} taken`);
  out.text(
    `documents: ${Object.entries(documents)
      .map(([name, value]) => `${String(value)} ${name}`)
      .join(", ")}`,
  );
  if (record.inQuarantine > 0) out.say(`${counted(record.inQuarantine, "state")} of documents in quarantine (mlb-etl quarantine list)`);
}
