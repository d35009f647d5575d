import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ColumnType, renderColumnType } from "./column-type.ts";
import { AGGREGATES, ARITHMETIC, COMPARISONS, FUNCTION_NAMES } from "./expression.ts";
import { parseExpression } from "./parse-expression.ts";
import type { Syntax, SyntaxNode } from "./syntax.ts";

/** How tightly a node binds; the parser's levels, from the loosest. */
function levelOf(node: Syntax): number {
  switch (node.kind) {
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
      return node.operator === "+" || node.operator === "-" ? 7 : 8;
    case "negate":
      return 9;
    case "cast":
      return 10;
    case "literal":
      return (typeof node.value === "bigint" || typeof node.value === "number") && node.value < 0 ? 9 : 11;
    case "name":
    case "path":
    case "case":
    case "call":
    case "aggregate":
      return 11;
  }
}

/** Writes an expression with the fewest parentheses, so that parsing it again needs the right precedence. */
function print(node: Syntax): string {
  const at = (part: Syntax, level: number): string => (levelOf(part) < level ? `(${print(part)})` : print(part));
  switch (node.kind) {
    case "literal":
      return typeof node.value === "string" ? `'${node.value.replaceAll("'", "''")}'` : String(node.value);
    case "name":
      return node.name;
    case "path":
      return node.text;
    case "compare":
      return `${at(node.left, 6)} ${node.operator} ${at(node.right, 6)}`;
    case "arithmetic": {
      const level = levelOf(node);
      return `${at(node.left, level)} ${node.operator} ${at(node.right, level + 1)}`;
    }
    case "negate":
      return node.operand.kind === "literal" ? `-(${print(node.operand)})` : `- ${at(node.operand, 9)}`;
    case "and":
    case "or":
      return node.operands.map((operand) => at(operand, levelOf(node) + 1)).join(` ${node.kind} `);
    case "not":
      return `not ${at(node.operand, 3)}`;
    case "is":
      return `${at(node.operand, 4)} is ${node.negated ? "not " : ""}${node.test}`;
    case "in":
      return `${at(node.operand, 7)} ${node.negated ? "not " : ""}in (${node.values.map(print).join(", ")})`;
    case "between":
      return `${at(node.operand, 7)} ${node.negated ? "not " : ""}between ${at(node.low, 7)} and ${at(node.high, 7)}`;
    case "like":
      return `${at(node.operand, 7)} ${node.negated ? "not " : ""}like '${node.pattern.replaceAll("'", "''")}'`;
    case "case": {
      const branches = node.branches.map(({ when, then }) => `when ${print(when)} then ${print(then)} `).join("");
      return `case ${node.operand === null ? "" : `${print(node.operand)} `}${branches}${node.otherwise === null ? "" : `else ${print(node.otherwise)} `}end`;
    }
    case "cast":
      return `${at(node.operand, 10)}::${renderColumnType(node.to)}`;
    case "call":
      return `${node.name}(${node.arguments.map(print).join(", ")})`;
    case "aggregate":
      return `(select ${node.name}(${node.operand === null ? "*" : print(node.operand)}) from ${node.target}${node.where === null ? "" : ` where ${print(node.where)}`})`;
  }
}

const made = (node: SyntaxNode): Syntax => ({ offset: 0, ...node });

const columnType: fc.Arbitrary<ColumnType> = fc.oneof(
  fc.constantFrom<ColumnType>(
    { name: "INT" },
    { name: "BIGINT" },
    { name: "TEXT" },
    { name: "DATE" },
    { name: "DOUBLE" },
    { name: "JSONB" },
  ),
  fc.integer({ min: 1, max: 999 }).map((length): ColumnType => ({ name: "VARCHAR", length })),
  fc
    .integer({ min: 1, max: 38 })
    .chain((precision) => fc.integer({ min: 0, max: precision }).map((scale): ColumnType => ({ name: "NUMERIC", precision, scale }))),
);

const leaf: fc.Arbitrary<Syntax> = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => made({ kind: "literal", value })),
  fc
    .double({ noDefaultInfinity: true, noNaN: true })
    .filter((value) => !Object.is(value, -0) && /[.e]/.test(String(value)))
    .map((value) => made({ kind: "literal", value })),
  fc.string({ maxLength: 12 }).map((value) => made({ kind: "literal", value })),
  fc.constantFrom(true, false, null).map((value) => made({ kind: "literal", value })),
  fc.constantFrom("a", "home_runs", "_x", "not_null", "is_out", "ending").map((name) => made({ kind: "name", name })),
  fc
    .constantFrom("$", "$.a.b", '$["odd key"].x', "parent.parent.x", "document.a", "player.fullName", "parameters.x")
    .map((text) => made({ kind: "path", text })),
);

