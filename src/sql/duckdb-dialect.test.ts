import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LEAF_TABLE, LEAF_TYPES } from "../../tests/leaf-table.ts";
import { openDatabase } from "../../tests/small-platform.ts";
import type { Connection } from "../duckdb/connection.ts";
import type { Database } from "../duckdb/database.ts";
import type { SqlRow, SqlValue } from "./sql-value.ts";
import { type ColumnType, parseColumnType } from "../mapping/column-type.ts";
import type { FunctionName } from "../mapping/expression.ts";
import { PROVABLE_TYPES, type ReadNode } from "../plan/plan.ts";
import { duckdbDialect as dialect } from "./duckdb-dialect.ts";

let database: Database;
let connection: Connection;
beforeAll(async () => {
  database = await openDatabase();
  connection = await database.connect();
});
afterAll(async () => {
  connection.close();
  await database[Symbol.asyncDispose]();
});

/** The only row of a select without a table; `columns` are SQL. */
async function evaluate(columns: readonly string[]): Promise<readonly SqlValue[]> {
  const [row] = await connection.rows(`SELECT ${columns.map((sql, at) => `${sql} AS c${String(at)}`).join(", ")}`);
  return columns.map((_, at) => row?.[`c${String(at)}`] ?? null);
}

/** SQL beside the value that it must give. */
async function expectValues(cases: readonly (readonly [sql: string, expected: SqlValue])[]): Promise<void> {
  const found = await evaluate(cases.map(([sql]) => sql));
  expect(cases.map(([sql], at) => [sql, found[at]])).toEqual(cases);
}

function typeNamed(name: string): ColumnType {
  const type = parseColumnType(name);
  if (type === null) throw new Error(name);
  return type;
}

describe("names and texts", () => {
  test("come out as they went in, whatever is in them", async () => {
    const hostile = ["it's", `"; DROP TABLE x; --`, `a\\'b""''`, "$1 ?", "é😀\u2028", "''", `""`, "select"];
    for (const text of hostile) {
      expect(await connection.rows(`SELECT ${dialect.text(text)} AS ${dialect.name(text)}`)).toEqual([{ [text]: text }]);
    }
  });
});

describe("column types", () => {
  test("are DuckDB's own; a length is not one", async () => {
    const types = [...LEAF_TYPES, "JSONB"];
    const found = await evaluate(types.map((name) => `typeof(CAST(NULL AS ${dialect.columnType(typeNamed(name))}))`));
    expect(Object.fromEntries(types.map((name, at) => [name, found[at]]))).toEqual({
      BIGINT: "BIGINT",
      INT: "INTEGER",
      BOOLEAN: "BOOLEAN",
      DATE: "DATE",
      TIMESTAMPTZ: "TIMESTAMP WITH TIME ZONE",
      DOUBLE: "DOUBLE",
      "NUMERIC(10,3)": "DECIMAL(10,3)",
      "NUMERIC(38,10)": "DECIMAL(38,10)",
      "VARCHAR(5)": "VARCHAR",
      TEXT: "VARCHAR",
      JSONB: "JSON",
    });
    await expectValues([
      [`typeof(CAST(NULL AS ${dialect.listOf("text")}))`, "VARCHAR[]"],
      [`typeof(CAST(NULL AS ${dialect.listOf("json")}))`, "JSON[]"],
    ]);
  });
});

