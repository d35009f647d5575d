import { UserError } from "../core/errors.ts";
import { ingestRecordings } from "../pipeline/ingest.ts";
import { compilePlan } from "../plan/compile-plan.ts";
import { BodyChecker } from "../raw/body.ts";
import type { StubEnvelope } from "../simulate/simulated-stub.ts";
import { stubPath } from "../simulate/simulated-stub.ts";
import type { Catalogue } from "../statsapi/catalogue.ts";
import { readEnvelope } from "../statsapi/envelope.ts";
import { recordingOf } from "../statsapi/recording-of.ts";
import type { RecordingFile } from "../statsapi/recording.ts";
import type { CliContext } from "./context.ts";
import { describeFailures } from "./describe-ingest.ts";
import { openCatalogue, openRaw, openRegistry } from "./platform.ts";

export type MethodNames = Pick<StubEnvelope, "endpoint" | "method">;

/** What became of simulated answers that were stored as captures. */
export interface StoredAnswers {
  /** Of the bodies. */
  readonly bytes: number;
  /** Captures that were there before. */
  readonly duplicates: number;
  readonly failed: number;
}

/** Whether stubs are written. @throws UserError `usage.to`, `simulate.bundled-stubs`. */
export function isToStubs(to: string, { settings }: CliContext): boolean {
  if (to !== "stubs" && to !== "captures")
    throw new UserError({ code: "usage.to", message: "--to is not known", expected: "stubs or captures", got: JSON.stringify(to) });
  if (to === "stubs" && settings.sources.stubDir === "default")
    throw new UserError({
      code: "simulate.bundled-stubs",
      message: "the bundled recordings are not written over",
      expected: "--stub-dir (MLB_STUB_DIR): the folder that is to have the recordings; it is made where it is not there",
      next: "for example --to stubs --stub-dir my-season; then: mlb-etl transform … --stub-mode replay --stub-dir my-season",
    });
  return to === "stubs";
}

/** Gives a function that stores answers of one method as captures of the home, one at a time as they come. */
export async function stubIngester(
  context: CliContext,
): Promise<(of: MethodNames, stubs: Iterable<StubEnvelope>) => Promise<StoredAnswers>> {
  const { settings, signal, out } = context;
  const catalogue = await openCatalogue(settings.values);
  const registry = await openRegistry(settings.values);
  const raw = await openRaw(context);
  async function* recordings(stubs: Iterable<StubEnvelope>): AsyncGenerator<RecordingFile> {
    for (const stub of stubs) yield await Promise.resolve(asRecording(stub, catalogue));
  }
  return async (of, stubs) => {
    const method = catalogue.get(of.endpoint, of.method);
    const plans = registry.find(method.endpoint, method.name).map((mapping) => compilePlan(mapping));
    const checker = new BodyChecker({ maxBytes: settings.values.maxBodyMb * 1024 * 1024 });
    const result = await ingestRecordings(recordings(stubs), { raw, checker, plans, signal });
    describeFailures(result, out);
    return { bytes: result.bytes, duplicates: result.duplicates, failed: result.failed.length + result.refused.length };
  };
}

/** The way of a file, without the file: what is stored is what a stub of the same answer would bring. */
export function asRecording(stub: StubEnvelope, catalogue: Catalogue): RecordingFile {
  const bytes = Buffer.from(JSON.stringify(stub));
  const reading = readEnvelope(bytes, catalogue);
  const file = stubPath(stub);
  if (reading.kind !== "envelope") throw new RangeError(`${file} is no recording`);
  return { ok: true, recording: recordingOf(file, bytes, new Date(0), reading.envelope, null) };
}
