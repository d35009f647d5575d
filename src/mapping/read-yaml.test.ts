import { describe, expect, test } from "vitest";
import { renderProblem } from "../core/errors.ts";
import { readYaml } from "./read-yaml.ts";
import { createReport } from "./report.ts";

function read(text: string): { readonly value: unknown; readonly problems: readonly string[] } {
  const report = createReport("m.yaml");
  const { value } = readYaml(text, report);
  return { value, problems: report.sorted().map((problem) => `${renderProblem(problem)} [${problem.code}]`) };
}

test("reads YAML 1.2: no, on and dates are texts", () => {
  expect(read("a: no\nb: on\nc: 2024-01-01\nd: [1, true, null, '1']\ne: |\n  x\n  y\n")).toEqual({
    value: { a: "no", b: "on", c: "2024-01-01", d: [1, true, null, "1"], e: "x\ny\n" },
    problems: [],
  });
});

test("gives the place of each part", () => {
  const report = createReport("m.yaml");
  const { value, positions } = readYaml("a: 1\nb:\n  - {c: x}\n  - 'y'\n", report);
  const { b } = value as { b: [object, string] };
  expect(positions.valuePlace(value as object, "a")).toEqual({ line: 1, column: 4 });
  expect(positions.keyPlace(b[0], "c")).toEqual({ line: 3, column: 6 });
  expect(positions.valuePlace(b[0], "c")).toEqual({ line: 3, column: 9 });
  expect(positions.valuePlace(b, 1)).toEqual({ line: 4, column: 5 });
});

test("finds characters inside of texts of every style", () => {
  const texts = ["plain text", "'it''s x'", '"a\\u0041\\n x"', "|\n  one\n  two", ">\n  one\n  two"];
  const places = texts.map((text) => {
    const { value, positions } = readYaml(`a: ${text}\n`, createReport("m.yaml"));
    return positions.valuePlace(value as object, "a", 5);
  });
  expect(places).toEqual([
    { line: 1, column: 9 },
    { line: 1, column: 11 },
    { line: 1, column: 16 },
    { line: 3, column: 4 },
    { line: 1, column: 4 },
  ]);
});

test("finds characters on the lines of a literal block, whose indentation is that of its first line with text", () => {
  const placesOf = (block: string, offsets: readonly number[]): unknown => {
    const { value, positions } = readYaml(`a: ${block}`, createReport("m.yaml"));
    return offsets.map((offset) => positions.valuePlace(value as object, "a", offset));
  };
  expect(placesOf("|\n    one\n      two\n", [0, 2, 4, 6, 7])).toEqual([
    { line: 2, column: 5 },
    { line: 2, column: 7 },
    { line: 3, column: 5 },
    { line: 3, column: 7 },
    { line: 3, column: 8 },
  ]);
  expect(placesOf("|\n\n  one\n", [0, 1, 2])).toEqual([
    { line: 2, column: 3 },
    { line: 3, column: 3 },
    { line: 3, column: 4 },
  ]);
  expect(placesOf(">\n  one\n", [0, 2])).toEqual([
    { line: 1, column: 4 },
    { line: 1, column: 4 },
  ]);
  expect(placesOf('"one\n  two"\n', [0, 5])).toEqual([
    { line: 1, column: 4 },
    { line: 1, column: 4 },
  ]);
});

