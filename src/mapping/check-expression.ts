import { type CheckContext, faultAt } from "./check-context.ts";
import type { ColumnType } from "./column-type.ts";
import type { Expression } from "./expression.ts";
import { parseExpression } from "./parse-expression.ts";
import type { Scope } from "./scope.ts";
import { typeColumnValue, typeCondition, type Typed } from "./type-expression.ts";

/** Checks a filter or a rule; null where it is wrong, or names a column that is. */
export function checkCondition(context: CheckContext, container: object, key: string, text: string, scope: Scope): Expression | null {
  const parsed = parseExpression(text);
  if (parsed.ok) return reportFaults(context, container, key, typeCondition(parsed.value, scope)).expression;
  faultAt(context, container, key, "mapping.expression-syntax", parsed.fault);
  return null;
}

/** Checks the expression of a column. */
export function checkColumnExpression(
  context: CheckContext,
  container: object,
  text: string,
  type: ColumnType | null,
  scope: Scope,
): Typed | null {
  const parsed = parseExpression(text);
  if (parsed.ok) return reportFaults(context, container, "expression", typeColumnValue(parsed.value, type, scope));
  faultAt(context, container, "expression", "mapping.expression-syntax", parsed.fault);
  return null;
}

function reportFaults(context: CheckContext, container: object, key: string, typed: Typed): Typed {
  for (const fault of typed.faults) faultAt(context, container, key, "mapping.expression-type", fault);
  return typed;
}
