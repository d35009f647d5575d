import { EXIT, UserError } from "../../core/errors.ts";
import { ingestRecordings } from "../../pipeline/ingest.ts";
import { compilePlan } from "../../plan/compile-plan.ts";
import { BodyChecker } from "../../raw/body.ts";
import { readCaptureFiles } from "../../statsapi/capture-files.ts";
import { parseGivenTime } from "../../statsapi/recording.ts";
import type { CliContext } from "../context.ts";
import { counted } from "../counted.ts";
import { describeFailures } from "../describe-ingest.ts";
import { openCatalogue, openRaw, openRegistry } from "../platform.ts";

export interface IngestFlags {
  readonly endpoint: string;
  readonly method: string;
  readonly fromFiles: readonly string[];
  readonly capturedAt?: string;
  readonly parameter?: readonly string[];
}

export async function runIngest(flags: IngestFlags, context: CliContext): Promise<number> {
  const { out, settings } = context;
  const catalogue = await openCatalogue(settings.values);
  const method = catalogue.get(flags.endpoint, flags.method);
  const plans = (await openRegistry(settings.values)).find(method.endpoint, method.name).map((mapping) => compilePlan(mapping));
  await using raw = await openRaw(context);
  const started = performance.now();
  const files = readCaptureFiles(method, catalogue, {
    patterns: flags.fromFiles,
    folder: ".",
    parameters: readParameters(flags.parameter ?? []),
    capturedAt: flags.capturedAt === undefined ? null : parseGivenTime(flags.capturedAt),
  });
  const result = await ingestRecordings(files, {
    raw,
    checker: new BodyChecker({ maxBytes: settings.values.maxBodyMb * 1024 * 1024 }),
    plans,
    signal: context.signal,
    onProgress: (done) => {
      out.progress(`ingest: ${String(done)} files, ${(done / ((performance.now() - started) / 1000)).toFixed(1)}/s`);
    },
  });
  describeFailures(result, out);
  const counts = {
    files: result.files,
    stored: result.stored,
    duplicates: result.duplicates,
    failed: result.failed.length,
    refused: result.refused.length,
    bytes: result.bytes,
  };
  out.data({
    schema_version: 1,
    endpoint: method.endpoint,
    method: method.name,
    ...counts,
    failures: result.failed.map(({ file, capture }) => ({ file, capture: capture.id, ...capture.failure })),
    refusals: result.refused,
    exit: result.exit,
  });
  out.text(
    `${method.endpoint}.${method.name}: ${counted(counts.files, "file")}, ${counted(counts.stored, "capture")} stored${counts.failed > 0 ? ` (${String(counts.failed)} of all failed: kept, but no documents)` : ""}, ${String(counts.duplicates)} there before, ${String(counts.refused)} refused, ${(counts.bytes / 1e6).toFixed(1)} MB`,
  );
  if (result.exit === EXIT.interrupted)
    out.say(`stopped after ${counted(counts.files, "file")}: the same command goes on, and stores nothing twice`);
  return result.exit;
}

function readParameters(texts: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf("=");
      if (at < 1) throw new UserError({ code: "usage.parameter", message: "--parameter is name=value", got: JSON.stringify(text) });
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}
