import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { checkMapping } from "./check-mapping.ts";
import { readMapping } from "./read-mapping.ts";

const right = readFileSync(new URL("golden/right.yaml.txt", import.meta.url), "utf8");
const lines = right.split("\n");

/** Either a mapping or problems, each inside the file; never an exception. */
function expectVerdict(text: string): void {
  const { mapping, problems } = checkMapping(readMapping(text, "m.yaml"));
  expect(mapping === null).toBe(problems.length > 0);
  const count = text.split("\n").length;
  for (const problem of problems) {
    expect(problem.line).toBeGreaterThanOrEqual(1);
    expect(problem.line).toBeLessThanOrEqual(count);
    expect(problem.column).toBeGreaterThanOrEqual(1);
  }
}

test("a mapping with a piece cut out, put elsewhere or replaced gets a verdict", () => {
  const piece = fc.constantFrom(
    "",
    "x",
    "null",
    "[]",
    "{}",
    "[a, [b]]",
    "{a: {b: c}}",
    "7",
    "true",
    "''",
    "<x>",
    "$.a[*]",
    "&a",
    "*a",
    "- ",
    ": ",
    "\n",
    "{",
    "'",
    "for_each: [{x: y}], ",
  );
  fc.assert(
    fc.property(fc.nat(right.length), fc.nat(40), piece, (start, length, by) => {
      expectVerdict(right.slice(0, start) + by + right.slice(start + length));
    }),
    { numRuns: 200 },
  );
});

test("a mapping with other values gets a verdict", () => {
  const value = fc.constantFrom(
    "x",
    "null",
    "[]",
    "{}",
    "[a, [b]]",
    "{a: {b: c}}",
    "7",
    "true",
    "''",
    "<x>",
    "'$.a[*]'",
    "[[]]",
    "[null]",
    "[{}]",
    "{for_each: [{a: b}]}",
  );
  fc.assert(
    fc.property(fc.nat(lines.length - 1), fc.nat(20), value, (line, nth, by) => {
      let seen = 0;
      const changed = (lines[line] ?? "").replaceAll(/(?<=: )(?:\[[^\]]*\]|\{[^}]*\}|"[^"]*"|'[^']*'|[^,{}[\]\s]+)/g, (match) =>
        seen++ === nth % 5 ? by : match,
      );
      expectVerdict(lines.with(line, changed).join("\n"));
    }),
    { numRuns: 200 },
  );
});

test("any text gets a verdict", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), expectVerdict));
});
