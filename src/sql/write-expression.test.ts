import { describe, expect, test } from "vitest";
import { mappingOf, openDatabase } from "../../tests/small-platform.ts";
import type { SqlValue } from "../sql/sql-value.ts";
import { DuckdbEngine } from "../engine/duckdb/duckdb-engine.ts";
import { compilePlan } from "../plan/compile-plan.ts";
import { targetTable } from "./slice-tables.ts";

/** The row that all expressions see. */
const COLUMNS = [
  ["three", "INT", "$.three"],
  ["zero", "INT", "$.zero"],
  ["biggest", "BIGINT", "$.biggest"],
  ["smallest", "BIGINT", "$.smallest"],
  ["half", "DOUBLE", "$.half"],
  ["large", "DOUBLE", "$.large"],
  ["calm", "TEXT", "$.calm"],
  ["wind", "TEXT", "$.wind"],
  ["digits", "VARCHAR(5)", "$.digits"],
  ["yes", "BOOLEAN", "$.yes"],
  ["no", "BOOLEAN", "$.no"],
  ["day", "DATE", "$.day"],
  ["at", "TIMESTAMPTZ", "$.at"],
  ["no_int", "INT", "$.nothing"],
  ["no_text", "TEXT", "$.nothing"],
  ["no_bool", "BOOLEAN", "$.nothing"],
  ["nines", "TEXT", "$.nines"],
] as const;
const ROW = {
  three: 3,
  zero: 0,
  biggest: "9223372036854775807",
  smallest: "-9223372036854775808",
  half: 0.5,
  large: 1e308,
  calm: "Calm",
  wind: "9 mph, Out To CF",
  digits: "12",
  yes: true,
  no: false,
  day: "2024-07-12",
  at: "2024-07-12T19:10:41-04:00",
  nines: "9".repeat(38),
  player: { age: "31", odd: "x1" },
  "a\"b'; -- \u00e9😀": { "c.d]": "found" },
};

interface Evaluated {
  readonly value: SqlValue;
  /** Whether it was told as a bad value. */
  readonly bad: boolean;
}

/** Each expression as a column of its own. The text is written as YAML by way of JSON. */
async function evaluate(
  expressions: readonly (readonly [text: string, type: string, ...rest: unknown[]])[],
): Promise<readonly Evaluated[]> {
  const mapping = mappingOf(`
source: {endpoint: lab, method: sums, raw_table: lab.sums, document_key: [id]}
fields: [{name: id, type: INT, json_path: $.id}]
targets:
  - name: lab.sum
    primary_key: [id]
    fields:
${COLUMNS.map(([name, type, path]) => `      - {name: "${name}", type: "${type}", json_path: ${path}}`).join("\n")}
${expressions.map(([text, type], at) => `      - {name: e${String(at)}, type: "${type}", expression: ${JSON.stringify(text)}}`).join("\n")}
`);
  const engine = new DuckdbEngine(compilePlan(mapping));
  await using database = await openDatabase();
  const connection = await database.connect();
  const { findings } = await engine.run(
    connection,
    [{ capture: 1, body: Buffer.from(JSON.stringify({ id: 1, ...ROW })) }],
    [{ slot: 0, capture: 1, position: "", capturedAt: "2024-07-13T04:19:09.000000Z", parameters: {} }],
  );
  const bad = new Set(findings.map(({ column }) => column));
  const [row] = await connection.rows(`SELECT * FROM ${targetTable(0)}`);
  return expressions.map((_, at) => ({ value: row?.[`e${String(at)}`] ?? null, bad: bad.has(`e${String(at)}`) }));
}

/** `bad value`: NULL, and told as bad. */
type Case = readonly [text: string, type: string, expected: SqlValue];

/** All at once; what is wrong is told with its expression. */
async function expectValues(cases: readonly Case[]): Promise<void> {
  const found = await evaluate(cases);
  const told = cases.map(([text], at) => [
    text,
    found[at]?.bad === true && found[at].value === null ? "bad value" : found[at]?.bad === true ? { ...found[at] } : found[at]?.value,
  ]);
  expect(told).toEqual(cases.map(([text, , expected]) => [text, expected]));
}

