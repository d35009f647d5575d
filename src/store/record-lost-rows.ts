import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { OpenStore } from "./open-store.ts";
import { sqlText } from "../sql/sql-value.ts";
import type { Mapping } from "../mapping/mapping.ts";
import { quoteText as text } from "../sql/quote.ts";

/**
 * Settles the accounts of tables that begin anew or go: what all runs left in them counts as deleted, by a run of its own, so that
 * rows = inserted − deleted over all runs holds for the new table too. Inside the transaction that replaces or drops them.
 */
export async function recordLostRows(store: OpenStore, mapping: Mapping, tables: readonly string[]): Promise<void> {
  if (tables.length === 0) return;
  const left = await store.rows(
    `SELECT target, CAST(sum(inserted) - sum(deleted) AS BIGINT) AS n FROM ${store.state("run_targets")} WHERE target IN (${tables.map(text).join(", ")}) GROUP BY target HAVING sum(inserted) <> sum(deleted) ORDER BY target`,
  );
  if (left.length === 0) return;
  const runId = randomUUID();
  await store.run(
    `INSERT INTO ${store.state("runs")} (run_id, mapping, fingerprint, mode, engine, status, host, pid, started_at, finished_at, options, exit) VALUES (${text(runId)}, ${text(mapping.name)}, '', 'schema', 'duckdb', 'done', ${text(hostname())}, ${String(process.pid)}, now(), now(), '{}', 0)`,
  );
  const rows = left.map((row) => `(${text(runId)}, ${text(sqlText(row["target"]))}, 0, 0, 0, 0, ${sqlText(row["n"])}, 0, 0)`);
  await store.run(
    `INSERT INTO ${store.state("run_targets")} (run_id, target, rows_in, inserted, updated, unchanged, deleted, stale, quarantined) VALUES ${rows.join(", ")}`,
  );
}
