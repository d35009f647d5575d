import { isIdKey } from "./shape.ts";
import type { BodyShape } from "./shape.ts";
import { PathTree } from "./path-tree.ts";
import type { PathNode } from "./path-tree.ts";

export const SCAN_FAILURES = [
  "syntax",
  "too-deep",
  "nul-character",
  "lone-surrogate",
  "duplicate-key",
  "number-not-finite",
  "too-many-paths",
  "path-too-long",
] as const;
export type ScanFailure = (typeof SCAN_FAILURES)[number];

export type ScanResult =
  | { readonly ok: true; readonly shape: BodyShape }
  | {
      readonly ok: false;
      readonly failure: ScanFailure;
      /** Byte offset of what is wrong. */
      readonly offset: number;
      /** JSON pointer of the value (or of the double key) that it is in. */
      readonly pointer: string;
    };

export interface ScanLimits {
  /** Levels of objects and arrays. */
  readonly maxDepth: number;
  /** Distinct (path, type) pairs in one body. */
  readonly maxPairs: number;
  /** Characters of one path. Paths go into a dictionary that stays. */
  readonly maxPathLength: number;
}

// Indexes into JSON_TYPES.
const OBJECT = 0;
const ARRAY = 1;
const STRING = 2;
const BOOLEAN = 3;
const NULL = 4;
const INT32 = 5;
const INT64 = 6;
const INTEGER = 7;
const NUMBER = 8;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const MINUS = 0x2d;
const PLUS = 0x2b;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const LETTER_I = 0x49;
const LETTER_E = 0x45;
const LETTER_e = 0x65;
const LETTER_t = 0x74;
const LETTER_f = 0x66;
const LETTER_n = 0x6e;
const LETTER_u = 0x75;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

/** No number with fewer digits before its fraction exceeds a double. */
const DIGITS_OF_MAX_DOUBLE = 309;
/** A tree with more paths, or more text, than this is left for a fresh one at the next scan, so that odd bodies do not fill the memory. */
const MAX_TREE_SIZE = 100_000;
const MAX_TREE_TEXT = 8_000_000;

/**
 * Goes once over the bytes of a JSON text: finds double keys, U+0000, lone surrogates, numbers beyond a double, too great a depth, and takes the shape.
 * It keeps the paths it has met, so one scanner should see many bodies.
 *
 * The bytes must be valid UTF-8. Syntax is checked as strictly as `JSON.parse` does (`scan-json.test.ts` compares them), but callers let `JSON.parse` say it;
 * this scan comes first because it bounds the depth.
 */
export class JsonScanner {
  readonly #limits: ScanLimits;
  #tree = new PathTree();
  #scan = 0;
  #serial = 0;

  // The state of the scan under way, read again where a failure is described.
  #bytes: Uint8Array = new Uint8Array(0);
  #failure: ScanFailure = "syntax";
  #offset = 0;
  #found: PathNode = this.#tree.root;

  // By level, 1 is the outermost container.
  readonly #nodes: PathNode[];
  readonly #isArray: Uint8Array;
  readonly #index: Float64Array;
  readonly #serials: Float64Array;
  readonly #keyStart: Float64Array;
  readonly #keyEnd: Float64Array;
  readonly #previous: (PathNode | null)[];
  readonly #idKeys: (Set<string> | null)[];
  #depth = 0;

  constructor(limits: ScanLimits) {
    this.#limits = limits;
    const levels = limits.maxDepth + 2;
    this.#nodes = Array.from({ length: levels }, () => this.#tree.root);
    this.#isArray = new Uint8Array(levels);
    this.#index = new Float64Array(levels);
    this.#serials = new Float64Array(levels);
    this.#keyStart = new Float64Array(levels);
    this.#keyEnd = new Float64Array(levels);
    this.#previous = Array.from({ length: levels }, () => null);
    this.#idKeys = Array.from({ length: levels }, () => null);
  }