const { expression } = fc.letrec<{ expression: Syntax }>((tie) => {
  const part = tie("expression");
  const two = fc.array(part, { minLength: 2, maxLength: 3 });
  return {
    expression: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      leaf,
      fc.record({ operator: fc.constantFrom(...COMPARISONS), left: part, right: part }).map((node) => made({ kind: "compare", ...node })),
      fc.record({ operator: fc.constantFrom(...ARITHMETIC), left: part, right: part }).map((node) => made({ kind: "arithmetic", ...node })),
      part.map((operand) => made({ kind: "negate", operand })),
      fc.record({ kind: fc.constantFrom("and", "or"), operands: two }).map(made),
      part.map((operand) => made({ kind: "not", operand })),
      fc
        .record({ operand: part, test: fc.constantFrom("null", "true", "false"), negated: fc.boolean() })
        .map((node) => made({ kind: "is", ...node })),
      fc.record({ operand: part, values: two, negated: fc.boolean() }).map((node) => made({ kind: "in", ...node })),
      fc.record({ operand: part, low: part, high: part, negated: fc.boolean() }).map((node) => made({ kind: "between", ...node })),
      fc
        .record({ operand: part, pattern: fc.string({ maxLength: 5 }), negated: fc.boolean() })
        .map((node) => made({ kind: "like", ...node })),
      fc
        .record({
          operand: fc.option(part),
          branches: fc.array(fc.record({ when: part, then: part }), { minLength: 1, maxLength: 2 }),
          otherwise: fc.option(part),
        })
        .map((node) => made({ kind: "case", ...node })),
      fc.record({ operand: part, to: columnType }).map((node) => made({ kind: "cast", ...node })),
      fc.record({ name: fc.constantFrom(...FUNCTION_NAMES), arguments: two }).map((node) => made({ kind: "call", ...node })),
      fc
        .record({ name: fc.constantFrom(...AGGREGATES), operand: part, where: fc.option(part) })
        .map((node) => made({ kind: "aggregate", target: "game.plays", ...node })),
      fc.option(part).map((where) => made({ kind: "aggregate", name: "count", target: "game.plays", operand: null, where })),
    ),
  };
});

const withoutOffsets = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutOffsets);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([key, part]) => (key === "offset" ? [] : [[key, withoutOffsets(part)]])));
};

test("an expression that is written and parsed again is the same", () => {
  fc.assert(
    fc.property(expression, (each) => {
      const text = print(each);
      fc.pre(text.length <= 4_000);
      const parsed = parseExpression(text);
      expect(parsed.ok ? withoutOffsets(parsed.value) : parsed.fault).toEqual(withoutOffsets(each));
    }),
    { numRuns: 300 },
  );
});

test("no text makes the parser do more than report", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: "binary" }),
        fc
          .array(fc.constantFrom("(", ")", "a", "-", "not", "case", "when", "1", "'x'", "::", "INT", "$.a", ","), { maxLength: 60 })
          .map((parts) => parts.join(" ")),
      ),
      (text) => {
        expect(typeof parseExpression(text).ok).toBe("boolean");
      },
    ),
  );
});

/** The tree in brackets. */
function shape(text: string): string {
  const parsed = parseExpression(text);
  return parsed.ok
    ? bracketed(parsed.value)
    : `${String(parsed.fault.offset)}: ${parsed.fault.message}; ${parsed.fault.expected}; ${parsed.fault.got}`;
}

function bracketed(node: Syntax): string {
  switch (node.kind) {
    case "arithmetic":
    case "compare":
      return `[${bracketed(node.left)} ${node.operator} ${bracketed(node.right)}]`;
    case "and":
    case "or":
      return `[${node.operands.map(bracketed).join(` ${node.kind} `)}]`;
    case "not":
      return `[not ${bracketed(node.operand)}]`;
    case "negate":
      return `[- ${bracketed(node.operand)}]`;
    case "is":
      return `[${bracketed(node.operand)} is ${node.negated ? "not " : ""}${node.test}]`;
    case "cast":
      return `[${bracketed(node.operand)}::${renderColumnType(node.to)}]`;
    case "between":
      return `[${bracketed(node.operand)} between ${bracketed(node.low)} and ${bracketed(node.high)}]`;
    case "literal":
    case "name":
    case "path":
    case "in":
    case "like":
    case "case":
    case "call":
    case "aggregate":
      return print(node);
  }
}

