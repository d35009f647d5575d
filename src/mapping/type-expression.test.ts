import { describe, expect, test } from "vitest";
import { type ColumnType, parseColumnType } from "./column-type.ts";
import type { Expression } from "./expression.ts";
import { parseExpression } from "./parse-expression.ts";
import type { Scope } from "./scope.ts";
import { typeColumnValue, typeCondition, type Typed } from "./type-expression.ts";

const columnsOf = (types: Readonly<Record<string, string>>): ReadonlyMap<string, ColumnType | null> =>
  new Map(Object.entries(types).map(([name, type]) => [name, parseColumnType(type)]));

const SCOPE: Scope = {
  columns: columnsOf({
    n: "INT",
    big: "BIGINT",
    t: "TEXT",
    v: "VARCHAR(9)",
    d: "DOUBLE",
    m: "NUMERIC(8,3)",
    b: "BOOLEAN",
    day: "DATE",
    at: "TIMESTAMPTZ",
    j: "JSONB",
    broken: "?",
  }),
  paths: { levels: ["items"], hasDocument: true, lookups: ["play"] },
  parameters: false,
  aggregates: {
    primaryKey: ["game_pk", "n"],
    targets: new Map([
      [
        "g.inner",
        {
          columns: columnsOf({ game_pk: "BIGINT", n: "INT", runs: "INT", speed: "DOUBLE", ok: "BOOLEAN" }),
          primaryKey: ["game_pk", "n", "x"],
        },
      ],
      ["g.other", { columns: columnsOf({ n: "BIGINT" }), primaryKey: ["n"] }],
    ]),
  },
};

function typed(text: string, type: string | null = null): Typed {
  const parsed = parseExpression(text);
  if (!parsed.ok) throw new Error(parsed.fault.message);
  return type === null ? typeCondition(parsed.value, SCOPE) : typeColumnValue(parsed.value, parseColumnType(type), SCOPE);
}

/** The types of all paths, in order. */
function pathTypes(value: unknown): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  const node = value as Partial<Expression>;
  return [...(node.kind === "path" && node.type !== undefined ? [node.type] : []), ...Object.values(value).flatMap(pathTypes)];
}

describe("a path has the type of what it is compared with", () => {
  test.each([
    ["$.x = true", ["BOOLEAN"]],
    ["$.x > 5", ["BIGINT"]],
    ["$.x > 5.0", ["DOUBLE"]],
    ["5 < $.x", ["BIGINT"]],
    ["$.x = 'a'", ["TEXT"]],
    ["$.x = day", ["DATE"]],
    ["$.x = n", ["BIGINT"]],
    ["$.x = m", ["DOUBLE"]],
    ["$.x = $.y", ["TEXT", "TEXT"]],
    ["$.x", ["BOOLEAN"]],
    ["$.x is true", ["BOOLEAN"]],
    ["$.x is not null", ["TEXT"]],
    ["$.x + 1 > 2", ["DOUBLE"]],
    ["-$.x > 2", ["DOUBLE"]],
    ["$.x in (1, 2.5)", ["DOUBLE"]],
    ["$.x between n and $.y", ["BIGINT", "BIGINT"]],
    ["$.x like 'a%'", ["TEXT"]],
    ["length($.x) > 1", ["TEXT"]],
    ["substring(t, $.x, 1) = 'a'", ["BIGINT"]],
    ["coalesce($.x, 0) > 1", ["BIGINT"]],
    ["abs($.x) > 1", ["DOUBLE"]],
    ["$.x::INT > 1", ["TEXT"]],
    ["case when $.x then $.y else 1 end = 1", ["BOOLEAN", "BIGINT"]],
    ["case $.x when 1 then true end", ["BIGINT"]],
    ["not play.isOut or parent.x or document.y", ["BOOLEAN", "BOOLEAN", "BOOLEAN"]],
    ["play is null", ["TEXT"]],
  ])("%s", (text, types) => {
    const { expression, faults } = typed(text);
    expect(faults).toEqual([]);
    expect(pathTypes(expression)).toEqual(types);
  });

  test("or of the column that it is the value of", () => {
    expect(typed("coalesce($.a, parent.b)", "DATE").expression).toMatchObject({
      type: "DATE",
      arguments: [{ type: "DATE" }, { type: "DATE" }],
    });
    expect(typed("$.a", "NUMERIC(8,3)").expression).toMatchObject({ kind: "path", type: "DOUBLE" });
  });
});

