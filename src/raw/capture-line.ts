import { BODY_FAILURE_CODES } from "./body.ts";
import type { BodyFailure } from "./body.ts";
import { CAPTURE_KINDS, segmentPlace } from "./capture.ts";
import type { Capture } from "./capture.ts";

/** The manifest line of a capture, with its line feed. `id` comes first, so that `idOfLine` finds it without parsing. */
export function writeCaptureLine(capture: Capture): string {
  const { segment, offset, length } = segmentPlace(capture);
  return `${JSON.stringify({
    id: capture.id,
    endpoint: capture.endpoint,
    method: capture.method,
    parameters: capture.parameters,
    url: capture.url,
    status: capture.status,
    captured_at: capture.capturedAt,
    kind: capture.kind,
    content_hash: capture.contentHash,
    bytes: capture.bytes,
    segment,
    offset,
    length,
    shape: capture.shape,
    failure: capture.failure,
  })}\n`;
}

/** The id of a manifest line; null where it is none. */
export function idOfLine(text: string): number | null {
  const id = /^\{"id":([1-9][0-9]{0,15}),/.exec(text)?.[1];
  return id === undefined ? null : Number(id);
}

/** What `writeCaptureLine` wrote; null for anything else. */
export function parseCaptureLine(text: string): Capture | null {
  let line: unknown;
  try {
    line = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(line)) return null;
  const { id, endpoint, method, parameters, url, status, captured_at, kind, content_hash, bytes, segment, offset, length, shape, failure } =
    line;
  const knownKind = CAPTURE_KINDS.find((name) => name === kind);
  const knownFailure = parseFailure(failure);
  if (!isCount(id) || !isCount(bytes) || !isCount(segment) || !isCount(offset) || !isCount(length)) return null;
  if (typeof endpoint !== "string" || typeof method !== "string" || typeof captured_at !== "string" || typeof content_hash !== "string")
    return null;
  if (!isTexts(parameters) || knownKind === undefined || knownFailure === undefined) return null;
  if ((url !== null && typeof url !== "string") || (status !== null && !isCount(status)) || (shape !== null && typeof shape !== "string"))
    return null;
  return {
    id,
    endpoint,
    method,
    parameters,
    url,
    status,
    capturedAt: captured_at,
    kind: knownKind,
    contentHash: content_hash,
    bytes,
    shape,
    failure: knownFailure,
    place: { segment, offset, length },
  };
}

function parseFailure(value: unknown): BodyFailure | null | undefined {
  if (value === null) return null;
  if (!isRecord(value)) return undefined;
  const { code, message, place } = value;
  const known = BODY_FAILURE_CODES.find((name) => name === code);
  if (known === undefined || typeof message !== "string") return undefined;
  if (place === null) return { code: known, message, place };
  if (!isRecord(place) || typeof place["pointer"] !== "string" || !isCount(place["offset"])) return undefined;
  return { code: known, message, place: { pointer: place["pointer"], offset: place["offset"] } };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is Record<string, string> {
  return isRecord(value) && Object.values(value).every((text) => typeof text === "string");
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
