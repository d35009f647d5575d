import type { Dirent } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { isFileError } from "../core/file-error.ts";
import { type Problem, ProblemsError } from "../core/errors.ts";
import { parseInstant } from "../core/instant.ts";
import type { Mapping } from "./mapping.ts";
import { nearestSpelling } from "./nearest-spelling.ts";
import type { Positions } from "./positions.ts";
import { readYaml } from "./read-yaml.ts";
import { type Report, createReport, describeWritten, listed, quoted } from "./report.ts";

/** One example of a mapping: an answer, and the rows that it must give. */
export interface MappingExample {
  /** Name of its folder. */
  readonly name: string;
  /** The body of the answer. */
  readonly document: Buffer;
  readonly expected: ExpectedRows;
}

export interface ExpectedRows {
  /** What the answer was asked with, as the source's filter and `parameters.x` see it. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly capturedAt: string;
  /** Rules that documents fail; empty where all must pass. */
  readonly quarantined: readonly string[];
  /** All rows of a table, in the order of its primary key, each with some columns. */
  readonly targets: ReadonlyMap<string, readonly Readonly<Record<string, unknown>>[]>;
}

/** Ends the name of the folder that stands beside a mapping file: `game/plays.yaml`, `game/plays.examples/`. */
export const EXAMPLES_SUFFIX = ".examples";

const DOCUMENT_FILE = "document.json";
const EXPECTED_FILES = ["expected.yaml", "expected.json"] as const;
/** Stands where an example does not say when it was captured. */
const DEFAULT_TIME = "2000-01-01T00:00:00.000000Z";
/** Words beside the names of tables, which have a dot. */
const WORDS = ["quarantined", "parameters", "captured_at"] as const;

/**
 * Reads `<folder>/<mapping>.examples/<case>/{document.json, expected.yaml | expected.json}`, in order of names; none where there is no such folder.
 * @throws ProblemsError with the problems of all of them.
 */
export async function readExamples(folder: string, mapping: Mapping): Promise<readonly MappingExample[]> {
  const place = join(folder, `${mapping.name}${EXAMPLES_SUFFIX}`);
  const examples: MappingExample[] = [];
  const problems: Problem[] = [];
  for (const entry of await entriesOf(place)) {
    if (entry.name.startsWith(".")) continue;
    const path = join(place, entry.name);
    if (!entry.isDirectory()) {
      problems.push(folderProblem(path, "this is no example", `a folder with ${DOCUMENT_FILE} and ${EXPECTED_FILES[0]}`));
      continue;
    }
    const files = await entriesOf(path);
    const isThere = (name: string): boolean => files.some((file) => file.isFile() && file.name === name);
    const expected = EXPECTED_FILES.filter(isThere);
    const [written] = expected;
    if (!isThere(DOCUMENT_FILE) || written === undefined || expected.length > 1) {
      problems.push(folderProblem(path, "the example is not complete", `${DOCUMENT_FILE}, and one of ${listed(EXPECTED_FILES)}`));
      continue;
    }
    const file = join(path, written);
    const report = createReport(file);
    const rows = readExpected(await readFile(file, "utf8"), mapping, report);
    problems.push(...report.sorted());
    examples.push({ name: entry.name, document: await readFile(join(path, DOCUMENT_FILE)), expected: rows });
  }
  if (problems.length > 0) throw new ProblemsError(problems);
  return examples;
}

async function entriesOf(path: string): Promise<readonly Dirent[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if (isFileError(error, "ENOENT")) return [];
    throw error;
  }
}

function folderProblem(file: string, message: string, expected: string): Problem {
  return { code: "example.folder", file, line: 1, column: 1, message, expected };
}