  /** Scans one text. Nothing of `bytes` is kept. */
  scan(bytes: Uint8Array): ScanResult {
    if (this.#tree.size > MAX_TREE_SIZE || this.#tree.textLength > MAX_TREE_TEXT) this.#tree = new PathTree();
    this.#bytes = bytes;
    this.#depth = 0;
    const tree = this.#tree;
    const touched: PathNode[] = [];
    const end = this.#walk(bytes, tree, touched);
    const result: ScanResult =
      end < 0
        ? { ok: false, failure: this.#failure, offset: this.#offset, pointer: this.#pointer() }
        : { ok: true, shape: { vocabulary: tree, entries: entriesOf(tree, touched) } };
    this.#bytes = new Uint8Array(0);
    this.#idKeys.fill(null);
    return result;
  }

  /** The end of the text, or −1 after a failure. */
  #walk(bytes: Uint8Array, tree: PathTree, touched: PathNode[]): number {
    const scan = ++this.#scan;
    const { maxDepth, maxPairs } = this.#limits;
    let pairs = 0;
    let depth = 0;
    let node = tree.root;
    let i = 0;

    for (;;) {
      // One value.
      let byte = bytes[i] as number;
      while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = bytes[++i] as number;
      const start = i;
      let type: number;
      let isOpen = false;
      if (byte === QUOTE) {
        i = this.#string(bytes, i);
        if (i < 0) return this.#at(depth);
        type = STRING;
      } else if ((byte >= ZERO && byte <= NINE) || byte === MINUS) {
        let at = byte === MINUS ? i + 1 : i;
        const digits = at;
        byte = bytes[at] as number;
        while (byte >= ZERO && byte <= NINE) byte = bytes[++at] as number;
        const count = at - digits;
        if (count === 0 || (count > 1 && bytes[digits] === ZERO)) return this.#fail("syntax", digits, depth);
        if (byte === DOT || byte === LETTER_e || byte === LETTER_E) {
          at = this.#fraction(bytes, at, start, count);
          if (at < 0) return this.#at(depth);
          type = NUMBER;
        } else if (count < 10) {
          type = INT32;
        } else {
          type = integerType(bytes, start, at);
          if (count >= DIGITS_OF_MAX_DOUBLE && !isFiniteNumber(bytes, start, at)) return this.#fail("number-not-finite", start, depth);
        }
        i = at;
      } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        type = byte === OPEN_OBJECT ? OBJECT : ARRAY;
        isOpen = true;
        i++;
      } else if (byte === LETTER_t) {
        if (bytes[i + 1] !== 0x72 || bytes[i + 2] !== 0x75 || bytes[i + 3] !== 0x65) return this.#fail("syntax", i, depth);
        type = BOOLEAN;
        i += 4;
      } else if (byte === LETTER_f) {
        if (bytes[i + 1] !== 0x61 || bytes[i + 2] !== 0x6c || bytes[i + 3] !== 0x73 || bytes[i + 4] !== 0x65)
          return this.#fail("syntax", i, depth);
        type = BOOLEAN;
        i += 5;
      } else if (byte === LETTER_n) {
        if (bytes[i + 1] !== 0x75 || bytes[i + 2] !== 0x6c || bytes[i + 3] !== 0x6c) return this.#fail("syntax", i, depth);
        type = NULL;
        i += 4;
      } else {
        return this.#fail("syntax", i, depth);
      }

      const bit = 1 << type;
      if (node.scan !== scan) {
        node.scan = scan;
        node.types = bit;
        touched.push(node);
        if (++pairs > maxPairs) return this.#fail("too-many-paths", start, depth);
      } else if ((node.types & bit) === 0) {
        node.types |= bit;
        if (++pairs > maxPairs) return this.#fail("too-many-paths", start, depth);
      }

      if (isOpen) {
        if (depth === maxDepth) return this.#fail("too-deep", start, depth);
        depth++;
        this.#nodes[depth] = node;
        byte = bytes[i] as number;
        while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = bytes[++i] as number;
        if (type === ARRAY) {
          this.#isArray[depth] = 1;
          this.#index[depth] = 0;
          if (byte !== CLOSE_ARRAY) {
            node = node.items ?? tree.itemsOf(node);
            continue;
          }
        } else {
          this.#isArray[depth] = 0;
          this.#serials[depth] = ++this.#serial;
          this.#previous[depth] = null;
          if (this.#idKeys[depth] !== null) this.#idKeys[depth] = null;
          // Until the first key is read the pointer is that of the object itself.
          this.#keyStart[depth] = -1;
          if (byte !== CLOSE_OBJECT) {
            i = this.#key(bytes, i, depth, tree);
            if (i < 0) return this.#at(depth);
            node = this.#found;
            continue;
          }
        }
        depth--;
        i++;
      }

      // After a value: close what ends here, then go on to the next value.
      for (;;) {
        byte = bytes[i] as number;
        while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = bytes[++i] as number;
        if (depth === 0) return i === bytes.length ? i : this.#fail("syntax", i, 0);
        const isArray = this.#isArray[depth] === 1;
        if (byte === COMMA) {
          i++;
          if (isArray) {
            this.#index[depth] = (this.#index[depth] as number) + 1;
            const parent = this.#nodes[depth] as PathNode;
            node = parent.items ?? tree.itemsOf(parent);
          } else {
            byte = bytes[i] as number;
            while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = bytes[++i] as number;
            i = this.#key(bytes, i, depth, tree);
            if (i < 0) return this.#at(depth);
            node = this.#found;
          }
          break;
        }
        if (byte !== (isArray ? CLOSE_ARRAY : CLOSE_OBJECT)) return this.#fail("syntax", i, depth);
        depth--;
        i++;
      }
    }
  }

  /** Reads `"key" :` at `i`, puts the path into `#found`; gives where the value starts, or −1. */
  #key(bytes: Uint8Array, i: number, depth: number, tree: PathTree): number {
    if (bytes[i] !== QUOTE) return this.#fail("syntax", i, depth);
    const start = i + 1;
    const parent = this.#nodes[depth] as PathNode;
    const previous = this.#previous[depth] as PathNode | null;
    const guess = previous === null ? parent.first : previous.next;
    let end = -1;
    let child: PathNode;
    if (guess !== null && isKeyAt(bytes, start, tree.keys, guess.keyStart, guess.keyLength)) {
      child = guess;
      end = start + guess.keyLength;
      this.#keyStart[depth] = start;
      this.#keyEnd[depth] = end;
    } else {
      const after = this.#string(bytes, i);
      if (after < 0) return -1;
      end = after - 1;
      this.#keyStart[depth] = start;
      this.#keyEnd[depth] = end;
      const key = keyText(bytes, start, end);
      const first = bytes[start] as number;
      const isId = ((first >= ZERO && first <= NINE) || first === LETTER_I || first === BACKSLASH) && isIdKey(key);
      if (isId) {
        const seen = (this.#idKeys[depth] ??= new Set<string>());
        if (seen.has(key)) return this.#fail("duplicate-key", i, depth);
        seen.add(key);
        child = parent.values ?? tree.valuesOf(parent);
        this.#found = child;
        return this.#colon(bytes, end + 1, depth);
      }
      child = parent.children.get(key) ?? tree.childOf(parent, key);
      if (child.pathLength > this.#limits.maxPathLength) return this.#fail("path-too-long", i, depth);
      if (previous === null) parent.first = child;
      else previous.next = child;
    }
    const serial = this.#serials[depth] as number;
    if (child.stamp === serial) return this.#fail("duplicate-key", i, depth);
    child.stamp = serial;
    this.#previous[depth] = child;
    this.#found = child;
    return this.#colon(bytes, end + 1, depth);
  }

  #colon(bytes: Uint8Array, from: number, depth: number): number {
    let i = from;
    let byte = bytes[i] as number;
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = bytes[++i] as number;
    return byte === COLON ? i + 1 : this.#fail("syntax", i, depth);
  }

  /** From an opening quote to after the closing one, or −1 (`#failure` and `#offset` are set). */
  #string(bytes: Uint8Array, i: number): number {
    let at = i + 1;
    let byte = bytes[at] as number;
    // Past the end `byte` is undefined, and no comparison with it holds.
    while (byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH) byte = bytes[++at] as number;
    if (byte === QUOTE) return at + 1;
    return this.#escapes(bytes, at);
  }

