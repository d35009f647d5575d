/**
 * A seeded stream of random values: the same seed gives the same values on every machine.
 * Nothing in the simulator asks for randomness elsewhere, and nothing here uses a transcendental function of `Math`
 * (only `+ - * / sqrt` are fixed to the last bit by IEEE 754).
 */
export interface RandomSource {
  /** Uniform in [0, 1), with 53 random bits. */
  next(): number;
  /** Uniform in [low, high). */
  between(low: number, high: number): number;
  /** A whole number from low to high, both included. */
  integer(low: number, high: number): number;
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
  /** One of the keys, each as often as its weight says; weights need not sum to one. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K;
  /** Bell-shaped around `mean`, never farther away than six deviations. */
  normal(mean: number, deviation: number): number;
  shuffled<T>(items: readonly T[]): T[];
  /** A version 4 UUID. */
  uuid(): string;
  /** A stream of its own, which depends on seed and label only, not on what was drawn before. */
  fork(label: string): RandomSource;
}

/** FNV-1a over the characters, with a final mix: 32 bits. */
function hashText(text: string, salt: number): number {
  let hash = 0x811c9dc5 ^ salt;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** The sfc32 generator (Chris Doty-Humphrey, public domain): 32 random bits with each call. */
function createBits(seed: string): () => number {
  let a = hashText(seed, 1);
  let b = hashText(seed, 2);
  let c = hashText(seed, 3);
  let counter = 1;
  const bits = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let i = 0; i < 12; i++) bits();
  return bits;
}

export function createRandomSource(seed: number | string): RandomSource {
  const bits = createBits(String(seed));
  const next = (): number => ((bits() >>> 5) * 67_108_864 + (bits() >>> 6)) / 9_007_199_254_740_992;
  const integer = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));

  const source: RandomSource = {
    next,
    between: (low, high) => low + next() * (high - low),
    integer,
    chance: (probability) => next() < probability,
    pick: (items) => {
      const item = items[integer(0, items.length - 1)];
      if (item === undefined) throw new RangeError("cannot pick from an empty list");
      return item;
    },
    weighted: <K extends string>(weights: Readonly<Record<K, number>>): K => {
      const keys = Object.keys(weights) as K[];
      let rest = next() * keys.reduce((sum, key) => sum + weights[key], 0);
      for (const key of keys) {
        rest -= weights[key];
        if (rest < 0) return key;
      }
      const last = keys.at(-1);
      if (last === undefined) throw new RangeError("cannot choose without weights");
      return last;
    },
    normal: (mean, deviation) => {
      let sum = -6;
      for (let i = 0; i < 12; i++) sum += next();
      return mean + sum * deviation;
    },
    shuffled: <T>(items: readonly T[]): T[] => {
      const rest = [...items];
      const result: T[] = [];
      while (rest.length > 0) result.push(...rest.splice(integer(0, rest.length - 1), 1));
      return result;
    },
    uuid: () => {
      const hex = Array.from({ length: 4 }, () => bits().toString(16).padStart(8, "0")).join("");
      const variant = "89ab".charAt(integer(0, 3));
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
    },
    fork: (label) => createRandomSource(`${seed}/${label}`),
  };
  return source;
}
