import { UserError } from "../core/errors.ts";
import type { ErrorText } from "../core/errors.ts";
import { parseInstant } from "../core/instant.ts";
import type { Catalogue } from "./catalogue.ts";
import { effectiveParameters } from "./effective-parameters.ts";
import { findMembers } from "./json-members.ts";
import type { MemberRange } from "./json-members.ts";

/** Where recorders put the answer, the parameters and the time. */
const BODY_KEYS = ["response", "data", "body"] as const;
const PARAMETER_KEYS = ["path_params", "query_params", "parameters"] as const;
const STATUS_KEYS = ["status_code", "status"] as const;
const TIME_KEYS = ["captured_at", "capturedAt", "timestamp"] as const;
/** Anything longer is no description of a request. */
const MAX_DESCRIPTION_BYTES = 1 << 20;

/** What an envelope says about the answer in it. */
export interface Envelope {
  /** Names of the catalogue. */
  readonly endpoint: string;
  readonly method: string;
  /** Effective. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly url: string | null;
  readonly status: number | null;
  /** Canonical; null where it says nothing. */
  readonly recordedAt: string | null;
  /** Where the answer stands in the file, in bytes. Null where only the start of the file was looked at, and that had everything else. */
  readonly body: MemberRange | null;
}

export type EnvelopeReading =
  | { readonly kind: "envelope"; readonly envelope: Envelope }
  /** A JSON text that is not an envelope: it has not `endpoint`, `method` and an answer. */
  | { readonly kind: "bare" }
  | { readonly kind: "bad"; readonly text: ErrorText };

/**
 * Reads the envelope around an answer and leaves the answer itself alone: its bytes stay as they were written.
 * With `isStart` the text may be the start of a file; what is not all there is `bare` then.
 */
export function readEnvelope(text: Buffer, catalogue: Catalogue, isStart = false): EnvelopeReading {
  const found = findMembers(text);
  if (found.kind === "other") return { kind: "bare" };
  const { members, doubles, isComplete } = found;
  const endpoint = parseMember(text, members.get("endpoint"));
  const method = parseMember(text, members.get("method"));
  const bodyKeys = BODY_KEYS.filter((key) => members.has(key));
  if (typeof endpoint !== "string" || typeof method !== "string") return { kind: "bare" };
  if (isStart) {
    // Recorders write both, before the answer. Where one is not there yet it may still come.
    if (!members.has("path_params") || !members.has("query_params")) return { kind: "bare" };
  } else {
    if (!isComplete) return bad("envelope.truncated", "the recording ends too early, or is no JSON");
    if (bodyKeys.length === 0) return { kind: "bare" };
    if (bodyKeys.length > 1) return bad("envelope.two-answers", `the recording has more than one answer: ${bodyKeys.join(", ")}`);
    if (doubles.length > 0) return bad("envelope.double-key", `the recording has one key twice: ${JSON.stringify(doubles[0])}`);
  }
  try {
    return { kind: "envelope", envelope: describe(text, catalogue, members, endpoint, method, bodyKeys[0]) };
  } catch (error) {
    if (error instanceof UserError) return { kind: "bad", text: error.text };
    throw error;
  }
}

function describe(
  text: Buffer,
  catalogue: Catalogue,
  members: ReadonlyMap<string, MemberRange>,
  endpoint: string,
  name: string,
  bodyKey: string | undefined,
): Envelope {
  const method = catalogue.get(endpoint, name);
  const given: Record<string, unknown> = {};
  for (const key of PARAMETER_KEYS) {
    const parameters = parseMember(text, members.get(key)) ?? {};
    if (typeof parameters !== "object" || Array.isArray(parameters)) throw badValue(key, "an object of parameters");
    // One name in path and query must be one value, which effectiveParameters sees where the spellings differ.
    for (const [parameter, value] of Object.entries(parameters)) {
      if (Object.hasOwn(given, parameter) && String(given[parameter]) !== String(value))
        throw badValue(key, `the same ${parameter} as elsewhere in the recording`);
      Object.defineProperty(given, parameter, { value, enumerable: true, writable: true, configurable: true });
    }
  }
  const url = parseMember(text, members.get("url")) ?? null;
  if (url !== null && typeof url !== "string") throw badValue("url", "a text");
  const status = firstOf(text, members, STATUS_KEYS)?.value ?? null;
  if (status !== null && (typeof status !== "number" || !Number.isInteger(status) || status < 100 || status > 599))
    throw badValue("status_code", "an HTTP status");
  return {
    endpoint: method.endpoint,
    method: method.name,
    parameters: effectiveParameters(method, given, { unknown: "keep" }),
    url,
    status,
    recordedAt: recordedAt(text, members),
    body: bodyKey === undefined ? null : (members.get(bodyKey) ?? null),
  };
}

function recordedAt(text: Buffer, members: ReadonlyMap<string, MemberRange>): string | null {
  const found = firstOf(text, members, TIME_KEYS);
  if (found === null) return null;
  const instant = typeof found.value === "string" ? parseInstant(found.value) : null;
  if (instant === null) throw badValue(found.key, "a time with its zone, like 2024-07-13T04:19:09Z");
  return instant;
}

/** The first of these members that is there and not null. */
function firstOf(
  text: Buffer,
  members: ReadonlyMap<string, MemberRange>,
  keys: readonly string[],
): { readonly key: string; readonly value: unknown } | null {
  for (const key of keys) {
    const value = parseMember(text, members.get(key));
    if (value !== undefined && value !== null) return { key, value };
  }
  return null;
}

/** Undefined where the member is not there. */
function parseMember(text: Buffer, range: MemberRange | undefined): unknown {
  if (range === undefined || range.end - range.start > MAX_DESCRIPTION_BYTES) return undefined;
  try {
    return JSON.parse(text.toString("utf8", range.start, range.end));
  } catch {
    return undefined;
  }
}

function badValue(key: string, expected: string): UserError {
  return new UserError({ code: "envelope.bad-value", message: `the recording's ${key} is not right`, expected });
}

function bad(code: string, message: string): EnvelopeReading {
  return { kind: "bad", text: { code, message } };
}
