import type { ColumnTypeName } from "../mapping/column-type.ts";
import type { Expression, ValueType } from "../mapping/expression.ts";
import type { Reference, Step } from "../mapping/path.ts";
import { nodesOf } from "../mapping/expression-walk.ts";
import type { Level, LookupTable, Plan, PlanColumn, PlanLookup, PlanTarget } from "./plan.ts";

/** A reference together with how its value is read. */
export interface ReadReference {
  readonly reference: Reference;
  readonly kind: "text" | "json";
}

/** All JSON values that an expression looks at, each as text. */
function expressionReferences(expression: Expression): readonly ReadReference[] {
  return [...nodesOf(expression)].flatMap((node): ReadReference[] =>
    node.kind === "path" ? [{ reference: node.reference, kind: "text" }] : [],
  );
}

/** All JSON values that a column looks at. */
export function columnReferences(column: PlanColumn): readonly ReadReference[] {
  switch (column.value.kind) {
    case "path":
      return [{ reference: column.value.reference, kind: column.type.name === "JSONB" ? "json" : "text" }];
    case "source_field":
      return [];
    case "expression":
      return expressionReferences(column.value.expression);
  }
}

/** All JSON values that a target's rows look at, apart from its containers. */
export function targetReferences(target: Pick<PlanTarget, "columns" | "filter" | "rules" | "lookups">): readonly ReadReference[] {
  return [
    ...target.columns.flatMap(columnReferences),
    ...(target.filter === null ? [] : expressionReferences(target.filter)),
    ...target.rules.flatMap((rule) => expressionReferences(rule.expression)),
    ...target.lookups.flatMap((lookup) => lookup.places.map((place): ReadReference => ({ reference: place.reference, kind: "text" }))),
  ];
}

/** Whether any column says when its capture was made: the same body at another time has other rows then. */
export function readsCaptureTime(plan: Pick<Plan, "fields" | "targets">): boolean {
  return [...plan.fields, ...plan.targets.flatMap((target) => target.columns)].some(
    ({ value }) => value.kind === "source_field" && value.source.kind === "captured_at",
  );
}

/** A reference together with the type that its reader takes: a column type, a type of expressions, or `key` for a lookup's key. */
export interface TypedReference {
  readonly reference: Reference;
  readonly type: ColumnTypeName | ValueType | "key";
}

/** All JSON values that a target's rows (null: the document's own columns) look at, with the types that they are read as. */
export function typedReferences(plan: Pick<Plan, "fields" | "lookupTables">, target: PlanTarget | null): readonly TypedReference[] {
  const ofExpression = (expression: Expression): readonly TypedReference[] =>
    [...nodesOf(expression)].flatMap((node): TypedReference[] => (node.kind === "path" ? [node] : []));
  const columns = (target?.columns ?? plan.fields).flatMap((column): readonly TypedReference[] => {
    if (column.value.kind === "expression") return ofExpression(column.value.expression);
    return column.value.kind === "path" ? [{ reference: column.value.reference, type: column.type.name }] : [];
  });
  if (target === null) return columns;
  return [
    ...columns,
    ...(target.filter === null ? [] : ofExpression(target.filter)),
    ...target.rules.flatMap((rule) => ofExpression(rule.expression)),
    ...target.lookups.flatMap((lookup) =>
      lookup.places.map(({ table, reference }): TypedReference => ({
        reference,
        type: plan.lookupTables[table]?.by === "position" ? "BIGINT" : "key",
      })),
    ),
  ];
}

/**
 * The level that a reference starts at, counted from the answer's root (0) through the document (`documentLevels.length`) to
 * the row; null for a lookup.
 */
export function levelOf(reference: Reference, documentLevel: number, rowLevel: number): number | null {
  switch (reference.root.kind) {
    case "element":
      return rowLevel;
    case "parent":
      return rowLevel - reference.root.levels;
    case "document":
      return documentLevel;
    case "lookup":
      return null;
  }
}

export function levelSteps(levels: readonly Level[]): readonly Step[] {
  return levels.flatMap((level): Step[] => [...keySteps(level.keys), ...(level.each === "object" ? [] : [{ kind: level.each }])]);
}

export function keySteps(keys: readonly string[]): readonly Step[] {
  return keys.map((key) => ({ kind: "key", key }));
}

/** The container that a lookup looks in: keys from the document, and how its entries are named. */
export function containerOfPlace(
  { lookupTables }: Pick<Plan, "lookupTables">,
  { table, container }: PlanLookup["places"][number],
): { readonly container: readonly string[]; readonly by: LookupTable["by"] } {
  const found = lookupTables[table];
  const keys = found?.containers[container];
  if (found === undefined || keys === undefined) throw new Error(`no lookup table ${String(table)}, ${String(container)}`);
  return { container: keys, by: found.by };
}

/** Where a reference points to, from the answer's root: one place, or each that its lookup looks in. */
export function placesOf(
  plan: Pick<Plan, "documentLevels" | "lookupTables">,
  target: Pick<PlanTarget, "levels" | "lookups"> | null,
  reference: Reference,
): readonly (readonly Step[])[] {
  const keys = keySteps(reference.keys);
  const { root } = reference;
  if (root.kind === "lookup") {
    const places = target?.lookups.find((lookup) => lookup.name === root.name)?.places ?? [];
    return places.map((place) => {
      const { container, by } = containerOfPlace(plan, place);
      return [...entrySteps(plan, container, by), ...keys];
    });
  }
  const levels = [...plan.documentLevels, ...(target?.levels ?? [])];
  const level = levelOf(reference, plan.documentLevels.length, levels.length) ?? levels.length;
  return [[...levelSteps(levels.slice(0, level)), ...keys]];
}

/** From the answer's root to the entries of a container that lookups look in. */
export function entrySteps(
  { documentLevels }: Pick<Plan, "documentLevels">,
  container: readonly string[],
  by: LookupTable["by"],
): readonly Step[] {
  return levelSteps([...documentLevels, { keys: container, each: by === "position" ? "items" : "values" }]);
}

/** The levels from the answer's root to a target's row. */
export function allLevels(plan: Pick<Plan, "documentLevels">, target: Pick<PlanTarget, "levels">): readonly Level[] {
  return [...plan.documentLevels, ...target.levels];
}
