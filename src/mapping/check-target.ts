import { columnTypes } from "./check-columns.ts";
import { type CheckContext, checkNames, problemAt } from "./check-context.ts";
import { checkCondition } from "./check-expression.ts";
import { checkFields, checkNullable, type FieldScope } from "./check-fields.ts";
import { checkIndexes } from "./check-indexes.ts";
import { checkRelationships, type OutwardRelationship } from "./check-relationships.ts";
import type { DocumentParts, DraftTarget } from "./draft-target.ts";
import type { Expression } from "./expression.ts";
import { nodesOf } from "./expression-walk.ts";
import type { Export, Field, Rule, Target } from "./mapping.ts";
import { quoted } from "./report.ts";
import type { AggregateTarget } from "./scope.ts";

/** What a target is checked against, beside itself. */
export interface TargetSurroundings {
  readonly document: DocumentParts;
  readonly documentFields: readonly Field[];
  readonly targets: ReadonlyMap<string, DraftTarget>;
  /** Index names of the mapping so far. */
  readonly indexNames: Set<string>;
  readonly outward: OutwardRelationship[];
}

/** Checks all that a target says about its columns and about other targets. The result is right if nothing was reported. */
export function checkTarget(context: CheckContext, draft: DraftTarget, surroundings: TargetSurroundings): Target {
  const { document, documentFields, targets, indexNames } = surroundings;
  const { spec } = draft;
  const scope: FieldScope = {
    columns: columnTypes(draft.columns),
    paths: { levels: draft.levels, hasDocument: true, lookups: draft.lookups.map((lookup) => lookup.name) },
    parameters: false,
    aggregates: null,
  };
  const keys = new Set(draft.primaryKey);
  for (const column of document.columns.values()) checkNullable(context, column, keys.has(column.name));
  const own = [...draft.columns.values()].filter((column) => !document.columns.has(column.name));
  const fields = [
    ...documentFields.map((field) => (keys.has(field.name) ? { ...field, nullable: false } : field)),
    ...checkFields(context, own, keys, scope),
  ];
  const { relationships, outward } = checkRelationships(context, draft, targets);
  surroundings.outward.push(...outward);
  return {
    name: draft.name,
    description: spec.description ?? "",
    rowSource: draft.rowSource ?? { kind: "document" },
    optional: spec.optional ?? false,
    lookups: draft.lookups,
    filter: spec.filter === undefined ? null : checkCondition(context, spec, "filter", spec.filter, scope),
    primaryKey: draft.primaryKey,
    partitionBy: draft.partitionBy,
    fields,
    relationships,
    indexes: checkIndexes(context, draft, indexNames),
    rules: checkRules(context, draft, scope, targets),
    export: checkExport(context, draft),
  };
}

function checkRules(
  context: CheckContext,
  draft: DraftTarget,
  scope: FieldScope,
  targets: ReadonlyMap<string, DraftTarget>,
): readonly Rule[] {
  const seen = new Set<string>();
  const aggregateTargets = new Map(
    [...targets].map(([name, target]): [string, AggregateTarget] => [
      name,
      { columns: columnTypes(target.columns), primaryKey: target.primaryKey },
    ]),
  );
  return (draft.spec.data_quality ?? []).flatMap((spec): readonly Rule[] => {
    if (spec.rule === undefined) return [];
    if (seen.has(spec.rule))
      problemAt(context, spec, "rule", {
        code: "mapping.double-name",
        message: `the rule ${quoted(spec.rule)} is there already`,
        expected: "each rule once",
        got: "the same again",
      });
    seen.add(spec.rule);
    const expression: Expression | null = checkCondition(context, spec, "rule", spec.rule, {
      ...scope,
      aggregates: { primaryKey: draft.primaryKey, targets: aggregateTargets },
    });
    if (expression === null || spec.severity === undefined) return [];
    if (!namesColumnsOnly(expression)) {
      problemAt(context, spec, "rule", {
        code: "mapping.rule-over-targets",
        message: "a rule over other targets names a JSON path",
        expected: "columns only: it is checked when all rows are there",
        got: quoted(spec.rule),
      });
      return [];
    }
    return [{ rule: spec.rule, expression, severity: spec.severity, description: spec.description ?? null }];
  });
}

/** Rules that look at other targets are checked over rows, not over documents. */
function namesColumnsOnly(expression: Expression): boolean {
  const nodes = [...nodesOf(expression)];
  return !nodes.some((node) => node.kind === "aggregate") || !nodes.some((node) => node.kind === "path");
}

function checkExport(context: CheckContext, draft: DraftTarget): Export | null {
  const spec = draft.spec.export;
  if (spec?.formats === undefined) return null;
  const { formats } = spec;
  for (const [position, format] of formats.entries()) {
    if (formats.indexOf(format) !== position)
      problemAt(context, formats, position, {
        code: "mapping.double-name",
        message: `the format ${quoted(format)} is there already`,
        expected: "each format once",
        got: `${quoted(format)} again`,
      });
  }
  if (spec.order_by === undefined) return { formats, orderBy: draft.primaryKey };
  const orderBy = checkNames(context, spec, "order_by", spec.order_by, { what: "column of this target", names: draft.columns });
  for (const name of orderBy) {
    if (draft.columns.get(name)?.type?.name === "JSONB")
      problemAt(context, spec.order_by, spec.order_by.indexOf(name), {
        code: "mapping.wrong-type",
        message: `the column ${quoted(name)} has no order`,
        expected: "a column that can be compared",
        got: "JSONB",
      });
  }
  return { formats, orderBy };
}
