import type { ColumnType } from "../mapping/column-type.ts";
import type { Expression, ValueType } from "../mapping/expression.ts";
import type { Reference } from "../mapping/path.ts";
import type { Dialect } from "./dialect.ts";

/** Where the values of an expression come from: SQL for each kind of name. */
export interface Scope {
  column(name: string): string;
  /** The text of a JSON value; null where there is none. */
  path(reference: Reference): string;
  /** Whether `path` gives the value as the type that its readers want, and no text. */
  isTyped(reference: Reference): boolean;
  parameter(name: string): string;
  /** Rules only. */
  aggregate(node: Expression & { kind: "aggregate" }): string;
}

/** The column type by whose definition a value of an expression is read. */
function leafTypeOf(type: ValueType): ColumnType {
  return type === "NULL" ? { name: "TEXT" } : { name: type };
}

/** Writes a typed expression. SQL's own three-valued logic is the language's. */
export function writeExpression(expression: Expression, scope: Scope, dialect: Dialect): string {
  const write = (inner: Expression): string => writeOperand(inner, scope, dialect);
  const negation = (negated: boolean): string => (negated ? "NOT " : "");
  switch (expression.kind) {
    case "literal":
      return writeLiteral(expression, dialect);
    case "column":
      return scope.column(expression.name);
    case "path":
      return scope.isTyped(expression.reference)
        ? scope.path(expression.reference)
        : dialect.castLeaf(scope.path(expression.reference), leafTypeOf(expression.type));
    case "parameter":
      return scope.parameter(expression.name);
    case "compare":
      return `(${write(expression.left)} ${expression.operator === "!=" ? "<>" : expression.operator} ${write(expression.right)})`;
    case "arithmetic":
      return writeArithmetic(expression, write, dialect);
    case "negate":
      return expression.type === "BIGINT"
        ? dialect.integerArithmetic("-", "0", write(expression.operand))
        : `(-${write(expression.operand)})`;
    case "and":
    case "or":
      return `(${expression.operands.map(write).join(` ${expression.kind.toUpperCase()} `)})`;
    case "not":
      return `(NOT ${write(expression.operand)})`;
    case "is": {
      // The text itself decides about null, so that a bad value is not taken for an absent one.
      const operand =
        expression.test === "null" && expression.operand.kind === "path"
          ? scope.path(expression.operand.reference)
          : write(expression.operand);
      return `(${operand} IS ${negation(expression.negated)}${expression.test.toUpperCase()})`;
    }
    case "in":
      return `(${write(expression.operand)} ${negation(expression.negated)}IN (${expression.values.map(write).join(", ")}))`;
    case "between":
      return `(${write(expression.operand)} ${negation(expression.negated)}BETWEEN ${write(expression.low)} AND ${write(expression.high)})`;
    case "like":
      return `(${negation(expression.negated)}(${dialect.like(write(expression.operand), expression.pattern)}))`;
    case "case": {
      const value = (inner: Expression): string => (decimalOf(expression) === null ? write(inner) : writeExpression(inner, scope, dialect));
      const branches = expression.branches.map((branch) => `WHEN ${write(branch.when)} THEN ${value(branch.then)}`).join(" ");
      return `(CASE ${branches}${expression.otherwise === null ? "" : ` ELSE ${value(expression.otherwise)}`} END)`;
    }
    case "cast":
      return `(${dialect.castLeaf(textOf(expression.operand, write), expression.to)})`;
    case "call":
      // The smallest BIGINT has no absolute value.
      if (expression.name === "abs" && expression.type === "BIGINT")
        return dialect.integerAbsolute(expression.arguments.map(write)[0] ?? "NULL");
      return dialect.call(expression.name, expression.arguments.map(write));
    case "aggregate":
      return scope.aggregate(expression);
  }
}

/** The same as a part of another expression, where a decimal is a DOUBLE: decimals of two scales, or large ones, could end the query. */
export function writeOperand(expression: Expression, scope: Scope, dialect: Dialect): string {
  const written = writeExpression(expression, scope, dialect);
  return decimalOf(expression) === null ? written : `CAST(${written} AS DOUBLE)`;
}

/** `p,s` where all that an expression gives are decimals of that one type: a cast, or a case of such casts. */
function decimalOf(expression: Expression): string | null {
  if (expression.kind === "cast")
    return expression.to.name === "NUMERIC" ? `${String(expression.to.precision)},${String(expression.to.scale)}` : null;
  if (expression.kind !== "case") return null;
  const values = [...expression.branches.map(({ then }) => then), ...(expression.otherwise === null ? [] : [expression.otherwise])];
  const [first = null, ...others] = new Set(values.filter(({ type }) => type !== "NULL").map(decimalOf));
  return others.length === 0 ? first : null;
}

