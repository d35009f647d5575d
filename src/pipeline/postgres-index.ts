import { atStep } from "../core/faults.ts";
import type { Connection } from "../duckdb/connection.ts";
import { sourceFingerprint } from "../plan/compile-plan.ts";
import type { Plan } from "../plan/plan.ts";
import type { Session } from "../postgres/session.ts";
import type { Capture } from "../raw/capture.ts";
import type { PostgresRawStore } from "../raw/postgres/postgres-raw-store.ts";
import { requestText } from "../raw/request-text.ts";
import { rawKeyColumns } from "../sql/postgres-key-columns.ts";
import { sqlText, sqlTextOrNull } from "../sql/sql-value.ts";
import {
  type CaptureDocuments,
  type DocumentIndex,
  INDEX_COLUMNS,
  IndexTable,
  indexRow,
  rawTableOf,
  readDocuments,
} from "./document-index.ts";

/** Captures whose documents are written at a time. */
const BATCH_CAPTURES = 500;

/** The types of `mlb.document_index`. */
const COLUMN_TYPES: Readonly<Record<(typeof INDEX_COLUMNS)[number][0], string>> = {
  document_key: "text",
  raw_id: "bigint",
  position: "text",
  version: "text",
  captured_at: "timestamptz",
  content_hash: "text",
  request: "text",
  bytes: "bigint",
  document_date: "date",
  problem: "text",
};

/** The source of an index in `mlb.document_sources`. */
interface IndexSource {
  readonly id: number;
  /** All captures of transactions before this one are indexed. */
  readonly completeBefore: bigint;
}

/** The document index in a server: rows of `mlb.document_index`, in any order, since a capture may be committed after one with a greater id. */
export class PostgresIndex implements DocumentIndex {
  readonly #plan: Plan;
  readonly #raw: PostgresRawStore;
  readonly #table: string;

  constructor(plan: Plan, raw: PostgresRawStore) {
    this.#plan = plan;
    this.#raw = raw;
    this.#table = rawTableOf(plan);
  }

  async prepare(): Promise<void> {
    await this.#raw.prepareTable(this.#table, rawKeyColumns(this.#plan));
  }

  async add(captures: readonly CaptureDocuments[]): Promise<void> {
    if (captures.length === 0) return;
    await atStep("index.begin");
    await this.#session(async (session) => {
      await this.#write(session, await this.#sourceToWrite(session), captures);
    });
    await atStep("index.done");
  }

  async catchUp(): Promise<number> {
    if (!(await this.#raw.hasTable(this.#table))) return 0;
    const { completeBefore } = await this.#source();
    // Asked first: what ends later is for the next one to see.
    const horizon = await this.#raw.horizon(this.#table);
    let done = 0;
    let batch: CaptureDocuments[] = [];
    for await (const read of readDocuments(this.#plan, this.#raw, this.missing())) {
      batch.push(read);
      if (batch.length < BATCH_CAPTURES) continue;
      await this.add(batch);
      done += batch.length;
      batch = [];
    }
    await this.add(batch);
    if (horizon > completeBefore && (await this.#raw.hasStoredBetween(this.#table, completeBefore, horizon))) {
      await this.#session(async (session) => {
        const { id } = await this.#sourceToWrite(session);
        await session.run("UPDATE mlb.document_sources SET complete_before = greatest(complete_before, $2::text::xid8) WHERE id = $1", [
          id,
          horizon,
        ]);
      });
    }
    return done + batch.length;
  }

  async *missing(): AsyncGenerator<Capture> {
    if (!(await this.#raw.hasTable(this.#table))) return;
    const { id, completeBefore } = await this.#source();
    const isMissing = "r.xid >= $1::text::xid8 AND NOT EXISTS (SELECT FROM mlb.document_index i WHERE i.source = $2 AND i.raw_id = r.id)";
    yield* this.#raw.pages(this.#table, isMissing, [completeBefore, id]);
  }

  async load(connection: Connection, view: string, captures: readonly number[] | null = null): Promise<void> {
    await IndexTable.create(connection, view);
    if (!(await this.#raw.hasTable(this.#table))) return;
    const columns = INDEX_COLUMNS.map(([name]) => name);
    const { id } = await this.#source();
    await this.#session(async (session) => {
      const table = await IndexTable.create(connection, view);
      const ofThese = "AND document_key IN (SELECT document_key FROM mlb.document_index WHERE source = $1 AND raw_id = ANY ($2::bigint[]))";
      const sql = `SELECT ${columns.join(", ")} FROM mlb.document_index WHERE source = $1 AND document_key IS NOT NULL ${captures === null ? "" : ofThese}`;
      for await (const rows of session.batches(sql, captures === null ? [id] : [id, captures])) {
        const values = rows.map((row) => columns.map((name) => sqlTextOrNull(row[name])));
        await table.add(values);
      }
      await table.flush();
    });
  }

  /** The source as it is: of an index that nobody has begun nothing is complete. */
  #source(): Promise<IndexSource> {
    return this.#session(async (session) => (await readSource(session, sourceFingerprint(this.#plan))) ?? { id: 0, completeBefore: 0n });
  }

  async #sourceToWrite(session: Session): Promise<IndexSource> {
    const fingerprint = sourceFingerprint(this.#plan);
    const known = await readSource(session, fingerprint);
    if (known !== null) return known;
    await session.run(
      "INSERT INTO mlb.document_sources (fingerprint, mapping, raw_table) VALUES ($1, $2, $3) ON CONFLICT (fingerprint) DO NOTHING",
      [fingerprint, this.#plan.mapping, this.#table],
    );
    const made = await readSource(session, fingerprint);
    if (made === null) throw new Error(`the document index of ${this.#plan.mapping} is gone`);
    return made;
  }

  async #write(session: Session, { id }: IndexSource, captures: readonly CaptureDocuments[]): Promise<void> {
    const rows = captures.flatMap(({ capture, documents }) =>
      documents.length === 0 ? [emptyRow(capture)] : documents.map((document) => indexRow(capture, document)),
    );
    const arrays = INDEX_COLUMNS.map(([name], at) => `$${String(at + 2)}::${COLUMN_TYPES[name]}[]`);
    await session.run(
      `INSERT INTO mlb.document_index (source, ${INDEX_COLUMNS.map(([name]) => name).join(", ")}) SELECT $1, * FROM unnest(${arrays.join(", ")}) ON CONFLICT DO NOTHING`,
      [id, ...INDEX_COLUMNS.map((_, at) => rows.map((row) => row[at] ?? null))],
    );
  }

  /** Every work may be done twice: where the connection is lost, it is done again with another one. */
  #session<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return this.#raw.postgres.withSession(work, { repeats: true });
  }
}

async function readSource(session: Session, fingerprint: string): Promise<IndexSource | null> {
  const [row] = await session.rows("SELECT id, complete_before FROM mlb.document_sources WHERE fingerprint = $1", [fingerprint]);
  return row === undefined ? null : { id: Number(row["id"]), completeBefore: BigInt(sqlText(row["complete_before"])) };
}

/** Says that a capture has no documents. */
function emptyRow({ id, capturedAt, contentHash, parameters, bytes }: Capture): readonly (string | number | null)[] {
  return [null, id, "", null, capturedAt, contentHash, requestText(parameters), bytes, null, null];
}
