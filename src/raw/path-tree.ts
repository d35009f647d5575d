import { JSON_TYPES, keyStep } from "./shape.ts";
import type { PathType, ShapeVocabulary } from "./shape.ts";

/** One path, as the scanner walks it. The fields of the scan are public and mutable: it touches them for every leaf of a feed. */
export class PathNode {
  readonly parent: PathNode | null;
  /** The path's last step as text: `.key`, `["odd key"]`, `[*]`, `.*`; `$` for the root. */
  readonly step: string;
  /** UTF-8 bytes of the key in `PathTree.keys`; length −1 where the key cannot stand in JSON without an escape, or the step is no key. */
  readonly keyStart: number;
  readonly keyLength: number;
  /** Characters of the whole path's text. */
  readonly pathLength: number;
  /** Children by key. */
  readonly children: Map<string, PathNode> = new Map<string, PathNode>();
  /** What `[*]` and `.*` are below this path. */
  items: PathNode | null = null;
  values: PathNode | null = null;
  /** The child that came first, and the sibling that came next, when this path was last met: objects of one kind have their keys in one order. */
  first: PathNode | null = null;
  next: PathNode | null = null;
  /** Serial number of the object that had this key last: the same one again is a double key. */
  stamp = 0;
  /** Number of the scan that met this path last, and the types that it met (bit n is `JSON_TYPES[n]`). */
  scan = 0;
  types = 0;
  /** Numbers in the vocabulary by type; −1 is none yet. */
  readonly entries: number[] = JSON_TYPES.map(() => -1);

  constructor(parent: PathNode | null, step: string, keyStart: number, keyLength: number) {
    this.parent = parent;
    this.step = step;
    this.keyStart = keyStart;
    this.keyLength = keyLength;
    this.pathLength = (parent?.pathLength ?? 0) + step.length;
  }
}

/** All paths that a scanner has met, as a tree, and their vocabulary. */
export class PathTree implements ShapeVocabulary {
  readonly root: PathNode = new PathNode(null, "$", 0, -1);
  readonly entries: PathType[] = [];
  /** Bytes of all keys, one after the other. */
  keys: Uint8Array = new Uint8Array(1 << 14);
  #keysEnd = 0;
  #size = 1;
  #textLength = 0;

  /** Number of paths. */
  get size(): number {
    return this.#size;
  }

  /** Characters of all their last steps together. */
  get textLength(): number {
    return this.#textLength;
  }

  itemsOf(node: PathNode): PathNode {
    return (node.items ??= this.#add(node, "[*]", -1));
  }

  valuesOf(node: PathNode): PathNode {
    return (node.values ??= this.#add(node, ".*", -1));
  }

  childOf(node: PathNode, key: string): PathNode {
    let child = node.children.get(key);
    if (child === undefined) {
      // A key with a quote, a backslash or a control character is always written with an escape, so its bytes must never be compared with raw text.
      const isRaw = !/["\\\p{Cc}]/u.test(key);
      child = this.#add(node, keyStep(key), isRaw ? this.#keep(Buffer.from(key, "utf8")) : -1);
      node.children.set(key, child);
    }
    return child;
  }

  /** Number in the vocabulary of a path with a type (index into `JSON_TYPES`). */
  entryOf(node: PathNode, type: number): number {
    let entry = node.entries[type] ?? -1;
    if (entry === -1) {
      entry = this.entries.length;
      node.entries[type] = entry;
      const name = JSON_TYPES[type];
      if (name === undefined) throw new RangeError(`no JSON type ${String(type)}`);
      let path = "";
      for (let at: PathNode | null = node; at !== null; at = at.parent) path = at.step + path;
      this.entries.push({ path, type: name });
    }
    return entry;
  }

  #add(parent: PathNode, step: string, keyLength: number): PathNode {
    this.#size++;
    this.#textLength += step.length;
    return new PathNode(parent, step, this.#keysEnd - Math.max(keyLength, 0), keyLength);
  }

  #keep(key: Uint8Array): number {
    const end = this.#keysEnd + key.length;
    if (end > this.keys.length) {
      const larger = new Uint8Array(Math.max(end, this.keys.length * 2));
      larger.set(this.keys.subarray(0, this.#keysEnd));
      this.keys = larger;
    }
    this.keys.set(key, this.#keysEnd);
    this.#keysEnd = end;
    return key.length;
  }
}
