import { EXIT, type ExitCode, UserError } from "../core/errors.ts";
import type { Plan } from "../plan/plan.ts";
import { levelOf } from "../plan/references.ts";
import { appendCaptures } from "../raw/append-captures.ts";
import type { BodyChecker } from "../raw/body.ts";
import type { CheckedCapture } from "../raw/capture.ts";
import { checkCapture } from "../raw/check-capture.ts";
import type { AppendResult, RawStore } from "../raw/raw-store.ts";
import { type Recording, type RecordingFile, type RefusedFile, capturedAtOf } from "../statsapi/recording.ts";
import { type IndexedDocument, indexDocuments } from "./index-document.ts";
import { openIndex } from "./open-index.ts";

export interface IngestResult {
  readonly files: number;
  readonly stored: number;
  /** (request, captured_at, content) was there before. */
  readonly duplicates: number;
  /** Kept, with the reason why it is no document. */
  readonly failed: readonly { readonly file: string; readonly capture: AppendResult["capture"] }[];
  /** Not taken at all. */
  readonly refused: readonly RefusedFile[];
  readonly bytes: number;
  readonly exit: ExitCode;
}

export interface IngestDeps {
  readonly raw: RawStore;
  readonly checker: BodyChecker;
  /** The mappings of the method that is ingested: their document indexes are filled on the way. */
  readonly plans: readonly Plan[];
  readonly onProgress?: (files: number) => void;
  readonly signal?: AbortSignal;
}

/** Stores recordings as captures: settles what each body is, hashes it, takes its shape, appends it, indexes its documents. */
export async function ingestRecordings(files: AsyncIterable<RecordingFile>, deps: IngestDeps): Promise<IngestResult> {
  const indexes = deps.plans.map((plan) => openIndex(plan, deps.raw));
  for (const index of indexes) await index.prepare();
  for (const index of indexes) await index.catchUp();
  const refused: RefusedFile[] = [];
  const pending: { readonly file: string; readonly documents: readonly (readonly IndexedDocument[])[] }[] = [];
  let seen = 0;
  let bytes = 0;
  async function* checked(): AsyncGenerator<CheckedCapture> {
    for await (const read of files) {
      if (deps.signal?.aborted === true) return;
      seen++;
      if (!read.ok) {
        refused.push(read.refused);
        continue;
      }
      const capture = settle(read.recording, deps, refused);
      if (capture === null) continue;
      bytes += capture.checked.body.length;
      pending.push({
        file: read.recording.file,
        documents: deps.plans.map((plan) => (capture.value === null ? [] : indexDocuments(plan, capture.checked, capture.value))),
      });
      yield capture.checked;
    }
  }
  const failed: { file: string; capture: AppendResult["capture"] }[] = [];
  let stored = 0;
  let duplicates = 0;
  for await (const results of appendCaptures(deps.raw, checked())) {
    const batch = results.map((result) => ({ result, from: pending.shift() }));
    const fresh = batch.filter(({ result }) => result.outcome === "stored");
    stored += fresh.length;
    duplicates += results.length - fresh.length;
    for (const { result, from } of batch)
      if (result.capture.failure !== null) failed.push({ file: from?.file ?? "", capture: result.capture });
    for (const [at, index] of indexes.entries()) {
      await index.add(fresh.map(({ result, from }) => ({ capture: result.capture, documents: from?.documents[at] ?? [] })));
    }
    deps.onProgress?.(seen);
  }
  const exit = deps.signal?.aborted === true ? EXIT.interrupted : failed.length > 0 || refused.length > 0 ? EXIT.someFailed : EXIT.done;
  return { files: seen, stored, duplicates, failed, refused, bytes, exit };
}

/** Null where nothing says when it was captured: the file is refused. */
function settle(
  recording: Recording,
  deps: IngestDeps,
  refused: RefusedFile[],
): { readonly checked: CheckedCapture; readonly value: object | null } | null {
  try {
    return checkCapture({ ...recording, kind: "answer" }, deps.checker, (value) => timeOf(recording, deps.plans, value));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    refused.push({ ...error.text, file: recording.file });
    return null;
  }
}

/** @throws UserError `capture.no-body` where it is the body that stands in the way, `captured-at.missing`. */
function timeOf(recording: Recording, plans: readonly Plan[], value: object | null): string {
  try {
    return capturedAtOf(recording, versionOf(plans, value));
  } catch (error) {
    if (value !== null || !(error instanceof UserError)) throw error;
    throw new UserError({
      code: "capture.no-body",
      message: `${recording.file}: the content is no JSON answer`,
      expected: "a JSON object or array, or an envelope around one",
      next: "name other files; to keep this one as a failed capture, say when it was captured: --captured-at TIME",
    });
  }
}

/** The version that the first mapping with one reads in a body. */
function versionOf(plans: readonly Plan[], body: unknown): string | null {
  for (const plan of plans) {
    if (plan.source.version === null || plan.documentLevels.length > 0) continue;
    const { reference } = plan.source.version;
    if (levelOf(reference, 0, 0) !== 0) continue;
    let value: unknown = body;
    for (const key of reference.keys)
      value =
        typeof value === "object" && value !== null && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
    if (typeof value === "string") return value;
  }
  return null;
}
