import { UserError } from "../core/errors.ts";
import type { ErrorText } from "../core/errors.ts";
import { parseInstant } from "../core/instant.ts";

/** One recorded API answer, read from a file. */
export interface Recording {
  readonly file: string;
  /** Names of the catalogue. */
  readonly endpoint: string;
  readonly method: string;
  /** Effective. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly url: string | null;
  readonly status: number | null;
  /** Exactly the bytes that stand in the file. */
  readonly body: Buffer;
  /** When it was captured, as its envelope says, canonical; null where it says nothing. */
  readonly recordedAt: string | null;
  /** The same as the user says (`--captured-at`), canonical; null where he says nothing. */
  readonly givenAt: string | null;
}

/** A file that was not taken, and why. */
export interface RefusedFile extends ErrorText {
  readonly file: string;
}

export type RecordingFile = { readonly ok: true; readonly recording: Recording } | { readonly ok: false; readonly refused: RefusedFile };

/** What `--captured-at` says: a canonical instant for all files, or `file` for the time that each file was last changed. */
export type GivenTime = { readonly kind: "instant"; readonly at: string } | { readonly kind: "file" };

/** Reads `--captured-at`. @throws UserError `captured-at.bad`. */
export function parseGivenTime(text: string): GivenTime {
  if (text === "file") return { kind: "file" };
  const at = parseInstant(text);
  if (at !== null) return { kind: "instant", at };
  throw new UserError({
    code: "captured-at.bad",
    message: "--captured-at is no time",
    expected: 'a time with its zone, like 2024-07-13T04:19:09Z, or YYYYMMDD_HHMMSS (UTC), or "file" for the time of each file',
    got: JSON.stringify(text.slice(0, 200)),
    // Of two captures of one day it says not which is newer: a day is no time of a capture unless somebody says so.
    ...(parseInstant(`${text}T00:00:00Z`) === null
      ? {}
      : { next: `where only the day is known, say when in it: --captured-at ${text}T00:00:00Z` }),
  });
}

/**
 * When a recording was captured: what its envelope says, else the version in its body where that is a time, else what the user says.
 * @throws UserError `captured-at.missing` where nothing says it: the file is refused, for every later guard rests on this.
 */
export function capturedAtOf(recording: Pick<Recording, "file" | "recordedAt" | "givenAt">, version: string | null): string {
  const at = recording.recordedAt ?? (version === null ? null : parseInstant(version)) ?? recording.givenAt;
  if (at !== null) return at;
  throw new UserError({
    code: "captured-at.missing",
    message: `${recording.file}: nothing says when it was captured`,
    expected: "captured_at in its envelope, or a version in its body that is a time",
    next: "say it: --captured-at 2024-07-13T04:19:09Z, or --captured-at file for the time of each file",
  });
}
