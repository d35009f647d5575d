import { expect, test } from "vitest";
import { COLUMN_TYPE_NAMES, parseColumnType, renderColumnType } from "./column-type.ts";

test.each([
  "BIGINT",
  "INT",
  "VARCHAR(1)",
  "VARCHAR(1048576)",
  "TEXT",
  "BOOLEAN",
  "DATE",
  "TIMESTAMPTZ",
  "DOUBLE",
  "NUMERIC(38,38)",
  "NUMERIC(1,0)",
  "NUMERIC(10,10)",
  "JSONB",
])("%s is a type, and is written as it is read", (text) => {
  const type = parseColumnType(text);
  expect(type === null ? null : renderColumnType(type)).toBe(text);
});

test("blanks after the comma of a NUMERIC are taken", () => {
  expect(parseColumnType("NUMERIC(8,  3)")).toEqual({ name: "NUMERIC", precision: 8, scale: 3 });
});

test.each([
  "int",
  "VARCHAR",
  "VARCHAR()",
  "VARCHAR(0)",
  "VARCHAR(01)",
  "VARCHAR(12345678)",
  "VARCHAR(5) ",
  "XVARCHAR(5)",
  "VARCHAR(5)X",
  "NUMERIC",
  "NUMERIC(5)",
  "NUMERIC(0,0)",
  "NUMERIC(39,2)",
  "NUMERIC(4,5)",
  "NUMERIC(8,3)X",
  "XNUMERIC(8,3)",
  "NUMERIC(8,x3)",
  "NUMERIC(8,123)",
  "NUMERIC(100,3)",
  "",
])("%j is none", (text) => {
  expect(parseColumnType(text)).toBeNull();
});

test("the list is closed", () => {
  expect(COLUMN_TYPE_NAMES).toEqual(["BIGINT", "INT", "VARCHAR", "TEXT", "BOOLEAN", "DATE", "TIMESTAMPTZ", "DOUBLE", "NUMERIC", "JSONB"]);
});
