import { targetColumns, type Plan, type PlanTarget } from "../../plan/plan.ts";
import type { Connection } from "../../duckdb/connection.ts";
import { duckdbDialect } from "../../sql/duckdb-dialect.ts";
import { SLICE_COLUMNS, SLICE_TABLES, targetTable } from "../../sql/slice-tables.ts";
import type { SliceApplication } from "../store.ts";
import { type AppliedRows, ROWS, makeRecordTables, recordSlice } from "./record-slice.ts";
import { confirmDocuments } from "./confirm-documents.ts";
import { LINEAGE_COLUMNS } from "../mapping-schema.ts";
import type { Placement } from "./placement.ts";
import { requirePrepared } from "./prepare-schema.ts";
import { writeOrderKey, writeSameState } from "../../sql/order-key.ts";

const name = duckdbDialect.name.bind(duckdbDialect);
const text = duckdbDialect.text.bind(duckdbDialect);
const slot = name(SLICE_COLUMNS.slot);

/** The tried states of a slice, each with its order key. */
const TRIED = "slice_tried";
/** Those that are to be written: passed, and newer than what is applied (or applied under another plan). */
const GO = "slice_go";

/** The tables that a slice is written to, and what they were made like. */
export interface PreparedTables {
  readonly placement: Placement;
  readonly schemaHash: string;
}

/**
 * Writes one slice in one transaction: the rows of all targets, the applied states, what failed, the counts. The tables of the
 * slice are on this connection; the store is attached.
 */
export async function applySlice(
  connection: Connection,
  plan: Plan,
  application: SliceApplication,
  { placement, schemaHash }: PreparedTables,
): Promise<void> {
  // What a failed application left.
  for (const table of [TRIED, GO]) await connection.run(`DELETE FROM ${table}`);
  await loadTried(connection, application);
  await connection.transaction(async () => {
    await requirePrepared(connection, plan.mapping, schemaHash, placement);
    await chooseNewer(connection, plan, placement);
    const counts = (
      await connection.rows(
        `SELECT count(*) FILTER (WHERE is_new) AS fresh, count(*) FILTER (WHERE confirms) AS confirmed, count(*) FILTER (WHERE NOT is_new AND NOT confirms) AS known FROM ${GO}`,
      )
    )[0];
    const [fresh, confirmed, known] = [Number(counts?.["fresh"]), Number(counts?.["confirmed"]), Number(counts?.["known"])];
    const confirmedRows = confirmed > 0 ? await confirmDocuments(connection, plan, placement, { go: GO, rows: ROWS }) : [];
    if (known > 0) for (const [at, target] of plan.targets.entries()) await compareRows(connection, plan, target, at, placement);
    const changes = known > 0 ? await countChanges(connection, plan) : [];
    const applied: AppliedRows[] = [];
    for (const [at, target] of plan.targets.entries()) {
      const reconciled = await reconcile(connection, plan, target, at, changes[at] ?? new Map(), placement);
      const inserted = fresh > 0 ? await insertFresh(connection, plan, target, at, placement) : 0;
      applied.push({ ...reconciled, inserted: reconciled.inserted + inserted, unchanged: reconciled.unchanged + (confirmedRows[at] ?? 0) });
    }
    await recordSlice(connection, plan, application, applied, { tried: TRIED, go: GO, placement });
  });
  for (const table of [TRIED, GO]) await connection.run(`DELETE FROM ${table}`);
}

/**
 * Makes the temporary tables of applying on a connection, before any slice is on it: DuckDB plans the statements that an engine
 * prepared again at every run once a table was made after them.
 */
export async function makeApplyTables(connection: Connection, plan: Plan): Promise<void> {
  const state = `${slot} INTEGER, document_key VARCHAR, version VARCHAR, captured_at TIMESTAMPTZ, content_hash VARCHAR, request VARCHAR, raw_id BIGINT, position VARCHAR, passed BOOLEAN, confirms BOOLEAN, is_last BOOLEAN`;
  await connection.run(`CREATE OR REPLACE TEMP TABLE ${TRIED} (${state})`);
  await connection.run(`CREATE OR REPLACE TEMP TABLE ${GO} (${state}, is_new BOOLEAN, applied_at TIMESTAMPTZ)`);
  for (const [at, target] of plan.targets.entries()) {
    const types = new Map(targetColumns(plan, target).map((column) => [column.name, duckdbDialect.columnType(column.type)]));
    const key = target.primaryKey.map((column) => `${name(column)} ${types.get(column) ?? "VARCHAR"}`);
    await connection.run(`CREATE OR REPLACE TEMP TABLE ${changesTable(at)} (${key.join(", ")}, ${slot} INTEGER, "$change" VARCHAR)`);
  }
  await makeRecordTables(connection);
}