describe("three-valued logic", () => {
  test("is that of SQL: what is not known stays so, unless the rest decides", async () => {
    await expectValues([
      ["yes and no_bool", "BOOLEAN", null],
      ["no and no_bool", "BOOLEAN", false],
      ["yes or no_bool", "BOOLEAN", true],
      ["no or no_bool", "BOOLEAN", null],
      ["not no_bool", "BOOLEAN", null],
      ["not no", "BOOLEAN", true],
      ["no or no or yes", "BOOLEAN", true],
      ["no and (yes or yes)", "BOOLEAN", false],
      ["three = no_int", "BOOLEAN", null],
      ["three != no_int", "BOOLEAN", null],
      ["three < no_int", "BOOLEAN", null],
      ["no_bool is null", "BOOLEAN", true],
      ["no_bool is not null", "BOOLEAN", false],
      ["no_bool is true", "BOOLEAN", false],
      ["no_bool is not true", "BOOLEAN", true],
      ["no_bool is false", "BOOLEAN", false],
      ["no_bool is not false", "BOOLEAN", true],
      ["(three = 3) is true", "BOOLEAN", true],
      ["(three = 4) is not true", "BOOLEAN", true],
      ["$.nothing is null", "BOOLEAN", true],
      ["$.player.age is not null", "BOOLEAN", true],
    ]);
  });

  test("holds in lists, ranges and patterns too", async () => {
    await expectValues([
      ["three in (1, 3)", "BOOLEAN", true],
      ["three in (1, 2)", "BOOLEAN", false],
      ["three not in (1, 2)", "BOOLEAN", true],
      ["three in (1, no_int)", "BOOLEAN", null],
      ["three in (3, no_int)", "BOOLEAN", true],
      ["three not in (1, no_int)", "BOOLEAN", null],
      ["no_int in (1, 2)", "BOOLEAN", null],
      ["three between 3 and 4", "BOOLEAN", true],
      ["three between 4 and 3", "BOOLEAN", false],
      ["three not between 1 and 2", "BOOLEAN", true],
      ["three between 1 and no_int", "BOOLEAN", null],
      ["three between 5 and no_int", "BOOLEAN", false],
      ["no_text like '%'", "BOOLEAN", null],
      ["no_text not like 'x'", "BOOLEAN", null],
      ["case when no_bool then 'a' else 'b' end", "TEXT", "b"],
      ["case when no_bool then 'a' end", "TEXT", null],
      ["case three when 2 then 'two' when 3 then 'three' end", "TEXT", "three"],
      ["case no_int when 2 then 'two' else 'other' end", "TEXT", "other"],
    ]);
  });
});