function readExpected(text: string, mapping: Mapping, report: Report): ExpectedRows {
  const { value, positions } = readYaml(text, report);
  const targets = new Map<string, readonly Readonly<Record<string, unknown>>[]>();
  const reading = new ExpectedReading(mapping, positions, report);
  let quarantined: readonly string[] = [];
  let parameters: Readonly<Record<string, string>> = {};
  let capturedAt = DEFAULT_TIME;
  if (!isRecord(value)) {
    if (value !== null)
      report.add({ line: 1, column: 1 }, { code: "example.shape", message: "these are no expected rows", expected: "tables with rows" });
    return { parameters, capturedAt, quarantined, targets };
  }
  for (const key of Object.keys(value)) {
    if (key === "quarantined") quarantined = reading.texts(value, key);
    else if (key === "parameters") parameters = reading.parameters(value, key);
    else if (key === "captured_at") capturedAt = reading.instant(value, key);
    else targets.set(key, reading.rows(value, key));
  }
  if (targets.size === 0 && quarantined.length === 0)
    report.add(
      { line: 1, column: 1 },
      { code: "example.nothing", message: "the example expects nothing", expected: "a table with its rows, or quarantined: [rule]" },
    );
  return { parameters, capturedAt, quarantined, targets };
}

type Written = Readonly<Record<string, unknown>>;

/** Reads the parts of an `expected` file; what is wrong is reported and left out. */
class ExpectedReading {
  readonly #mapping: Mapping;
  readonly #positions: Positions;
  readonly #report: Report;

  constructor(mapping: Mapping, positions: Positions, report: Report) {
    this.#mapping = mapping;
    this.#positions = positions;
    this.#report = report;
  }

  texts(container: Written, key: string): readonly string[] {
    const list = container[key];
    if (Array.isArray(list) && list.every((item) => typeof item === "string")) return list;
    this.#wrong(container, key, "a list of rules, as mlb-etl quarantine list shows them");
    return [];
  }

  parameters(container: Written, key: string): Readonly<Record<string, string>> {
    const value = container[key];
    if (isRecord(value) && Object.values(value).every((text) => ["string", "number", "boolean"].includes(typeof text)))
      return Object.fromEntries(Object.entries(value).map(([name, text]) => [name, String(text)]));
    this.#wrong(container, key, "names of parameters with their values");
    return {};
  }

  instant(container: Written, key: string): string {
    const value = container[key];
    const instant = typeof value === "string" ? parseInstant(value) : null;
    if (instant === null) this.#wrong(container, key, "a time, as 2024-07-13T04:19:09Z");
    return instant ?? DEFAULT_TIME;
  }

  rows(container: Written, key: string): readonly Written[] {
    const target = this.#mapping.targets.find(({ name }) => name === key);
    if (target === undefined) {
      const names = this.#mapping.targets.map(({ name }) => name);
      this.#report.add(this.#positions.keyPlace(container, key), {
        code: "example.table",
        message: `${quoted(key)} is no table of ${this.#mapping.name}`,
        expected: listed([...names, ...WORDS]),
        didYouMean: nearestSpelling(key, [...names, ...WORDS]),
      });
      return [];
    }
    const rows: unknown = container[key];
    if (!Array.isArray(rows) || !rows.every(isRecord)) {
      this.#wrong(container, key, "a list of rows, each with columns and their values; [] for no row");
      return [];
    }
    const columns = new Set([...this.#mapping.fields, ...target.fields].map(({ name }) => name));
    for (const row of rows) {
      for (const column of Object.keys(row)) {
        if (columns.has(column)) continue;
        this.#report.add(this.#positions.keyPlace(row, column), {
          code: "example.column",
          message: `${quoted(column)} is no column of ${key}`,
          expected: "a column of the table",
          didYouMean: nearestSpelling(column, columns),
        });
      }
    }
    return rows;
  }

  #wrong(container: Written, key: string, expected: string): void {
    this.#report.add(this.#positions.valuePlace(container, key), {
      code: "example.shape",
      message: `${quoted(key)} has another form`,
      expected,
      got: describeWritten(container[key]),
    });
  }
}

function isRecord(value: unknown): value is Written {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
