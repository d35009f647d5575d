import { EXIT, UserError } from "../../core/errors.ts";
import { type IngestResult, ingestRecordings } from "../../pipeline/ingest.ts";
import type { DocumentFilter } from "../../pipeline/selection.ts";
import type { TransformResult } from "../../pipeline/transform.ts";
import { compilePlan } from "../../plan/compile-plan.ts";
import type { Plan } from "../../plan/plan.ts";
import { BodyChecker } from "../../raw/body.ts";
import { type ResolvedSettings, defaultStore, storeFile } from "../../config/settings.ts";
import { parseGivenTime, type RecordingFile } from "../../statsapi/recording.ts";
import { readStubs } from "../../statsapi/stub-files.ts";
import type { CliContext } from "../context.ts";
import { counted } from "../counted.ts";
import { describeFailures } from "../describe-ingest.ts";
import { type DocumentFlags, readFilter, sayMissing } from "../document-filter.ts";
import { mappingsOf, openCatalogue, openDatabase, openOverlayRaw, openRaw, openRegistry, openStore, requireCaptures } from "../platform.ts";
import { Store } from "../../store/store.ts";
import { type StreamFlags, runStreams } from "./transform-stream.ts";
import { runMapping, worseExit } from "../run-mapping.ts";

export interface TransformFlags extends DocumentFlags, StreamFlags {
  readonly endpoint: string;
  readonly method: string;
  readonly mode: string;
  readonly stubMode?: string;
  readonly capturedAt?: string;
  readonly save?: boolean;
  readonly strict?: boolean;
}

export async function runTransform(flags: TransformFlags, context: CliContext): Promise<number> {
  const { out, settings } = context;
  refuseWhatIsNotThere(flags);
  const catalogue = await openCatalogue(settings.values);
  const method = catalogue.get(flags.endpoint, flags.method);
  const mappings = mappingsOf(await openRegistry(settings.values), method.endpoint, method.name);
  const plans = mappings.map((mapping) => compilePlan(mapping, { strict: flags.strict ?? false }));
  const filter = readFilter(flags, mappings);
  if (filter.asOf !== null) requireOwnStore(context.settings);
  const saved = flags.save === true;
  const started = performance.now();
  await using raw = await (saved ? openRaw(context) : openOverlayRaw(context));
  let ingested: IngestResult | null = null;
  if (flags.stubMode === "replay") {
    const stubs = readStubs(method, catalogue, {
      folder: settings.values.stubDir,
      capturedAt: flags.capturedAt === undefined ? null : parseGivenTime(flags.capturedAt),
    });
    ingested = await ingestRecordings(onlyAsked(stubs, filter), {
      raw,
      checker: new BodyChecker({ maxBytes: settings.values.maxBodyMb * 1024 * 1024 }),
      plans,
      signal: context.signal,
      onProgress: (files) => {
        out.progress(`ingest: ${String(files)} recordings`);
      },
    });
    describeFailures(ingested, out);
    if (settings.sources.stubDir === "default")
      out.say("note: the bundled recordings are simulated, no content of MLB (--stub-dir names others)");
    if (ingested.files === 0) throw noRecording(flags, settings.values.stubDir);
  }
  if (flags.mode === "streaming") return worseExit(ingested?.exit ?? EXIT.done, await runStreams(mappings, flags, raw, context));
  await requireCaptures(raw, method.endpoint, method.name, settings.values);
  await using database = await openDatabase(settings.values);
  await using access = await openStore(context, { isDryRun: !saved });
  const store = new Store(access);
  let exit: number = ingested?.exit ?? EXIT.done;
  for (const [at, mapping] of mappings.entries()) {
    const plan = plans[at];
    if (plan === undefined) continue;
    const failedCaptures = ingested === null ? 0 : ingested.failed.length;
    const result = await runMapping(mapping, plan, { filter, failedCaptures }, { database, store, raw }, context);
    exit = worseExit(exit, result.exit);
    report(
      result,
      plan,
      {
        mode: "batch",
        saved,
        endpoint: method.endpoint,
        method: method.name,
        store: settings.values.store,
        seconds: result.seconds,
        asOf: filter.asOf,
        exit: worseExit(ingested?.exit ?? EXIT.done, result.exit),
      },
      context,
    );
  }
  if (!out.json)
    out.say(
      `${saved ? "" : "nothing was written (--save writes); "}${((performance.now() - started) / 1000).toFixed(1)} s, exit ${String(exit)}`,
    );
  return exit;
}

function refuseWhatIsNotThere(flags: TransformFlags): void {
  if (flags.mode !== "batch" && flags.mode !== "streaming") {
    throw new UserError({
      code: "usage.mode",
      message: "--mode is not known",
      expected: "batch or streaming",
      got: flags.mode,
      next: "--mode batch is the default",
    });
  }
  if (flags.mode === "streaming") refuseOfBatch(flags);
  if (flags.stubMode !== undefined && flags.stubMode !== "replay") {
    const known = ["capture", "passthrough"].includes(flags.stubMode);
    throw new UserError({
      code: "usage.stub-mode",
      message: known ? `the stub mode ${flags.stubMode} calls the API, which is not part of this version` : "--stub-mode is not known",
      expected: "replay",
      got: flags.stubMode,
      next: "use --stub-mode replay, or ingest files: mlb-etl ingest --help",
    });
  }
  if (flags.stubMode === undefined && flags.capturedAt !== undefined) {
    throw new UserError({
      code: "usage.captured-at",
      message: "--captured-at is about recordings",
      next: "use it with --stub-mode replay, or with mlb-etl ingest",
    });
  }
}

