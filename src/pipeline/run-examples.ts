import { isDeepStrictEqual } from "node:util";
import { instantOfMicros } from "../core/instant.ts";
import type { Connection } from "../duckdb/connection.ts";
import type { Database } from "../duckdb/database.ts";
import { type SqlValue, sqlText } from "../sql/sql-value.ts";
import { DuckdbEngine } from "../engine/duckdb/duckdb-engine.ts";
import type { SliceDocument } from "../engine/slice.ts";
import { renderColumnType } from "../mapping/column-type.ts";
import type { MappingExample } from "../mapping/read-examples.ts";
import { readLeaf } from "../plan/leaf.ts";
import { type Plan, type PlanColumn, targetColumns } from "../plan/plan.ts";
import type { BodyChecker } from "../raw/body.ts";
import { ShapeDictionary } from "../raw/shape.ts";
import { duckdbDialect } from "../sql/duckdb-dialect.ts";
import { SLICE_COLUMNS, targetTable } from "../sql/slice-tables.ts";
import { concernsDocument, indexDocuments } from "./index-document.ts";
import { ContainerCheck } from "./wrong-containers.ts";

/** One thing that is not as the example says. */
export interface ExampleDifference {
  /** A table, or `quarantined`, or `document`. */
  readonly what: string;
  /** Row and column, or the JSON pointer of what failed. */
  readonly where: string;
  readonly expected: string;
  readonly got: string;
}

export interface ExampleResult {
  readonly name: string;
  readonly documents: number;
  /** Empty where the example is right. */
  readonly differences: readonly ExampleDifference[];
}

/** Runs examples of a mapping through the engine, as a transform would, without a store. */
export async function runExamples(
  plan: Plan,
  examples: readonly MappingExample[],
  { database, checker }: { readonly database: Database; readonly checker: BodyChecker },
): Promise<readonly ExampleResult[]> {
  const engine = new DuckdbEngine(plan);
  const connection = await database.connect();
  const results: ExampleResult[] = [];
  for (const example of examples) {
    results.push(await runExample(plan, engine, connection, example, checker));
    await engine.clear(connection);
  }
  return results;
}

async function runExample(
  plan: Plan,
  engine: DuckdbEngine,
  connection: Connection,
  { name, document, expected }: MappingExample,
  checker: BodyChecker,
): Promise<ExampleResult> {
  const wrongDocument = (expectation: string, got: string): ExampleResult => ({
    name,
    documents: 0,
    differences: [{ what: "document", where: "", expected: expectation, got }],
  });
  const verdict = checker.check(document);
  if (!verdict.ok) return wrongDocument("strict JSON", verdict.failure.message);
  const indexed = indexDocuments(plan, expected, verdict.value);
  if (indexed.length === 0) return wrongDocument(`an answer that ${plan.mapping} takes, with a document`, "none");
  const failures: Failure[] = [];
  const documents: SliceDocument[] = [];
  for (const { position, problem } of indexed) {
    const slot = documents.length;
    if (problem !== null) failures.push({ slot: null, ...problem });
    else documents.push({ slot, capture: 0, position, capturedAt: expected.capturedAt, parameters: expected.parameters });
  }
  for (const wrong of new ContainerCheck(plan, new ShapeDictionary()).find(verdict.value)) {
    for (const { slot, position } of documents) {
      if (concernsDocument(plan, position, wrong.pointer))
        failures.push({ slot, rule: `the value is ${wrong.expected === "scalar" ? "a" : "an"} ${wrong.expected}`, ...wrong });
    }
  }
  const { findings } = await engine.run(connection, [{ capture: 0, body: document }], documents);
  for (const finding of findings) if (finding.kind === "rule" || finding.kind === "fail") failures.push(finding);
  const differences = compareRules(expected.quarantined, failures);
  const failed = new Set(failures.flatMap(({ slot }) => (slot === null ? [] : [slot])));
  for (const [target, rows] of expected.targets) differences.push(...(await compareRows(plan, connection, target, rows, failed)));
  return { name, documents: indexed.length, differences };
}

