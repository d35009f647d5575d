/** Where the value of a member stands, in bytes. */
export interface MemberRange {
  readonly start: number;
  readonly end: number;
}

export type Members =
  | {
      readonly kind: "object";
      readonly members: ReadonlyMap<string, MemberRange>;
      /** Keys that are there twice. */
      readonly doubles: readonly string[];
      /** False where the text ended inside of the object; `members` are those that were complete. */
      readonly isComplete: boolean;
    }
  | { readonly kind: "other" };

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;

/**
 * Finds the members of the object that a JSON text is, and the exact bytes of their values, without parsing these: a value can then be taken as it was written.
 * Not a check: brackets are counted, and what is between them is for a parser to judge. `other` where the text does not start as an object or goes on after it.
 */
export function findMembers(bytes: Uint8Array): Members {
  const members = new Map<string, MemberRange>();
  const doubles: string[] = [];
  const incomplete: Members = { kind: "object", members, doubles, isComplete: false };
  const other: Members = { kind: "other" };
  let at = afterSpace(bytes, 0);
  if (bytes[at] !== 0x7b) return other;
  at = afterSpace(bytes, at + 1);
  if (bytes[at] === 0x7d)
    return afterSpace(bytes, at + 1) === bytes.length ? { kind: "object", members, doubles, isComplete: true } : other;
  for (;;) {
    if (at >= bytes.length) return incomplete;
    const keyEnd = bytes[at] === QUOTE ? afterString(bytes, at) : -1;
    if (keyEnd === -1) return incomplete;
    const key = parseKey(bytes, at, keyEnd);
    at = afterSpace(bytes, keyEnd);
    if (key === null || bytes[at] !== COLON) return at >= bytes.length ? incomplete : other;
    const start = afterSpace(bytes, at + 1);
    const end = afterValue(bytes, start);
    at = end === -1 ? bytes.length : afterSpace(bytes, end);
    if (at >= bytes.length) return incomplete;
    if (members.has(key)) doubles.push(key);
    members.set(key, { start, end });
    if (bytes[at] === 0x7d)
      return afterSpace(bytes, at + 1) === bytes.length ? { kind: "object", members, doubles, isComplete: true } : other;
    if (bytes[at] !== COMMA) return other;
    at = afterSpace(bytes, at + 1);
  }
}

function afterSpace(bytes: Uint8Array, from: number): number {
  let at = from;
  while (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09) at++;
  return at;
}

/** After the closing quote; −1 where there is none. */
function afterString(bytes: Uint8Array, from: number): number {
  for (let at = from + 1; at < bytes.length; at++) {
    if (bytes[at] === QUOTE) return at + 1;
    if (bytes[at] === BACKSLASH) at++;
  }
  return -1;
}

/** After a value: a text, all between matching brackets, or whatever stands before the next comma, bracket or blank. −1 where it does not end. */
function afterValue(bytes: Uint8Array, from: number): number {
  let depth = 0;
  let at = from;
  while (at < bytes.length) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      at = afterString(bytes, at);
      if (at === -1) return -1;
      if (depth === 0) return at;
      continue;
    }
    if (byte === 0x7b || byte === 0x5b) {
      depth++;
    } else if (byte === 0x7d || byte === 0x5d) {
      if (depth === 0) return at;
      depth--;
      if (depth === 0) return at + 1;
    } else if (depth === 0 && (byte === COMMA || byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09)) {
      return at;
    }
    at++;
  }
  return -1;
}

function parseKey(bytes: Uint8Array, start: number, end: number): string | null {
  try {
    const key: unknown = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("utf8"));
    return typeof key === "string" ? key : null;
  } catch {
    return null;
  }
}
