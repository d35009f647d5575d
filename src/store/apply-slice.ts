import { atStep } from "../core/faults.ts";
import { targetColumns, type Plan, type PlanTarget } from "../plan/plan.ts";
import type { OpenStore } from "./open-store.ts";
import { quoteName as name, quoteText as text } from "../sql/quote.ts";
import { SLICE_COLUMNS, SLICE_TABLES, targetTable } from "../sql/slice-tables.ts";
import type { SliceApplication } from "./slice-application.ts";
import type { StagedSlice } from "./staged-slice.ts";
import { type AppliedRows, recordSlice } from "./record-slice.ts";
import { INPUT_TABLES, writeInputColumns } from "./slice-input.ts";
import { confirmDocuments } from "./confirm-documents.ts";
import { LINEAGE, LINEAGE_VALUES, ownColumns } from "./row-columns.ts";
import { recordStep } from "./streams.ts";
import { requirePrepared } from "./prepare-schema.ts";
import { writeOrderKey, writeSameState } from "../sql/order-key.ts";

const slot = name(SLICE_COLUMNS.slot);

const TRIED = INPUT_TABLES.tried;
/** Of the tried states those that are to be written: passed, and newer than what is applied (or applied under another plan). */
const GO = "slice_go";

/** How a slice gets to where the store's SQL runs, and what the tables that it is written to were made like. */
export interface PreparedStore {
  readonly schemaHash: string;
  /** Brings what is known of the slice beside its rows to where the store's SQL runs. Inside the transaction. */
  readonly stage: () => Promise<StagedSlice>;
}

/**
 * Writes one slice in one transaction: the rows of all targets, the applied states, what failed, the counts. A slice that is written
 * already (its commit was not heard of) is not written again.
 */
export async function applySlice(
  store: OpenStore,
  plan: Plan,
  application: SliceApplication,
  { schemaHash, stage }: PreparedStore,
): Promise<void> {
  await atStep("apply.begin");
  const written = await store.transaction(async () => {
    const staged = await stage();
    await atStep("apply.staged");
    await store.lock(plan.mapping);
    if (await isWritten(store, application)) return null;
    if (application.stream !== null) await recordStep(store, plan, application.runId, application.stream);
    await requirePrepared(store, plan.mapping, schemaHash);
    await chooseNewer(store, plan);
    const counts = (
      await store.rows(
        `SELECT count(*) FILTER (WHERE is_new) AS fresh, count(*) FILTER (WHERE confirms) AS confirmed, count(*) FILTER (WHERE NOT is_new AND NOT confirms) AS known FROM ${GO}`,
      )
    )[0];
    const [fresh, confirmed, known] = [Number(counts?.["fresh"]), Number(counts?.["confirmed"]), Number(counts?.["known"])];
    const confirmedRows = confirmed > 0 ? await confirmDocuments(store, plan, GO) : [];
    const settled = await staged.settle(store, GO);
    const { stored } = settled;
    const compared = plan.targets.map((_, at) => (stored.get(at)?.size ?? 0) < known);
    for (const [at, target] of plan.targets.entries())
      if (compared[at] === true) await compareRows(store, plan, target, { at, stored: [...(stored.get(at)?.keys() ?? [])] });
    if (known > 0) await atStep("apply.compared");
    const changes = await countChanges(store, plan, compared);
    const applied: AppliedRows[] = [];
    for (const [at, target] of plan.targets.entries()) {
      const reconciled = await reconcile(store, plan, target, at, changes[at] ?? new Map());
      const inserted = fresh > 0 ? await settled.insertFresh(target, at) : 0;
      if (reconciled.inserted + inserted > 0) await atStep("apply.inserted");
      const left = [...(stored.get(at)?.values() ?? [])].reduce((sum, rows) => sum + rows, confirmedRows[at] ?? 0);
      applied.push({ ...reconciled, inserted: reconciled.inserted + inserted, unchanged: reconciled.unchanged + left });
    }
    await recordSlice(store, plan, application, applied, GO);
    await store.run(`DELETE FROM ${GO}`);
    await atStep("commit.begin");
    return staged;
  });
  await atStep("commit.done");
  written?.committed();
}