describe("leaves", () => {
  test("are cast as the table of literals says, out of a body", async () => {
    const rows = LEAF_TABLE.map(({ json }, at) => `(${String(at)}, ${dialect.text(`{"v":${json}}`)})`).join(", ");
    const casts = LEAF_TYPES.map((name) => `${dialect.castLeaf("v", typeNamed(name))} AS ${dialect.name(name)}`).join(", ");
    const leaf = dialect.memberAt(dialect.texts("body", [["v"]]), 0);
    const found = await connection.rows(
      `SELECT n, ${casts} FROM (SELECT n, ${leaf} AS v FROM (VALUES ${rows}) bodies(n, body)) ORDER BY n`,
    );
    // Zeros of both signs are one value.
    const plain = (value: unknown): unknown => (typeof value === "number" ? String(value + 0) : (value ?? null));
    const wrong = LEAF_TABLE.flatMap(({ json, takes, open }, at) =>
      LEAF_TYPES.filter((name) => !open.includes(name)).flatMap((name) => {
        const value = found[at]?.[name];
        const [got, known] = [plain(name === "INT" && typeof value === "number" ? BigInt(value) : value), plain(takes[name])];
        return got === known ? [] : [{ json, name, got, known }];
      }),
    );
    expect(found).toHaveLength(LEAF_TABLE.length);
    expect(wrong).toEqual([]);
  });

  test("of an expression are narrowed to a column, and are nothing where they do not fit", async () => {
    const narrow = (sql: string, type: string): string => dialect.narrow(sql, typeNamed(type));
    await expectValues([
      [narrow("'abcde'", "VARCHAR(5)"), "abcde"],
      [narrow("'abcdef'", "VARCHAR(5)"), null],
      [narrow("'😀😀😀😀é'", "VARCHAR(5)"), "😀😀😀😀é"],
      [narrow("'abcdef'", "TEXT"), "abcdef"],
      [narrow("2147483647", "INT"), 2147483647],
      [narrow("2147483648", "INT"), null],
      [narrow("9223372036854775807", "BIGINT"), 9223372036854775807n],
      [narrow("9223372036854775808", "BIGINT"), null],
      [narrow("1.5::DOUBLE", "DOUBLE"), 1.5],
      [narrow("'inf'::DOUBLE", "DOUBLE"), null],
      [narrow("'-inf'::DOUBLE", "DOUBLE"), null],
      [narrow("'nan'::DOUBLE", "DOUBLE"), null],
      [narrow("12.25::DOUBLE", "NUMERIC(4,1)"), "12.3"],
      [narrow("1000::DOUBLE", "NUMERIC(4,1)"), null],
      [narrow("'2024-02-29'", "DATE"), "2024-02-29"],
      [narrow("'2023-02-29'", "DATE"), null],
      [narrow("'2024-07-12T19:10:41-04:00'", "TIMESTAMPTZ"), "2024-07-12T23:10:41.000000Z"],
      [narrow("1 = 1", "BOOLEAN"), true],
      [narrow("NULL", "INT"), null],
    ]);
  });
});

describe("a body", () => {
  const body = dialect.text(`{"a":"x","a/b":{"c~d":1.50},"n":null,"o":{"p":[1,{"q":null}]},"":"empty","A":true}`);

  test("gives texts and values by place in one pass: what is absent or null is nothing", async () => {
    const places = [["a"], ["a/b", "c~d"], ["n"], ["gone"], ["a", "gone"], [""], ["A"], ["o"]];
    await expectValues([
      [dialect.texts(body, places), ["x", "1.5", null, null, null, "empty", "true", `{"p":[1,{"q":null}]}`]],
      [dialect.texts(body, []), []],
      [`typeof(${dialect.texts(body, [])})`, "VARCHAR[]"],
      [dialect.jsons(body, [["a"], ["o", "p"], ["gone"], ["n"]]), [`"x"`, `[1,{"q":null}]`, null, "null"]],
      [dialect.jsons(body, []), []],
      [`typeof(${dialect.jsons(body, [])})`, "JSON[]"],
      [dialect.memberAt(dialect.texts(body, places), 0), "x"],
      [dialect.memberAt(dialect.texts(body, places), 7), `{"p":[1,{"q":null}]}`],
      [dialect.memberAt(dialect.texts(body, places), 8), null],
      // The whole of it.
      [dialect.memberAt(dialect.jsons("'[1,2]'", [[]]), 0), "[1,2]"],
      [dialect.absences(dialect.jsons(body, [["a"], ["n"], ["gone"], ["o"]])), [false, true, true, false]],
      [dialect.jsonValue(`json_extract(${body}, '/n')`), null],
      [dialect.jsonValue(`json_extract(${body}, '/o/p')`), `[1,{"q":null}]`],
      [dialect.scalarText(`json_extract(${body}, '/a')`), "x"],
      [dialect.scalarText(`json_extract(${body}, '/n')`), null],
    ]);
  });

  test("gives the elements of a container as JSON", async () => {
    await expectValues([
      [dialect.elements(`'[1,"a",null,{"b":[]}]'`, "items"), ["1", `"a"`, null, `{"b":[]}`]],
      [
        dialect.elements(`'{"k":1,"l~/":{"b":null}}'`, "values"),
        [
          { key: "k", value: "1" },
          { key: "l~/", value: `{"b":null}` },
        ],
      ],
      [dialect.elements("'[]'", "items"), []],
      [dialect.elements("NULL", "items"), null],
    ]);
  });
});

