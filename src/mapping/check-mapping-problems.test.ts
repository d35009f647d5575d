import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { renderProblem } from "../core/errors.ts";
import { checkMapping } from "./check-mapping.ts";
import { readMapping } from "./read-mapping.ts";

const goldenFile = (name: string): string => readFileSync(new URL(`golden/${name}`, import.meta.url), "utf8");
const problemsOf = (text: string): readonly string[] => checkMapping(readMapping(text, "m.yaml")).problems.map(renderProblem);

/** `== title`, lines of the right mapping that go (`-`), lines that come (`+`), and all problems of the result with their codes. */
const cases = goldenFile("problems.txt")
  .split(/^== /m)
  .filter((block) => block !== "")
  .map((block) => {
    const [title = "", ...lines] = block.trimEnd().split("\n");
    const marked = (mark: string): string =>
      lines
        .filter((line) => line.startsWith(mark))
        .map((line) => `${line.slice(1)}\n`)
        .join("");
    return { title, goes: marked("-"), comes: marked("+"), problems: lines.filter((line) => !/^[-+]/.test(line)) };
  });

describe("a mapping with one mistake", () => {
  const right = goldenFile("right.yaml.txt");

  test("is compared with one that has none", () => {
    expect(problemsOf(right)).toEqual([]);
    expect(cases.length).toBeGreaterThan(160);
  });

  test.each(cases)("reports $title", ({ goes, comes, problems }) => {
    expect(right.split(goes)).toHaveLength(2);
    expect(problems.length).toBeGreaterThan(0);
    const found = checkMapping(
      readMapping(
        right.replace(goes, () => comes),
        "m.yaml",
      ),
    ).problems;
    expect(found.map((problem) => `${renderProblem(problem)} [${problem.code}]`)).toEqual(problems);
  });
});

test.each([
  ["7", ["m.yaml:1:1  the file holds no mapping. Expected keys with values, got the number 7"]],
  ["text", ['m.yaml:1:1  the file holds no mapping. Expected keys with values, got the text "text"']],
  ["[a]", ["m.yaml:1:1  the mapping has a value of another kind. Expected keys with values, got a list"]],
  ["null", ["m.yaml:1:1  the file holds nothing. Expected a mapping, got nothing"]],
  [
    "{source: {}, fields: [], targets: []}",
    [
      'm.yaml:1:10  the key "endpoint" is missing. Expected "endpoint" with a text, got only nothing',
      'm.yaml:1:10  the key "method" is missing. Expected "method" with a text, got only nothing',
      'm.yaml:1:10  the key "raw_table" is missing. Expected "raw_table" with a text, got only nothing',
      'm.yaml:1:10  the key "document_key" is missing. Expected "document_key" with a list, got only nothing',
      'm.yaml:1:22  "fields" is empty. Expected at least 1 entry, got an empty list',
      'm.yaml:1:35  "targets" is empty. Expected at least 1 entry, got an empty list',
    ],
  ],
])("the file %s is no mapping", (text, problems) => {
  expect(problemsOf(`${text}\n`)).toEqual(problems);
});

test("a group of a hundred copies is taken, one more is not", () => {
  const groupOf = (count: number): string => {
    const bindings = Array.from({ length: count }, (_, n) => `{n: a${String(n)}}`).join(", ");
    return goldenFile("right.yaml.txt").replace(
      "      - {name: extra, type: JSONB, json_path: $.extra}\n",
      () => `      - {for_each: [${bindings}], fields: [{name: extra_<n>, type: TEXT, json_path: $.extra.<n>}]}\n`,
    );
  };
  expect(problemsOf(groupOf(100))).toEqual([]);
  expect(checkMapping(readMapping(groupOf(101), "m.yaml")).problems).toEqual([
    {
      code: "mapping.too-many",
      file: "m.yaml",
      line: 20,
      column: 20,
      message: '"for_each" is too long',
      expected: "at most 100 entries",
      got: "a list",
    },
  ]);
});

test("a broken file gives all of its problems at once, in the order of the file", () => {
  const rendered = problemsOf(goldenFile("broken.yaml.txt"));
  expect(rendered.length).toBeGreaterThanOrEqual(15);
  expect(rendered).toEqual(goldenFile("broken-problems.txt").trimEnd().split("\n"));
});