async function isWritten(store: OpenStore, { runId, number }: SliceApplication): Promise<boolean> {
  return (await store.count(`SELECT slices FROM ${store.state("run_slices")} WHERE run_id = ${text(runId)}`)) > number;
}

/** Makes the temporary tables that applying works with, where the store's SQL runs. */
export async function makeApplyTables(store: OpenStore, plan: Plan): Promise<void> {
  const { dialect } = store;
  const make = async (table: string, columns: string): Promise<void> => {
    await store.run(`DROP TABLE IF EXISTS ${table}`);
    await store.run(dialect.writeTemporary(table, columns));
  };
  await make(GO, `${writeInputColumns("tried", dialect.textType)}, is_new BOOLEAN, applied_at TIMESTAMPTZ`);
  for (const [at, target] of plan.targets.entries()) {
    const types = new Map(targetColumns(plan, target).map((column) => [column.name, dialect.columnType(column.type)]));
    const key = target.primaryKey.map((column) => `${name(column)} ${types.get(column) ?? dialect.textType}`);
    // Of a length: a text of any would give each table another one for what is too long, which a server empties at each commit too.
    await make(changesTable(at), `${key.join(", ")}, ${slot} INTEGER, "$change" VARCHAR(9)`);
  }
}

function changesTable(target: number): string {
  return `slice_changes_${String(target)}`;
}

/**
 * The defensive guard: the whole order key, against what the store has applied now, inside the transaction. A state that was not shredded
 * goes only where the applied one is still the one that it repeats; where another process was faster it is left to the next run.
 */
async function chooseNewer(store: OpenStore, plan: Plan): Promise<void> {
  await store.run(
    `INSERT INTO ${GO} SELECT t.*, d.document_key IS NULL AS is_new, now() AS applied_at FROM ${TRIED} t ` +
      `LEFT JOIN ${store.state("documents")} d ON d.mapping = ${text(plan.mapping)} AND d.document_key = t.document_key ` +
      `WHERE t.passed AND (d.document_key IS NULL OR d.fingerprint <> ${text(plan.fingerprint)} OR ${writeOrderKey("t")} > ${writeOrderKey("d")}) ` +
      `AND (NOT t.confirms OR coalesce(d.fingerprint = ${text(plan.fingerprint)} AND ${writeSameState("t", "d")}, FALSE))`,
  );
}

/** What becomes of a row, by its key, of documents that the store has a state of. */
const CHANGES = ["inserted", "updated", "unchanged", "deleted"] as const;
type Change = (typeof CHANGES)[number];

/** Compares the rows of known documents with those that the store has: what becomes of each, by its key. `stored`: slots of which it has them all. */
async function compareRows(
  store: OpenStore,
  plan: Plan,
  target: PlanTarget,
  { at, stored: settled }: { readonly at: number; readonly stored: readonly number[] },
): Promise<void> {
  const key = target.primaryKey.map(name);
  const columns = ownColumns(plan, target);
  const others = columns.filter((column) => !key.includes(column));
  const differs = others.length === 0 ? "FALSE" : others.map((column) => `t.${column} IS DISTINCT FROM s.${column}`).join(" OR ");
  const documentKey = plan.source.documentKey.map(name);
  const compared = `NOT g.is_new${settled.length === 0 ? "" : ` AND g.${slot} NOT IN (${settled.join(", ")})`}`;
  const known = `SELECT DISTINCT ${documentKey.map((column) => `d.${column}`).join(", ")} FROM ${SLICE_TABLES.documents} d JOIN ${GO} g ON g.${slot} = d.${slot} AND ${compared}`;
  const slice = `SELECT s.* FROM ${targetTable(at)} s JOIN ${GO} g ON g.${slot} = s.${slot} AND ${compared}`;
  const stored = `SELECT t.* FROM ${store.table(target.name)} t JOIN (${known}) k ON ${documentKey.map((column) => `k.${column} = t.${column}`).join(" AND ")}`;
  await store.run(
    `INSERT INTO ${changesTable(at)} SELECT ${key.map((column) => `coalesce(s.${column}, t.${column})`).join(", ")}, s.${slot}, ` +
      `CASE WHEN t.${key[0] ?? ""} IS NULL THEN 'inserted' WHEN s.${slot} IS NULL THEN 'deleted' WHEN ${differs} THEN 'updated' ELSE 'unchanged' END ` +
      `FROM (${slice}) s FULL JOIN (${stored}) t ON ${sameKey(target, "t", "s")}`,
  );
}