describe("a read schema", () => {
  const text: ReadNode = { kind: "text" };
  const json: ReadNode = { kind: "json" };
  const object = (keys: Readonly<Record<string, ReadNode>>): ReadNode & { kind: "object" } => ({ kind: "object", keys });

  /** The value of a key below a parsed text. */
  const member = (source: string, read: ReadNode & { kind: "object" }, key: string): string =>
    dialect.readMember(`(${dialect.parse(dialect.text(source), read)})`, read, key);

  test("takes each kind of value", async () => {
    const source = `{"t":"x","n":12,"j":{"a":[1]},"l":[{"v":1},{"v":2}],"m":{"p":{"v":"3"},"q":{}},"o":{"i":7,"b":true,"d":1.5},"z":null}`;
    const of = object({ v: text });
    const typed = object(Object.fromEntries(PROVABLE_TYPES.map((type) => [type, { kind: "typed", type }])));
    const read = object({
      t: text,
      n: text,
      j: json,
      z: json,
      l: { kind: "array", item: of },
      m: { kind: "map", value: of },
      gone: object({ deep: text }),
    });
    await expectValues([
      [member(source, read, "t"), "x"],
      [member(source, read, "n"), "12"],
      [member(source, read, "j"), `{"a":[1]}`],
      [member(source, read, "z"), null],
      [member(source, read, "l"), [{ v: "1" }, { v: "2" }]],
      [
        member(source, read, "m"),
        [
          { key: "p", value: { v: "3" } },
          { key: "q", value: { v: null } },
        ],
      ],
      [dialect.readMember(dialect.mapMember(member(source, read, "m"), "p"), of, "v"), "3"],
      [dialect.mapMember(member(source, read, "m"), "nobody's"), null],
      [member(source, read, "gone"), null],
      [dialect.parse(`'{"INT":1,"BIGINT":2,"DOUBLE":2.5,"BOOLEAN":true}'`, typed), { INT: 1, BIGINT: 2n, DOUBLE: 2.5, BOOLEAN: true }],
      [dialect.parse(`'["a",1]'`, { kind: "array", item: text }), ["a", "1"]],
      [dialect.parse(`'{"a":[1,2]}'`, { kind: "map", value: { kind: "array", item: text } }), [{ key: "a", value: ["1", "2"] }]],
      [dialect.parse(`'{"a":{"b":[1]}}'`, { kind: "map", value: object({ b: json }) }), [{ key: "a", value: { b: "[1]" } }]],
      [`typeof(${dialect.parse("'1'", json)})`, "JSON"],
      // In lists and maps too, an object of other keys than a STRUCT can have is kept whole.
      [
        dialect.parse(`'{"a":{"v":1,"V":2}}'`, { kind: "map", value: object({ v: text, V: text }) }),
        [{ key: "a", value: `{"v":1,"V":2}` }],
      ],
    ]);
  });

  test("tells keys apart that differ in case only, and takes the empty one", async () => {
    const source = `{"v":"small","V":"large","":"none","n":5,"N":null,"d":{"x":[1]},"D":null,"l":[7],"o":{"x":"y"},"f":2.5}`;
    const read = object({
      v: text,
      V: text,
      "": text,
      n: { kind: "typed", type: "BIGINT" },
      N: { kind: "typed", type: "INT" },
      d: json,
      D: json,
      l: { kind: "array", item: text },
      o: object({ x: text }),
      f: { kind: "typed", type: "DOUBLE" },
    });
    await expectValues([
      [`typeof(${dialect.parse(dialect.text(source), read)})`, "JSON"],
      [member(source, read, "v"), "small"],
      [member(source, read, "V"), "large"],
      [member(source, read, ""), "none"],
      [member(source, read, "n"), 5n],
      [member(source, read, "N"), null],
      [`typeof(${member(source, read, "N")})`, "INTEGER"],
      [member(source, read, "f"), 2.5],
      [member(source, read, "d"), `{"x":[1]}`],
      [member(source, read, "D"), null],
      [member(source, read, "l"), ["7"]],
      [member(source, read, "o"), { x: "y" }],
      // The empty key alone is no STRUCT either; keys that differ are one.
      [`typeof(${dialect.parse("'{}'", object({ "": text }))})`, "JSON"],
      [`typeof(${dialect.parse("'{}'", object({ v: text, w: text }))})`, "STRUCT(v VARCHAR, w VARCHAR)"],
      [`typeof(${dialect.parse("'{}'", object({ o: object({ v: text, V: text }), w: text }))})`, "STRUCT(o JSON, w VARCHAR)"],
    ]);
  });

  test("takes keys with quotes in them", async () => {
    const key = `it's "odd" \\`;
    const source = JSON.stringify({ [key]: "found", m: { [key]: "in a map" } });
    const read = object({ [key]: text, m: { kind: "map", value: text } });
    await expectValues([
      [member(source, read, key), "found"],
      [dialect.mapMember(member(source, read, "m"), key), "in a map"],
    ]);
  });
});

