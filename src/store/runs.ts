import { hostname } from "node:os";
import { isFileError } from "../core/file-error.ts";
import { type SqlRow, sqlText } from "../sql/sql-value.ts";
import type { Plan } from "../plan/plan.ts";
import { quoteText as text } from "../sql/quote.ts";
import type { OpenStore } from "./open-store.ts";

/** What a run is, when it begins. */
export interface RunStart {
  readonly runId: string;
  readonly mode: string;
  readonly engine: string;
  /** Filters and flags as JSON text. */
  readonly options: string;
  readonly failedCaptures: number;
}

/** How a run ended. */
export interface RunEnd {
  readonly status: "done" | "failed" | "interrupted";
  /** Documents that had nothing to try. */
  readonly unchanged: number;
  readonly exit: number;
  readonly error: string | null;
}

/** A run and its targets, as the store has them. */
export interface RunRecord {
  readonly run: SqlRow;
  /** States of the mapping's documents that are in quarantine now, from this run and from earlier ones. */
  readonly inQuarantine: number;
  /** In the order of their names. */
  readonly targets: readonly SqlRow[];
}

/** Notes that a run begins. Once: it may be asked again where nobody heard that it was done. */
export async function startRun(store: OpenStore, plan: Plan, run: RunStart): Promise<void> {
  await abandonDeadRuns(store);
  await store.transaction(async () => {
    await store.run(
      `INSERT INTO ${store.state("runs")} (run_id, mapping, fingerprint, mode, engine, status, host, pid, started_at, options, failed_captures) VALUES (${[run.runId, plan.mapping, plan.fingerprint, run.mode, run.engine].map(text).join(", ")}, 'running', ${text(hostname())}, ${String(process.pid)}, now(), ${text(run.options)}, ${String(run.failedCaptures)}) ON CONFLICT DO NOTHING`,
    );
    const targets = plan.targets.map((target) => `(${text(run.runId)}, ${text(target.name)}, 0, 0, 0, 0, 0, 0, 0)`);
    await store.run(`INSERT INTO ${store.state("run_targets")} VALUES ${targets.join(", ")} ON CONFLICT DO NOTHING`);
  });
}

/** Ends a run. Once, as it begins. */
export async function finishRun(store: OpenStore, runId: string, { status, unchanged, exit, error }: RunEnd): Promise<void> {
  await store.run(
    `UPDATE ${store.state("runs")} SET status = ${text(status)}, finished_at = now(), selected = selected + ${String(unchanged)}, unchanged = unchanged + ${String(unchanged)}, exit = ${String(exit)}, error = ${error === null ? "NULL" : text(error)} WHERE run_id = ${text(runId)} AND status = 'running'`,
  );
}

export async function readRun(store: OpenStore, runId: string): Promise<RunRecord> {
  const [run] = await store.rows(`SELECT * FROM ${store.state("runs")} WHERE run_id = ${text(runId)}`);
  if (run === undefined) throw new Error(`no run ${runId}`);
  const targets = await store.rows(`SELECT * FROM ${store.state("run_targets")} WHERE run_id = ${text(runId)} ORDER BY target`);
  const inQuarantine = await store.count(
    `SELECT count(DISTINCT (document_key, raw_id, position)) FROM ${store.state("quarantine")} WHERE mapping = ${text(sqlText(run["mapping"]))} AND status = 'open'`,
  );
  return { run, targets, inQuarantine };
}

/** Runs of this host whose process is gone were killed: what they had committed counts, and a later run goes on. */
async function abandonDeadRuns(store: OpenStore): Promise<void> {
  const running = await store.rows(
    `SELECT run_id, pid FROM ${store.state("runs")} WHERE status = 'running' AND host = ${text(hostname())}`,
  );
  for (const { run_id: runId, pid } of running) {
    if (isAlive(Number(pid))) continue;
    await store.run(`UPDATE ${store.state("runs")} SET status = 'abandoned', finished_at = now() WHERE run_id = ${text(sqlText(runId))}`);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isFileError(error, "EPERM");
  }
}
