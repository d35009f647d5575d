import { expect, test } from "vitest";
import { mappingOf } from "../../tests/small-platform.ts";
import type { Rule } from "./mapping.ts";
import { parseColumnType } from "./column-type.ts";
import { parseExpression } from "./parse-expression.ts";
import { renderExpression } from "./render-expression.ts";
import type { Scope } from "./scope.ts";
import { typeCondition } from "./type-expression.ts";

const rulesOf = (rules: readonly string[]): readonly Rule[] =>
  mappingOf(`
source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id]}
fields: [{name: id, type: INT, json_path: $.id}]
targets:
  - name: lab.thing
    primary_key: [id]
    lookups: {other: "document.others.ID{$.id}"}
    fields:
      - {name: a, type: INT, json_path: $.a}
      - {name: b, type: DOUBLE, json_path: $.b}
      - {name: t, type: TEXT, json_path: $.t}
      - {name: ok, type: BOOLEAN, json_path: $.ok}
    data_quality:
${rules.map((rule) => `      - {rule: ${JSON.stringify(rule)}, severity: warn}`).join("\n")}
  - name: lab.part
    array_source: $.parts[*]
    primary_key: [id, n]
    fields:
      - {name: n, type: INT, source_field: index}
      - {name: runs, type: INT, json_path: $.runs}
`).targets[0]?.rules ?? [];

test("a rendered expression reads as the same expression again", () => {
  const rules = rulesOf([
    "a != 1 and (b > 1.0 or not ok) and t is not null",
    "not (ok and a = 1)",
    "a - (1 - 2) - 3 = a * (2 + 3)",
    "-(5) < a and - a < -5",
    "b between 1.5 and 1e30 or a not in (1, 2, 3)",
    "t like '% o''clock%' or t not like '_'",
    "case when a > 1 then t when ok then 'x' else null end = 'y'",
    "split_part(t, ' ', 1)::INT = 5",
    "coalesce(a, 0) = (select sum(runs) from lab.part where n > 1)",
    "(select count(*) from lab.part) >= 0",
    '(ok is true) is false or $.t = $["odd key"].x',
    "document.t = other.name",
  ]);
  expect(rulesOf(rules.map((rule) => renderExpression(rule.expression))).map((rule) => rule.expression)).toEqual(
    rules.map((rule) => rule.expression),
  );
});

const columns = new Map(
  Object.entries({ a: "INT", b: "DOUBLE", t: "TEXT", ok: "BOOLEAN" }).map(([name, type]) => [name, parseColumnType(type)] as const),
);
const ROW: Scope = {
  columns,
  paths: { levels: ["items"], hasDocument: true, lookups: [] },
  parameters: false,
  aggregates: { primaryKey: [], targets: new Map([["g.t", { columns, primaryKey: [] }]]) },
};
const CAPTURES: Scope = { columns: new Map(), paths: null, parameters: true, aggregates: null };

test.each([
  "not ok",
  "not not ok",
  "not (ok or ok)",
  "not (ok and ok)",
  "not ok is true",
  "(not ok) is true",
  "(not ok) = ok",
  "ok or ok and ok",
  "(ok or ok) and ok",
  "ok and (ok or ok)",
  "(ok and ok) = ok",
  "(ok or ok) is not false",
  "a = 1 is true",
  "ok = (a = 1)",
  "(a = 1) = ok",
  "(ok is true) = ok",
  "a + 1 - 2 = 0",
  "a - (1 - 2) = 0",
  "a - (b + 1) > 0",
  "a * (b + 1) > 0",
  "(a - 1) * 2 > 0",
  "a + b * 2 > 0",
  "a / (b * 2) > 0",
  "a * b / 2 > 0",
  "- a = 1",
  "- (a + 1) = 1",
  "- (a * 2) = 1",
  "- a * 2 = 1",
  "- - a = 1",
  "-(5) = a",
  "-5 = a",
  "-5 * a = 1",
  "- a::BIGINT = 1",
  "(- a)::BIGINT = 1",
  "(a + 1)::BIGINT = 1",
  "(-5)::BIGINT = 1",
  "(-5.5)::DOUBLE = 1",
  "5::BIGINT = 1",
  "0::BIGINT = 1",
  "'5'::BIGINT = 1",
  "t::DATE::TEXT = ''",
  "(ok = ok)::TEXT = ''",
  "(not ok)::TEXT = ''",
  "lower(t)::INT = 1",
  "$.x::INT = 1",
  "case when ok then 1 end::BIGINT = 1",
  "a in (1, 2)",
  "a + 1 not in (1)",
  "a in (1) = ok",
  "(a = 1) in (true)",
  "(ok is null) in (true, false)",
  "(a in (1)) in (true)",
  "a between 1 and 2",
  "a + 1 not between - a and a * 2",
  "a between 1 and 2 = ok",
  "t between 'a' and lower(t)",
  "t like 'a''b%'",
  "t not like '_'",
  "t like 'x' = ok",
  "a is not null",
  "null is null",
  "case when ok then 'x' end is null",
  "case when ok then 1 when not ok then 2 else 3 end = 1",
  "coalesce(a, 1, 2) = 0",
  "b = 1.0",
  "b = 0.0",
  "b = 1.5",
  "b = 1e+30",
  "(select count(*) from g.t) = 1",
  "(select sum(a) from g.t where ok) = 1",
  "parent.x is null",
])("%s is written as it is", (text) => {
  const parsed = parseExpression(text);
  const { expression } = parsed.ok ? typeCondition(parsed.value, ROW) : { expression: null };
  expect(expression === null ? null : renderExpression(expression)).toBe(text);
});

test("parameters of a request are written with their word", () => {
  const parsed = parseExpression("parameters.x = 'a'");
  const { expression } = parsed.ok ? typeCondition(parsed.value, CAPTURES) : { expression: null };
  expect(expression === null ? null : renderExpression(expression)).toBe("parameters.x = 'a'");
});

test("no parenthesis is written that the precedence of the language gives", () => {
  const [rule] = rulesOf(["((a + (b * 2.0)) > 1.5) and ((t is null) or (ok))"]);
  expect(renderExpression(rule!.expression)).toBe("a + b * 2.0 > 1.5 and (t is null or ok)");
});
