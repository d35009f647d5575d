import type { Expression, ValueType } from "../../mapping/expression.ts";
import { quoteName, quoteText } from "../../sql/quote.ts";

/** Types that PostgreSQL orders as the language does: texts have the order of the database. */
const ORDERED: ReadonlySet<ValueType> = new Set(["BIGINT", "DOUBLE", "DATE", "TIMESTAMPTZ"]);

/**
 * A rule as the condition of a CHECK, where it says the same there for sure: columns and literals, compared and joined by words.
 * Null for every other rule: the gate keeps them all, a constraint is a second lock for those who write by hand.
 */
export function writeCheck(expression: Expression): string | null {
  switch (expression.kind) {
    case "literal":
      return writeLiteral(expression.value);
    case "column":
      return quoteName(expression.name);
    case "compare": {
      const isOrder = expression.operator !== "=" && expression.operator !== "!=";
      if (isOrder && !(isOrdered(expression.left) && isOrdered(expression.right))) return null;
      return joined(expression.operator === "!=" ? " <> " : ` ${expression.operator} `, [expression.left, expression.right]);
    }
    case "and":
    case "or":
      return joined(` ${expression.kind.toUpperCase()} `, expression.operands);
    case "not":
      return wrapped("NOT ", expression.operand);
    case "is": {
      const operand = writeCheck(expression.operand);
      return operand === null ? null : `(${operand} IS ${expression.negated ? "NOT " : ""}${expression.test.toUpperCase()})`;
    }
    case "in": {
      const operand = writeCheck(expression.operand);
      const values = expression.values.map(writeCheck);
      if (operand === null || values.includes(null)) return null;
      return `(${operand} ${expression.negated ? "NOT " : ""}IN (${values.join(", ")}))`;
    }
    case "between": {
      const [operand, low, high] = [writeCheck(expression.operand), writeCheck(expression.low), writeCheck(expression.high)];
      if (operand === null || low === null || high === null) return null;
      if (![expression.operand, expression.low, expression.high].every(isOrdered)) return null;
      return `(${operand} ${expression.negated ? "NOT " : ""}BETWEEN ${low} AND ${high})`;
    }
    case "path":
    case "parameter":
    case "arithmetic":
    case "negate":
    case "like":
    case "case":
    case "cast":
    case "call":
    case "aggregate":
      return null;
  }
}

function isOrdered({ type }: Expression): boolean {
  return ORDERED.has(type);
}

function joined(operator: string, operands: readonly Expression[]): string | null {
  const written = operands.map(writeCheck);
  return written.some((operand) => operand === null) ? null : `(${written.join(operator)})`;
}

function wrapped(before: string, operand: Expression): string | null {
  const written = writeCheck(operand);
  return written === null ? null : `(${before}${written})`;
}

function writeLiteral(value: string | number | bigint | boolean | null): string | null {
  if (typeof value === "string") return quoteText(value);
  if (typeof value === "boolean") return value ? "TRUE" : "FALSE";
  return value === null ? null : String(value);
}