function writeLiteral(literal: Expression & { kind: "literal" }, dialect: Dialect): string {
  const { value, type } = literal;
  if (value === null) return "NULL";
  if (typeof value === "boolean") return value ? "TRUE" : "FALSE";
  if (typeof value === "bigint") return value.toString();
  if (type === "DATE" || type === "TIMESTAMPTZ") return dialect.castLeaf(dialect.text(String(value)), { name: type });
  if (typeof value === "number") return type === "BIGINT" ? String(value) : `CAST(${dialect.text(String(value))} AS DOUBLE)`;
  return dialect.text(value);
}

function writeArithmetic(expression: Expression & { kind: "arithmetic" }, write: (inner: Expression) => string, dialect: Dialect): string {
  const { operator, left, right, type } = expression;
  const double = (inner: Expression): string => (inner.type === "DOUBLE" ? write(inner) : `CAST(${write(inner)} AS DOUBLE)`);
  // Engines disagree about division by zero: here it has no value.
  if (operator === "/") return `(${double(left)} / nullif(${double(right)}, 0))`;
  if (type === "BIGINT") return dialect.integerArithmetic(operator, write(left), write(right));
  return `(${double(left)} ${operator} ${double(right)})`;
}

/** A cast reads text: what is none yet is first written as text. */
function textOf(operand: Expression, write: (inner: Expression) => string): string {
  const written = write(operand);
  return operand.type === "TEXT" ? written : `CAST(${written} AS VARCHAR)`;
}

/**
 * A condition that is true where a value inside the expression is bad: text that a cast or a typed path does not take, in a
 * branch that counts. Null where no part can be bad.
 */
export function writeBadCondition(expression: Expression, scope: Scope, dialect: Dialect): string | null {
  const write = (inner: Expression): string => writeExpression(inner, scope, dialect);
  const bad = (inner: Expression): string | null => writeBadCondition(inner, scope, dialect);
  const any = (conditions: readonly (string | null)[]): string | null => {
    const real = conditions.filter((condition) => condition !== null);
    return real.length === 0 ? null : real.length === 1 ? (real[0] ?? null) : `(${real.join(" OR ")})`;
  };
  switch (expression.kind) {
    case "literal":
    case "column":
    case "parameter":
    case "aggregate":
      return null;
    case "path":
      if (expression.type === "TEXT" || expression.type === "NULL" || scope.isTyped(expression.reference)) return null;
      return `(${scope.path(expression.reference)} IS NOT NULL AND (${write(expression)}) IS NULL)`;
    case "cast":
      return any([bad(expression.operand), `(${textOf(expression.operand, write)} IS NOT NULL AND ${write(expression)} IS NULL)`]);
    case "case": {
      // Branches are looked at in their order: what stands after the one that is taken does not count.
      const branches = expression.branches.flatMap(({ when, then }) => {
        const condition = bad(when);
        return [...(condition === null ? [] : [`WHEN ${condition} THEN TRUE`]), `WHEN ${write(when)} THEN ${bad(then) ?? "FALSE"}`];
      });
      const otherwise = expression.otherwise === null ? null : bad(expression.otherwise);
      return any([...expression.branches.flatMap(({ when, then }) => [bad(when), bad(then)]), otherwise]) === null
        ? null
        : `(CASE ${branches.join(" ")} ELSE ${otherwise ?? "FALSE"} END)`;
    }
    case "call":
      if (expression.name === "coalesce") {
        return any(
          expression.arguments.map((argument, at) => {
            const condition = bad(argument);
            const before = expression.arguments.slice(0, at).map((earlier) => `${write(earlier)} IS NULL`);
            return condition === null || before.length === 0 ? condition : `(${[...before, condition].join(" AND ")})`;
          }),
        );
      }
      return any([
        ...expression.arguments.map(bad),
        expression.name === "abs" && expression.type === "BIGINT" ? lost(expression.arguments, expression, write) : null,
      ]);
    case "is":
      if (expression.test === "null" && expression.operand.kind === "path") return null;
      return bad(expression.operand);
    case "compare":
      return any([bad(expression.left), bad(expression.right)]);
    case "arithmetic":
      return any([
        bad(expression.left),
        bad(expression.right),
        expression.type === "BIGINT" ? lost([expression.left, expression.right], expression, write) : null,
      ]);
    case "negate":
      return any([bad(expression.operand), expression.type === "BIGINT" ? lost([expression.operand], expression, write) : null]);
    case "not":
    case "like":
      return bad(expression.operand);
    case "and":
    case "or":
      return any(expression.operands.map(bad));
    case "in":
      return any([expression.operand, ...expression.values].map(bad));
    case "between":
      return any([expression.operand, expression.low, expression.high].map(bad));
  }
}

/** Integers go in and none comes out: the result is out of range. */
function lost(operands: readonly Expression[], result: Expression, write: (inner: Expression) => string): string {
  return `(${[...operands.map((operand) => `${write(operand)} IS NOT NULL`), `${write(result)} IS NULL`].join(" AND ")})`;
}
