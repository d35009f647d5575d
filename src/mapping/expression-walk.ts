import type { Expression } from "./expression.ts";

/** The direct parts of an expression. An aggregate's operand and condition are parts too (they see the inner target). */
function partsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case "literal":
    case "column":
    case "path":
    case "parameter":
      return [];
    case "compare":
    case "arithmetic":
      return [expression.left, expression.right];
    case "negate":
    case "not":
    case "is":
    case "like":
    case "cast":
      return [expression.operand];
    case "and":
    case "or":
      return expression.operands;
    case "in":
      return [expression.operand, ...expression.values];
    case "between":
      return [expression.operand, expression.low, expression.high];
    case "case":
      return [
        ...expression.branches.flatMap((branch) => [branch.when, branch.then]),
        ...(expression.otherwise === null ? [] : [expression.otherwise]),
      ];
    case "call":
      return expression.arguments;
    case "aggregate":
      return [...(expression.operand === null ? [] : [expression.operand]), ...(expression.where === null ? [] : [expression.where])];
  }
}

/** Every node, outer before inner. */
export function* nodesOf(expression: Expression): Generator<Expression> {
  yield expression;
  for (const part of partsOf(expression)) yield* nodesOf(part);
}
