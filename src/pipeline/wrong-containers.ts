import type { Plan, ReadNode } from "../plan/plan.ts";
import type { JsonType, PathType, ShapeDictionary, ShapeSet } from "../raw/shape.ts";
import { pointerStep } from "../core/json-pointer.ts";
import { nodesAt } from "./shape-nodes.ts";

/** A value of a kind that the plan does not read there: a text where an object should be leaves no trace in DuckDB. */
export interface WrongContainer {
  readonly expected: "object" | "array" | "scalar";
  readonly pointer: string;
  readonly value: string;
}

/** Says from shapes alone which captures may hold a wrong container. Keys that look like ids are folded in a shape, so the body has the last word. */
export class ContainerCheck {
  readonly #read: ReadNode;
  readonly #suspects: readonly number[];

  constructor(plan: Plan, dictionary: ShapeDictionary) {
    this.#read = plan.read;
    this.#suspects = dictionary.entries.flatMap((entry, id) => (isSuspect(plan.read, entry) ? [id] : []));
  }

  isSuspect(shape: ShapeSet): boolean {
    return this.#suspects.some((id) => shape.has(id));
  }

  /** The wrong containers of a parsed body, at most `limit`. */
  find(body: unknown, limit = 100): readonly WrongContainer[] {
    const found: WrongContainer[] = [];
    walk(this.#read, body, "", found, limit);
    return found;
  }
}

function isSuspect(read: ReadNode, entry: PathType): boolean {
  return nodesAt(read, entry.path).some((node) => !takes(node, entry.type));
}

function takes(node: ReadNode, type: JsonType): boolean {
  if (type === "null") return true;
  switch (node.kind) {
    case "array":
      return type === "array";
    case "map":
    case "object":
      return type === "object";
    case "text":
    case "typed":
      return type !== "array" && type !== "object";
    case "json":
      return true;
  }
}

function typeOf(value: unknown): JsonType {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "object") return "object";
  return typeof value === "string" ? "string" : typeof value === "boolean" ? "boolean" : "number";
}

function walk(node: ReadNode, value: unknown, pointer: string, found: WrongContainer[], limit: number): void {
  if (found.length >= limit || value === undefined) return;
  if (!takes(node, typeOf(value))) {
    const expected = node.kind === "array" ? "array" : node.kind === "text" ? "scalar" : "object";
    found.push({ expected, pointer, value: JSON.stringify(value).slice(0, 200) });
    return;
  }
  if (value === null || typeof value !== "object" || node.kind === "text" || node.kind === "typed" || node.kind === "json") return;
  const entries: Iterable<readonly [string | number, unknown]> = Array.isArray(value) ? value.entries() : Object.entries(value);
  for (const [key, inner] of entries) {
    const child =
      node.kind === "array" ? node.item : node.kind === "map" ? node.value : Object.hasOwn(node.keys, key) ? node.keys[key] : undefined;
    if (child !== undefined) walk(child, inner, pointer + pointerStep(key), found, limit);
  }
}
