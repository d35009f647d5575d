import type { ColumnType } from "./column-type.ts";
import type { Reference } from "./path.ts";

/**
 * The expression tree of filters, expressions and rules: parsed by `parse-expression.ts`, typed by `type-expression.ts`,
 * written again for each dialect by `sql/`. Never pasted.
 */
export const COMPARISONS = ["=", "!=", "<", "<=", ">", ">="] as const;
export type Comparison = (typeof COMPARISONS)[number];
export const ARITHMETIC = ["+", "-", "*", "/"] as const;
export type Arithmetic = (typeof ARITHMETIC)[number];
export const AGGREGATES = ["count", "sum", "min", "max", "avg"] as const;
export type Aggregate = (typeof AGGREGATES)[number];

/** Type of a value inside an expression. BIGINT stands for all integers, TEXT for VARCHAR too; DECIMAL is not there: NUMERIC counts as DOUBLE. NULL is the bare literal. */
export const VALUE_TYPES = ["BIGINT", "DOUBLE", "TEXT", "BOOLEAN", "DATE", "TIMESTAMPTZ", "NULL"] as const;
export type ValueType = (typeof VALUE_TYPES)[number];

/** The functions of the language: argument types, result type. `rest` lets the last argument repeat. */
export interface FunctionSignature {
  readonly arguments: readonly (ValueType | "same")[];
  readonly rest?: boolean;
  /** "same": the common type of the arguments declared "same". */
  readonly result: ValueType | "same";
}
export const FUNCTION_NAMES = [
  "lower",
  "upper",
  "trim",
  "length",
  "replace",
  "split_part",
  "substring",
  "starts_with",
  "contains",
  "concat",
  "abs",
  "coalesce",
  "nullif",
  "least",
  "greatest",
] as const;
export type FunctionName = (typeof FUNCTION_NAMES)[number];

export const FUNCTIONS: Readonly<Record<FunctionName, FunctionSignature>> = {
  lower: { arguments: ["TEXT"], result: "TEXT" },
  upper: { arguments: ["TEXT"], result: "TEXT" },
  trim: { arguments: ["TEXT"], result: "TEXT" },
  length: { arguments: ["TEXT"], result: "BIGINT" },
  replace: { arguments: ["TEXT", "TEXT", "TEXT"], result: "TEXT" },
  split_part: { arguments: ["TEXT", "TEXT", "BIGINT"], result: "TEXT" },
  substring: { arguments: ["TEXT", "BIGINT", "BIGINT"], result: "TEXT" },
  starts_with: { arguments: ["TEXT", "TEXT"], result: "BOOLEAN" },
  contains: { arguments: ["TEXT", "TEXT"], result: "BOOLEAN" },
  concat: { arguments: ["TEXT"], rest: true, result: "TEXT" },
  abs: { arguments: ["same"], result: "same" },
  coalesce: { arguments: ["same"], rest: true, result: "same" },
  nullif: { arguments: ["same", "same"], result: "same" },
  least: { arguments: ["same"], rest: true, result: "same" },
  greatest: { arguments: ["same"], rest: true, result: "same" },
};

/** A typed expression: every node carries the type of its value. */
export type Expression =
  | { readonly kind: "literal"; readonly value: string | number | bigint | boolean | null; readonly type: ValueType }
  /** A column of the row (or, inside an aggregate, of the inner target). */
  | { readonly kind: "column"; readonly name: string; readonly type: ValueType }
  /** A JSON value, read as text and cast to `type` by the rules of that column type (TEXT: the text itself). */
  | { readonly kind: "path"; readonly reference: Reference; readonly type: ValueType }
  /** A request parameter of the capture (`parameters.sportId`), always text. */
  | { readonly kind: "parameter"; readonly name: string; readonly type: "TEXT" }
  | {
      readonly kind: "compare";
      readonly operator: Comparison;
      readonly left: Expression;
      readonly right: Expression;
      readonly type: "BOOLEAN";
    }
  | {
      readonly kind: "arithmetic";
      readonly operator: Arithmetic;
      readonly left: Expression;
      readonly right: Expression;
      readonly type: "BIGINT" | "DOUBLE";
    }
  | { readonly kind: "negate"; readonly operand: Expression; readonly type: "BIGINT" | "DOUBLE" }
  | { readonly kind: "and" | "or"; readonly operands: readonly Expression[]; readonly type: "BOOLEAN" }
  | { readonly kind: "not"; readonly operand: Expression; readonly type: "BOOLEAN" }
  | {
      readonly kind: "is";
      readonly operand: Expression;
      readonly test: "null" | "true" | "false";
      readonly negated: boolean;
      readonly type: "BOOLEAN";
    }
  | {
      readonly kind: "in";
      readonly operand: Expression;
      readonly values: readonly Expression[];
      readonly negated: boolean;
      readonly type: "BOOLEAN";
    }
  | {
      readonly kind: "between";
      readonly operand: Expression;
      readonly low: Expression;
      readonly high: Expression;
      readonly negated: boolean;
      readonly type: "BOOLEAN";
    }
  /** `%` any characters, `_` one character, no escape. The pattern is a literal. */
  | { readonly kind: "like"; readonly operand: Expression; readonly pattern: string; readonly negated: boolean; readonly type: "BOOLEAN" }
  | {
      readonly kind: "case";
      readonly branches: readonly { readonly when: Expression; readonly then: Expression }[];
      readonly otherwise: Expression | null;
      readonly type: ValueType;
    }
  /** `::TYPE`: the operand's text, guarded and cast as a leaf of that column type. Text that the type does not take is a bad value. */
  | { readonly kind: "cast"; readonly operand: Expression; readonly to: ColumnType; readonly type: ValueType }
  | { readonly kind: "call"; readonly name: FunctionName; readonly arguments: readonly Expression[]; readonly type: ValueType }
  /** Rules only: an aggregate over another target of the mapping, inside the document, correlated on the primary key columns that both targets have. `operand` null is `count(*)`. */
  | {
      readonly kind: "aggregate";
      readonly name: Aggregate;
      readonly target: string;
      readonly operand: Expression | null;
      readonly where: Expression | null;
      readonly correlatedOn: readonly string[];
      readonly type: ValueType;
    };