interface Failure {
  /** Null where the document was not shredded. */
  readonly slot: number | null;
  readonly rule: string;
  readonly pointer: string;
  readonly value: string | null;
}

function compareRules(expected: readonly string[], failures: readonly Failure[]): ExampleDifference[] {
  const got = new Map(failures.map((failure) => [failure.rule, failure]));
  return [
    ...expected
      .filter((rule) => !got.has(rule))
      .map((rule) => ({ what: "quarantined", where: "", expected: rule, got: got.size === 0 ? "no document fails" : "other rules" })),
    ...[...got.values()]
      .filter(({ rule }) => !expected.includes(rule))
      .map(({ rule, pointer, value }) => ({
        what: "quarantined",
        where: pointer,
        expected: "no failure of this rule",
        got: `${rule}${value === null ? "" : ` (${value})`}`,
      })),
  ];
}

/** Compares all rows of a table, in the order of its primary key, by the columns that are listed. */
async function compareRows(
  plan: Plan,
  connection: Connection,
  name: string,
  expected: readonly Readonly<Record<string, unknown>>[],
  failed: ReadonlySet<number>,
): Promise<ExampleDifference[]> {
  const at = plan.targets.findIndex((target) => target.name === name);
  const target = plan.targets[at];
  if (target === undefined) throw new Error(`${name} is no table of ${plan.mapping}`);
  const columns = targetColumns(plan, target);
  const key = target.primaryKey.map((column) => duckdbDialect.name(column)).join(", ");
  const slot = duckdbDialect.name(SLICE_COLUMNS.slot);
  const kept = failed.size === 0 ? "" : ` WHERE ${slot} NOT IN (${[...failed].join(", ")})`;
  const select = columns.map((column) => duckdbDialect.name(column.name)).join(", ");
  const got = await connection.rows(`SELECT ${select} FROM ${targetTable(at)}${kept} ORDER BY ${key}`);
  if (got.length !== expected.length)
    return [{ what: name, where: "", expected: rowsInWords(expected.length), got: rowsInWords(got.length) }];
  return expected.flatMap((row, number) => {
    const found = got[number] ?? {};
    const place = target.primaryKey.map((column) => `${column}=${sqlText(found[column])}`).join(", ");
    return columns.flatMap((column): ExampleDifference[] => {
      if (!Object.hasOwn(row, column.name)) return [];
      const value = found[column.name] ?? null;
      if (isEqual(column, row[column.name], value)) return [];
      return [
        {
          what: name,
          where: `row ${String(number + 1)} (${place}), ${column.name} ${renderColumnType(column.type)}`,
          expected: inWords(row[column.name]),
          got: value === null ? "null" : sqlText(value),
        },
      ];
    });
  });
}

function rowsInWords(count: number): string {
  return `${String(count)} row${count === 1 ? "" : "s"}`;
}

function inWords(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "null");
}

/** A written value is read as the column's type reads the text of a JSON value: `3.5` and `3.50` are one NUMERIC(4,2). */
function isEqual({ type }: PlanColumn, expected: unknown, got: SqlValue): boolean {
  if (expected === null || got === null) return expected === got;
  if (type.name === "JSONB") return isDeepStrictEqual(JSON.parse(sqlText(got)), expected);
  if (typeof expected === "object") return false;
  const reading = readLeaf(type, inWords(expected));
  if (!reading.ok) return false;
  if (type.name === "TIMESTAMPTZ" && typeof reading.value === "bigint") return instantOfMicros(reading.value) === sqlText(got);
  // DuckDB writes no zero before the point where all digits stand behind it.
  if (type.name === "NUMERIC") return String(reading.value) === sqlText(got).replace(/^(-?)\./, "$10.");
  return type.name === "DOUBLE" ? reading.value === got : String(reading.value) === sqlText(got);
}
