import type { Plan } from "../../plan/plan.ts";
import type { Connection } from "../../duckdb/connection.ts";
import { duckdbDialect } from "../../sql/duckdb-dialect.ts";
import { SLICE_COLUMNS } from "../../sql/slice-tables.ts";
import type { SliceApplication } from "../store.ts";
import type { Placement } from "./placement.ts";
import { writeOrderKey } from "../../sql/order-key.ts";

const text = duckdbDialect.text.bind(duckdbDialect);
const slot = duckdbDialect.name(SLICE_COLUMNS.slot);

/** What a target's statements changed, as the database counted it. */
export interface AppliedRows {
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly deleted: number;
}

/** Temporary tables of the slice: the tried states, and those of them that are being written; and where they are written to. */
export interface TriedTables {
  readonly placement: Placement;
  readonly tried: string;
  readonly go: string;
}

/** The record of a slice, in its transaction: applied states, failures, bad values, warnings, counts. */
export async function recordSlice(
  connection: Connection,
  plan: Plan,
  application: SliceApplication,
  applied: readonly AppliedRows[],
  tables: TriedTables,
): Promise<void> {
  await loadFindings(connection, application);
  await recordDocuments(connection, plan, application, tables);
  await recordFindings(connection, plan, application, tables);
  await countDocuments(connection, plan, application, tables);
  await countRows(connection, plan, application, applied, tables);
  for (const table of [FINDINGS, ROWS]) await connection.run(`DELETE FROM ${table}`);
}

const FINDINGS = "slice_findings";
/** Rows that each slot has in each target: `target, $slot, n`. */
export const ROWS = "slice_rows";

