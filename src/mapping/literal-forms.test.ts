import { expect, test } from "vitest";
import { LEAF_TABLE, LEAF_TYPES } from "../../tests/leaf-table.ts";
import { parseColumnType } from "./column-type.ts";
import { isDateText, isTextOfType, isTimestampText } from "./literal-forms.ts";

/** Texts of the table of literals, and what each type takes of them; what an engine shows of a number is left out. */
const TEXTS = LEAF_TABLE.flatMap(({ json, text, takes }) => (text === null || !json.startsWith('"') ? [] : [{ text, takes }]));

test.each(LEAF_TYPES)("a default of %s is what the type takes of documents", (name) => {
  const type = parseColumnType(name);
  expect(type).not.toBeNull();
  const wrong = TEXTS.flatMap(({ text, takes }) => {
    // Of NUMERIC the form alone is looked at, which is that of DOUBLE.
    const expected = takes[name.startsWith("NUMERIC") ? "DOUBLE" : name] !== undefined;
    return isTextOfType(text, type!) === expected ? [] : [text];
  });
  expect(wrong).toEqual([]);
});

test("no text is a JSONB value: there is no default of one", () => {
  expect(isTextOfType("{}", { name: "JSONB" })).toBe(false);
});

test("literals of expressions are days and instants by the same forms", () => {
  expect(TEXTS.filter(({ text, takes }) => isDateText(text) !== (takes.DATE !== undefined))).toEqual([]);
  expect(TEXTS.filter(({ text, takes }) => isTimestampText(text) !== (takes.TIMESTAMPTZ !== undefined))).toEqual([]);
});
