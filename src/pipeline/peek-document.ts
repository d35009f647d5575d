import type { Connection } from "../duckdb/connection.ts";
import type { SqlRow } from "../sql/sql-value.ts";
import { DuckdbEngine } from "../engine/duckdb/duckdb-engine.ts";
import type { Finding } from "../engine/slice.ts";
import { type Plan, targetColumns } from "../plan/plan.ts";
import { ShapeDictionary } from "../raw/shape.ts";
import { duckdbDialect } from "../sql/duckdb-dialect.ts";
import { targetTable } from "../sql/slice-tables.ts";
import { type IndexedDocument, concernsDocument, indexDocuments } from "./index-document.ts";
import { ContainerCheck } from "./wrong-containers.ts";

/** An answer to look at: of raw or of a file. */
export interface PeekAnswer {
  readonly capturedAt: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** The body, parsed. */
  readonly value: object;
}

export interface PeekedTarget {
  readonly name: string;
  /** All rows of the documents in it. */
  readonly count: number;
  /** The first ones, in the order of the primary key. */
  readonly rows: readonly SqlRow[];
}

export interface Peek {
  readonly documents: readonly IndexedDocument[];
  readonly targets: readonly PeekedTarget[];
  readonly findings: readonly Finding[];
}

/** The documents of an answer that a mapping takes; `position` picks one of them. */
export function documentsOf(plan: Plan, answer: PeekAnswer, position: string | null = null): readonly IndexedDocument[] {
  const documents = indexDocuments(plan, answer, answer.value);
  return position === null ? documents : documents.filter((document) => document.position === position);
}

/** The first rows that a mapping makes of documents of an answer. Nothing is kept. */
export async function peekDocuments(
  plan: Plan,
  answer: PeekAnswer,
  documents: readonly IndexedDocument[],
  options: { readonly rows: number; readonly targets: ReadonlySet<string> | null },
  connection: Connection,
): Promise<Peek> {
  const wrong = new ContainerCheck(plan, new ShapeDictionary()).find(answer.value);
  const findings = documents.flatMap((document, slot): Finding[] => {
    const fail = { slot, kind: "fail", target: null, column: null } as const;
    if (document.problem !== null) return [{ ...fail, ...document.problem }];
    return wrong
      .filter(({ pointer }) => concernsDocument(plan, document.position, pointer))
      .map(({ expected, pointer, value }) => ({
        ...fail,
        rule: `the value is ${expected === "scalar" ? "a" : "an"} ${expected}`,
        pointer,
        value,
      }));
  });
  const failed = new Set(findings.map(({ slot }) => slot));
  const { capturedAt, parameters } = answer;
  const verdict = await new DuckdbEngine(plan).run(
    connection,
    [{ capture: 1, body: answer.body }],
    documents.flatMap(({ position }, slot) => (failed.has(slot) ? [] : [{ slot, capture: 1, position, capturedAt, parameters }])),
  );
  const targets: PeekedTarget[] = [];
  for (const [at, target] of plan.targets.entries()) {
    if (options.targets?.has(target.name) === false) continue;
    const name = duckdbDialect.name.bind(duckdbDialect);
    const columns = targetColumns(plan, target).map((column) => name(column.name));
    targets.push({
      name: target.name,
      count: verdict.rows.filter((rows) => rows.target === at).reduce((sum, { rows }) => sum + rows, 0),
      rows: await connection.rows(
        `SELECT ${columns.join(", ")} FROM ${targetTable(at)} ORDER BY ${target.primaryKey.map(name).join(", ")} LIMIT ${String(options.rows)}`,
      ),
    });
  }
  return { documents, targets, findings: [...findings, ...verdict.findings] };
}