  #escapes(bytes: Uint8Array, from: number): number {
    let at = from;
    for (;;) {
      const byte = bytes[at] as number;
      if (byte === QUOTE) return at + 1;
      if (byte !== BACKSLASH) {
        if (byte >= 0x20) {
          at++;
          continue;
        }
        this.#failure = byte === 0 ? "nul-character" : "syntax";
        this.#offset = at;
        return -1;
      }
      const escape = bytes[at + 1] as number;
      if (escape !== LETTER_u) {
        if (!isSimpleEscape(escape)) return this.#wrong("syntax", at);
        at += 2;
        continue;
      }
      const unit = hexUnit(bytes, at + 2);
      if (unit < 0) return this.#wrong("syntax", at);
      if (unit === 0) return this.#wrong("nul-character", at);
      if (unit < 0xd800 || unit > 0xdfff) {
        at += 6;
        continue;
      }
      const low = unit <= 0xdbff && bytes[at + 6] === BACKSLASH && bytes[at + 7] === LETTER_u ? hexUnit(bytes, at + 8) : -1;
      if (low < 0xdc00 || low > 0xdfff) return this.#wrong("lone-surrogate", at);
      at += 12;
    }
  }

  /** From the `.`, `e` or `E` of a number to its end, or −1. */
  #fraction(bytes: Uint8Array, from: number, start: number, integerDigits: number): number {
    let at = from;
    let hasExponent = false;
    let byte = bytes[at] as number;
    if (byte === DOT) {
      byte = bytes[++at] as number;
      const digits = at;
      while (byte >= ZERO && byte <= NINE) byte = bytes[++at] as number;
      if (at === digits) return this.#wrong("syntax", at);
    }
    if (byte === LETTER_e || byte === LETTER_E) {
      hasExponent = true;
      byte = bytes[++at] as number;
      if (byte === PLUS || byte === MINUS) byte = bytes[++at] as number;
      const digits = at;
      while (byte >= ZERO && byte <= NINE) byte = bytes[++at] as number;
      if (at === digits) return this.#wrong("syntax", at);
    }
    if ((hasExponent || integerDigits >= DIGITS_OF_MAX_DOUBLE) && !isFiniteNumber(bytes, start, at))
      return this.#wrong("number-not-finite", start);
    return at;
  }

  #wrong(failure: ScanFailure, offset: number): -1 {
    this.#failure = failure;
    this.#offset = offset;
    return -1;
  }

  #fail(failure: ScanFailure, offset: number, depth: number): -1 {
    this.#depth = depth;
    return this.#wrong(failure, offset);
  }

  #at(depth: number): -1 {
    this.#depth = depth;
    return -1;
  }

  #pointer(): string {
    let pointer = "";
    for (let level = 1; level <= this.#depth; level++) {
      if (this.#isArray[level] === 1) {
        pointer += `/${String(this.#index[level])}`;
        continue;
      }
      const start = this.#keyStart[level] as number;
      if (start < 0) break;
      pointer += `/${keyText(this.#bytes, start, this.#keyEnd[level] as number)
        .replaceAll("~", "~0")
        .replaceAll("/", "~1")}`;
    }
    return pointer;
  }
}

