import type { Step } from "../mapping/path.ts";
import { readLeaf } from "./leaf.ts";
import { PROVABLE_TYPES, type Plan, type ProvableType, type ReadNode } from "./plan.ts";
import { entrySteps, keySteps, levelSteps, placesOf, typedReferences } from "./references.ts";

/** A leaf of a plan that a JSON value itself can be of the wanted type. */
export interface TypedLeaf {
  readonly node: ReadNode;
  readonly type: ProvableType;
}

/**
 * The leaves of a plan that all who read them read as one type that a JSON value can have by itself (a number, a boolean).
 * Where it is known of a slice that all values there are of that type, an engine may read them as such: no guard, no cast,
 * no bad value. What is known of a slice is never part of a plan or its fingerprint: both ways give the same rows.
 */
export class TypedLeaves {
  /** Their nodes are those of `Plan.read`. */
  readonly leaves: readonly TypedLeaf[];
  readonly #plan: Plan;
  /** Nodes that are read as one: the places that a lookup looks in. */
  readonly #together: readonly (readonly ReadNode[])[];

  constructor(plan: Plan) {
    this.#plan = plan;
    const wanted = new Map<ReadNode, Set<string>>();
    const together: (readonly ReadNode[])[] = [];
    for (const target of [null, ...plan.targets]) {
      for (const { reference, type } of typedReferences(plan, target)) {
        const nodes = placesOf(plan, target, reference).map((steps) => nodeAt(plan.read, steps));
        if (nodes.length > 1) together.push(nodes);
        for (const node of nodes) wanted.set(node, (wanted.get(node) ?? new Set()).add(type));
      }
    }
    for (const { containers, by, leaves } of plan.lookupTables) {
      if (containers.length === 1) continue;
      for (const { keys } of leaves)
        together.push(containers.map((container) => nodeAt(plan.read, [...entrySteps(plan, container, by), ...keySteps(keys)])));
    }
    this.#together = together;
    this.leaves = [...wanted].flatMap(([node, types]): TypedLeaf[] => {
      const type = node.kind === "text" ? oneType(types) : null;
      // A null value is a text: what it says of `0.0` is no longer to be told from `0` once they are numbers.
      const isReplaced = type !== null && plan.nullValues.some((value) => readLeaf({ name: type }, value).ok);
      return type === null || isReplaced ? [] : [{ node, type }];
    });
  }

  /** The plan with `read` schemas that have the proven leaves as their types. `proven`: positions in `leaves`. */
  read(proven: ReadonlySet<number>): Plan {
    const types = new Map(this.leaves.flatMap(({ node, type }, at) => (proven.has(at) ? [[node, type] as const] : [])));
    for (let before = -1; before !== types.size;) {
      before = types.size;
      for (const nodes of this.#together) if (nodes.some((node) => !types.has(node))) for (const node of nodes) types.delete(node);
    }
    const plan = this.#plan;
    const below = (own: ReadNode, keys: readonly string[]): ReadNode =>
      typedRead(own, nodeAt(plan.read, [...levelSteps(plan.documentLevels), ...keySteps(keys)]), types);
    return {
      ...plan,
      read: typedRead(plan.read, plan.read, types),
      lookupTables: plan.lookupTables.map((table) => ({ ...table, read: below(table.read, table.containers[0] ?? []) })),
      targets: plan.targets.map((target) => ({
        ...target,
        read: target.read === null ? null : below(target.read, target.levels[0]?.keys ?? []),
      })),
    };
  }
}

/** The node of a read schema at a place. */
export function nodeAt(read: ReadNode, steps: readonly Step[]): ReadNode {
  return steps.reduce((node, step) => {
    if (node.kind === "map" && step.kind !== "items") return node.value;
    if (node.kind === "array" && step.kind === "items") return node.item;
    const child = node.kind === "object" && step.kind === "key" ? node.keys[step.key] : undefined;
    if (child === undefined) throw new Error(`the read schema has no such place: ${JSON.stringify(steps)}`);
    return child;
  }, read);
}

/** The one type that all readers want. A lookup's key is made of an integer's text as well as of a text. */
function oneType(types: ReadonlySet<string>): ProvableType | null {
  const [type, ...more] = [...types].filter((wanted) => wanted !== "key");
  const provable = PROVABLE_TYPES.find((known) => known === type);
  if (provable === undefined || more.length > 0) return null;
  return types.has("key") && provable !== "INT" && provable !== "BIGINT" ? null : provable;
}

/** `own` is pruned to what its owner reads, `whole` is the same place in the plan's schema, where a map stands for all keys. */
function typedRead(own: ReadNode, whole: ReadNode, types: ReadonlyMap<ReadNode, ProvableType>): ReadNode {
  const type = types.get(whole);
  if (type !== undefined && own.kind === "text") return { kind: "typed", type };
  switch (own.kind) {
    case "text":
    case "typed":
    case "json":
      return own;
    case "array":
      return { kind: "array", item: typedRead(own.item, nodeAt(whole, [{ kind: "items" }]), types) };
    case "map":
      return { kind: "map", value: typedRead(own.value, nodeAt(whole, [{ kind: "values" }]), types) };
    case "object":
      return {
        kind: "object",
        keys: Object.fromEntries(
          Object.entries(own.keys).map(([key, child]) => [key, typedRead(child, nodeAt(whole, [{ kind: "key", key }]), types)]),
        ),
      };
  }
}
