import type { BodyShape } from "../raw/shape.ts";
import { isIdKey, keyStep, shapePairs } from "../raw/shape.ts";
import { LeafTree, VALUE_KINDS, type ValueKind } from "./leaf-tree.ts";

/** One path of a body. */
export interface TreeLine {
  /** `$.plays[*].id`, `$.players.*.name`: arrays as `[*]`, keys that are ids as `.*`. */
  readonly path: string;
  readonly depth: number;
  /** The last step of the path. */
  readonly step: string;
  /** How often each kind of value is there, in a fixed order, those that are there. */
  readonly kinds: readonly { readonly kind: ValueKind; readonly count: number }[];
  /** The first value there that is a scalar and not null, as JSON; null where there is none. */
  readonly example: string | null;
}

/** All paths of a body, with what kinds of values are there and one of them, in the order of the body. */
export function valueTree(value: object, shape: BodyShape): readonly TreeLine[] {
  const tree = new LeafTree();
  tree.add(value, shapePairs(shape));
  const examples = new Map<string, string>();
  gather(value, "$", examples);
  const lines: TreeLine[] = [];
  const walk = (node: LeafTree["root"], depth: number, parent: string): void => {
    lines.push({
      path: node.path,
      depth,
      step: node.path.slice(parent.length),
      kinds: VALUE_KINDS.flatMap((kind) => (node.counts[kind] === 0 ? [] : [{ kind, count: node.counts[kind] }])),
      example: examples.get(node.path) ?? null,
    });
    for (const child of node.below()) walk(child, depth + 1, node.path);
  };
  walk(tree.root, 0, "");
  return lines;
}

function gather(value: unknown, path: string, examples: Map<string, string>): void {
  if (value === null || value === undefined) return;
  if (typeof value !== "object") {
    if (!examples.has(path)) examples.set(path, JSON.stringify(value));
  } else if (Array.isArray(value)) for (const item of value) gather(item, `${path}[*]`, examples);
  else for (const [key, inner] of Object.entries(value)) gather(inner, path + (isIdKey(key) ? ".*" : keyStep(key)), examples);
}
