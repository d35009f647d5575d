import type { Ignore } from "../mapping/mapping.ts";
import { parseIgnorePath } from "../mapping/parse-path.ts";
import type { Path } from "../mapping/path.ts";
import type { Plan } from "../plan/plan.ts";
import { levelSteps } from "../plan/references.ts";
import { type LeafNode, type LeafTree, VALUE_KINDS, type ValueKind } from "./leaf-tree.ts";
import { type MappedPath, containerPaths, mappedPaths } from "./mapped-paths.ts";

/** How a path of the mapping did. */
export interface PathScore {
  readonly mapped: MappedPath;
  /** Values there that are not null, over all places and all elements of the row source: the target's filter is not applied. */
  readonly hits: number;
  /** How many of each kind, null included. */
  readonly types: Readonly<Partial<Record<ValueKind, number>>>;
  /** Paths with numbers whose text is no integer, where the mapping wants the text. */
  readonly textOfNumber: readonly string[];
}

export interface IgnoreScore {
  readonly ignore: Ignore;
  /** Leaf paths that it leaves out. */
  readonly leafPaths: number;
  /** A path below it that the mapping reads. */
  readonly covers: { readonly path: string; readonly mapped: MappedPath } | null;
}

export interface LeafCoverage {
  readonly scores: readonly PathScore[];
  readonly ignores: readonly IgnoreScore[];
  readonly leafPaths: number;
  /** A leaf that is always null counts as mapped above a mapped path, and as ignored above an ignored one. */
  readonly mapped: number;
  readonly ignored: number;
  /** Leaf paths that are neither, from the answer's root, sorted. */
  readonly unknown: readonly LeafNode[];
}

/** Scores the paths of a plan, and its ignored ones, against all leaf paths of bodies. */
export function scoreCoverage(plan: Plan, ignore: readonly Ignore[], tree: LeafTree): LeafCoverage {
  const mapped = new Map<LeafNode, MappedPath>();
  const aboveMapped = new Set<LeafNode>();
  const scores = mappedPaths(plan).map((path): PathScore => {
    const nodes = new Set(path.places.flatMap((place) => [...tree.match(tree.root, place, (node) => aboveMapped.add(node))]));
    for (const node of nodes) if (!mapped.has(node) || path.reads === "whole") mapped.set(node, path);
    return scoreOf(path, [...nodes]);
  });
  for (const path of containerPaths(plan))
    for (const node of tree.match(tree.root, path, (passed) => aboveMapped.add(passed))) aboveMapped.add(node);
  spread(tree.root, null, mapped);
  const ignored = new Set<LeafNode>();
  const aboveIgnored = new Set<LeafNode>();
  const ignores = ignore.map((one): IgnoreScore => {
    const nodes = new Set(ignoredNodes(plan, one, tree, aboveIgnored).flatMap((node) => [...node.subtree()]));
    for (const node of nodes) ignored.add(node);
    const covered = [...nodes].find((node) => mapped.has(node));
    const reader = covered === undefined ? undefined : mapped.get(covered);
    return {
      ignore: one,
      leafPaths: [...nodes].filter((node) => node.leaves > 0).length,
      covers: covered === undefined || reader === undefined ? null : { path: covered.path, mapped: reader },
    };
  });
  const counts = { mapped: 0, ignored: 0 };
  const unknown: LeafNode[] = [];
  const leaves = [...tree.root.subtree()].filter((node) => node.leaves > 0);
  for (const node of leaves) {
    const isNull = node.leaves === node.counts.null;
    if (mapped.has(node) || (isNull && aboveMapped.has(node))) counts.mapped++;
    else if (ignored.has(node) || (isNull && aboveIgnored.has(node))) counts.ignored++;
    else unknown.push(node);
  }
  return { scores, ignores, leafPaths: leaves.length, ...counts, unknown: unknown.toSorted((a, b) => (a.path < b.path ? -1 : 1)) };
}

/** A column that holds a value whole maps all below it. */
function spread(node: LeafNode, whole: MappedPath | null, mapped: Map<LeafNode, MappedPath>): void {
  const own = mapped.get(node) ?? null;
  if (own === null && whole !== null) mapped.set(node, whole);
  const passOn = own?.reads === "whole" ? own : whole;
  for (const child of node.below()) spread(child, passOn, mapped);
}

function scoreOf(mapped: MappedPath, nodes: readonly LeafNode[]): PathScore {
  const types: Partial<Record<ValueKind, number>> = {};
  for (const kind of VALUE_KINDS) {
    const count = nodes.reduce((sum, node) => sum + node.counts[kind], 0);
    if (count > 0) types[kind] = count;
  }
  return {
    mapped,
    hits: nodes.reduce((sum, node) => sum + node.present, 0),
    types,
    textOfNumber: mapped.reads === "text" ? nodes.filter((node) => node.counts.number > 0).map((node) => node.path) : [],
  };
}

/**
 * What an `ignore` means: `$` is the document, as everywhere in a mapping. Where one answer is a bag of documents, the path is
 * tried from the answer's root too: what stands around the documents can be ignored by no other path.
 */
function ignoredNodes(plan: Plan, ignore: Ignore, tree: LeafTree, above: Set<LeafNode>): readonly LeafNode[] {
  const parsed = parseIgnorePath(ignore.path);
  // The check of the mapping let it through.
  if (!parsed.ok) throw new Error(`the ignore path ${ignore.path} does not parse`);
  const { anyDepth, steps } = parsed.value;
  const documents: Path = levelSteps(plan.documentLevels);
  const starts = anyDepth ? [...tree.root.subtree()] : new Set([tree.root, ...tree.match(tree.root, documents)]);
  return [...starts].flatMap((start) => [...tree.match(start, steps, (node) => above.add(node))]);
}