function changesTable(target: number): string {
  return `slice_changes_${String(target)}`;
}

async function loadTried(connection: Connection, application: SliceApplication): Promise<void> {
  await connection.append(
    TRIED,
    ["INTEGER", "VARCHAR", "VARCHAR", "TIMESTAMPTZ", "VARCHAR", "VARCHAR", "BIGINT", "VARCHAR", "BOOLEAN", "BOOLEAN", "BOOLEAN"],
    application.tried.map(({ slot: number, state, passed, confirms, last }) => [
      number,
      state.documentKey,
      state.version,
      state.capturedAt,
      state.contentHash,
      state.request,
      state.capture,
      state.position,
      passed,
      confirms,
      last,
    ]),
  );
}

/**
 * The defensive guard: the whole order key, against what the store has applied now, inside the transaction. A state that was not shredded
 * goes only where the applied one is still the one that it repeats; where another process was faster it is left to the next run.
 */
async function chooseNewer(connection: Connection, plan: Plan, placement: Placement): Promise<void> {
  await connection.run(
    `INSERT INTO ${GO} SELECT t.*, d.document_key IS NULL AS is_new, now() AS applied_at FROM ${TRIED} t ` +
      `LEFT JOIN ${placement.state("documents")} d ON d.mapping = ${text(plan.mapping)} AND d.document_key = t.document_key ` +
      `WHERE t.passed AND (d.document_key IS NULL OR d.fingerprint <> ${text(plan.fingerprint)} OR ${writeOrderKey("t")} > ${writeOrderKey("d")}) ` +
      `AND (NOT t.confirms OR coalesce(d.fingerprint = ${text(plan.fingerprint)} AND ${writeSameState("t", "d")}, FALSE))`,
  );
}

function ownColumns(plan: Plan, target: PlanTarget): readonly string[] {
  return targetColumns(plan, target).map((column) => name(column.name));
}

const LINEAGE = LINEAGE_COLUMNS.map((column) => name(column.name));
const LINEAGE_VALUES = ["g.version", "g.captured_at", "g.raw_id", "g.applied_at"];

/** Documents that the store has never had: their rows can be nowhere, so they are only inserted. */
async function insertFresh(connection: Connection, plan: Plan, target: PlanTarget, at: number, placement: Placement): Promise<number> {
  const columns = ownColumns(plan, target);
  return connection.run(
    `INSERT INTO ${placement.table(target.name)} (${[...columns, ...LINEAGE].join(", ")}) ` +
      `SELECT ${[...columns.map((column) => `s.${column}`), ...LINEAGE_VALUES].join(", ")} FROM ${targetTable(at)} s JOIN ${GO} g ON g.${slot} = s.${slot} WHERE g.is_new`,
  );
}

/** What becomes of a row, by its key, of documents that the store has a state of. */
const CHANGES = ["inserted", "updated", "unchanged", "deleted"] as const;
type Change = (typeof CHANGES)[number];