function entriesOf(tree: PathTree, touched: readonly PathNode[]): number[] {
  const entries: number[] = [];
  for (const node of touched) {
    for (let types = node.types; types !== 0; types &= types - 1) entries.push(tree.entryOf(node, 31 - Math.clz32(types & -types)));
  }
  return entries;
}

/** Whether the key stands at `start`, right before a quote. */
function isKeyAt(bytes: Uint8Array, start: number, keys: Uint8Array, keyStart: number, keyLength: number): boolean {
  if (keyLength < 0 || bytes[start + keyLength] !== QUOTE) return false;
  for (let at = 0; at < keyLength; at++) if (bytes[start + at] !== keys[keyStart + at]) return false;
  return true;
}

function keyText(bytes: Uint8Array, start: number, end: number): string {
  const raw = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
  const text = raw.toString("utf8");
  return raw.includes(BACKSLASH) ? (JSON.parse(`"${text}"`) as string) : text;
}

function isSimpleEscape(byte: number): boolean {
  return (
    byte === QUOTE ||
    byte === BACKSLASH ||
    byte === 0x2f ||
    byte === 0x62 ||
    byte === 0x66 ||
    byte === LETTER_n ||
    byte === 0x72 ||
    byte === LETTER_t
  );
}

/** The UTF-16 unit of four hexadecimal digits, or −1. */
function hexUnit(bytes: Uint8Array, start: number): number {
  let unit = 0;
  for (let at = start; at < start + 4; at++) {
    const byte = bytes[at] ?? 0;
    const letter = byte | 0x20;
    if (byte >= ZERO && byte <= NINE) unit = unit * 16 + byte - ZERO;
    else if (letter >= 0x61 && letter <= 0x66) unit = unit * 16 + letter - 0x61 + 10;
    else return -1;
  }
  return unit;
}

/** Of an integer of ten digits and more. */
function integerType(bytes: Uint8Array, start: number, end: number): number {
  if (end - start > 20) return INTEGER;
  const value = BigInt(asciiText(bytes, start, end));
  if (value >= -0x8000_0000n && value <= 0x7fff_ffffn) return INT32;
  return value >= -0x8000_0000_0000_0000n && value <= 0x7fff_ffff_ffff_ffffn ? INT64 : INTEGER;
}

function isFiniteNumber(bytes: Uint8Array, start: number, end: number): boolean {
  return Number.isFinite(Number(asciiText(bytes, start, end)));
}

function asciiText(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
}
