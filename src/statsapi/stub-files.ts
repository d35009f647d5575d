import { readdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../core/errors.ts";
import { isFileError } from "../core/file-error.ts";
import type { ApiMethod, Catalogue } from "./catalogue.ts";
import { readEnvelope } from "./envelope.ts";
import { DEFAULT_FILE_LIMITS, isInside, readJsonFile, readJsonFileStart } from "./json-file.ts";
import type { FileLimits } from "./json-file.ts";
import { recordingOf } from "./recording-of.ts";
import type { GivenTime, RecordingFile, RefusedFile } from "./recording.ts";

export interface StubOptions {
  /** The stub directory, in the layout of pymlb_statsapi: `{endpoint}/{method}/{anything}.json[.gz]`. */
  readonly folder: string;
  /** For stubs that do not say when they were recorded; null where the user said nothing. */
  readonly capturedAt: GivenTime | null;
  /** Only stubs with exactly these effective parameters; undefined is all. */
  readonly parameters?: Readonly<Record<string, string>>;
  readonly limits?: FileLimits;
}

/** Enough for what recorders write before the answer. */
const START_BYTES = 4096;

/**
 * Reads the stubs of one method, one file at a time, in order of their names. A stub is found by the parameters in its envelope; its file name says nothing.
 * Files that are no stubs of the method, or that a link leads out of the folder to, are given back as refused.
 * @throws UserError `stubs.no-folder`.
 */
export async function* readStubs(
  method: ApiMethod,
  catalogue: Catalogue,
  options: StubOptions,
): AsyncGenerator<RecordingFile, void, undefined> {
  const root = await rootOf(options.folder);
  for (const file of await stubFiles(root, method)) {
    if (!(await isInsideSafely(root, file))) {
      yield refuse(file, "stub.outside-folder", "a link leads out of the stub folder");
      continue;
    }
    if (options.parameters !== undefined && (await isOther(file, method, catalogue, options.parameters))) continue;
    const read = await readStub(file, method, catalogue, options);
    if (read.ok && options.parameters !== undefined && !isSame(read.recording.parameters, options.parameters)) continue;
    yield read;
  }
}

async function readStub(file: string, method: ApiMethod, catalogue: Catalogue, options: StubOptions): Promise<RecordingFile> {
  const content = await readJsonFile(file, options.limits ?? DEFAULT_FILE_LIMITS);
  if (!content.ok) return content;
  const reading = readEnvelope(content.bytes, catalogue);
  switch (reading.kind) {
    case "bad":
      return { ok: false, refused: { ...reading.text, file, message: `${file}: ${reading.text.message}` } };
    case "bare":
      return refuse(file, "stub.no-envelope", "no recording", "an object with endpoint, method, path_params, query_params and response");
    case "envelope":
      if (reading.envelope.endpoint !== method.endpoint || reading.envelope.method !== method.name) {
        return refuse(
          file,
          "stub.misplaced",
          `a recording of ${reading.envelope.endpoint}.${reading.envelope.method}`,
          `one of ${method.endpoint}.${method.name}`,
        );
      }
      return { ok: true, recording: recordingOf(file, content.bytes, content.changedAt, reading.envelope, options.capturedAt) };
  }
}

/** Whether the start of a file shows that it is a good stub with other parameters, so that the whole need not be read. */
async function isOther(
  file: string,
  method: ApiMethod,
  catalogue: Catalogue,
  parameters: Readonly<Record<string, string>>,
): Promise<boolean> {
  const start = await readJsonFileStart(file, START_BYTES);
  const reading = readEnvelope(start, catalogue, true);
  if (reading.kind !== "envelope") return false;
  const { envelope } = reading;
  return envelope.endpoint === method.endpoint && envelope.method === method.name && !isSame(envelope.parameters, parameters);
}

function isSame(left: Readonly<Record<string, string>>, right: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(left);
  return names.length === Object.keys(right).length && names.every((name) => Object.hasOwn(right, name) && left[name] === right[name]);
}

/** The files of the method's folders, under either of its names. */
async function stubFiles(root: string, method: ApiMethod): Promise<string[]> {
  const files: string[] = [];
  for (const name of new Set([method.upstreamName, method.name])) {
    const folder = join(root, method.endpoint, name);
    try {
      for (const file of (await readdir(folder)).toSorted()) if (/\.json(?:\.gz)?$/.test(file)) files.push(join(folder, file));
    } catch (error) {
      if (!isFileError(error, "ENOENT") && !isFileError(error, "ENOTDIR")) throw error;
    }
  }
  return files;
}

async function rootOf(folder: string): Promise<string> {
  try {
    return await realpath(folder);
  } catch (cause) {
    throw new UserError({
      code: "stubs.no-folder",
      message: `${folder} is no stub folder`,
      expected: "a folder of recordings: {endpoint}/{method}/….json.gz",
      next: "name it with --stub-dir or MLB_STUB_DIR",
      cause,
    });
  }
}

async function isInsideSafely(root: string, file: string): Promise<boolean> {
  try {
    return await isInside(root, file);
  } catch (error) {
    // A link to nowhere.
    if (isFileError(error, "ENOENT") || isFileError(error, "ELOOP")) return false;
    throw error;
  }
}

function refuse(file: string, code: string, message: string, expected?: string): { readonly ok: false; readonly refused: RefusedFile } {
  return { ok: false, refused: { file, code, message: `${file}: ${message}`, ...(expected === undefined ? {} : { expected }) } };
}
