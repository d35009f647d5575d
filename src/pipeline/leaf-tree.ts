import type { Path, Step } from "../mapping/path.ts";
import { type PathType, isIdKey, keyStep } from "../raw/shape.ts";

/** Kinds of JSON values as they are counted. An `integer` is a number whose text has no fraction and no exponent. */
export const VALUE_KINDS = ["string", "boolean", "integer", "number", "null", "object", "array"] as const;
export type ValueKind = (typeof VALUE_KINDS)[number];

/** One path of the bodies seen so far, with how often each kind of value was there. */
export class LeafNode {
  /** As shapes spell it: `$.plays[*].id`, `$.players.*.name`. */
  readonly path: string;
  /** Named keys; keys that are ids are all in `values`. */
  readonly children: Map<string, LeafNode> = new Map<string, LeafNode>();
  items: LeafNode | null = null;
  values: LeafNode | null = null;
  readonly counts: Record<ValueKind, number> = { string: 0, boolean: 0, integer: 0, number: 0, null: 0, object: 0, array: 0 };
  /** Numbers of the body at hand, and those of them that are not whole: their texts decide when the body is done. */
  numeric = 0;
  fractional = 0;

  constructor(path: string) {
    this.path = path;
  }

  /** How often a value was there that is neither object nor array, null included. A leaf has at least one; an empty container is none. */
  get leaves(): number {
    const { string, boolean, integer, number } = this.counts;
    return string + boolean + integer + number + this.counts.null;
  }

  /** How often something other than null was there. */
  get present(): number {
    return this.leaves - this.counts.null + this.counts.object + this.counts.array;
  }

  *below(): Generator<LeafNode> {
    if (this.items !== null) yield this.items;
    if (this.values !== null) yield this.values;
    yield* this.children.values();
  }

  /** This path and all below it. */
  *subtree(): Generator<LeafNode> {
    yield this;
    for (const child of this.below()) yield* child.subtree();
  }
}

/** All paths of bodies, counted. Holds paths, never values: its size is that of the widest schema, not of the bodies. */
export class LeafTree {
  readonly root: LeafNode = new LeafNode("$");
  #numeric: LeafNode[] = [];

  /** Counts the values of a body. `pairs` is its shape: only the text of a number says whether it is an integer. */
  add(body: object, pairs: readonly PathType[]): void {
    this.#count(this.root, body);
    const whole = new Set<string>();
    const other = new Set<string>();
    for (const { path, type } of pairs) {
      if (type === "number") other.add(path);
      else if (type === "int32" || type === "int64" || type === "integer") whole.add(path);
    }
    for (const node of this.#numeric) {
      // `1.0` is no integer, though its value is whole. Where a path has both in one body, at least one of them is counted as such.
      const numbers = !other.has(node.path) ? 0 : whole.has(node.path) ? Math.max(node.fractional, 1) : node.numeric;
      node.counts.number += numbers;
      node.counts.integer += node.numeric - numbers;
      node.numeric = 0;
      node.fractional = 0;
    }
    this.#numeric = [];
  }

  /**
   * The paths that a path of the mapping language means: `.*` takes named keys too, and a key that is an id is one of `.*`.
   * `passed` gets each path on the way, without the start and the end.
   */
  *match(from: LeafNode, steps: Path, passed?: (node: LeafNode) => void): Generator<LeafNode> {
    const [step, ...rest] = steps;
    if (step === undefined) {
      yield from;
      return;
    }
    for (const next of childrenAt(from, step)) {
      if (rest.length > 0) passed?.(next);
      yield* this.match(next, rest, passed);
    }
  }

  #count(node: LeafNode, value: unknown): void {
    if (typeof value === "string") node.counts.string++;
    else if (typeof value === "number") {
      if (node.numeric === 0) this.#numeric.push(node);
      node.numeric++;
      if (!Number.isInteger(value)) node.fractional++;
    } else if (typeof value === "boolean") node.counts.boolean++;
    else if (value === null || value === undefined) node.counts.null++;
    else if (Array.isArray(value)) {
      node.counts.array++;
      if (value.length === 0) return;
      const items = (node.items ??= made(node, "[*]"));
      for (const item of value) this.#count(items, item);
    } else {
      node.counts.object++;
      for (const [key, inner] of Object.entries(value)) this.#count(this.#child(node, key), inner);
    }
  }

  #child(node: LeafNode, key: string): LeafNode {
    let child = node.children.get(key);
    if (child !== undefined) return child;
    if (isIdKey(key)) return (node.values ??= made(node, ".*"));
    child = made(node, keyStep(key));
    node.children.set(key, child);
    return child;
  }
}

function made(parent: LeafNode, step: string): LeafNode {
  return new LeafNode(parent.path + step);
}

function* childrenAt(node: LeafNode, step: Step): Generator<LeafNode> {
  switch (step.kind) {
    case "items":
      if (node.items !== null) yield node.items;
      return;
    case "values":
      if (node.values !== null) yield node.values;
      yield* node.children.values();
      return;
    case "key": {
      const child = isIdKey(step.key) ? node.values : node.children.get(step.key);
      if (child !== undefined && child !== null) yield child;
    }
  }
}
