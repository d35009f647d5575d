import { expect, test } from "vitest";
import { mappingOf } from "../../tests/small-platform.ts";
import type { Rule } from "./mapping.ts";
import { renderExpression } from "./render-expression.ts";

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

test("no parenthesis is written that the precedence of the language gives", () => {
  const [rule] = rulesOf(["((a + (b * 2.0)) > 1.5) and ((t is null) or (ok))"]);
  expect(renderExpression(rule!.expression)).toBe("a + b * 2.0 > 1.5 and (t is null or ok)");
});
