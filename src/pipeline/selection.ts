import { atStep } from "../core/faults.ts";
import type { Connection } from "../duckdb/connection.ts";
import { type SqlRow, sqlText } from "../sql/sql-value.ts";
import type { Plan } from "../plan/plan.ts";
import { duckdbDialect } from "../sql/duckdb-dialect.ts";
import type { DocumentState } from "../store/slice-application.ts";
import type { SelectionState } from "../store/store.ts";
import type { IndexedDocument } from "./index-document.ts";
import { writeOrderKey, writeSameState, writeStateOrder } from "../sql/order-key.ts";

/** Which documents a batch looks at, and as of when. All conditions hold together; none means all documents. */
export interface DocumentFilter {
  /** Only captures until this instant (canonical, included) are there at all: a newer state is not merely left out, nobody knows of it. Null: all. */
  readonly asOf: string | null;
  /** Values of key columns, as text: `{game_pk: ["747175"]}`. */
  readonly documents: Readonly<Record<string, readonly string[]>>;
  /** First and last day of the mapping's date, `YYYY-MM-DD`, both included. */
  readonly startDate: string | null;
  readonly endDate: string | null;
}

/** A state to try. `rank` 1 is the newest of its document; `total` is how many may be tried. */
export interface Candidate {
  readonly state: DocumentState;
  readonly rank: number;
  readonly total: number;
  readonly bytes: number;
  readonly problem: IndexedDocument["problem"];
  /** It is the applied state of its document at a later time, under the same plan. */
  readonly isAppliedAgain: boolean;
}

export interface SelectedCounts {
  /** Documents under the filter. */
  readonly documents: number;
  /** Those of them with nothing left to try. */
  readonly unchanged: number;
  /** Of the values that the filter names, by column, those that no document has. */
  readonly missing: Readonly<Record<string, readonly string[]>>;
}

const CANDIDATES = "candidates";
const FAILED = "failed_candidates";
const text = duckdbDialect.text.bind(duckdbDialect);

/**
 * The only step that knows the mode. Batch: of each document under the filter, the states that are newer than the applied one
 * (all of them, where another plan applied it) and have not failed under this plan, newest first. The filter looks at the newest state:
 * an old state of a moved game must not come back. All of this as of the filter's time. `state` is what the store knows, `index` the loaded document index.
 */
export async function selectBatch(
  connection: Connection,
  plan: Plan,
  index: string,
  filter: DocumentFilter,
  state: SelectionState,
): Promise<SelectedCounts> {
  const chosen = writeChosen(plan, index, filter);
  const open = await findCandidates(connection, plan, chosen, state);
  const documents = await count(connection, `SELECT count(DISTINCT document_key) FROM (${chosen})`);
  return { documents, unchanged: documents - open, missing: await missingValues(connection, plan, index, filter) };
}

/** The captures of raw that hold the documents under a filter, in the order of raw. */
export async function capturesOf(connection: Connection, plan: Plan, index: string, filter: DocumentFilter): Promise<readonly number[]> {
  const rows = await connection.rows(`SELECT DISTINCT raw_id FROM (${writeChosen(plan, index, filter)}) ORDER BY raw_id`);
  return rows.map((row) => Number(row["raw_id"]));
}

export interface SelectedOfStream {
  /** Documents of the captures. */
  readonly documents: number;
  /** Those of them with something to try. */
  readonly open: number;
  /** Of the others, those of which the captures are older than what is applied. */
  readonly stale: number;
}

/**
 * Streaming: as a batch, of each document of which there is a state among these captures. `index` may be of these documents alone.
 * @param captures ids, those behind the checkpoint that are taken now
 */
export async function selectStream(
  connection: Connection,
  plan: Plan,
  index: string,
  captures: readonly number[],
  state: SelectionState,
): Promise<SelectedOfStream> {
  const arrived = `SELECT * FROM ${index} WHERE raw_id IN (${captures.length === 0 ? "NULL" : captures.join(", ")})`;
  const chosen = `SELECT i.* FROM ${index} i SEMI JOIN (${arrived}) a ON a.document_key = i.document_key`;
  const open = await findCandidates(connection, plan, chosen, state);
  const mine = `mapping = ${text(plan.mapping)} AND fingerprint = ${text(plan.fingerprint)}`;
  return {
    documents: await count(connection, `SELECT count(DISTINCT document_key) FROM (${arrived})`),
    open,
    stale: await count(
      connection,
      `SELECT count(*) FROM (SELECT a.document_key FROM (${arrived}) a JOIN (SELECT * FROM ${state.documents} WHERE ${mine}) d ON d.document_key = a.document_key
       WHERE a.document_key NOT IN (SELECT document_key FROM ${CANDIDATES}) GROUP BY a.document_key HAVING bool_and(${writeOrderKey("a")} < ${writeOrderKey("d")}))`,
    ),
  };
}

