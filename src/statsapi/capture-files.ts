import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { glob } from "tinyglobby";
import { UserError } from "../core/errors.ts";
import { isFileError } from "../core/file-error.ts";
import type { ApiMethod, Catalogue } from "./catalogue.ts";
import { effectiveParameters } from "./effective-parameters.ts";
import { readEnvelope } from "./envelope.ts";
import { DEFAULT_FILE_LIMITS, readJsonFile } from "./json-file.ts";
import type { FileLimits } from "./json-file.ts";
import { givenAt, recordingOf } from "./recording-of.ts";
import type { GivenTime, RecordingFile } from "./recording.ts";

export interface CaptureFileOptions {
  /** Globs, or names of files taken literally where such a file exists. */
  readonly patterns: readonly string[];
  /** What relative patterns start from. */
  readonly folder: string;
  /** What bare bodies were asked with; an envelope says it itself. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly capturedAt: GivenTime | null;
  readonly limits?: FileLimits;
}

/**
 * Reads files with bare bodies or envelopes, `.json` or gzip, one at a time, in order of their names.
 * An envelope of another method is refused. A bare body is taken as it is, whatever is in it: raw judges bodies.
 * @throws UserError `files.none` where nothing matches · `parameters.unknown`.
 */
export async function* readCaptureFiles(
  method: ApiMethod,
  catalogue: Catalogue,
  options: CaptureFileOptions,
): AsyncGenerator<RecordingFile, void, undefined> {
  const parameters = effectiveParameters(method, options.parameters, { unknown: "refuse" });
  const files = await findFiles(options.patterns, options.folder);
  if (files.length === 0) {
    throw new UserError({
      code: "files.none",
      message: "no file matches",
      got: options.patterns.join(" "),
      next: "quote the pattern, so that the shell does not expand it: --from-files 'captures/*.json.gz'",
    });
  }
  for (const file of files) yield await readCaptureFile(file, method, catalogue, parameters, options);
}

async function readCaptureFile(
  file: string,
  method: ApiMethod,
  catalogue: Catalogue,
  parameters: Readonly<Record<string, string>>,
  options: CaptureFileOptions,
): Promise<RecordingFile> {
  const content = await readJsonFile(file, options.limits ?? DEFAULT_FILE_LIMITS);
  if (!content.ok) return content;
  const reading = readEnvelope(content.bytes, catalogue);
  switch (reading.kind) {
    case "bad":
      return { ok: false, refused: { ...reading.text, file, message: `${file}: ${reading.text.message}` } };
    case "bare": {
      const { endpoint, name } = method;
      const times = { recordedAt: null, givenAt: givenAt(options.capturedAt, content.changedAt) };
      return { ok: true, recording: { file, endpoint, method: name, parameters, url: null, status: null, body: content.bytes, ...times } };
    }
    case "envelope": {
      const { endpoint, method: name } = reading.envelope;
      if (endpoint !== method.endpoint || name !== method.name) {
        const message = `${file}: a recording of ${endpoint}.${name}`;
        return {
          ok: false,
          refused: {
            file,
            code: "files.other-method",
            message,
            expected: `one of ${method.endpoint}.${method.name}`,
            next: `--endpoint ${endpoint} --method ${name}`,
          },
        };
      }
      return { ok: true, recording: recordingOf(file, content.bytes, content.changedAt, reading.envelope, options.capturedAt) };
    }
  }
}

/** Absolute, sorted, each once. */
async function findFiles(patterns: readonly string[], folder: string): Promise<string[]> {
  const found = new Set<string>();
  for (const pattern of patterns) {
    const literal = resolve(folder, pattern);
    if (await isFile(literal)) found.add(literal);
    else
      for (const file of await glob([pattern], { cwd: folder, absolute: true, onlyFiles: true, expandDirectories: false }))
        found.add(resolve(file));
  }
  return [...found].toSorted();
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (isFileError(error, "ENOENT") || isFileError(error, "ENOTDIR") || isFileError(error, "ENAMETOOLONG")) return false;
    throw error;
  }
}
