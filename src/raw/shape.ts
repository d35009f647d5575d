/**
 * What is known of a body without reading it again: the set of (path, JSON type) in it.
 * Arrays are `[*]`, keys that are ids (`^(ID)?[0-9]+$`) are `.*`. Small, because each raw table has a dictionary of them.
 */

/**
 * An integer is a number whose text has no fraction and no exponent: `int32`, `int64` (fits in that many bits, and in none smaller) or `integer` (larger);
 * `number` is any other.
 */
export const JSON_TYPES = ["object", "array", "string", "boolean", "null", "int32", "int64", "integer", "number"] as const;
export type JsonType = (typeof JSON_TYPES)[number];

export interface PathType {
  /** `$.dates[*].games[*].status`, `$.players.*.id`, `$["odd key"]`. */
  readonly path: string;
  readonly type: JsonType;
}

/** The (path, type) pairs that a scanner has met, numbered from 0 as they came. Lives as long as its scanner; nothing stored refers to it. */
export interface ShapeVocabulary {
  readonly entries: readonly PathType[];
}

/** The shape of one body: numbers of entries of a vocabulary, each once, in no order. */
export interface BodyShape {
  readonly vocabulary: ShapeVocabulary;
  readonly entries: readonly number[];
}

/** The pairs of a shape, in no order. */
export function shapePairs(shape: BodyShape): PathType[] {
  return shape.entries.map((entry) => {
    const pair = shape.vocabulary.entries[entry];
    if (pair === undefined) throw new RangeError(`shape entry ${String(entry)} is not in its vocabulary`);
    return pair;
  });
}

const PLAIN_KEY = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** One key as a step of a path: `.key`, or `["odd key"]` (a JSON string) where it is no plain identifier. */
export function keyStep(key: string): string {
  return PLAIN_KEY.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

/** Whether a key stands for an id, so that all such keys of an object are one path `.*`. */
export function isIdKey(key: string): boolean {
  return /^(?:ID)?[0-9]+$/.test(key);
}

/**
 * The dictionary of one raw table: (path, type) → number from 0, append-only, so that a number means the same for ever.
 * A snapshot: entries that are added later are not in it.
 */
export class ShapeDictionary {
  readonly #entries: PathType[] = [];
  readonly #ids = new Map<string, number>();

  constructor(entries: Iterable<PathType> = []) {
    for (const entry of entries) this.add(entry);
  }

  /** Number of entries. */
  get size(): number {
    return this.#entries.length;
  }

  /** In order of their numbers. */
  get entries(): readonly PathType[] {
    return this.#entries;
  }

  /** Null where the pair was never met. */
  idOf(path: string, type: JsonType): number | null {
    return this.#ids.get(`${type} ${path}`) ?? null;
  }

  /** The number of the pair, a new one where it is new. */
  add(pair: PathType): number {
    const key = `${pair.type} ${pair.path}`;
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const id = this.#entries.length;
    this.#ids.set(key, id);
    this.#entries.push({ path: pair.path, type: pair.type });
    return id;
  }

  /** The pairs of a capture's shape, in order of their numbers. */
  pairsOf(shape: ShapeSet): PathType[] {
    return shape.ids().map((id) => {
      const pair = this.#entries[id];
      if (pair === undefined)
        throw new RangeError(
          `shape refers to entry ${String(id)}, the dictionary has ${String(this.#entries.length)}: read it after the captures`,
        );
      return pair;
    });
  }
}

/** A capture's shape, decoded: a set of dictionary numbers. */
export class ShapeSet {
  readonly #bits: Uint8Array;

  constructor(bits: Uint8Array) {
    this.#bits = bits;
  }

  has(id: number): boolean {
    return (((this.#bits[id >>> 3] ?? 0) >>> (id & 7)) & 1) === 1;
  }

  /** Ascending. */
  ids(): number[] {
    const ids: number[] = [];
    for (let byte = 0; byte < this.#bits.length; byte++) {
      const bits = this.#bits[byte] ?? 0;
      for (let bit = 0; bit < 8; bit++) if (((bits >>> bit) & 1) === 1) ids.push(byte * 8 + bit);
    }
    return ids;
  }
}

/** Dictionary numbers as base64 of a bitset: number n is bit n mod 8 (least significant first) of byte ⌊n / 8⌋. */
export function encodeShape(ids: readonly number[]): string {
  let last = -1;
  for (const id of ids) if (id > last) last = id;
  const bits = Buffer.alloc((last + 8) >>> 3);
  for (const id of ids) bits[id >>> 3] = (bits[id >>> 3] ?? 0) | (1 << (id & 7));
  return bits.toString("base64");
}

/** The set that `encodeShape` wrote. */
export function decodeShape(text: string): ShapeSet {
  return new ShapeSet(Buffer.from(text, "base64"));
}
