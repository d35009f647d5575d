import { isUtf8 } from "node:buffer";
import { JsonScanner } from "./scan-json.ts";
import type { ScanFailure } from "./scan-json.ts";
import type { BodyShape } from "./shape.ts";

/** Stable names of what a body can fail by. */
export const BODY_FAILURE_CODES = [
  "body.too-large",
  "body.empty",
  "body.byte-order-mark",
  "body.not-utf8",
  "body.not-json",
  "body.not-a-container",
  "body.too-deep",
  "body.nul-character",
  "body.lone-surrogate",
  "body.duplicate-key",
  "body.number-not-finite",
  "body.too-many-paths",
  "body.path-too-long",
] as const;
export type BodyFailureCode = (typeof BODY_FAILURE_CODES)[number];

/** Why a body is no document. Kept with the capture. */
export interface BodyFailure {
  readonly code: BodyFailureCode;
  /** One sentence without a full stop at the end. */
  readonly message: string;
  /** Where: a JSON pointer (`/dates/0/games`; "" is the whole body) and a byte offset from 0. Null where it is about the body as a whole. */
  readonly place: { readonly pointer: string; readonly offset: number } | null;
}

export type BodyVerdict =
  | { readonly ok: true; /** As `JSON.parse` gives it: an object or an array. */ readonly value: object; readonly shape: BodyShape }
  | { readonly ok: false; readonly failure: BodyFailure };

export interface BodyLimits {
  readonly maxBytes: number;
  /** Levels of objects and arrays. */
  readonly maxDepth: number;
  /** Distinct (path, type) pairs. */
  readonly maxPairs: number;
  /** Characters of one path. */
  readonly maxPathLength: number;
}

export const DEFAULT_BODY_LIMITS: BodyLimits = { maxBytes: 64 * 1024 * 1024, maxDepth: 200, maxPairs: 20_000, maxPathLength: 4096 };

/** A pointer is made of keys of the body, which may be as long as the body. */
const MAX_POINTER_LENGTH = 500;

const SCAN_FAILURES: Readonly<
  Record<Exclude<ScanFailure, "syntax">, { readonly code: BodyFailureCode; readonly message: (limits: BodyLimits) => string }>
> = {
  "too-deep": {
    code: "body.too-deep",
    message: ({ maxDepth }) => `the body has more than ${String(maxDepth)} levels of objects and arrays`,
  },
  "nul-character": { code: "body.nul-character", message: () => "a text of the body holds U+0000" },
  "lone-surrogate": { code: "body.lone-surrogate", message: () => "a text of the body holds half of a surrogate pair" },
  "duplicate-key": { code: "body.duplicate-key", message: () => "an object of the body has one key twice" },
  "number-not-finite": { code: "body.number-not-finite", message: () => "a number of the body exceeds a double" },
  "too-many-paths": { code: "body.too-many-paths", message: ({ maxPairs }) => `the body has more than ${String(maxPairs)} distinct paths` },
  "path-too-long": {
    code: "body.path-too-long",
    message: ({ maxPathLength }) => `a path of the body has more than ${String(maxPathLength)} characters`,
  },
};

/**
 * Settles once and for all engines what a body is: strict JSON in UTF-8 without a byte order mark, an object or an array at the top, well-formed texts
 * without U+0000, no key twice in one object, every number finite as a double, within the limits. In the same pass takes its shape.
 * One checker should see many bodies (it remembers paths); it keeps nothing of them.
 */
export class BodyChecker {
  readonly limits: BodyLimits;
  readonly #scanner: JsonScanner;

  constructor(limits: Partial<BodyLimits> = {}) {
    this.limits = { ...DEFAULT_BODY_LIMITS, ...limits };
    this.#scanner = new JsonScanner(this.limits);
  }

  check(body: Buffer): BodyVerdict {
    const { maxBytes } = this.limits;
    if (body.length > maxBytes)
      return fails("body.too-large", `the body has ${String(body.length)} bytes, at most ${String(maxBytes)} are taken`);
    if (body.length === 0) return fails("body.empty", "the body is empty");
    if (body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf)
      return fails("body.byte-order-mark", "the body starts with a byte order mark", 0);
    if (!isUtf8(body)) return fails("body.not-utf8", "the body is not UTF-8", firstInvalidByte(body));

    // The scan comes before JSON.parse: it bounds the depth, and with it the memory of the parser.
    const scan = this.#scanner.scan(body);
    if (!scan.ok && scan.failure === "too-deep") return this.#scanFailure(scan.failure, scan.offset, scan.pointer);
    let value: unknown;
    try {
      value = JSON.parse(body.toString("utf8"));
    } catch {
      // The parser's own message quotes the body; the scan knows the place.
      return scan.ok
        ? fails("body.not-json", "the body is not JSON")
        : fails("body.not-json", "the body is not JSON", scan.offset, scan.pointer);
    }
    if (!scan.ok) {
      if (scan.failure === "syntax") throw new Error(`the scanner refuses JSON that JSON.parse takes, at byte ${String(scan.offset)}`);
      return this.#scanFailure(scan.failure, scan.offset, scan.pointer);
    }
    if (typeof value !== "object" || value === null) return fails("body.not-a-container", "the body is neither an object nor an array");
    return { ok: true, value, shape: scan.shape };
  }

  #scanFailure(failure: Exclude<ScanFailure, "syntax">, offset: number, pointer: string): BodyVerdict {
    const { code, message } = SCAN_FAILURES[failure];
    return fails(code, message(this.limits), offset, pointer);
  }
}

function fails(code: BodyFailureCode, message: string, offset?: number, pointer = ""): BodyVerdict {
  const shown = pointer.length > MAX_POINTER_LENGTH ? `${pointer.slice(0, MAX_POINTER_LENGTH).replace(/[\uD800-\uDBFF]$/, "")}…` : pointer;
  return { ok: false, failure: { code, message, place: offset === undefined ? null : { pointer: shown, offset } } };
}

/** Byte offset where the text stops being UTF-8, by halving: the decoder says only that. */
function firstInvalidByte(body: Buffer): number {
  let valid = 0;
  let invalid = body.length;
  while (invalid - valid > 1) {
    const middle = (valid + invalid) >>> 1;
    try {
      new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body.subarray(0, middle), { stream: true });
      valid = middle;
    } catch {
      invalid = middle;
    }
  }
  return invalid - 1;
}