describe("refuses, each with its place,", () => {
  test.each([
    ["a file with null", "null\n", "m.yaml:1:1  the file holds nothing. Expected a mapping, got nothing [yaml.empty]"],
    ["an empty file", "# nothing\n", "m.yaml:1:1  the file holds nothing. Expected a mapping, got nothing [yaml.empty]"],
    [
      "more than one document",
      "a: 1\n---\nb: 2\n",
      "m.yaml:3:1  the file holds more than one document. Expected one mapping in each file, got 2 documents separated by --- [yaml.many-documents]",
    ],
    [
      "a double key",
      "a: 1\nb: 2\na: 3\n",
      'm.yaml:3:1  the key "a" is there twice. Expected each key once, got "a" again [yaml.double-key]',
    ],
    ["an anchor", "a: &x 1\n", 'm.yaml:1:7  anchors are not part of the language. Expected no anchor, got "&x" [yaml.anchor]'],
    [
      "a tag",
      "a: !!str 1\n",
      'm.yaml:1:10  tags are not part of the language. Expected a plain value, got "tag:yaml.org,2002:str" [yaml.tag]',
    ],
    [
      "a directive",
      "%YAML 1.1\n---\na: no\n",
      'm.yaml:1:1  directives are not part of the language. Expected YAML 1.2 without directives, got "%YAML 1.1" [yaml.directive]',
    ],
    [
      "a merge key",
      "a:\n  <<: {b: 1}\n",
      'm.yaml:2:3  merge keys are not part of the language. Expected the keys themselves, or for_each, got "<<" [yaml.merge-key]',
    ],
    [
      "__proto__",
      "__proto__: {a: 1}\n",
      'm.yaml:1:1  the key "__proto__" is not allowed. Expected a word of the language, got "__proto__" [yaml.refused-key]',
    ],
    [
      "constructor",
      "a: {constructor: 1}\n",
      'm.yaml:1:5  the key "constructor" is not allowed. Expected a word of the language, got "constructor" [yaml.refused-key]',
    ],
    [
      "prototype",
      'a: {"prototype": 1}\n',
      'm.yaml:1:5  the key "prototype" is not allowed. Expected a word of the language, got "prototype" [yaml.refused-key]',
    ],
    ["a key that is a number", "1: a\n", 'm.yaml:1:1  a key is no text. Expected a word of the language, got "1" [yaml.key]'],
    ["a key that is a list", "? [a]\n: b\n", 'm.yaml:1:3  a key is no text. Expected a word of the language, got "[a]" [yaml.key]'],
  ])("%s", (_, text, problem) => {
    expect(read(text).problems).toEqual([problem]);
  });

  test.each([
    ["a list that is not closed", "a: [1\nb: 2\nc: {d: 3\ne: 4\n", "2:1"],
    ["a line that stands too far in", "a:\n  b: 1\n   c: 2\n  d: 3\n", "2:6"],
    ["a quote that is not closed", "a: 'b\nc: d\n", "3:1"],
    ["a bracket alone", "]\n", "1:1"],
  ])("what is no YAML: %s, with its first problem and none that follows from it", (_, text, place) => {
    const { value, problems } = read(text);
    expect(problems).toEqual([expect.stringMatching(new RegExp(`^m\\.yaml:${place} {2}this is no YAML: `))]);
    expect(value).toBeNull();
  });

  test("a path with brackets in a flow map, saying that it needs quotes", () => {
    expect(read("a: {b: $.c[*], d: 1}\n").problems).toEqual([
      'm.yaml:1:11  this is no YAML: Unexpected flow-seq-start at node end. Expected quotes around a text with brackets or braces inside of {…} or […], as "$.plays[*]" [yaml.syntax]',
    ]);
  });

  test("an alias, so that nothing multiplies (a billion laughs)", () => {
    const levels = Array.from({ length: 10 }, (_, level) => `a${level + 1}: &a${level + 1} [${`*a${level}, `.repeat(9)}*a${level}]`);
    const { problems } = read(["a0: &a0 lol", ...levels].join("\n"));
    expect(problems.filter((problem) => problem.includes("aliases"))).toHaveLength(100);
    expect(problems.find((problem) => problem.includes("aliases"))).toBe(
      'm.yaml:2:10  aliases are not part of the language. Expected the value itself, or for_each, got "*a0" [yaml.alias]',
    );
  });

  test.each([
    ["lists", "[".repeat(10_000)],
    ["keys", "{a: ".repeat(10_000)],
    ["items", "- ".repeat(10_000)],
    ["lines", Array.from({ length: 100 }, (_, level) => `${" ".repeat(level)}a:`).join("\n")],
  ])("deep nesting of %s", (_, text) => {
    expect(read(text).problems.join("\n")).toMatch(
      /^m\.yaml:\d+:\d+ {2}the file is nested too deep\. Expected at most 20 levels, got more \[yaml\.too-deep\]$/,
    );
  });

  test("more than 1 MB", () => {
    expect(read(`# ${"x".repeat(2_000_000)}\n`).problems).toEqual([
      "m.yaml:1:1  the file is too large. Expected at most 1 MB, got 2000003 bytes [yaml.too-large]",
    ]);
  });
});

test("lists a thousand problems, and says how many more there are", () => {
  const { problems } = read("1: x\n".repeat(1_500));
  expect(problems).toHaveLength(1_001);
  expect(problems.at(-1)).toBe("m.yaml:1001:1  500 more problems from here on [file.more-problems]");
});

test("leaves Object.prototype alone", () => {
  const { value } = read('{"__proto__": {"polluted": true}, "a": {"__proto__": {"polluted": true}}}\n');
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  expect((value as Record<string, unknown>)["polluted"]).toBeUndefined();
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
});

test("reads tens of thousands of keys in one place", () => {
  const text = Array.from({ length: 20_000 }, (_, key) => `k${key}: 1`).join("\n");
  expect(Object.keys(read(text).value as object)).toHaveLength(20_000);
});