describe("a cast", () => {
  test("takes the text that its type takes", async () => {
    await expectValues([
      ["digits::INT", "INT", 12],
      ["digits::INT + 1", "BIGINT", 13n],
      ["split_part(wind, ' ', 1)::INT", "INT", 9],
      ["$.player.age::INT", "INT", 31],
      ["three::TEXT", "TEXT", "3"],
      ["three::DOUBLE", "DOUBLE", 3],
      ["day::TEXT", "TEXT", "2024-07-12"],
      ["yes::TEXT", "TEXT", "true"],
      ["'2024-02-29'::DATE", "DATE", "2024-02-29"],
      ["'2024-07-12T23:10Z'::TIMESTAMPTZ", "TIMESTAMPTZ", "2024-07-12T23:10:00.000000Z"],
      ["'1.25'::NUMERIC(3,1)", "DOUBLE", 1.3],
      ["no_text::INT", "INT", null],
    ]);
  });

  test("of text that its type does not take is a bad value of the column, never an error", async () => {
    await expectValues([
      ["calm::INT", "INT", "bad value"],
      ["split_part(calm, ' ', 1)::INT", "INT", "bad value"],
      ["calm::INT + 1", "BIGINT", "bad value"],
      ["calm::BOOLEAN", "BOOLEAN", "bad value"],
      ["calm::DATE", "DATE", "bad value"],
      ["calm::TIMESTAMPTZ", "TIMESTAMPTZ", "bad value"],
      ["calm::DOUBLE", "DOUBLE", "bad value"],
      ["calm::NUMERIC(5,2)", "DOUBLE", "bad value"],
      ["wind::VARCHAR(3)", "TEXT", "bad value"],
      ["wind", "VARCHAR(3)", "bad value"],
      ["(calm::INT)::TEXT", "TEXT", "bad value"],
      ["$.player.odd::INT", "INT", "bad value"],
      ["$.player.odd + 1", "DOUBLE", "bad value"],
      ["$.player.odd > 3", "BOOLEAN", "bad value"],
      ["biggest::INT", "INT", "bad value"],
      ["biggest", "INT", "bad value"],
      ["calm::INT is null", "BOOLEAN", "bad value"],
    ]);
  });

  test("counts in the branch that is taken, and in no other", async () => {
    await expectValues([
      ["case when wind like '% mph%' then split_part(wind, ' ', 1)::INT end", "INT", 9],
      ["case when calm like '% mph%' then split_part(calm, ' ', 1)::INT end", "INT", null],
      ["case when calm like '% mph%' then 1 else calm::INT end", "INT", "bad value"],
      ["case when yes then calm::INT else 1 end", "INT", "bad value"],
      ["case when yes then 1 else calm::INT end", "INT", 1],
      ["case when no then calm::INT else 1 end", "INT", 1],
      ["case when no_bool then calm::INT else 1 end", "INT", 1],
      ["case when yes then 1 when calm::INT > 1 then 2 else 3 end", "INT", 1],
      ["case when no then 1 when calm::INT > 1 then 2 else 3 end", "INT", "bad value"],
      ["case when calm::INT > 1 then 2 else 3 end", "INT", "bad value"],
      ["case when no then 1 when yes then calm::INT end", "INT", "bad value"],
      ["case when yes then case when no then calm::INT else 5 end else calm::INT end", "INT", 5],
      ["case calm::INT when 1 then 'one' else 'other' end", "TEXT", "bad value"],
    ]);
  });

  test("that found a bad value is replaced by nothing: neither coalesce nor else stands for it", async () => {
    await expectValues([
      ["coalesce(calm::INT, 1)", "INT", "bad value"],
      ["coalesce(1, calm::INT)", "INT", 1],
      ["coalesce(no_int, calm::INT, 1)", "INT", "bad value"],
      ["coalesce(no_int, digits::INT, calm::INT)", "INT", 12],
      ["greatest(calm::INT, 1)", "INT", "bad value"],
      ["nullif(calm::INT, 1)", "INT", "bad value"],
    ]);
  });
});

describe("arithmetic", () => {
  test("of integers is exact, and out of range it is a bad value, never an error", async () => {
    await expectValues([
      ["three + 4", "INT", 7],
      ["biggest - 1", "BIGINT", 9223372036854775806n],
      ["biggest + 1", "BIGINT", "bad value"],
      ["smallest - 1", "BIGINT", "bad value"],
      ["biggest * biggest", "BIGINT", "bad value"],
      ["smallest * smallest", "BIGINT", "bad value"],
      ["smallest * (-1)", "BIGINT", "bad value"],
      ["-smallest", "BIGINT", "bad value"],
      ["-biggest", "BIGINT", -9223372036854775807n],
      ["abs(smallest)", "BIGINT", "bad value"],
      ["abs(-three)", "INT", 3],
      ["three + 2147483647", "INT", "bad value"],
      ["three - 2147483651", "INT", -2147483648],
      ["three * no_int", "INT", null],
      ["biggest + no_int", "BIGINT", null],
      ["(biggest + 1) * no_int", "BIGINT", "bad value"],
      ["three + 4 * 2", "INT", 11],
      ["(three + 4) * 2", "INT", 14],
      ["three - 4 - 5", "INT", -6],
    ]);
  });

  test("divides as numbers, and by zero to nothing", async () => {
    await expectValues([
      ["three / 2", "DOUBLE", 1.5],
      ["three / zero", "DOUBLE", null],
      ["zero / zero", "DOUBLE", null],
      ["half / (half - half)", "DOUBLE", null],
      ["three / no_int", "DOUBLE", null],
      ["-three / 2", "DOUBLE", -1.5],
      ["three / zero > 1", "BOOLEAN", null],
      ["half * 3", "DOUBLE", 1.5],
      ["abs(-half)", "DOUBLE", 0.5],
      ["large * 10", "DOUBLE", "bad value"],
    ]);
  });
});