/** A stream takes what comes, and writes it. */
function refuseOfBatch(flags: TransformFlags): void {
  const given = (["asOf", "gamePks", "documents", "startDate", "endDate"] as const).filter((name) => flags[name] !== undefined);
  if (given.length > 0)
    throw new UserError({
      code: "usage.streaming",
      message: "a stream takes all captures as they come: filters are for --mode batch",
      got: given.map((name) => `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`).join(", "),
      next: "leave them out, or use --mode batch",
    });
  if (flags.save !== true)
    throw new UserError({
      code: "usage.streaming-save",
      message: "a stream is no dry run: it writes",
      expected: "--save",
      next: "say --save; mlb-etl verify parity tries without writing",
    });
}

/**
 * Tables as of a time never get among those that are kept up to date: their store is named with the command.
 * @throws UserError `usage.as-of-store`.
 */
function requireOwnStore({ values, sources, urls }: ResolvedSettings): void {
  const isOwn = urls.store !== null || storeFile(values) !== storeFile({ store: defaultStore(values.home) });
  if (sources.store === "flag" && isOwn) return;
  throw new UserError({
    code: "usage.as-of-store",
    message: "--as-of makes tables of the past, which need a store of their own",
    expected: "--store duckdb:FILE with a file that is not the home's own store",
    got: sources.store === "flag" ? values.store : "no --store",
    next: "for example --store duckdb:then.duckdb; ask it with mlb-etl sql --store duckdb:then.duckdb …; where the captures are in a server, say --raw postgresql://… too",
  });
}

function noRecording(flags: TransformFlags, folder: string): UserError {
  return new UserError(
    {
      code: "stubs.none",
      message: `${folder} has no recording of ${flags.endpoint}.${flags.method}${flags.gamePks === undefined ? "" : ` for ${flags.gamePks}`}`,
      next: "name another folder with --stub-dir, or leave --stub-mode away to transform what raw has",
    },
    EXIT.sourceUnreachable,
  );
}

/** Of the recordings, those that were asked with the wanted values; a request that does not name a column may hold any. */
async function* onlyAsked(files: AsyncIterable<RecordingFile>, filter: DocumentFilter): AsyncGenerator<RecordingFile> {
  for await (const file of files) {
    const isOther =
      file.ok &&
      Object.entries(filter.documents).some(([column, values]) => {
        const asked = file.recording.parameters[column];
        return asked !== undefined && !values.includes(asked);
      });
    if (!isOther) yield file;
  }
}

interface ReportFrame {
  readonly asOf: string | null;
  readonly mode: string;
  readonly saved: boolean;
  readonly endpoint: string;
  readonly method: string;
  readonly store: string;
  readonly seconds: number;
  readonly exit: number;
}

function report(result: TransformResult, plan: Plan, frame: ReportFrame, { out }: CliContext): void {
  const { run, targets } = result.record;
  const count = (column: string): number => Number(run[column]);
  const documents = {
    selected: count("selected"),
    applied: count("applied"),
    unchanged: count("unchanged"),
    stale: count("stale"),
    quarantined: count("quarantined"),
  };
  const rows = targets.map((target) => ({
    name: target["target"],
    rows_in: Number(target["rows_in"]),
    inserted: Number(target["inserted"]),
    updated: Number(target["updated"]),
    unchanged: Number(target["unchanged"]),
    deleted: Number(target["deleted"]),
    stale: Number(target["stale"]),
    quarantined: Number(target["quarantined"]),
  }));
  out.data({
    schema_version: 1,
    run_id: result.runId,
    mode: frame.mode,
    endpoint: frame.endpoint,
    method: frame.method,
    engine: "duckdb",
    store: frame.store,
    as_of: frame.asOf,
    saved: frame.saved,
    documents,
    targets: rows,
    bad_values: count("bad_values"),
    seconds: Math.round(frame.seconds * 1000) / 1000,
    exit: frame.exit,
  });
  out.text(`${plan.mapping}  run ${result.runId}${frame.asOf === null ? "" : `  as of ${frame.asOf}`}${frame.saved ? "" : "  (dry run)"}`);
  out.text(
    `documents: ${Object.entries(documents)
      .map(([name, value]) => `${String(value)} ${name}`)
      .join(", ")}`,
  );
  const tried = documents.applied + documents.quarantined + documents.stale;
  if (tried > 0) out.table(rows);
  else if (documents.selected > 0) out.text("nothing changed: every document is as it was");
  else if (result.left === 0) out.text(frame.asOf === null ? "no document matches" : "no document that was known then matches");
  if (result.left > 0)
    out.say(`stopped after ${String(tried)} of ${counted(tried + result.left, "document")}: the same command goes on with the others`);
  sayMissing(result, frame.asOf, out);
  if (count("bad_values") > 0) {
    const values = counted(count("bad_values"), "value");
    out.say(`warning: ${values} of another kind than the column: NULL in the row, kept with path and text (mlb-etl bad-values list)`);
  }
  if (count("warnings") > 0) {
    const places = counted(count("warnings"), "place");
    out.say(
      `warning: rules of severity warn do not hold in ${places} (mlb-etl sql "SELECT rule, count(*) FROM mlb.warnings GROUP BY rule")`,
    );
  }
  const { inQuarantine } = result.record;
  if (count("failed_states") > 0) out.say(`${counted(count("failed_states"), "state")} of documents failed`);
  if (inQuarantine > 0 && frame.saved)
    out.say(`${counted(inQuarantine, "state")} of documents in quarantine, now or from earlier runs (mlb-etl quarantine list)`);
}
