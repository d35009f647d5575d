import type { ColumnType } from "../mapping/column-type.ts";
import type { Expression } from "../mapping/expression.ts";
import type { Source, SourceField } from "../mapping/mapping.ts";
import type { Reference } from "../mapping/path.ts";

/**
 * A mapping, compiled: plain frozen data, the same for every engine, serialisable as JSON. An engine writes it as SQL of its
 * dialect and runs it; `explain` prints the same stages.
 */
export interface Plan {
  readonly mapping: string;
  /** SHA-256 of all that decides rows or verdicts (not descriptions, warnings, indexes, exports), hex. */
  readonly fingerprint: string;
  /** Every bad value quarantines. */
  readonly strict: boolean;
  readonly source: Source;
  readonly nullValues: readonly string[];
  /** All that is read of an answer, pruned to the mapped paths: what kind of value must be where. */
  readonly read: ReadNode;
  /** From the answer to the document: empty where the answer is the document. */
  readonly documentLevels: readonly Level[];
  /** The document's columns. */
  readonly fields: readonly PlanColumn[];
  /** Objects and arrays of the document that rows look into, each read once. */
  readonly lookupTables: readonly LookupTable[];
  readonly targets: readonly PlanTarget[];
  /** Request parameters that columns name. */
  readonly parameters: readonly string[];
}

/** Column types that a JSON value can be of by itself, whatever its text. */
export const PROVABLE_TYPES = ["INT", "BIGINT", "DOUBLE", "BOOLEAN"] as const;
export type ProvableType = (typeof PROVABLE_TYPES)[number];

/** What is read at one place of an answer. `text`: the value's text. `json`: the value, whole. */
export type ReadNode =
  | { readonly kind: "text" }
  /** A number or boolean as itself: only where a slice is known to hold nothing else there (`plan/typed-leaves.ts`). */
  | { readonly kind: "typed"; readonly type: ProvableType }
  | { readonly kind: "json" }
  | { readonly kind: "object"; readonly keys: Readonly<Record<string, ReadNode>> }
  /** An object of which some target reads every value, or values by a computed key. */
  | { readonly kind: "map"; readonly value: ReadNode }
  | { readonly kind: "array"; readonly item: ReadNode };

/** One step outwards in: keys from the element of the level before to a container, and how its elements become rows. */
export interface Level {
  readonly keys: readonly string[];
  readonly each: "items" | "values" | "object";
}

export type PlanValue =
  | { readonly kind: "path"; readonly reference: Reference }
  | { readonly kind: "source_field"; readonly source: SourceField }
  | { readonly kind: "expression"; readonly expression: Expression; readonly text: string };

export interface PlanColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly nullable: boolean;
  readonly value: PlanValue;
  readonly default: string | null;
  /** `strict` is already applied. */
  readonly onBadValue: "null" | "quarantine";
}

export interface LookupTable {
  /** Keys from the document to each container whose entries it holds: those that a lookup looks in together are laid out together. */
  readonly containers: readonly (readonly string[])[];
  readonly by: "key" | "position";
  /** Values read below each entry, as key paths, with how they are read. */
  readonly leaves: readonly LookupLeaf[];
  /** Each container, pruned to these leaves. */
  readonly read: ReadNode;
}
export interface LookupLeaf {
  readonly keys: readonly string[];
  readonly kind: "text" | "json";
}

export interface PlanLookup {
  readonly name: string;
  readonly places: readonly {
    /** Position in `Plan.lookupTables`. */
    readonly table: number;
    /** Position in its `containers`. */
    readonly container: number;
    readonly prefix: string;
    readonly reference: Reference;
  }[];
}

export interface PlanRule {
  /** As written. */
  readonly rule: string;
  readonly expression: Expression;
  readonly severity: "error" | "warn";
}

export interface PlanRelationship {
  readonly fromFields: readonly string[];
  readonly toTable: string;
  readonly toFields: readonly string[];
}

export interface PlanTarget {
  readonly name: string;
  /** From the document to the row: empty where the document is the row. */
  readonly levels: readonly Level[];
  /** The container of the first level, pruned to what this target reads; null where the document is the row. */
  readonly read: ReadNode | null;
  readonly optional: boolean;
  readonly filter: Expression | null;
  readonly lookups: readonly PlanLookup[];
  readonly primaryKey: readonly string[];
  /** Without the document's columns (`Plan.fields`), which come first in every target. */
  readonly columns: readonly PlanColumn[];
  readonly rules: readonly PlanRule[];
  /** Those that the gate checks inside the document. */
  readonly relationships: readonly PlanRelationship[];
}

/** All columns of a target in order: the document's first. */
export function targetColumns(plan: Plan, target: PlanTarget): readonly PlanColumn[] {
  return [...plan.fields, ...target.columns];
}
