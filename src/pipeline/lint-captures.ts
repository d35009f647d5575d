import { parseInstant } from "../core/instant.ts";
import type { Plan } from "../plan/plan.ts";
import type { BodyChecker } from "../raw/body.ts";
import type { Capture } from "../raw/capture.ts";
import type { RawStore } from "../raw/raw-store.ts";
import { type PathType, decodeShape, shapePairs } from "../raw/shape.ts";
import type { Recording, RecordingFile } from "../statsapi/recording.ts";
import { rawTableOf } from "./document-index.ts";
import { indexDocuments } from "./index-document.ts";
import { holdsFilter } from "./source-filter.ts";

/** A capture that a mapping is scored against. */
export interface LintCapture {
  readonly kind: "capture";
  /** What to call it: its file, or its id in raw. */
  readonly name: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly capturedAt: string;
  readonly body: Buffer;
  readonly value: object;
  /** The shape of the body. */
  readonly pairs: readonly PathType[];
}

export type LintInput =
  | LintCapture
  /** A file that is no capture, or one whose body is no document. */
  | { readonly kind: "refused"; readonly message: string }
  /** A capture that the mapping does not take. */
  | { readonly kind: "skipped" };

/** Stands where nothing says when a file was captured: nothing of a lint is kept. */
const UNKNOWN_TIME = "1970-01-01T00:00:00.000000Z";

/** Captures out of files. Nothing is stored, so that the time of a bare body may be unknown. */
export async function* lintCapturesOfFiles(
  files: AsyncIterable<RecordingFile>,
  plan: Plan,
  checker: BodyChecker,
): AsyncGenerator<LintInput> {
  for await (const read of files) {
    if (!read.ok) {
      yield { kind: "refused", message: read.refused.message };
      continue;
    }
    const { recording } = read;
    const { file: name, parameters, body } = recording;
    if (!isTaken(plan, parameters)) {
      yield { kind: "skipped" };
      continue;
    }
    const verdict = checker.check(body);
    if (!verdict.ok) yield { kind: "refused", message: `${name}: ${verdict.failure.message}` };
    else
      yield {
        kind: "capture",
        name,
        parameters,
        capturedAt: timeOf(recording, plan, verdict.value),
        body,
        value: verdict.value,
        pairs: shapePairs(verdict.shape),
      };
  }
}

/** The captures of raw that a plan takes, as many as there are now. Failed ones are no documents and are left out. */
export async function* lintCapturesOfRaw(raw: RawStore, plan: Plan): AsyncGenerator<LintInput> {
  const table = rawTableOf(plan);
  // The dictionary is read after the last capture that refers to it.
  const lastId = await raw.lastId(table);
  const dictionary = await raw.dictionary(table);
  for await (const { capture, body } of raw.readBodies(takenCaptures(raw, plan, lastId))) {
    const { id, parameters, capturedAt, shape } = capture;
    const pairs = shape === null ? [] : dictionary.pairsOf(decodeShape(shape));
    yield {
      kind: "capture",
      name: `capture ${String(id)}`,
      parameters,
      capturedAt,
      body,
      value: JSON.parse(body.toString("utf8")) as object,
      pairs,
    };
  }
}

async function* takenCaptures(raw: RawStore, plan: Plan, lastId: number): AsyncGenerator<Capture> {
  for await (const capture of raw.captures(rawTableOf(plan))) {
    if (capture.id > lastId) return;
    if (capture.failure === null && isTaken(plan, capture.parameters)) yield capture;
  }
}

function isTaken(plan: Plan, parameters: Readonly<Record<string, string>>): boolean {
  return plan.source.filter === null || holdsFilter(plan.source.filter, parameters);
}

/** As ingest settles it: the envelope's, else the version where that is a time, else what the user says. */
function timeOf(recording: Recording, plan: Plan, value: object): string {
  if (recording.recordedAt !== null) return recording.recordedAt;
  const version = indexDocuments(plan, { capturedAt: UNKNOWN_TIME, parameters: recording.parameters }, value)[0]?.version ?? null;
  return (version === null ? null : parseInstant(version)) ?? recording.givenAt ?? UNKNOWN_TIME;
}