/** Makes the temporary tables of recording on a connection. */
export async function makeRecordTables(connection: Connection): Promise<void> {
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE ${FINDINGS} (${slot} INTEGER, kind VARCHAR, target VARCHAR, rule VARCHAR, column_name VARCHAR, pointer VARCHAR, value VARCHAR)`,
  );
  await connection.run(`CREATE OR REPLACE TEMP TABLE ${ROWS} (target INTEGER, ${slot} INTEGER, n BIGINT)`);
}

async function loadFindings(connection: Connection, application: SliceApplication): Promise<void> {
  await connection.append(
    FINDINGS,
    ["INTEGER", "VARCHAR", "VARCHAR", "VARCHAR", "VARCHAR", "VARCHAR", "VARCHAR"],
    application.findings.map((finding) => [
      finding.slot,
      finding.kind,
      finding.target,
      finding.rule,
      finding.column,
      finding.pointer,
      finding.value,
    ]),
  );
  await connection.append(
    ROWS,
    ["INTEGER", "INTEGER", "BIGINT"],
    application.rows.map((row) => [row.target, row.slot, row.rows]),
  );
}

async function recordDocuments(
  connection: Connection,
  plan: Plan,
  application: SliceApplication,
  { go, placement }: TriedTables,
): Promise<void> {
  await connection.run(
    `INSERT OR REPLACE INTO ${placement.state("documents")} (mapping, document_key, version, captured_at, content_hash, request, raw_id, position, fingerprint, run_id, applied_at) ` +
      `SELECT ${text(plan.mapping)}, document_key, version, captured_at, content_hash, request, raw_id, position, ${text(plan.fingerprint)}, ${text(application.runId)}, applied_at FROM ${go}`,
  );
}

async function recordFindings(
  connection: Connection,
  plan: Plan,
  application: SliceApplication,
  { tried, go, placement }: TriedTables,
): Promise<void> {
  const mapping = text(plan.mapping);
  const run = text(application.runId);
  for (const table of ["bad_values", "warnings"]) {
    await connection.run(
      `DELETE FROM ${placement.state(table)} AS b USING ${go} g WHERE NOT g.confirms AND b.mapping = ${mapping} AND b.document_key = g.document_key`,
    );
  }
  await connection.run(
    `INSERT INTO ${placement.state("bad_values")} SELECT ${mapping}, g.document_key, g.raw_id, f.target, f.rule, f.column_name, f.pointer, f.value, ${run}, now() FROM ${FINDINGS} f JOIN ${go} g ON g.${slot} = f.${slot} WHERE f.kind = 'bad'`,
  );
  await connection.run(
    `INSERT INTO ${placement.state("warnings")} SELECT ${mapping}, g.document_key, g.raw_id, f.target, f.rule, f.pointer, f.value, ${run}, now() FROM ${FINDINGS} f JOIN ${go} g ON g.${slot} = f.${slot} WHERE f.kind = 'warn'`,
  );
  // What failed under another plan, or was told to be tried again, has been tried now; what is older than the applied state is settled by it.
  await connection.run(
    `UPDATE ${placement.state("quarantine")} AS q SET status = 'resolved' FROM ${tried} t WHERE q.mapping = ${mapping} AND q.document_key = t.document_key AND q.status <> 'resolved' AND (q.fingerprint <> ${text(plan.fingerprint)} OR q.status = 'retried') AND q.raw_id = t.raw_id AND q.position = t.position`,
  );
  await connection.run(
    `UPDATE ${placement.state("quarantine")} AS q SET status = 'resolved' FROM ${go} g WHERE q.mapping = ${mapping} AND q.document_key = g.document_key AND q.status <> 'resolved' AND ` +
      `${writeOrderKey("q")} <= ${writeOrderKey("g")}`,
  );
  await connection.run(
    `INSERT INTO ${placement.state("quarantine")} SELECT ${mapping}, t.document_key, t.raw_id, t.position, t.version, t.captured_at, t.content_hash, t.request, ${text(plan.fingerprint)}, f.kind, f.target, f.rule, f.column_name, f.pointer, f.value, ${run}, now(), 'open' ` +
      `FROM ${FINDINGS} f JOIN ${tried} t ON t.${slot} = f.${slot} WHERE f.kind IN ('rule', 'fail') AND NOT t.passed`,
  );
}

/** A document is counted when it is settled: applied, found older than the applied one, or out of candidates. */
async function countDocuments(
  connection: Connection,
  plan: Plan,
  application: SliceApplication,
  { tried, go, placement }: TriedTables,
): Promise<void> {
  const count = `SELECT count(*) FILTER (WHERE g.document_key IS NOT NULL) AS applied, count(*) FILTER (WHERE t.passed AND g.document_key IS NULL) AS stale, count(*) FILTER (WHERE NOT t.passed AND t.is_last) AS quarantined, count(*) FILTER (WHERE NOT t.passed) AS failed FROM ${tried} t LEFT JOIN ${go} g ON g.${slot} = t.${slot}`;
  const found = (kind: string, table: string): string =>
    `(SELECT count(*) FROM ${FINDINGS} f JOIN ${go} g ON g.${slot} = f.${slot} WHERE f.kind = ${text(kind)}) + ` +
    `(SELECT count(*) FROM ${placement.state(table)} b JOIN ${go} g ON g.confirms AND g.document_key = b.document_key WHERE b.mapping = ${text(plan.mapping)})`;
  const findings = `SELECT ${found("bad", "bad_values")} AS bad, ${found("warn", "warnings")} AS warn`;
  await connection.run(
    `UPDATE ${placement.state("runs")} AS r SET selected = r.selected + c.applied + c.stale + c.quarantined, applied = r.applied + c.applied, stale = r.stale + c.stale, quarantined = r.quarantined + c.quarantined, failed_states = r.failed_states + c.failed, bad_values = r.bad_values + f.bad, warnings = r.warnings + f.warn ` +
      `FROM (${count}) c, (${findings}) f WHERE r.run_id = ${text(application.runId)}`,
  );
}

async function countRows(
  connection: Connection,
  plan: Plan,
  application: SliceApplication,
  applied: readonly AppliedRows[],
  { tried, go, placement }: TriedTables,
): Promise<void> {
  const values = plan.targets.map((target, at) => {
    const counts = applied[at] ?? { inserted: 0, updated: 0, unchanged: 0, deleted: 0 };
    return `(${String(at)}, ${text(target.name)}, ${String(counts.inserted)}, ${String(counts.updated)}, ${String(counts.unchanged)}, ${String(counts.deleted)})`;
  });
  const seen = `SELECT r.target, sum(r.n) AS rows_in, coalesce(sum(r.n) FILTER (WHERE t.passed AND g.document_key IS NULL), 0) AS stale, coalesce(sum(r.n) FILTER (WHERE NOT t.passed), 0) AS quarantined FROM ${ROWS} r JOIN ${tried} t ON t.${slot} = r.${slot} LEFT JOIN ${go} g ON g.${slot} = r.${slot} GROUP BY r.target`;
  await connection.run(
    `INSERT INTO ${placement.state("run_targets")} AS old (run_id, target, rows_in, inserted, updated, unchanged, deleted, stale, quarantined) ` +
      `SELECT ${text(application.runId)}, v.name, coalesce(s.rows_in, 0), v.inserted, v.updated, v.unchanged, v.deleted, coalesce(s.stale, 0), coalesce(s.quarantined, 0) ` +
      `FROM (VALUES ${values.join(", ")}) v(target, name, inserted, updated, unchanged, deleted) LEFT JOIN (${seen}) s ON s.target = v.target ` +
      `ON CONFLICT (run_id, target) DO UPDATE SET rows_in = old.rows_in + excluded.rows_in, inserted = old.inserted + excluded.inserted, updated = old.updated + excluded.updated, unchanged = old.unchanged + excluded.unchanged, deleted = old.deleted + excluded.deleted, stale = old.stale + excluded.stale, quarantined = old.quarantined + excluded.quarantined`,
  );
}
