import type { Connection } from "../duckdb/connection.ts";
import type { Plan } from "../plan/plan.ts";
import type { Capture } from "../raw/capture.ts";
import type { RawStore } from "../raw/raw-store.ts";
import { requestText } from "../raw/request-text.ts";
import { type IndexedDocument, indexDocuments } from "./index-document.ts";

/** The raw table of a plan's source, as raw stores name it. */
export function rawTableOf(plan: Pick<Plan, "source">): string {
  return `${plan.source.endpoint}.${plan.source.method}`;
}

/** A capture and the documents that a mapping finds in it: none where it does not take it, or where the body failed. */
export interface CaptureDocuments {
  readonly capture: Capture;
  readonly documents: readonly IndexedDocument[];
}

/**
 * The document index of one mapping's source: which capture holds which document. Derived from raw and kept beside it, keyed by
 * what the mapping reads of a capture to name its documents: a changed source has a new index. `openIndex` gives that of a raw store.
 */
export interface DocumentIndex {
  /** To be called before the first captures are stored: makes the raw table ready for this index, where that is needed. */
  prepare(): Promise<void>;
  /** Adds captures that were just stored. What a crash leaves out, `catchUp` adds. */
  add(captures: readonly CaptureDocuments[]): Promise<void>;
  /** Indexes the captures of raw that are not yet, reading their bodies. Gives how many. */
  catchUp(): Promise<number>;
  /** The captures of raw that are not indexed. */
  missing(): AsyncIterable<Capture>;
  /**
   * Makes the index, with what selection needs of the captures, a table or view of the engine with the columns `INDEX_COLUMNS`.
   * @param captures ids: it need not have more than the documents of these, with all their states. Null: all documents.
   * @throws OutsideError `index.damaged`.
   */
  load(connection: Connection, view: string, captures?: readonly number[] | null): Promise<void>;
}

/** The documents of captures, read from their bodies. */
export async function* readDocuments(plan: Plan, raw: RawStore, captures: AsyncIterable<Capture>): AsyncGenerator<CaptureDocuments> {
  for await (const { capture, body } of raw.readBodies(captures)) {
    const documents = capture.failure === null ? indexDocuments(plan, capture, JSON.parse(body.toString("utf8"))) : [];
    yield { capture, documents };
  }
}

/** `document_key` is `capture N …` for a document without a name, `captured_at` canonical, `problem` JSON. */
export const INDEX_COLUMNS = [
  ["document_key", "VARCHAR"],
  ["raw_id", "BIGINT"],
  ["position", "VARCHAR"],
  ["version", "VARCHAR"],
  ["captured_at", "VARCHAR"],
  ["content_hash", "VARCHAR"],
  ["request", "VARCHAR"],
  ["bytes", "BIGINT"],
  ["document_date", "VARCHAR"],
  ["problem", "VARCHAR"],
] as const;

export type IndexRow = readonly (string | number | null)[];

/** What the index says of one document, in the order of `INDEX_COLUMNS`. */
export function indexRow(capture: Capture, document: IndexedDocument): IndexRow {
  const { id, capturedAt, contentHash, parameters, bytes } = capture;
  const { position, version, date, problem } = document;
  // A document without a name stands for itself alone, so that it can be quarantined.
  const key = document.key ?? `capture ${String(id)}${position === "" ? "" : ` at ${position}`}`;
  const request = requestText(parameters);
  return [key, id, position, version, capturedAt, contentHash, request, bytes, date, problem === null ? null : JSON.stringify(problem)];
}

const BATCH_ROWS = 2000;

/** A table of the engine with rows of an index, filled in batches. */
export class IndexTable {
  readonly name: string;
  readonly #connection: Connection;
  #rows: IndexRow[] = [];

  private constructor(connection: Connection, name: string) {
    this.#connection = connection;
    this.name = name;
  }

  /** An empty one, in place of one that there may be. */
  static async create(connection: Connection, name: string): Promise<IndexTable> {
    const columns = INDEX_COLUMNS.map(([column, type]) => `${column} ${type}`).join(", ");
    await connection.run(`CREATE OR REPLACE TABLE ${name} (${columns})`);
    return new IndexTable(connection, name);
  }

  async add(rows: Iterable<IndexRow>): Promise<void> {
    for (const row of rows) this.#rows.push(row);
    if (this.#rows.length >= BATCH_ROWS) await this.flush();
  }

  /** To be called at the end. */
  async flush(): Promise<void> {
    const kinds = INDEX_COLUMNS.map(([, type]) => type);
    await this.#connection.append(this.name, kinds, this.#rows);
    this.#rows = [];
  }
}