/** Compares the rows of known documents with those that the store has: what becomes of each, by its key. */
async function compareRows(connection: Connection, plan: Plan, target: PlanTarget, at: number, placement: Placement): Promise<void> {
  const key = target.primaryKey.map(name);
  const columns = ownColumns(plan, target);
  const others = columns.filter((column) => !key.includes(column));
  const differs = others.length === 0 ? "FALSE" : others.map((column) => `t.${column} IS DISTINCT FROM s.${column}`).join(" OR ");
  const documentKey = plan.source.documentKey.map(name);
  const known = `SELECT DISTINCT ${documentKey.map((column) => `d.${column}`).join(", ")} FROM ${SLICE_TABLES.documents} d JOIN ${GO} g ON g.${slot} = d.${slot} AND NOT g.is_new`;
  const slice = `SELECT s.* FROM ${targetTable(at)} s JOIN ${GO} g ON g.${slot} = s.${slot} AND NOT g.is_new`;
  const stored = `SELECT t.* FROM ${placement.table(target.name)} t JOIN (${known}) k ON ${documentKey.map((column) => `k.${column} = t.${column}`).join(" AND ")}`;
  await connection.run(
    `INSERT INTO ${changesTable(at)} SELECT ${key.map((column) => `coalesce(s.${column}, t.${column})`).join(", ")}, s.${slot}, ` +
      `CASE WHEN t.${key[0] ?? ""} IS NULL THEN 'inserted' WHEN s.${slot} IS NULL THEN 'deleted' WHEN ${differs} THEN 'updated' ELSE 'unchanged' END ` +
      `FROM (${slice}) s FULL JOIN (${stored}) t ON ${sameKey(target, "t", "s")}`,
  );
}

function sameKey(target: PlanTarget, left: string, right: string): string {
  return target.primaryKey.map((column) => `${left}.${name(column)} = ${right}.${name(column)}`).join(" AND ");
}

/** How many rows of each target become what. */
async function countChanges(connection: Connection, plan: Plan): Promise<readonly ReadonlyMap<Change, number>[]> {
  const counts = plan.targets.map(() => new Map<Change, number>());
  const parts = plan.targets.map(
    (_, at) => `SELECT ${String(at)} AS target, "$change" AS change, count(*) AS n FROM ${changesTable(at)} GROUP BY "$change"`,
  );
  for (const row of await connection.rows(parts.join(" UNION ALL "))) {
    const change = CHANGES.find((each) => each === row["change"]);
    if (change !== undefined) counts[Number(row["target"])]?.set(change, Number(row["n"]));
  }
  return counts;
}

/** Rows that the new state has not are deleted, changed ones updated, equal ones left alone. What has nothing to do is not asked for. */
async function reconcile(
  connection: Connection,
  plan: Plan,
  target: PlanTarget,
  at: number,
  counts: ReadonlyMap<Change, number>,
  placement: Placement,
): Promise<AppliedRows> {
  const table = placement.table(target.name);
  const changes = changesTable(at);
  const columns = ownColumns(plan, target);
  const others = columns.filter((column) => !target.primaryKey.map(name).includes(column));
  const has = (change: Change): boolean => (counts.get(change) ?? 0) > 0;
  const rows = `${targetTable(at)} s JOIN ${GO} g ON g.${slot} = s.${slot} JOIN ${changes} c ON c.${slot} = s.${slot} AND ${sameKey(target, "c", "s")}`;
  let [deleted, updated, inserted] = [0, 0, 0];
  if (has("deleted"))
    deleted = await connection.run(
      `DELETE FROM ${table} AS t USING ${changes} c WHERE c."$change" = 'deleted' AND ${sameKey(target, "c", "t")}`,
    );
  if (has("updated")) {
    const sets = [...others.map((column) => `${column} = n.${column}`), ...LINEAGE.map((column) => `${column} = n.${column}`)];
    const values = LINEAGE.map((column, position) => `${LINEAGE_VALUES[position] ?? ""} AS ${column}`);
    updated = await connection.run(
      `UPDATE ${table} AS t SET ${sets.join(", ")} FROM (SELECT ${[...columns.map((column) => `s.${column}`), ...values].join(", ")} FROM ${rows} WHERE c."$change" = 'updated') n WHERE ${sameKey(target, "t", "n")}`,
    );
  }
  if (has("inserted"))
    inserted = await connection.run(
      `INSERT INTO ${table} (${[...columns, ...LINEAGE].join(", ")}) SELECT ${[...columns.map((column) => `s.${column}`), ...LINEAGE_VALUES].join(", ")} FROM ${rows} WHERE c."$change" = 'inserted'`,
    );
  if (counts.size > 0) await connection.run(`DELETE FROM ${changes}`);
  return { inserted, updated, unchanged: counts.get("unchanged") ?? 0, deleted };
}