describe("decimals", () => {
  test("are doubles beside other values, and of no size end a query", async () => {
    await expectValues([
      ["nines::NUMERIC(38,0) * nines::NUMERIC(38,0)", "DOUBLE", 1e38 * 1e38],
      ["nines::NUMERIC(38,0) + nines::NUMERIC(38,0)", "DOUBLE", 2e38],
      ["nines::NUMERIC(38,0) / '2'::NUMERIC(38,37)", "DOUBLE", 5e37],
      ["-(nines::NUMERIC(38,0))", "DOUBLE", -1e38],
      ["nines::NUMERIC(38,0) > '1'::NUMERIC(38,37)", "BOOLEAN", true],
      ["'1'::NUMERIC(38,37) = 5000000", "BOOLEAN", false],
      ["biggest = '1'::NUMERIC(38,37)", "BOOLEAN", false],
      ["nines::NUMERIC(38,0) in ('1'::NUMERIC(38,37), 2)", "BOOLEAN", false],
      ["'1'::NUMERIC(38,37) between 1 and biggest", "BOOLEAN", true],
      ["coalesce(biggest, '1'::NUMERIC(38,37))", "DOUBLE", 2 ** 63],
      ["nullif('1'::NUMERIC(38,37), biggest)", "DOUBLE", 1],
      ["least(nines::NUMERIC(38,0), '1'::NUMERIC(38,37))", "DOUBLE", 1],
      ["abs('-2.5'::NUMERIC(3,1))", "DOUBLE", 2.5],
      ["case when yes then nines::NUMERIC(38,0) else '1'::NUMERIC(38,37) end", "DOUBLE", 1e38],
      ["case when no then nines::NUMERIC(38,0) else biggest end", "DOUBLE", 2 ** 63],
      ["case when no then '1'::NUMERIC(38,37) else biggest end > 1", "BOOLEAN", true],
      ["case when yes then nines::NUMERIC(38,0) end * nines::NUMERIC(38,0)", "DOUBLE", 1e38 * 1e38],
    ]);
  });

  test("keep every digit where nothing is computed of them", async () => {
    const exact = "12345678901234567890.12345";
    await expectValues([
      [`'${exact}'::NUMERIC(25,5)`, "NUMERIC(25,5)", exact],
      [`case when yes then '${exact}'::NUMERIC(25,5) when no then null end`, "NUMERIC(25,5)", exact],
      [`case when no then '1'::NUMERIC(25,5) else '${exact}'::NUMERIC(25,5) end`, "NUMERIC(25,5)", exact],
      ["'1.005'::NUMERIC(5,2)", "DOUBLE", 1.01],
      ["calm::NUMERIC(5,2) * 2", "DOUBLE", "bad value"],
    ]);
  });
});