describe("precedence is that of SQL", () => {
  test.each([
    ["a or b and not c", "[a or [b and [not c]]]"],
    ["not a is null", "[not [a is null]]"],
    ["a = b is not true", "[[a = b] is not true]"],
    ["a + b * c - d", "[[a + [b * c]] - d]"],
    ["a - b - c", "[[a - b] - c]"],
    ["-a * b", "[[- a] * b]"],
    ["-a::INT", "[- [a::INT]]"],
    ["-5::INT", "[- [5::INT]]"],
    ["(-5)::INT", "[-5::INT]"],
    ["a - -5", "[a - -5]"],
    ["a between 1 and 2 and b", "[[a between 1 and 2] and b]"],
    ["a <> b", "[a != b]"],
    ["A IS NOT NULL AND B = TRUE", "[[A is not null] and [B = true]]"],
    ["x::TEXT::VARCHAR(3)", "[[x::TEXT]::VARCHAR(3)]"],
    ["x::NUMERIC(8, 3)", "[x::NUMERIC(8,3)]"],
  ])("%s", (text, tree) => {
    expect(shape(text)).toBe(tree);
  });
});

describe("what does not parse is reported at its character", () => {
  test.each([
    ["", "0: the expression does not parse; a column, a path, a literal or a function; the end"],
    ["a = = b", '4: the expression does not parse; a column, a path, a literal or a function; "="'],
    ["a < b < c", '6: the expression does not parse; "and" between two comparisons; "<"'],
    ["a b", '2: the expression does not parse; an operator, or the end; "b"'],
    ["(a", '2: the expression does not parse; ")"; the end'],
    ["a in ()", '6: the expression does not parse; a column, a path, a literal or a function; ")"'],
    ["a is 5", '5: the expression does not parse; null, true, false or not; "5"'],
    ["a like b", '7: the expression does not parse; a pattern in single quotes; "b"'],
    ["case end", '5: the expression does not parse; a column, a path, a literal or a function; "end"'],
    ["case a else b end", '7: the expression does not parse; "when"; "else"'],
    ["a = 'x", "4: a text does not end; 'text' ('' for a quote inside); \"'x\""],
    ['a = "x"', '4: double quotes do not make a text; \'text\' in single quotes; "\\"x\\""'],
    ["a -- b", '2: comments are not part of the language; an expression (blanks between two minus signs); "--"'],
    ["a; drop table b", '1: ";" is not part of the language; a column, a path, a literal or an operator; "; drop table b"'],
    ["12abc", '0: this is no number; digits, with a fraction or an exponent; "12abc"'],
    ["9223372036854775808", '0: the number is too large; an integer of 64 bits; "9223372036854775808"'],
    ["1e999", '0: the number is too large; a finite number; "1e999"'],
    ["sum(a)", '0: unknown function "sum"; sum inside (select sum(…) from schema.table); "sum"'],
    ["(select a from b.c)", '8: the expression does not parse; one of: count, sum, min, max, avg; "a"'],
    ["(select count(*) from c)", '22: the expression does not parse; a target, as schema.table; "c"'],
    ["(select sum(*) from b.c)", '12: the expression does not parse; a column, a path, a literal or a function; "*"'],
    [`${"a + ".repeat(1_500)}a`, "0: the expression is too long; at most 4000 characters; 6001 characters"],
  ])("%s", (text, problem) => {
    expect(shape(text)).toBe(problem);
  });

  test.each([
    ["parentheses", "(".repeat(2_000)],
    ["closed parentheses", `${"(".repeat(200)}a${")".repeat(200)}`],
    ["sums", `${"a+".repeat(1_000)}a`],
    ["minus signs", "- ".repeat(1_000)],
    ["nots", "not ".repeat(900)],
    ["casts", `a${"::INT".repeat(700)}`],
    ["is", `a${" is true".repeat(400)}`],
    ["calls", "lower(".repeat(600)],
  ])("deep %s", (_, text) => {
    expect(shape(text)).toMatch(/: the expression is nested too deep; at most 50 levels; more$/);
  });

  test.each(["and", "or", "not", "is", "in", "between", "like", "case", "when", "then", "else", "end", "select", "from", "where"])(
    "%s, which is no column",
    (word) => {
      expect(shape(`a = ${word}`)).toContain("the expression does not parse");
      expect(shape(word.toUpperCase())).toContain("the expression does not parse");
    },
  );

  test("null, true and false, which are no columns", () => {
    expect(["null", "true", "FALSE"].map((word) => parseExpression(word))).toMatchObject(
      [null, true, false].map((value) => ({ value: { value } })),
    );
  });

  test("the longest expression and the largest numbers are taken", () => {
    expect(parseExpression("a".repeat(4_000)).ok).toBe(true);
    expect(parseExpression("a".repeat(4_001)).ok).toBe(false);
    expect(shape("9223372036854775807")).toBe("9223372036854775807");
    expect(shape("-9223372036854775808")).toBe("-9223372036854775808");
    expect(shape("-9223372036854775809")).toContain("the number is too large");
  });

  test("a type that is none, with the nearest", () => {
    expect(parseExpression("a::int")).toMatchObject({ fault: { offset: 3, message: 'unknown type "int"', didYouMean: "INT" } });
    expect(parseExpression("lowr(a)")).toMatchObject({ fault: { didYouMean: "lower" } });
  });
});
