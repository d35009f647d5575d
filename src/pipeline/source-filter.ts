import type { Expression } from "../mapping/expression.ts";

type Value = string | boolean | null;

/**
 * Whether a capture's parameters hold a mapping's `source.filter`. The filter sees parameters only, all of them text: its
 * grammar is comparisons, `in`, `is null`, and, or, not. Three-valued as in SQL: kept only if true.
 */
export function holdsFilter(filter: Expression, parameters: Readonly<Record<string, string>>): boolean {
  return evaluate(filter, parameters) === true;
}

function evaluate(expression: Expression, parameters: Readonly<Record<string, string>>): Value {
  const value = (inner: Expression): Value => evaluate(inner, parameters);
  switch (expression.kind) {
    case "literal":
      return expression.value === null || typeof expression.value === "boolean" ? expression.value : String(expression.value);
    case "parameter":
      return Object.hasOwn(parameters, expression.name) ? (parameters[expression.name] ?? null) : null;
    case "compare":
      return compare(expression.operator, value(expression.left), value(expression.right));
    case "and":
      return all(expression.operands.map(value), true);
    case "or":
      return all(expression.operands.map(value), false);
    case "not":
      return not(value(expression.operand));
    case "is": {
      const operand = value(expression.operand);
      const holds = expression.test === "null" ? operand === null : operand === (expression.test === "true");
      return holds !== expression.negated;
    }
    case "in": {
      const operand = value(expression.operand);
      const found = all(
        expression.values.map((candidate) => compare("=", operand, value(candidate))),
        false,
      );
      return expression.negated ? not(found) : found;
    }
    case "between": {
      const operand = value(expression.operand);
      const inside = all([compare(">=", operand, value(expression.low)), compare("<=", operand, value(expression.high))], true);
      return expression.negated ? not(inside) : inside;
    }
    case "like": {
      const operand = value(expression.operand);
      if (typeof operand !== "string") return null;
      return like(operand, expression.pattern) !== expression.negated;
    }
    case "column":
    case "path":
    case "arithmetic":
    case "negate":
    case "case":
    case "cast":
    case "call":
    case "aggregate":
      throw new Error(`a source filter cannot hold ${expression.kind}: the check of the mapping lets none through`);
  }
}

/** AND (`neutral` true) and OR (`neutral` false) of SQL. */
function all(values: readonly Value[], neutral: boolean): boolean | null {
  if (values.includes(!neutral)) return !neutral;
  return values.includes(null) ? null : neutral;
}

function not(value: Value): boolean | null {
  return value === null ? null : value !== true;
}

/** Texts are compared by code point. */
function compare(operator: "=" | "!=" | "<" | "<=" | ">" | ">=", left: Value, right: Value): boolean | null {
  if (left === null || right === null) return null;
  const order = Buffer.compare(Buffer.from(String(left)), Buffer.from(String(right)));
  switch (operator) {
    case "=":
      return order === 0;
    case "!=":
      return order !== 0;
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
  }
}

/** `%` any characters, `_` one. Two pointers, so that no pattern is slow. */
function like(text: string, pattern: string): boolean {
  const characters = Array.from(text);
  const wanted = Array.from(pattern);
  let at = 0;
  let want = 0;
  let star = -1;
  let from = 0;
  while (at < characters.length) {
    if (wanted[want] === "%") {
      star = want++;
      from = at;
    } else if (wanted[want] === "_" || wanted[want] === characters[at]) {
      at++;
      want++;
    } else if (star >= 0) {
      want = star + 1;
      at = ++from;
    } else return false;
  }
  while (wanted[want] === "%") want++;
  return want === wanted.length;
}
