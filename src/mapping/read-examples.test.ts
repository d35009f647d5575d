import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { mappingOf } from "../../tests/small-platform.ts";
import { ProblemsError } from "../core/errors.ts";
import { readExamples } from "./read-examples.ts";

const mapping = mappingOf(
  `
source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id]}
fields: [{name: id, type: INT, json_path: $.id}]
targets:
  - {name: lab.thing, primary_key: [id], fields: [{name: size, type: INT, json_path: $.size}]}
  - {name: lab.part, array_source: "$.parts[*]", primary_key: [id, n], fields: [{name: n, type: INT, source_field: index}]}
`,
  "lab/things",
);

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "examples-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function write(file: string, text: string): Promise<void> {
  const path = join(folder, "lab/things.examples", file);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

test("a mapping without examples has none", async () => {
  expect(await readExamples(folder, mapping)).toEqual([]);
});

test("examples are read in the order of their names, with what they do not say filled in", async () => {
  await write("b/document.json", '{"id": 1}');
  await write("b/expected.yaml", "lab.thing:\n  - {id: 1, size: null}\nlab.part: []\n");
  await write("a/document.json", "{}");
  await write(
    "a/expected.json",
    '{"quarantined": ["id is there"], "parameters": {"x": 1, "y": "z", "w": true}, "captured_at": "2024-07-13T04:19:09Z"}',
  );
  await write(".hidden/document.json", "{}");
  expect(await readExamples(folder, mapping)).toEqual([
    {
      name: "a",
      document: Buffer.from("{}"),
      expected: {
        parameters: { x: "1", y: "z", w: "true" },
        capturedAt: "2024-07-13T04:19:09.000000Z",
        quarantined: ["id is there"],
        targets: new Map(),
      },
    },
    {
      name: "b",
      document: Buffer.from('{"id": 1}'),
      expected: {
        parameters: {},
        capturedAt: "2000-01-01T00:00:00.000000Z",
        quarantined: [],
        targets: new Map([
          ["lab.thing", [{ id: 1, size: null }]],
          ["lab.part", []],
        ]),
      },
    },
  ]);
});

/** All problems, without the folder. */
async function problems(): Promise<readonly string[]> {
  try {
    await readExamples(folder, mapping);
    return [];
  } catch (error) {
    if (!(error instanceof ProblemsError)) throw error;
    return error.problems.map(
      ({ file, line, column, code, message, expected, got, didYouMean }) =>
        `${file.slice(file.indexOf("examples/") + 9)}:${String(line)}:${String(column)} ${[code, message, expected, got, didYouMean].join("; ")}`,
    );
  }
}

test("what is no example is told, all at once", async () => {
  await write("a.json", "{}");
  await write("b/document.json", "{}");
  await write("c/expected.yaml", "lab.thing: []\n");
  await write("d/document.json", "{}");
  await write("d/expected.yaml", "lab.thing: []\n");
  await write("d/expected.json", "{}");
  expect(await problems()).toEqual([
    "a.json:1:1 example.folder; this is no example; a folder with document.json and expected.yaml; ; ",
    "b:1:1 example.folder; the example is not complete; document.json, and one of expected.yaml, expected.json; ; ",
    "c:1:1 example.folder; the example is not complete; document.json, and one of expected.yaml, expected.json; ; ",
    "d:1:1 example.folder; the example is not complete; document.json, and one of expected.yaml, expected.json; ; ",
  ]);
});

describe("expected rows that cannot be", () => {
  test.each([
    ["[1]", ["a/expected.yaml:1:1 example.shape; these are no expected rows; tables with rows; ; "]],
    ["7", ["a/expected.yaml:1:1 example.shape; these are no expected rows; tables with rows; ; "]],
    ["{}", ["a/expected.yaml:1:1 example.nothing; the example expects nothing; a table with its rows, or quarantined: [rule]; ; "]],
    [
      "{parameters: {x: 1}}",
      ["a/expected.yaml:1:1 example.nothing; the example expects nothing; a table with its rows, or quarantined: [rule]; ; "],
    ],
    [
      "{quarantined: id}",
      [
        "a/expected.yaml:1:1 example.nothing; the example expects nothing; a table with its rows, or quarantined: [rule]; ; ",
        'a/expected.yaml:1:15 example.shape; "quarantined" has another form; a list of rules, as mlb-etl quarantine list shows them; the text "id"; ',
      ],
    ],
    [
      "{quarantined: [1, a]}",
      [
        "a/expected.yaml:1:1 example.nothing; the example expects nothing; a table with its rows, or quarantined: [rule]; ; ",
        'a/expected.yaml:1:15 example.shape; "quarantined" has another form; a list of rules, as mlb-etl quarantine list shows them; a list; ',
      ],
    ],
    [
      "{lab.thing: [], parameters: [x]}",
      ['a/expected.yaml:1:29 example.shape; "parameters" has another form; names of parameters with their values; a list; '],
    ],
    [
      "{lab.thing: [], parameters: {x: [1], y: 2}}",
      ['a/expected.yaml:1:29 example.shape; "parameters" has another form; names of parameters with their values; keys with values; '],
    ],
    [
      "{lab.thing: [], captured_at: soon}",
      ['a/expected.yaml:1:30 example.shape; "captured_at" has another form; a time, as 2024-07-13T04:19:09Z; the text "soon"; '],
    ],
    [
      "{lab.thing: [], captured_at: 7}",
      ['a/expected.yaml:1:30 example.shape; "captured_at" has another form; a time, as 2024-07-13T04:19:09Z; the number 7; '],
    ],
    [
      "{lab.thigs: []}",
      [
        'a/expected.yaml:1:2 example.table; "lab.thigs" is no table of lab/things; lab.thing, lab.part, quarantined, parameters, captured_at; ; lab.thing',
      ],
    ],
    [
      "{quarantine: [a]}",
      [
        'a/expected.yaml:1:2 example.table; "quarantine" is no table of lab/things; lab.thing, lab.part, quarantined, parameters, captured_at; ; quarantined',
      ],
    ],
    [
      "{lab.thing: {id: 1}}",
      [
        'a/expected.yaml:1:13 example.shape; "lab.thing" has another form; a list of rows, each with columns and their values; [] for no row; keys with values; ',
      ],
    ],
    [
      "{lab.thing: [{id: 1}, 2]}",
      [
        'a/expected.yaml:1:13 example.shape; "lab.thing" has another form; a list of rows, each with columns and their values; [] for no row; a list; ',
      ],
    ],
    [
      "{lab.thing: [{id: 1, siez: 2}, {n: 1}]}",
      [
        'a/expected.yaml:1:22 example.column; "siez" is no column of lab.thing; a column of the table; ; size',
        'a/expected.yaml:1:33 example.column; "n" is no column of lab.thing; a column of the table; ; ',
      ],
    ],
    ["{lab.part: [{n: 1, size: 2}]}", ['a/expected.yaml:1:20 example.column; "size" is no column of lab.part; a column of the table; ; ']],
  ])("%s", async (text, expected) => {
    await write("a/document.json", "{}");
    await write("a/expected.yaml", `${text}\n`);
    expect(await problems()).toEqual(expected);
  });
});