describe("rows and lists", () => {
  test("are made of texts and taken apart again", async () => {
    const record = dialect.record({ kind: "'bad'", "it's": "'x'" });
    await expectValues([
      [record, { kind: "bad", "it's": "x" }],
      [dialect.member(record, "it's"), "x"],
      [dialect.list(["1", "2"]), [1, 2]],
      [dialect.list([]), []],
    ]);
    expect(await connection.rows(`SELECT ${dialect.eachOf(dialect.list(["1", "NULL", "3"]))} AS n`)).toEqual([
      { n: 1 },
      { n: null },
      { n: 3 },
    ]);
  });

  const explode = (container: string, each: "items" | "values"): Promise<readonly SqlRow[]> =>
    connection.rows(
      `SELECT * FROM (${dialect.explode({ from: `(SELECT 7 AS "$slot", 'x' AS "more", ${container} AS "c")`, keep: ['"$slot"', '"more"'], container: '"c"', each, element: '"e"', position: '"p"' })}) ORDER BY ALL`,
    );

  test("are rows, one for each element with its place, beside what is kept", async () => {
    expect(await explode("['a', NULL, 'c']", "items")).toEqual([
      { $slot: 7, more: "x", e: "a", p: 0n },
      { $slot: 7, more: "x", e: "c", p: 2n },
      { $slot: 7, more: "x", e: null, p: 1n },
    ]);
    expect(await explode("MAP {'k': 'a', 'l': NULL}", "values")).toEqual([
      { $slot: 7, more: "x", e: "a", p: "k" },
      { $slot: 7, more: "x", e: null, p: "l" },
    ]);
    expect(await explode("CAST([] AS VARCHAR[])", "items")).toEqual([]);
    expect(await explode("CAST(NULL AS VARCHAR[])", "items")).toEqual([]);
    expect(await explode("CAST(NULL AS MAP(VARCHAR, VARCHAR))", "values")).toEqual([]);
  });
});

