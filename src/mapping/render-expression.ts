import { renderColumnType } from "./column-type.ts";
import type { Expression } from "./expression.ts";
import { renderReference } from "./parse-path.ts";

/** How tightly a node binds: the levels of `parse-expression.ts`, from the loosest. */
function levelOf(expression: Expression): number {
  switch (expression.kind) {
    case "or":
      return 1;
    case "and":
      return 2;
    case "not":
      return 3;
    case "is":
      return 4;
    case "compare":
      return 5;
    case "in":
    case "between":
    case "like":
      return 6;
    case "arithmetic":
      return expression.operator === "+" || expression.operator === "-" ? 7 : 8;
    case "negate":
      return 9;
    case "cast":
      return 10;
    case "literal":
      return (typeof expression.value === "bigint" || typeof expression.value === "number") && expression.value < 0 ? 9 : 11;
    case "column":
    case "path":
    case "parameter":
    case "case":
    case "call":
    case "aggregate":
      return 11;
  }
}

/** An expression in the words of the language, with the fewest parentheses: parsing and typing it gives the same expression. */
export function renderExpression(expression: Expression): string {
  const at = (part: Expression, level: number): string => (levelOf(part) < level ? `(${renderExpression(part)})` : renderExpression(part));
  switch (expression.kind) {
    case "literal":
      return renderLiteral(expression.value);
    case "column":
      return expression.name;
    case "path":
      return renderReference(expression.reference);
    case "parameter":
      return `parameters.${expression.name}`;
    case "compare":
      return `${at(expression.left, 6)} ${expression.operator} ${at(expression.right, 6)}`;
    case "arithmetic": {
      const level = levelOf(expression);
      return `${at(expression.left, level)} ${expression.operator} ${at(expression.right, level + 1)}`;
    }
    case "negate":
      // Without parentheses, minus and a number are one literal.
      return expression.operand.kind === "literal" ? `-(${renderExpression(expression.operand)})` : `- ${at(expression.operand, 9)}`;
    case "and":
    case "or":
      return expression.operands.map((operand) => at(operand, levelOf(expression) + 1)).join(` ${expression.kind} `);
    case "not":
      return `not ${at(expression.operand, 3)}`;
    case "is":
      return `${at(expression.operand, 4)} is ${not(expression)}${expression.test}`;
    case "in":
      return `${at(expression.operand, 7)} ${not(expression)}in (${expression.values.map(renderExpression).join(", ")})`;
    case "between":
      return `${at(expression.operand, 7)} ${not(expression)}between ${at(expression.low, 7)} and ${at(expression.high, 7)}`;
    case "like":
      return `${at(expression.operand, 7)} ${not(expression)}like ${renderLiteral(expression.pattern)}`;
    case "case": {
      const branches = expression.branches.map(({ when, then }) => `when ${renderExpression(when)} then ${renderExpression(then)} `);
      return `case ${branches.join("")}${expression.otherwise === null ? "" : `else ${renderExpression(expression.otherwise)} `}end`;
    }
    case "cast":
      return `${at(expression.operand, 10)}::${renderColumnType(expression.to)}`;
    case "call":
      return `${expression.name}(${expression.arguments.map(renderExpression).join(", ")})`;
    case "aggregate": {
      const where = expression.where === null ? "" : ` where ${renderExpression(expression.where)}`;
      return `(select ${expression.name}(${expression.operand === null ? "*" : renderExpression(expression.operand)}) from ${expression.target}${where})`;
    }
  }
}

function not({ negated }: { readonly negated: boolean }): string {
  return negated ? "not " : "";
}

/** A number with a fraction or an exponent keeps one: without it, it would be an integer. */
function renderLiteral(value: (Expression & { kind: "literal" })["value"]): string {
  if (typeof value === "string") return `'${value.replaceAll("'", "''")}'`;
  return typeof value === "number" && Number.isInteger(value) && !String(value).includes("e") ? `${String(value)}.0` : String(value);
}
