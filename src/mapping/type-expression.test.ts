import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type ColumnType, parseColumnType } from "./column-type.ts";
import type { Expression } from "./expression.ts";
import { nodesOf } from "./expression-walk.ts";
import { parseExpression } from "./parse-expression.ts";
import { renderReference } from "./parse-path.ts";
import type { Reference } from "./path.ts";
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
    primaryKey: ["game_pk", "n", "broken"],
    targets: new Map([
      [
        "g.inner",
        {
          columns: columnsOf({
            game_pk: "BIGINT",
            n: "INT",
            runs: "INT",
            speed: "DOUBLE",
            ok: "BOOLEAN",
            name: "TEXT",
            day: "DATE",
            j: "JSONB",
            broken: "?",
          }),
          primaryKey: ["game_pk", "n", "x"],
        },
      ],
      ["g.other", { columns: columnsOf({ n: "BIGINT" }), primaryKey: ["n"] }],
      ["g.apart", { columns: columnsOf({ code: "TEXT" }), primaryKey: ["code"] }],
      ["g.odd", { columns: columnsOf({ n: "?" }), primaryKey: ["n"] }],
      ["g.broken", { columns: columnsOf({ broken: "TEXT" }), primaryKey: ["n", "broken"] }],
    ]),
  },
};

/** Of `source.filter`. */
const CAPTURES: Scope = { columns: new Map(), paths: null, parameters: true, aggregates: null };
/** Of the document's own columns. */
const DOCUMENT: Scope = { ...SCOPE, paths: { levels: [], hasDocument: false, lookups: [] }, aggregates: null };

function typed(text: string, type: string | null = null, scope: Scope = SCOPE): Typed {
  const parsed = parseExpression(text);
  if (!parsed.ok) throw new Error(parsed.fault.message);
  return type === null ? typeCondition(parsed.value, scope) : typeColumnValue(parsed.value, parseColumnType(type), scope);
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

/** `kind(part, part):TYPE`. */
function rendered(value: unknown): string {
  if (typeof value === "bigint") return `${String(value)}n`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(rendered).join(", ")}]`;
  if ("root" in value) return renderReference(value as Reference);
  const { kind, type, ...parts } = value as { readonly kind?: string; readonly type?: string };
  return `${kind ?? ""}(${Object.values(parts).map(rendered).join(", ")})${type === undefined ? "" : `:${type}`}`;
}

/** Everything with a kind and a type, outer before inner. */
function everyNode(value: unknown): readonly unknown[] {
  if (typeof value !== "object" || value === null) return [];
  return [...("kind" in value && "type" in value ? [value] : []), ...Object.values(value).flatMap(everyNode)];
}

/** Of each case: `== [scope: ]expression[ | type of the column]`, and below it the typed expression or all faults. */
const cases = readFileSync(new URL("golden/typed-expressions.txt", import.meta.url), "utf8")
  .split(/^== /m)
  .slice(1)
  .map((block) => {
    const [title = "", ...lines] = block.trimEnd().split("\n");
    const [, scope, text = "", type] = /^(?:(captures|document): )?(.*?)(?: \| (.*))?$/.exec(title) ?? [];
    return { title, text, type: type ?? null, scope: scope === "captures" ? CAPTURES : scope === "document" ? DOCUMENT : SCOPE, lines };
  });

describe("an expression is typed, or all that is wrong in it is reported", () => {
  test("in many cases", () => {
    expect(cases.length).toBeGreaterThan(300);
  });

  test.each(cases)("$title", ({ text, type, scope, lines }) => {
    const { expression, faults } = typed(text, type, scope);
    const reported = faults.map(({ offset, message, expected, got, didYouMean }) =>
      [`${String(offset)}: ${message}`, expected, got, ...(typeof didYouMean === "string" ? [`${didYouMean}?`] : [])].join("; "),
    );
    expect([...(expression === null ? [] : [rendered(expression)]), ...reported]).toEqual(lines);
    expect(expression === null ? [] : [...nodesOf(expression)]).toEqual(everyNode(expression));
  });
});
