import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { Connection } from "../../duckdb/connection.ts";
import { sqlText } from "../../sql/sql-value.ts";
import type { Mapping } from "../../mapping/mapping.ts";
import { duckdbDialect } from "../../sql/duckdb-dialect.ts";
import type { Placement } from "./placement.ts";

const text = duckdbDialect.text.bind(duckdbDialect);

/**
 * Settles the accounts of tables that begin anew or go: what all runs left in them counts as deleted, by a run of its own, so that
 * rows = inserted − deleted over all runs holds for the new table too. Inside the transaction that replaces or drops them.
 */
export async function recordLostRows(
  connection: Connection,
  placement: Placement,
  mapping: Mapping,
  tables: readonly string[],
): Promise<void> {
  if (tables.length === 0) return;
  const left = await connection.rows(
    `SELECT target, CAST(sum(inserted) - sum(deleted) AS BIGINT) AS n FROM ${placement.state("run_targets")} WHERE target IN (${tables.map(text).join(", ")}) GROUP BY target HAVING n <> 0 ORDER BY target`,
  );
  if (left.length === 0) return;
  const runId = randomUUID();
  await connection.run(
    `INSERT INTO ${placement.state("runs")} (run_id, mapping, fingerprint, mode, engine, status, host, pid, started_at, finished_at, options, exit) VALUES (${text(runId)}, ${text(mapping.name)}, '', 'schema', 'duckdb', 'done', ${text(hostname())}, ${String(process.pid)}, now(), now(), '{}', 0)`,
  );
  const rows = left.map((row) => `(${text(runId)}, ${text(sqlText(row["target"]))}, 0, 0, 0, 0, ${sqlText(row["n"])}, 0, 0)`);
  await connection.run(
    `INSERT INTO ${placement.state("run_targets")} (run_id, target, rows_in, inserted, updated, unchanged, deleted, stale, quarantined) VALUES ${rows.join(", ")}`,
  );
}
