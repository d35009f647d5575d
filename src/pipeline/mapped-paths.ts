import type { Expression } from "../mapping/expression.ts";
import { renderReference } from "../mapping/parse-path.ts";
import type { Path, Reference } from "../mapping/path.ts";
import { nodesOf } from "../mapping/expression-walk.ts";
import type { Plan, PlanColumn, PlanTarget } from "../plan/plan.ts";
import { allLevels, entrySteps, levelSteps, placesOf } from "../plan/references.ts";

/** What a mapping reads a path for. */
export const PATH_USES = ["column", "filter", "rule", "lookup", "version"] as const;
export type PathUse = (typeof PATH_USES)[number];

/** One path that a mapping reads, after `for_each` is expanded. */
export interface MappedPath {
  /** Null for what belongs to the document: the file-level fields, the version. */
  readonly target: string | null;
  /** Null where it is no column's. */
  readonly column: string | null;
  readonly use: PathUse;
  /** As written, from the row: `$.index`, `parent.about.atBatIndex`, `player.fullName`. */
  readonly path: string;
  /** From the answer's root. More than one for a lookup with several places. */
  readonly places: readonly Path[];
  /** `whole`: the value with all below it (JSONB). `text`: its text as it stands. `typed`: its text, cast. */
  readonly reads: "whole" | "text" | "typed";
}

/** Every path that a plan reads values at, each once for each target and use. */
export function mappedPaths(plan: Plan): readonly MappedPath[] {
  const document: Row = { plan, target: null };
  const paths: MappedPath[] = plan.fields.flatMap((field) => columnPaths(field, document));
  if (plan.source.version !== null) paths.push(pathOf(plan.source.version.reference, "version", null, "text", document));
  for (const target of plan.targets) {
    const row: Row = { plan, target };
    paths.push(...target.columns.flatMap((column) => columnPaths(column, row)));
    if (target.filter !== null) paths.push(...expressionPaths(target.filter, "filter", null, row));
    for (const rule of target.rules) paths.push(...expressionPaths(rule.expression, "rule", null, row));
    for (const place of target.lookups.flatMap((lookup) => lookup.places)) {
      paths.push(pathOf(place.reference, "lookup", null, plan.lookupTables[place.table]?.by === "key" ? "text" : "typed", row));
    }
  }
  const once = new Map<string, MappedPath>();
  for (const path of paths) {
    const key = JSON.stringify([path.target, path.column, path.use, path.path]);
    // Where an expression names a path twice, as text counts: it is what may be wrong.
    if (once.get(key)?.reads !== "text") once.set(key, path);
  }
  return [...once.values()];
}

/** Containers that rows come from or look into, from the answer's root, each with the step into its elements. */
export function containerPaths(plan: Plan): readonly Path[] {
  return [
    ...plan.targets.map((target) => levelSteps(allLevels(plan, target))),
    ...plan.lookupTables.flatMap(({ containers, by }) => containers.map((container) => entrySteps(plan, container, by))),
  ];
}

interface Row {
  readonly plan: Plan;
  readonly target: PlanTarget | null;
}

function columnPaths(column: PlanColumn, row: Row): readonly MappedPath[] {
  switch (column.value.kind) {
    case "path": {
      const { name } = column.type;
      const reads = name === "JSONB" ? "whole" : name === "TEXT" || name === "VARCHAR" ? "text" : "typed";
      return [pathOf(column.value.reference, "column", column.name, reads, row)];
    }
    case "source_field":
      return [];
    case "expression":
      return expressionPaths(column.value.expression, "column", column.name, row);
  }
}

function expressionPaths(expression: Expression, use: PathUse, column: string | null, row: Row): readonly MappedPath[] {
  return [...nodesOf(expression)].flatMap((node) =>
    node.kind === "path" ? [pathOf(node.reference, use, column, node.type === "TEXT" ? "text" : "typed", row)] : [],
  );
}

function pathOf(reference: Reference, use: PathUse, column: string | null, reads: MappedPath["reads"], row: Row): MappedPath {
  return {
    target: row.target?.name ?? null,
    column,
    use,
    path: renderReference(reference),
    places: placesOf(row.plan, row.target, reference),
    reads,
  };
}
