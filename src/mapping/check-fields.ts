import type { DraftColumn } from "./check-columns.ts";
import { type CheckContext, faultAt, problemAt } from "./check-context.ts";
import { checkColumnExpression } from "./check-expression.ts";
import { checkSourceField } from "./check-source-field.ts";
import { renderColumnType } from "./column-type.ts";
import { isTextOfType } from "./literal-forms.ts";
import type { Field, FieldValue } from "./mapping.ts";
import { type PathScope, readReference } from "./path-scope.ts";
import { describeWritten, listed, quoted } from "./report.ts";
import type { Scope } from "./scope.ts";

/** Where columns get their values from. */
export interface FieldScope extends Scope {
  readonly paths: PathScope;
}

const VALUE_KEYS = ["json_path", "source_field", "expression"] as const;

/** Checks the values of columns. Gives those that are right; the others are reported. */
export function checkFields(
  context: CheckContext,
  columns: readonly DraftColumn[],
  keys: ReadonlySet<string>,
  scope: FieldScope,
): readonly Field[] {
  const needs = new Map<string, ReadonlySet<string>>();
  const fields = columns.flatMap((column): readonly Field[] => {
    const value = checkValue(context, column, scope, needs);
    const fallback = checkDefault(context, column);
    const isKey = keys.has(column.name);
    checkNullable(context, column, isKey);
    if (value === null || column.type === null) return [];
    return [
      {
        name: column.name,
        type: column.type,
        nullable: !isKey && (column.spec.nullable ?? true),
        description: column.spec.description ?? "",
        value,
        default: fallback,
        onBadValue: column.spec.on_bad_value ?? "null",
      },
    ];
  });
  reportCycles(context, columns, needs);
  return fields;
}

/** A key column that says it may be null contradicts itself. */
export function checkNullable(context: CheckContext, column: DraftColumn, isKey: boolean): void {
  if (isKey && column.spec.nullable === true)
    problemAt(context, column.spec, "nullable", {
      code: "mapping.nullable-key",
      message: `the key column ${quoted(column.name)} says that it may be null`,
      expected: "no nullable: true on a column of a key",
      got: "nullable: true",
    });
}

function checkValue(
  context: CheckContext,
  { name, type, spec }: DraftColumn,
  scope: FieldScope,
  needs: Map<string, ReadonlySet<string>>,
): FieldValue | null {
  const given = VALUE_KEYS.filter((key) => key in spec);
  if (given.length !== 1) {
    context.report.add(context.positions.place(spec), {
      code: "mapping.field-value",
      message: `the column ${quoted(name)} has ${given.length === 0 ? "no value" : "more than one value"}`,
      expected: `exactly one of: ${listed(VALUE_KEYS)}`,
      got: listed(given) || "none",
    });
  }
  const { json_path: path, source_field: sourceField, expression } = spec;
  let value: FieldValue | null = null;
  if (path !== undefined) {
    const parsed = readReference(path, scope.paths);
    if (parsed.ok) value = { kind: "path", reference: parsed.value };
    else faultAt(context, spec, "json_path", "mapping.path", parsed.fault);
  }
  if (sourceField !== undefined) {
    const parsed = checkSourceField(sourceField, scope.paths.levels, type);
    if (parsed.ok) value = { kind: "source_field", source: parsed.value };
    else faultAt(context, spec, "source_field", "mapping.source-field", parsed.fault);
  }
  if (expression !== undefined) {
    const typed = checkColumnExpression(context, spec, expression, type, scope);
    if (typed !== null) needs.set(name, typed.columns);
    value =
      typed?.expression === undefined || typed.expression === null
        ? null
        : { kind: "expression", expression: typed.expression, text: expression };
  }
  return given.length === 1 ? value : null;
}

/** Gives the text of the default; null where there is none, or where it is wrong and reported. */
function checkDefault(context: CheckContext, { name, type, spec }: DraftColumn): string | null {
  if (spec.default === undefined) return null;
  const isJson = type?.name === "JSONB";
  const isAllowed = spec.json_path !== undefined || spec.source_field?.startsWith("parameters.") === true;
  if (!isAllowed || isJson)
    problemAt(context, spec, "default", {
      code: "mapping.default",
      message: `the column ${quoted(name)} cannot have a default`,
      expected: isJson
        ? "no default of a JSONB column"
        : "a default only with json_path or source_field: parameters.x (an expression has coalesce)",
      got: describeWritten(spec.default),
    });
  const text = typeof spec.default === "string" ? spec.default : (context.positions.sourceText(spec, "default") ?? String(spec.default));
  if (type !== null && !isJson && !isTextOfType(text, type))
    problemAt(context, spec, "default", {
      code: "mapping.default",
      message: `the default of ${quoted(name)} is no ${renderColumnType(type)}`,
      expected: `a value that ${renderColumnType(type)} takes`,
      got: quoted(text),
    });
  return text;
}

function reportCycles(context: CheckContext, columns: readonly DraftColumn[], needs: ReadonlyMap<string, ReadonlySet<string>>): void {
  const done = new Set<string>();
  for (const { name, spec } of columns) {
    const cycle = findCycle(name, needs, done);
    if (cycle === null) continue;
    for (const each of cycle) done.add(each);
    problemAt(context, spec, "expression", {
      code: "mapping.cycle",
      message: `the expression of ${quoted(name)} needs itself`,
      expected: "expressions that do not go in a circle",
      got: cycle.join(" → "),
    });
  }
}

/** The way from a column back to itself; null where there is none. */
function findCycle(start: string, needs: ReadonlyMap<string, ReadonlySet<string>>, done: ReadonlySet<string>): readonly string[] | null {
  const cameFrom = new Map<string, string>();
  const open = [start];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    for (const needed of needs.get(name) ?? []) {
      if (done.has(needed) || cameFrom.has(needed)) continue;
      cameFrom.set(needed, name);
      if (needed === start) return wayBack(start, cameFrom);
      open.push(needed);
    }
  }
  return null;
}

function wayBack(start: string, cameFrom: ReadonlyMap<string, string>): readonly string[] {
  const way = [start];
  for (let name = cameFrom.get(start); name !== undefined && name !== start; name = cameFrom.get(name)) way.unshift(name);
  return [start, ...way];
}
