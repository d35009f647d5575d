import type { Plan, ProvableType } from "../plan/plan.ts";
import { TypedLeaves } from "../plan/typed-leaves.ts";
import type { JsonType, ShapeDictionary, ShapeSet } from "../raw/shape.ts";
import { nodesAt } from "./shape-nodes.ts";

/** Says from shapes alone which leaves of a plan hold, in some captures, only values that are of their type by themselves. */
export class LeafProof {
  readonly #leaves: number;
  /** Entries of the dictionary, each with the leaves that it refutes. */
  readonly #refuted: readonly (readonly [entry: number, leaves: readonly number[]])[];

  constructor(plan: Plan, dictionary: ShapeDictionary) {
    const { leaves } = new TypedLeaves(plan);
    this.#leaves = leaves.length;
    const byNode = new Map(leaves.map(({ node }, at) => [node, at]));
    this.#refuted = dictionary.entries.flatMap(({ path, type }, entry) => {
      const refuted = nodesAt(plan.read, path).flatMap((node) => {
        const at = byNode.get(node);
        const leaf = at === undefined ? undefined : leaves[at];
        return at === undefined || leaf === undefined || isOfType(type, leaf.type) ? [] : [at];
      });
      return refuted.length === 0 ? [] : [[entry, refuted] as const];
    });
  }

  /** Positions in `TypedLeaves.leaves` that no shape refutes. A capture without a shape proves nothing. */
  proven(shapes: readonly (ShapeSet | null)[]): ReadonlySet<number> {
    if (shapes.includes(null)) return new Set();
    const proven = new Set(Array.from({ length: this.#leaves }, (_, at) => at));
    for (const [entry, leaves] of this.#refuted)
      if (shapes.some((shape) => shape?.has(entry) === true)) for (const at of leaves) proven.delete(at);
    return proven;
  }
}

/** Whether every JSON value of this kind is one of the type, and reads as its text would (null is no value of any type). */
function isOfType(json: JsonType, type: ProvableType): boolean {
  if (json === "null") return true;
  switch (type) {
    case "INT":
      return json === "int32";
    case "BIGINT":
      return json === "int32" || json === "int64";
    case "DOUBLE":
      return json === "int32" || json === "int64" || json === "number";
    case "BOOLEAN":
      return json === "boolean";
  }
}