/** Finds the states that are to be tried of the chosen ones; gives of how many documents they are. */
async function findCandidates(connection: Connection, plan: Plan, chosen: string, state: SelectionState): Promise<number> {
  await atStep("select.begin");
  const mapping = text(plan.mapping);
  const fingerprint = text(plan.fingerprint);
  // Most documents have nothing to try: only states that are to be tried are kept, so that a run takes what is new, not what there is.
  await connection.run(
    `CREATE OR REPLACE TABLE ${CANDIDATES} AS
     WITH open_states AS (
       SELECT c.document_key, c.raw_id, c.position, c.version, c.captured_at, c.content_hash, c.request, c.bytes, c.problem,
         c.problem IS NULL AND coalesce(${writeSameState("c", "d")}, FALSE) AS is_applied_again
       FROM (${chosen}) c
       LEFT JOIN (SELECT * FROM ${state.documents} WHERE mapping = ${mapping} AND fingerprint = ${fingerprint}) d ON d.document_key = c.document_key
       LEFT JOIN (SELECT DISTINCT document_key, raw_id, position FROM ${state.quarantine} WHERE mapping = ${mapping} AND fingerprint = ${fingerprint} AND status = 'open') q
         ON q.document_key = c.document_key AND q.raw_id = c.raw_id AND q.position = c.position
       WHERE q.raw_id IS NULL AND (d.document_key IS NULL OR ${writeOrderKey("c")} > ${writeOrderKey("d")})
     )
     SELECT *, row_number() OVER (PARTITION BY document_key ORDER BY ${writeStateOrder("DESC")}) AS rank, count(*) OVER (PARTITION BY document_key) AS total FROM open_states`,
  );
  await atStep("select.done");
  return count(connection, `SELECT count(DISTINCT document_key) FROM ${CANDIDATES}`);
}

async function count(connection: Connection, sql: string): Promise<number> {
  const [row] = await connection.rows(sql);
  return Number(Object.values(row ?? {})[0] ?? 0);
}

/** The newest state of each document that has something to try, in the order of raw. */
export function newestCandidates(connection: Connection): AsyncGenerator<Candidate> {
  return readCandidates(connection, `SELECT * FROM ${CANDIDATES} WHERE rank = 1 ORDER BY raw_id, position`);
}

/** The next older state of each of these documents, in the order of raw. */
export async function* olderCandidates(connection: Connection, failed: readonly Candidate[]): AsyncGenerator<Candidate> {
  await connection.run(`CREATE OR REPLACE TABLE ${FAILED} (document_key VARCHAR, rank BIGINT)`);
  await connection.append(
    FAILED,
    ["VARCHAR", "BIGINT"],
    failed.map(({ state, rank }) => [state.documentKey, rank]),
  );
  yield* readCandidates(
    connection,
    `SELECT c.* FROM ${CANDIDATES} c JOIN ${FAILED} f ON f.document_key = c.document_key AND f.rank + 1 = c.rank ORDER BY c.raw_id, c.position`,
  );
}

async function* readCandidates(connection: Connection, sql: string): AsyncGenerator<Candidate> {
  for await (const batch of connection.batches(sql)) yield* batch.map(readCandidate);
}

function readCandidate(row: SqlRow): Candidate {
  const string = (column: string): string => sqlText(row[column]);
  return {
    state: {
      documentKey: string("document_key"),
      capture: Number(row["raw_id"]),
      position: string("position"),
      version: row["version"] === null ? null : string("version"),
      capturedAt: string("captured_at"),
      contentHash: string("content_hash"),
      request: string("request"),
    },
    rank: Number(row["rank"]),
    total: Number(row["total"]),
    bytes: Number(row["bytes"]),
    isAppliedAgain: row["is_applied_again"] === true,
    problem: row["problem"] === null ? null : (JSON.parse(string("problem")) as IndexedDocument["problem"]),
  };
}

async function missingValues(
  connection: Connection,
  plan: Plan,
  index: string,
  filter: DocumentFilter,
): Promise<SelectedCounts["missing"]> {
  const missing: Record<string, readonly string[]> = {};
  for (const [column, values] of Object.entries(filter.documents)) {
    const rows = await connection.rows(`SELECT DISTINCT ${keyValue(plan, column, "s")} AS v FROM ${index} s WHERE ${writeKnown(filter)}`);
    const known = new Set(rows.map((row) => sqlText(row["v"])));
    const absent = values.filter((value) => !known.has(value));
    if (absent.length > 0) missing[column] = absent;
  }
  return missing;
}

/** SQL text: the value of a key column in a document's name; null for a document without one. */
function keyValue(plan: Plan, column: string, alias: string): string {
  const at = plan.source.documentKey.indexOf(column);
  if (at < 0) throw new Error(`${column} is no column of the document key`);
  return `TRY(json_extract_string(CASE WHEN starts_with(${alias}.document_key, '[') THEN ${alias}.document_key END, '$[${String(at)}]'))`;
}

/** The index spells instants canonically: their order is that of the texts. */
function writeKnown({ asOf }: DocumentFilter): string {
  return asOf === null ? "TRUE" : `captured_at <= ${text(asOf)}`;
}

/** SQL: the states of the documents under the filter. A date is that of the newest state, which only a filter by date has to find. */
function writeChosen(plan: Plan, index: string, filter: DocumentFilter): string {
  const isDated = filter.startDate !== null || filter.endDate !== null;
  const newest = `first_value(document_date) OVER (PARTITION BY document_key ORDER BY ${writeStateOrder("DESC")})`;
  return `SELECT s.* FROM (SELECT i.*${isDated ? `, ${newest} AS newest_date` : ""} FROM ${index} i WHERE ${writeKnown(filter)}) s WHERE ${writeFilter(plan, filter)}`;
}

function writeFilter(plan: Plan, filter: DocumentFilter): string {
  const conditions = Object.entries(filter.documents).map(([column, values]) => {
    return `${keyValue(plan, column, "s")} IN (${values.map(text).join(", ")})`;
  });
  if (filter.startDate !== null) conditions.push(`s.newest_date >= ${text(filter.startDate)}`);
  if (filter.endDate !== null) conditions.push(`s.newest_date <= ${text(filter.endDate)}`);
  return conditions.length === 0 ? "TRUE" : conditions.join(" AND ");
}
