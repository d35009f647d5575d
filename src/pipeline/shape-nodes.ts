import type { ReadNode } from "../plan/plan.ts";
import { isIdKey } from "../raw/shape.ts";

/** The places of a read schema that a path of a shape stands for: several, since keys that look like ids are one path there. */
export function nodesAt(read: ReadNode, path: string): readonly ReadNode[] {
  let nodes: readonly ReadNode[] = [read];
  for (const step of pathSteps(path)) nodes = nodes.flatMap((node) => childrenAt(node, step));
  return nodes;
}

export type PathStep = { readonly kind: "items" } | { readonly kind: "ids" } | { readonly kind: "key"; readonly key: string };

/** The spelling is `raw/shape.ts`'s: `$.a[*].b.*["odd key"]`. */
export function pathSteps(path: string): readonly PathStep[] {
  return [...path.slice(1).matchAll(/\[\*\]|\.\*|\.([A-Za-z_][A-Za-z0-9_]*)|\[("(?:[^"\\]|\\.)*")\]/g)].map(
    ([whole, plain, quoted]): PathStep => {
      if (whole === "[*]") return { kind: "items" };
      if (whole === ".*") return { kind: "ids" };
      return { kind: "key", key: plain ?? String(JSON.parse(quoted ?? '""')) };
    },
  );
}

function childrenAt(node: ReadNode, step: PathStep): readonly ReadNode[] {
  switch (node.kind) {
    case "array":
      return step.kind === "items" ? [node.item] : [];
    case "map":
      return step.kind === "items" ? [] : [node.value];
    case "object": {
      if (step.kind === "items") return [];
      if (step.kind === "ids") return Object.entries(node.keys).flatMap(([key, child]) => (isIdKey(key) ? [child] : []));
      const child = Object.hasOwn(node.keys, step.key) ? node.keys[step.key] : undefined;
      return child === undefined ? [] : [child];
    }
    case "text":
    case "typed":
    case "json":
      return [];
  }
}
