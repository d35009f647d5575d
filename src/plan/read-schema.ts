import { UserError } from "../core/errors.ts";
import type { Step } from "../mapping/path.ts";
import type { ReadNode } from "./plan.ts";

/** A place that is read: a path from the answer's root, and whether its text or its whole JSON is wanted (`container`: only that it is there, to be exploded). */
export interface ReadPath {
  readonly steps: readonly Step[];
  readonly kind: "text" | "json" | "container";
}

interface Node {
  keys: Map<string, Node>;
  items: Node | null;
  values: Node | null;
  leaf: "text" | "json" | null;
}
const emptyNode = (): Node => ({ keys: new Map(), items: null, values: null, leaf: null });

/**
 * The read schema of a set of paths: only what is named is parsed. A node of which any path reads every value is a map, and
 * what other paths read there by name is read of each value.
 * @throws UserError `plan.read-conflict` where one path wants a place as text or JSON and another looks below it.
 */
export function readSchemaOf(paths: readonly ReadPath[]): ReadNode {
  const root = emptyNode();
  for (const path of paths) {
    let node = root;
    for (const step of path.steps) node = stepInto(node, step);
    if (path.kind !== "container") node.leaf = node.leaf === "json" || path.kind === "json" ? "json" : "text";
  }
  return finish(root, "$");
}

function stepInto(node: Node, step: Step): Node {
  switch (step.kind) {
    case "items":
      return (node.items ??= emptyNode());
    case "values":
      return (node.values ??= emptyNode());
    case "key": {
      const known = node.keys.get(step.key);
      if (known !== undefined) return known;
      const made = emptyNode();
      node.keys.set(step.key, made);
      return made;
    }
  }
}

function merge(into: Node, from: Node): Node {
  for (const [key, child] of from.keys) into.keys.set(key, merge(into.keys.get(key) ?? emptyNode(), child));
  if (from.items !== null) into.items = merge(into.items ?? emptyNode(), from.items);
  if (from.values !== null) into.values = merge(into.values ?? emptyNode(), from.values);
  into.leaf = from.leaf === "json" ? "json" : (into.leaf ?? from.leaf);
  return into;
}

function finish(node: Node, place: string): ReadNode {
  const below = node.keys.size > 0 || node.items !== null || node.values !== null;
  if (node.leaf !== null && below) conflict(place, "a value that is read whole, or a container that columns are read from");
  if (node.items !== null && (node.keys.size > 0 || node.values !== null)) conflict(place, "an array, or an object");
  if (node.leaf !== null) return { kind: node.leaf };
  if (node.items !== null) return { kind: "array", item: finish(node.items, `${place}[*]`) };
  if (node.values !== null) {
    const value = [...node.keys.values()].reduce(merge, node.values);
    return { kind: "map", value: finish(value, `${place}.*`) };
  }
  // Of which nothing is read: it may be of any kind.
  if (node.keys.size === 0) return { kind: "json" };
  return { kind: "object", keys: Object.fromEntries([...node.keys].map(([key, child]) => [key, finish(child, `${place}.${key}`)])) };
}

function conflict(place: string, expected: string): never {
  throw new UserError({
    code: "plan.read-conflict",
    message: `the mapping reads ${place} in two ways`,
    expected,
    got: "both",
    next: "map the container as one JSONB column, or its leaves, not both",
  });
}
