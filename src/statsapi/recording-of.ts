import { instantOf } from "../core/instant.ts";
import type { Envelope } from "./envelope.ts";
import type { GivenTime, Recording } from "./recording.ts";

/** A recording out of an envelope: the answer is cut out of the file's bytes, nothing is written again. */
export function recordingOf(file: string, bytes: Buffer, changedAt: Date, envelope: Envelope, given: GivenTime | null): Recording {
  const { endpoint, method, parameters, url, status, recordedAt, body } = envelope;
  if (body === null) throw new RangeError(`${file}: only the start was read`);
  return {
    file,
    endpoint,
    method,
    parameters,
    url,
    status,
    recordedAt,
    body: bytes.subarray(body.start, body.end),
    givenAt: givenAt(given, changedAt),
  };
}

/** The user's word on a file, as an instant. */
export function givenAt(given: GivenTime | null, changedAt: Date): string | null {
  if (given === null) return null;
  return given.kind === "file" ? instantOf(changedAt) : given.at;
}
