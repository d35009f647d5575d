import { atStep } from "../core/faults.ts";
import type { Plan } from "../plan/plan.ts";
import type { OpenStore } from "./open-store.ts";
import { quoteName as name, quoteText as text } from "../sql/quote.ts";
import { SLICE_COLUMNS } from "../sql/slice-tables.ts";
import { INPUT_TABLES } from "./slice-input.ts";
import { columnList, writeReplace } from "./state-tables.ts";
import type { SliceApplication } from "./slice-application.ts";
import { writeOrderKey } from "../sql/order-key.ts";

const slot = name(SLICE_COLUMNS.slot);

/** What a target's statements changed, as the database counted it. */
export interface AppliedRows {
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly deleted: number;
}

const { tried: TRIED, findings: FINDINGS, rows: ROWS } = INPUT_TABLES;

/**
 * The record of a slice, in its transaction: applied states, failures, bad values, warnings, counts, and that it is written.
 * @param go the states that are being written.
 */
export async function recordSlice(
  store: OpenStore,
  plan: Plan,
  application: SliceApplication,
  applied: readonly AppliedRows[],
  go: string,
): Promise<void> {
  await recordDocuments(store, plan, application, go);
  await atStep("record.documents");
  await recordFindings(store, plan, application, go);
  await atStep("record.findings");
  await countDocuments(store, plan, application, go);
  await countRows(store, plan, application, applied, go);
  const written = String(application.number + 1);
  await store.run(
    `INSERT INTO ${store.state("run_slices")} VALUES (${text(application.runId)}, ${written}) ON CONFLICT (run_id) DO UPDATE SET slices = ${written}`,
  );
  await atStep("record.done");
}

async function recordDocuments(store: OpenStore, plan: Plan, application: SliceApplication, go: string): Promise<void> {
  await store.run(
    `INSERT INTO ${store.state("documents")} (${columnList("documents")}) ` +
      `SELECT ${text(plan.mapping)}, document_key, version, captured_at, content_hash, request, raw_id, position, ${text(plan.fingerprint)}, ${text(application.runId)}, applied_at FROM ${go} WHERE TRUE ${writeReplace("documents")}`,
  );
}

async function recordFindings(store: OpenStore, plan: Plan, application: SliceApplication, go: string): Promise<void> {
  const mapping = text(plan.mapping);
  const run = text(application.runId);
  for (const table of ["bad_values", "warnings"]) {
    await store.run(
      `DELETE FROM ${store.state(table)} AS b USING ${go} g WHERE NOT g.confirms AND b.mapping = ${mapping} AND b.document_key = g.document_key`,
    );
  }
  await store.run(
    `INSERT INTO ${store.state("bad_values")} SELECT ${mapping}, g.document_key, g.raw_id, f.target, f.rule, f.column_name, f.pointer, f.value, ${run}, now() FROM ${FINDINGS} f JOIN ${go} g ON g.${slot} = f.${slot} WHERE f.kind = 'bad'`,
  );
  await store.run(
    `INSERT INTO ${store.state("warnings")} SELECT ${mapping}, g.document_key, g.raw_id, f.target, f.rule, f.pointer, f.value, ${run}, now() FROM ${FINDINGS} f JOIN ${go} g ON g.${slot} = f.${slot} WHERE f.kind = 'warn'`,
  );
  // What failed under another plan, or was told to be tried again, has been tried now; what is older than the applied state is settled by it.
  await store.run(
    `UPDATE ${store.state("quarantine")} AS q SET status = 'resolved' FROM ${TRIED} t WHERE q.mapping = ${mapping} AND q.document_key = t.document_key AND q.status <> 'resolved' AND (q.fingerprint <> ${text(plan.fingerprint)} OR q.status = 'retried') AND q.raw_id = t.raw_id AND q.position = t.position`,
  );
  await store.run(
    `UPDATE ${store.state("quarantine")} AS q SET status = 'resolved' FROM ${go} g WHERE q.mapping = ${mapping} AND q.document_key = g.document_key AND q.status <> 'resolved' AND ` +
      `${writeOrderKey("q")} <= ${writeOrderKey("g")}`,
  );
  await store.run(
    `INSERT INTO ${store.state("quarantine")} SELECT ${mapping}, t.document_key, t.raw_id, t.position, t.version, t.captured_at, t.content_hash, t.request, ${text(plan.fingerprint)}, f.kind, f.target, f.rule, f.column_name, f.pointer, f.value, ${run}, now(), 'open' ` +
      `FROM ${FINDINGS} f JOIN ${TRIED} t ON t.${slot} = f.${slot} WHERE f.kind IN ('rule', 'fail') AND NOT t.passed`,
  );
}