describe("types of values", () => {
  test.each([
    ["n + big", "BIGINT", "BIGINT"],
    ["n + 1.5", "DOUBLE", "DOUBLE"],
    ["n / 2", "DOUBLE", "DOUBLE"],
    ["abs(n)", "INT", "BIGINT"],
    ["length(v)", "INT", "BIGINT"],
    ["coalesce(n, 1.5)", "DOUBLE", "DOUBLE"],
    ["case when b then 1 end", "INT", "BIGINT"],
    ["case when b then null else t end", "TEXT", "TEXT"],
    ["null", "INT", "NULL"],
    ["'2024-02-29'", "DATE", "DATE"],
    ["t::DATE", "DATE", "DATE"],
    ["n::TEXT", "VARCHAR(9)", "TEXT"],
    ["b and n > 1", "BOOLEAN", "BOOLEAN"],
    ["n", "NUMERIC(8,3)", "BIGINT"],
  ])("%s as %s", (text, column, type) => {
    const result = typed(text, column);
    expect(result.faults).toEqual([]);
    expect(result.expression?.type).toBe(type);
  });

  test("a text beside a date is a date, beside a time a time", () => {
    expect(typed("day >= '2024-03-01'").expression).toMatchObject({ right: { kind: "literal", value: "2024-03-01", type: "DATE" } });
    expect(typed("at < '2024-03-01T00:00:00Z'").expression).toMatchObject({ right: { type: "TIMESTAMPTZ" } });
  });

  test("case with a value compares it with each", () => {
    expect(typed("case n when 1 then true else false end").expression).toMatchObject({
      kind: "case",
      branches: [
        { when: { kind: "compare", operator: "=", left: { kind: "column", name: "n" }, right: { value: 1n } }, then: { value: true } },
      ],
      otherwise: { value: false },
    });
  });

  test("an aggregate is correlated on the key columns of both", () => {
    expect(typed("n = (select sum(runs) from g.inner where speed > 90)").expression).toMatchObject({
      right: {
        kind: "aggregate",
        name: "sum",
        target: "g.inner",
        operand: { name: "runs", type: "BIGINT" },
        correlatedOn: ["game_pk", "n"],
        type: "BIGINT",
      },
    });
    expect(typed("(select count(*) from g.inner) > 0").expression).toMatchObject({ left: { operand: null, where: null, type: "BIGINT" } });
    expect(typed("(select avg(runs) from g.inner) > 0").expression).toMatchObject({ left: { type: "DOUBLE" } });
    expect(typed("(select max(speed) from g.inner) > 0").expression).toMatchObject({ left: { type: "DOUBLE" } });
  });

  test("names the columns that it needs", () => {
    expect([...typed("n + big", "BIGINT").columns]).toEqual(["n", "big"]);
  });

  test("says nothing of its own about a column whose type is wrong", () => {
    expect(typed("broken + 1", "INT")).toMatchObject({ expression: null, faults: [] });
    expect(typed("broken = t or coalesce(broken, n) = 1")).toMatchObject({ expression: null, faults: [] });
  });
});

