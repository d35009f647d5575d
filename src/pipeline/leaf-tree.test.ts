import { expect, test } from "vitest";
import { parsePath } from "../mapping/parse-path.ts";
import { BodyChecker } from "../raw/body.ts";
import { shapePairs } from "../raw/shape.ts";
import { type LeafNode, LeafTree } from "./leaf-tree.ts";

function treeOf(...bodies: readonly string[]): LeafTree {
  const tree = new LeafTree();
  const checker = new BodyChecker();
  for (const body of bodies) {
    const verdict = checker.check(Buffer.from(body));
    if (!verdict.ok) throw new Error(verdict.failure.message);
    tree.add(verdict.value, shapePairs(verdict.shape));
  }
  return tree;
}

function matches(tree: LeafTree, path: string): readonly string[] {
  const parsed = parsePath(path);
  if (!parsed.ok) throw new Error(path);
  return [...tree.match(tree.root, parsed.value)].map((node) => node.path);
}

const leavesOf = (tree: LeafTree): readonly LeafNode[] => [...tree.root.subtree()].filter((node) => node.leaves > 0);

test("paths are spelled as in shapes: items are one, keys that are ids are one, other keys are themselves", () => {
  const tree = treeOf('[{"ID7":{"odd key":1},"12":{"odd key":2},"__proto__":true,"none":{},"no":[]}]');
  expect(leavesOf(tree).map((node) => [node.path, node.leaves])).toEqual([
    ['$[*].*["odd key"]', 2],
    ["$[*].__proto__", 1],
  ]);
});

test("the text of a number says whether it is an integer, in each body anew", () => {
  const tree = treeOf('{"a":1.0,"b":1}', '{"a":1,"b":1e0}', '{"a":2.5,"b":[1]}');
  expect(tree.root.children.get("a")?.counts).toMatchObject({ integer: 1, number: 2 });
  expect(tree.root.children.get("b")?.counts).toMatchObject({ integer: 1, number: 1, array: 1 });
});

test("a wildcard matches named keys too, and a named id matches all ids", () => {
  const tree = treeOf('{"teams":{"home":{"id":1},"7":{"id":2}},"list":[{"id":3}]}');
  expect(matches(tree, "$.teams.*.id")).toEqual(["$.teams.*.id", "$.teams.home.id"]);
  expect(matches(tree, "$.teams.9.id")).toEqual(["$.teams.*.id"]);
  expect(matches(tree, "$.teams.home.id")).toEqual(["$.teams.home.id"]);
  expect(matches(tree, "$.list[*].id")).toEqual(["$.list[*].id"]);
  expect(matches(tree, "$.list.*.id")).toEqual([]);
});
