import type { Ignore } from "../mapping/mapping.ts";
import type { Plan } from "../plan/plan.ts";
import { keyStep } from "../raw/shape.ts";
import { scoreCoverage } from "./leaf-coverage.ts";
import { LeafNode, LeafTree } from "./leaf-tree.ts";
import { type PathStep, pathSteps } from "./shape-nodes.ts";

/** What a mapping does with a leaf path. */
export const PATH_STATUSES = ["mapped", "ignored", "unknown"] as const;
export type PathStatus = (typeof PATH_STATUSES)[number];

/**
 * What a mapping does with each of some paths, by the matching of the lint. It depends on the path alone, and on whether
 * anything but null is there: a null above a mapped path is mapped. So it is found once, not for each group of captures.
 */
export class PathStatuses {
  readonly #statuses: Readonly<Record<"value" | "null", ReadonlyMap<string, PathStatus>>>;

  constructor(plan: Plan, ignore: readonly Ignore[], paths: Iterable<string>) {
    const all = [...paths];
    this.#statuses = { value: statusesOf(plan, ignore, all, "string"), null: statusesOf(plan, ignore, all, "null") };
  }

  of(path: string, isAlwaysNull: boolean): PathStatus {
    const status = this.#statuses[isAlwaysNull ? "null" : "value"].get(path);
    if (status === undefined) throw new RangeError(`the path ${path} is not among those that were looked at`);
    return status;
  }
}

function statusesOf(
  plan: Plan,
  ignore: readonly Ignore[],
  paths: readonly string[],
  kind: "string" | "null",
): ReadonlyMap<string, PathStatus> {
  const tree = treeOf(paths, kind);
  const unknown = new Set(scoreCoverage(plan, ignore, tree).unknown.map((node) => node.path));
  const unmapped = ignore.length === 0 ? unknown : new Set(scoreCoverage(plan, [], tree).unknown.map((node) => node.path));
  return new Map(paths.map((path) => [path, unknown.has(path) ? "unknown" : unmapped.has(path) ? "ignored" : "mapped"]));
}

/** A tree of these paths with a value of one kind at each. */
function treeOf(paths: readonly string[], kind: "string" | "null"): LeafTree {
  const tree = new LeafTree();
  for (const path of paths) {
    let node = tree.root;
    for (const step of pathSteps(path)) node = childOf(node, step);
    node.counts[kind] = 1;
  }
  return tree;
}

function childOf(node: LeafNode, step: PathStep): LeafNode {
  switch (step.kind) {
    case "items":
      return (node.items ??= new LeafNode(`${node.path}[*]`));
    case "ids":
      return (node.values ??= new LeafNode(`${node.path}.*`));
    case "key": {
      let child = node.children.get(step.key);
      if (child === undefined) {
        child = new LeafNode(node.path + keyStep(step.key));
        node.children.set(step.key, child);
      }
      return child;
    }
  }
}
