import type { ColumnType } from "./column-type.ts";
import type { Aggregate, Arithmetic, Comparison, FunctionName } from "./expression.ts";

/** An expression as parsed: names not yet resolved, nothing typed. `Expression` is the same as typed. */
export type Syntax = { /** Of its first character, or of its operator, in the text. */ readonly offset: number } & SyntaxNode;

export type SyntaxNode =
  /** Integers are bigint, numbers with a fraction or an exponent number. */
  | { readonly kind: "literal"; readonly value: bigint | number | string | boolean | null }
  /** A word without dots: a column, or a lookup's own value. */
  | { readonly kind: "name"; readonly name: string }
  /** `$.a`, `parent.a`, `document.a`, `lookup.a`, `parameters.a`, as written. */
  | { readonly kind: "path"; readonly text: string }
  | { readonly kind: "compare"; readonly operator: Comparison; readonly left: Syntax; readonly right: Syntax }
  | { readonly kind: "arithmetic"; readonly operator: Arithmetic; readonly left: Syntax; readonly right: Syntax }
  | { readonly kind: "negate"; readonly operand: Syntax }
  | { readonly kind: "and" | "or"; readonly operands: readonly Syntax[] }
  | { readonly kind: "not"; readonly operand: Syntax }
  | { readonly kind: "is"; readonly operand: Syntax; readonly test: "null" | "true" | "false"; readonly negated: boolean }
  | { readonly kind: "in"; readonly operand: Syntax; readonly values: readonly Syntax[]; readonly negated: boolean }
  | { readonly kind: "between"; readonly operand: Syntax; readonly low: Syntax; readonly high: Syntax; readonly negated: boolean }
  | { readonly kind: "like"; readonly operand: Syntax; readonly pattern: string; readonly negated: boolean }
  /** `operand` null: `case when condition then …`; else `case operand when value then …`. */
  | {
      readonly kind: "case";
      readonly operand: Syntax | null;
      readonly branches: readonly { readonly when: Syntax; readonly then: Syntax }[];
      readonly otherwise: Syntax | null;
    }
  | { readonly kind: "cast"; readonly operand: Syntax; readonly to: ColumnType }
  | { readonly kind: "call"; readonly name: FunctionName; readonly arguments: readonly Syntax[] }
  | {
      readonly kind: "aggregate";
      readonly name: Aggregate;
      readonly target: string;
      readonly operand: Syntax | null;
      readonly where: Syntax | null;
    };