describe("functions", () => {
  test("see nulls and characters as they are described", async () => {
    await expectValues([
      ["lower(calm)", "TEXT", "calm"],
      ["upper(calm)", "TEXT", "CALM"],
      ["trim('  a b  ')", "TEXT", "a b"],
      ["length('😀é')", "INT", 2],
      ["replace(calm, 'a', 'aa')", "TEXT", "Caalm"],
      ["split_part('a,b', ',', 2)", "TEXT", "b"],
      ["split_part('a,b', ',', 3)", "TEXT", ""],
      ["split_part(no_text, ',', 1)", "TEXT", null],
      ["substring('abcdef', 2, 3)", "TEXT", "bcd"],
      ["substring('😀bc', 1, 1)", "TEXT", "😀"],
      ["starts_with(calm, 'Ca')", "BOOLEAN", true],
      ["contains(calm, 'LM')", "BOOLEAN", false],
      ["concat(calm, '-', digits)", "TEXT", "Calm-12"],
      ["concat(calm, no_text)", "TEXT", null],
      ["coalesce(no_text, calm)", "TEXT", "Calm"],
      ["nullif(three, 3)", "INT", null],
      ["nullif(three, no_int)", "INT", 3],
      ["least(three, no_int, 2)", "INT", 2],
      ["greatest(no_int, three)", "INT", 3],
      ["least(no_int, no_int)", "INT", null],
      ["least(day, '2024-01-01')", "DATE", "2024-01-01"],
    ]);
  });

  test("have no part before the first, and never fail a query", async () => {
    await expectValues([
      ["split_part('a,b', ',', 0)", "TEXT", ""],
      ["split_part('a,b', ',', -1)", "TEXT", ""],
      ["split_part('a,b', ',', three - 3)", "TEXT", ""],
      ["substring('abc', 3, 10)", "TEXT", "c"],
      ["substring('abc', 4, 1)", "TEXT", ""],
      ["substring('abc', 1, 0)", "TEXT", ""],
      ["substring('abc', 0, 2)", "TEXT", ""],
      ["substring('abc', -1, 2)", "TEXT", ""],
      ["substring('abc', three - 1, three)", "TEXT", "bc"],
      ["substring('abc', no_int, 1)", "TEXT", null],
      ["substring(no_text, zero, 1)", "TEXT", null],
      ["substring('abc', biggest, biggest)", "TEXT", ""],
      ["substring('abc', 2, biggest)", "TEXT", "bc"],
      ["split_part('a', ',', biggest)", "TEXT", ""],
    ]);
    await expect(
      evaluate([
        ["split_part('a,b', '', 1)", "TEXT"],
        ["substring('abc', -9223372036854775807, 9223372036854775807)", "TEXT"],
        ["substring('abc', biggest, biggest)", "TEXT"],
        ["split_part('a', ',', biggest)", "TEXT"],
        ["replace('abc', '', 'x')", "TEXT"],
      ]),
    ).resolves.toHaveLength(5);
  });

  test("match patterns whose only special characters are % and _", async () => {
    await expectValues([
      ["wind like '9 mph%'", "BOOLEAN", true],
      ["calm like 'C_lm'", "BOOLEAN", true],
      ["calm like 'c%'", "BOOLEAN", false],
      ["calm like 'Cal'", "BOOLEAN", false],
      ["'a\\b' like 'a\\b'", "BOOLEAN", true],
      ["'100%' like '100\\%'", "BOOLEAN", false],
      ["'a.b' like 'a[.]b'", "BOOLEAN", false],
      ["calm not like '%z%'", "BOOLEAN", true],
    ]);
  });
});

describe("dates and times", () => {
  test("are compared with literals of their form", async () => {
    await expectValues([
      ["day = '2024-07-12'", "BOOLEAN", true],
      ["day between '2024-07-01' and '2024-07-31'", "BOOLEAN", true],
      ["at = '2024-07-12T23:10:41Z'", "BOOLEAN", true],
      ["at > '2024-07-12T23:10Z'", "BOOLEAN", true],
      ["at >= '2024-07-13T01:10:41+02:00'", "BOOLEAN", true],
    ]);
  });
});

describe("texts and names from outside", () => {
  test("stay data, whatever is in them", async () => {
    const hostile = ["it's", '"; DROP TABLE x; --', "a\\'b", "$1 {} %s ?", "é😀\u2028", "/* */", "''", "\n\t", "E'\\x41'"];
    const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`;
    await expectValues([
      ...hostile.map((text): Case => [quote(text), "TEXT", text]),
      ...hostile.map((text): Case => [
        `length(${quote(text)}) = ${String(Array.from(text).length)} and ${quote(text)} = ${quote(text)}`,
        "BOOLEAN",
        true,
      ]),
      ...hostile.filter((text) => !/[%_]/.test(text)).map((text): Case => [`${quote(text)} like ${quote(text)}`, "BOOLEAN", true]),
    ]);
  });

  test("are found under odd keys", async () => {
    const key = JSON.stringify("a\"b'; -- \u00e9😀");
    await expectValues([
      [`$[${key}]["c.d]"]`, "TEXT", "found"],
      [`$[${key}]["c.d]"] is null`, "BOOLEAN", false],
      [`$[${key}]["nope'"]`, "TEXT", null],
      [`document[${key}]["c.d]"] = 'found'`, "BOOLEAN", true],
    ]);
  });
});