describe("functions and operators", () => {
  const call = (name: FunctionName, ...args: readonly string[]): string => dialect.call(name, args);

  test("have no place before the first, whether positions are written or computed, and fail for none", async () => {
    const large = "9223372036854775807";
    await expectValues([
      [call("split_part", "'a,b,c'", "','", "2"), "b"],
      [call("split_part", "'a,b,c'", "','", "1 + 1"), "b"],
      [call("split_part", "'a,b,c'", "','", "0"), ""],
      [call("split_part", "'a,b,c'", "','", "-1"), ""],
      [call("split_part", "'a,b,c'", "','", "1 - 1"), ""],
      [call("split_part", "'a,b,c'", "','", "999999999"), ""],
      [call("split_part", "'a,b,c'", "','", large), ""],
      [call("split_part", "'a,b,c'", "','", "NULL::BIGINT"), null],
      [call("split_part", "NULL::VARCHAR", "','", "0"), null],
      [call("split_part", "'a,b,c'", "NULL::VARCHAR", "0"), null],
      [call("substring", "'abcdef'", "2", "3"), "bcd"],
      [call("substring", "'abcdef'", "1 + 1", "3"), "bcd"],
      [call("substring", "'abcdef'", "2", "1 + 2"), "bcd"],
      [call("substring", "'abcdef'", "0", "3"), ""],
      [call("substring", "'abcdef'", "-2", "3"), ""],
      [call("substring", "'abcdef'", "2", "0"), ""],
      [call("substring", "'abcdef'", "2", "-1"), ""],
      [call("substring", "'abcdef'", "1", large), "abcdef"],
      [call("substring", "'abcdef'", large, large), ""],
      [call("substring", "'abcdef'", "999999999", "999999999"), ""],
      [call("substring", "'abcdef'", "NULL::BIGINT", "0"), null],
      [call("substring", "'abcdef'", "0", "NULL::BIGINT"), null],
      [call("substring", "NULL::VARCHAR", "0", "0"), null],
    ]);
  });

  test("are those of the language where DuckDB has others of that name", async () => {
    await expectValues([
      [call("concat", "'a'", "'b'", "'c'"), "abc"],
      [call("concat", "'a'", "NULL::VARCHAR"), null],
      [call("trim", "'  a b  '"), "a b"],
      [call("trim", "chr(9) || ' a '"), "\t a"],
      [call("upper", "'é'"), "É"],
      [call("replace", "'aba'", "'a'", "'x'"), "xbx"],
      [dialect.like("'9% of it''s'", "9_ of it's"), true],
      [dialect.like("'a'", "A"), false],
      [dialect.like("'a\\%b'", "a\\%b"), true],
    ]);
  });

  test("of integers are exact to the limits of BIGINT, and nothing beyond", async () => {
    const [largest, smallest] = ["9223372036854775807", "(-9223372036854775807 - 1)"];
    await expectValues([
      [dialect.integerArithmetic("+", "2", "3"), 5n],
      [dialect.integerArithmetic("-", "2", "3"), -1n],
      [dialect.integerArithmetic("*", "2", "3"), 6n],
      [dialect.integerArithmetic("+", largest, "0"), 9223372036854775807n],
      [dialect.integerArithmetic("+", largest, "1"), null],
      [dialect.integerArithmetic("-", smallest, "1"), null],
      [dialect.integerArithmetic("*", smallest, smallest), null],
      [dialect.integerArithmetic("+", "NULL", "1"), null],
      [dialect.integerAbsolute("-7"), 7n],
      [dialect.integerAbsolute(largest), 9223372036854775807n],
      [dialect.integerAbsolute(smallest), null],
    ]);
  });
});