/** A document is counted when it is settled: applied, found older than the applied one, or out of candidates. */
async function countDocuments(store: OpenStore, plan: Plan, application: SliceApplication, go: string): Promise<void> {
  const count = `SELECT count(*) FILTER (WHERE g.document_key IS NOT NULL) AS applied, count(*) FILTER (WHERE t.passed AND g.document_key IS NULL) AS stale, count(*) FILTER (WHERE NOT t.passed AND t.is_last) AS quarantined, count(*) FILTER (WHERE NOT t.passed) AS failed FROM ${TRIED} t LEFT JOIN ${go} g ON g.${slot} = t.${slot}`;
  const found = (kind: string, table: string): string =>
    `(SELECT count(*) FROM ${FINDINGS} f JOIN ${go} g ON g.${slot} = f.${slot} WHERE f.kind = ${text(kind)}) + ` +
    `(SELECT count(*) FROM ${store.state(table)} b JOIN ${go} g ON g.confirms AND g.document_key = b.document_key WHERE b.mapping = ${text(plan.mapping)})`;
  const findings = `SELECT ${found("bad", "bad_values")} AS bad, ${found("warn", "warnings")} AS warn`;
  await store.run(
    `UPDATE ${store.state("runs")} AS r SET selected = r.selected + c.applied + c.stale + c.quarantined, applied = r.applied + c.applied, stale = r.stale + c.stale, quarantined = r.quarantined + c.quarantined, failed_states = r.failed_states + c.failed, bad_values = r.bad_values + f.bad, warnings = r.warnings + f.warn ` +
      `FROM (${count}) c, (${findings}) f WHERE r.run_id = ${text(application.runId)}`,
  );
}

async function countRows(
  store: OpenStore,
  plan: Plan,
  application: SliceApplication,
  applied: readonly AppliedRows[],
  go: string,
): Promise<void> {
  const values = plan.targets.map((target, at) => {
    const counts = applied[at] ?? { inserted: 0, updated: 0, unchanged: 0, deleted: 0 };
    return `(${String(at)}, ${text(target.name)}, ${String(counts.inserted)}, ${String(counts.updated)}, ${String(counts.unchanged)}, ${String(counts.deleted)})`;
  });
  const seen = `SELECT r.target, sum(r.n) AS rows_in, coalesce(sum(r.n) FILTER (WHERE t.passed AND g.document_key IS NULL), 0) AS stale, coalesce(sum(r.n) FILTER (WHERE NOT t.passed), 0) AS quarantined FROM ${ROWS} r JOIN ${TRIED} t ON t.${slot} = r.${slot} LEFT JOIN ${go} g ON g.${slot} = r.${slot} GROUP BY r.target`;
  await store.run(
    `INSERT INTO ${store.state("run_targets")} AS old (run_id, target, rows_in, inserted, updated, unchanged, deleted, stale, quarantined) ` +
      `SELECT ${text(application.runId)}, v.name, coalesce(s.rows_in, 0), v.inserted, v.updated, v.unchanged, v.deleted, coalesce(s.stale, 0), coalesce(s.quarantined, 0) ` +
      `FROM (VALUES ${values.join(", ")}) v(target, name, inserted, updated, unchanged, deleted) LEFT JOIN (${seen}) s ON s.target = v.target ` +
      `ON CONFLICT (run_id, target) DO UPDATE SET rows_in = old.rows_in + excluded.rows_in, inserted = old.inserted + excluded.inserted, updated = old.updated + excluded.updated, unchanged = old.unchanged + excluded.unchanged, deleted = old.deleted + excluded.deleted, stale = old.stale + excluded.stale, quarantined = old.quarantined + excluded.quarantined`,
  );
}
