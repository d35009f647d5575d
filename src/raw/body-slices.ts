/** Where a value stands in a body, in bytes; `end` is behind it. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;

/**
 * Values of a body as they were received, byte for byte: a parser would change the text of numbers. For bodies that are settled to be
 * strict JSON. Each container is gone through once, however many of its values are asked for.
 */
export class BodySlices {
  readonly #bytes: Uint8Array;
  readonly #members = new Map<string, ReadonlyMap<string, ByteRange>>();

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The value at a JSON pointer (RFC 6901; "" is the whole body); null where there is none. */
  at(pointer: string): ByteRange | null {
    if (pointer === "") {
      const start = afterSpace(this.#bytes, 0);
      return { start, end: afterValue(this.#bytes, start) };
    }
    const cut = pointer.lastIndexOf("/");
    if (cut < 0) return null;
    const token = pointer
      .slice(cut + 1)
      .replaceAll("~1", "/")
      .replaceAll("~0", "~");
    return this.#membersOf(pointer.slice(0, cut)).get(token) ?? null;
  }

  /** The text of that value; null where there is none. */
  text(pointer: string): string | null {
    const range = this.at(pointer);
    return range === null ? null : decode(this.#bytes, range);
  }

  /** Values of an object by key, of an array by position; none of a scalar or of nothing. */
  #membersOf(pointer: string): ReadonlyMap<string, ByteRange> {
    let members = this.#members.get(pointer);
    if (members === undefined) {
      const range = this.at(pointer);
      members = range === null ? new Map<string, ByteRange>() : membersIn(this.#bytes, range);
      this.#members.set(pointer, members);
    }
    return members;
  }
}

/** The value that the text of a JSON scalar means, as text: a string without quotes and escapes, anything else as written; null for null. */
export function scalarText(json: string): string | null {
  if (json === "null") return null;
  return json.startsWith('"') ? String(JSON.parse(json)) : json;
}

function decode(bytes: Uint8Array, { start, end }: ByteRange): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("utf8");
}

function membersIn(bytes: Uint8Array, range: ByteRange): ReadonlyMap<string, ByteRange> {
  const members = new Map<string, ByteRange>();
  const isObject = bytes[range.start] === 0x7b;
  if (!isObject && bytes[range.start] !== 0x5b) return members;
  let at = afterSpace(bytes, range.start + 1);
  while (at < range.end - 1) {
    let key = String(members.size);
    if (isObject) {
      const end = afterString(bytes, at);
      key = String(JSON.parse(decode(bytes, { start: at, end })));
      // Behind the colon.
      at = afterSpace(bytes, afterSpace(bytes, end) + 1);
    }
    const end = afterValue(bytes, at);
    members.set(key, { start: at, end });
    at = afterSpace(bytes, end);
    if (bytes[at] === COMMA) at = afterSpace(bytes, at + 1);
  }
  return members;
}

function afterSpace(bytes: Uint8Array, from: number): number {
  let at = from;
  while (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09) at++;
  return at;
}

function afterString(bytes: Uint8Array, from: number): number {
  let at = from + 1;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at + 1;
}

function afterValue(bytes: Uint8Array, from: number): number {
  let depth = 0;
  let at = from;
  while (at < bytes.length) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      at = afterString(bytes, at);
      if (depth === 0) return at;
    } else if (byte === 0x7b || byte === 0x5b) {
      depth++;
      at++;
    } else if (byte === 0x7d || byte === 0x5d) {
      if (depth === 0) return at;
      depth--;
      at++;
      if (depth === 0) return at;
    } else if (depth === 0 && (byte === COMMA || byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09)) {
      return at;
    } else at++;
  }
  return at;
}