function sameKey(target: PlanTarget, left: string, right: string): string {
  return target.primaryKey.map((column) => `${left}.${name(column)} = ${right}.${name(column)}`).join(" AND ");
}

/** How many rows of each target become what, of those that were compared. */
async function countChanges(store: OpenStore, plan: Plan, compared: readonly boolean[]): Promise<readonly ReadonlyMap<Change, number>[]> {
  const counts = plan.targets.map(() => new Map<Change, number>());
  const parts = plan.targets.flatMap((_, at) =>
    compared[at] === true
      ? [`SELECT ${String(at)} AS target, "$change" AS change, count(*) AS n FROM ${changesTable(at)} GROUP BY "$change"`]
      : [],
  );
  if (parts.length === 0) return counts;
  for (const row of await store.rows(parts.join(" UNION ALL "))) {
    const change = CHANGES.find((each) => each === row["change"]);
    if (change !== undefined) counts[Number(row["target"])]?.set(change, Number(row["n"]));
  }
  return counts;
}

/** Rows that the new state has not are deleted, changed ones updated, equal ones left alone. What has nothing to do is not asked for. */
async function reconcile(
  store: OpenStore,
  plan: Plan,
  target: PlanTarget,
  at: number,
  counts: ReadonlyMap<Change, number>,
): Promise<AppliedRows> {
  const table = store.table(target.name);
  const changes = changesTable(at);
  const columns = ownColumns(plan, target);
  const others = columns.filter((column) => !target.primaryKey.map(name).includes(column));
  const has = (change: Change): boolean => (counts.get(change) ?? 0) > 0;
  const rows = `${targetTable(at)} s JOIN ${GO} g ON g.${slot} = s.${slot} JOIN ${changes} c ON c.${slot} = s.${slot} AND ${sameKey(target, "c", "s")}`;
  let [deleted, updated, inserted] = [0, 0, 0];
  if (has("deleted"))
    deleted = await store.run(
      `DELETE FROM ${table} AS t USING ${changes} c WHERE c."$change" = 'deleted' AND ${sameKey(target, "c", "t")}`,
    );
  if (has("deleted")) await atStep("apply.deleted");
  if (has("updated")) {
    const sets = [...others.map((column) => `${column} = n.${column}`), ...LINEAGE.map((column) => `${column} = n.${column}`)];
    const values = LINEAGE.map((column, position) => `${LINEAGE_VALUES[position] ?? ""} AS ${column}`);
    updated = await store.run(
      `UPDATE ${table} AS t SET ${sets.join(", ")} FROM (SELECT ${[...columns.map((column) => `s.${column}`), ...values].join(", ")} FROM ${rows} WHERE c."$change" = 'updated') n WHERE ${sameKey(target, "t", "n")}`,
    );
    await atStep("apply.updated");
  }
  if (has("inserted"))
    inserted = await store.run(
      `INSERT INTO ${table} (${[...columns, ...LINEAGE].join(", ")}) SELECT ${[...columns.map((column) => `s.${column}`), ...LINEAGE_VALUES].join(", ")} FROM ${rows} WHERE c."$change" = 'inserted'`,
    );
  if (counts.size > 0) await store.run(`DELETE FROM ${changes}`);
  return { inserted, updated, unchanged: counts.get("unchanged") ?? 0, deleted };
}