describe("what does not fit is reported", () => {
  test.each([
    ["t = 1", null, '2: "=" mixes TEXT and BIGINT'],
    ["day = at", null, '4: "=" mixes DATE and TIMESTAMPTZ'],
    ["day = t", null, '4: "=" mixes DATE and TEXT'],
    ["day = '2023-02-29'", null, '6: "2023-02-29" is no DATE'],
    ["at = '2024-01-01'", null, '5: "2024-01-01" is no TIMESTAMPTZ'],
    ["b < true", null, "2: BOOLEAN values have no order"],
    ["b between false and true", null, "2: BOOLEAN values have no order"],
    ["j = 1", null, "2: JSONB values can only be tested with is null"],
    ["j::TEXT = 'a'", null, "1: JSONB values are not cast"],
    ["t::JSONB is null", null, "1: JSONB values are not cast"],
    ["n = null", null, "4: a comparison with null is never true"],
    ["n in (1, null)", null, "9: null is in no list"],
    ["n in (1, 'a')", null, '2: "in" mixes BIGINT and TEXT'],
    ["n like 'a'", null, '0: what stands before "like" must be TEXT'],
    ["n and b", null, '0: what stands beside "and" must be BOOLEAN'],
    ["not n", null, '4: what stands after "not" must be BOOLEAN'],
    ["n is true", null, '0: what stands before "is true" must be BOOLEAN'],
    ["t + 1 > 2", null, "0: arithmetic needs numbers"],
    ["abs(t) > 2", null, "4: arithmetic needs numbers"],
    ["lower(n) = 'a'", null, "6: argument 1 of lower must be TEXT"],
    ["substring(t, 1.5, 1) = 'a'", null, "13: argument 2 of substring must be BIGINT"],
    ["lower(t, v) = 'a'", null, "0: lower takes another number of arguments"],
    ["nullif(n, 'a') = 1", null, '0: "nullif" mixes BIGINT and TEXT'],
    ["case when n then 1 end = 1", null, '10: what stands after "when" must be BOOLEAN'],
    ["case when b then 1 else 'a' end = 1", null, '0: "case" mixes BIGINT and TEXT'],
    ["m = 0 and nothing = 1", null, '10: unknown column "nothing"'],
    ["$.a[0] = 1", null, '3: the path "$.a[0]" does not parse'],
    ["parent.parent.x = 1", null, '0: the path "parent.parent.x" goes out further than the row source has levels'],
    ["parameters.x = 'a'", null, '0: "parameters.x" cannot be used here'],
    ["(select max(ok) from g.inner) is null", null, "12: max needs values with an order"],
    ["(select sum(t) from g.inner) > 0", null, '12: unknown column "t"'],
    ["(select sum($.x) from g.inner) > 0", null, '12: the path "$.x" cannot be used here'],
    ["(select sum((select count(*) from g.inner)) from g.inner) > 0", null, "12: aggregates are for rules"],
    ["(select count(*) from g.other) > 0", null, '0: the shared key column "n" is INT here and BIGINT in g.other'],
    ["n + 1", null, "2: a condition must be BOOLEAN"],
    ["t", "INT", "0: the expression gives TEXT, the column is INT"],
    ["d", "BIGINT", "0: the expression gives DOUBLE, the column is BIGINT"],
    ["n", "TEXT", "0: the expression gives BIGINT, the column is TEXT"],
    ["b", "VARCHAR(9)", "0: the expression gives BOOLEAN, the column is VARCHAR(9)"],
    ["t", "JSONB", "0: an expression cannot make a JSONB value"],
    ["d::TEXT", "TEXT", "1: DOUBLE is not cast to TEXT: its text differs between engines or never fits"],
    ["at::TEXT", "TEXT", "2: TIMESTAMPTZ is not cast to TEXT: its text differs between engines or never fits"],
  ])("%s", (text, column, problem) => {
    const { expression, faults } = typed(text, column);
    expect(faults.map(({ offset, message }) => `${String(offset)}: ${message}`)).toEqual([problem]);
    expect(expression).toBeNull();
  });

  test("all of an expression at once", () => {
    expect(typed("t = 1 and nothing = 2 or lower(n) = 'a'").faults).toHaveLength(3);
  });
});
