import { targetColumns, type Plan, type PlanTarget } from "../../plan/plan.ts";
import type { Connection } from "../../duckdb/connection.ts";
import { duckdbDialect } from "../../sql/duckdb-dialect.ts";
import { SLICE_COLUMNS, SLICE_TABLES, targetTable } from "../../sql/slice-tables.ts";
import type { SliceApplication } from "../store.ts";
import { type AppliedRows, makeRecordTables, recordSlice } from "./record-slice.ts";
import { LINEAGE_COLUMNS, stateTable, storeTable } from "./target-schema.ts";
import { writeOrderKey } from "../../sql/order-key.ts";

const name = duckdbDialect.name.bind(duckdbDialect);
const text = duckdbDialect.text.bind(duckdbDialect);
const slot = name(SLICE_COLUMNS.slot);

/** The tried states of a slice, each with its order key. */
const TRIED = "slice_tried";
/** Those that are to be written: passed, and newer than what is applied (or applied under another plan). */
const GO = "slice_go";

/**
 * Writes one slice in one transaction: the rows of all targets, the applied states, what failed, the counts. The tables of the
 * slice are on this connection; the store is attached.
 */
export async function applySlice(connection: Connection, plan: Plan, application: SliceApplication): Promise<void> {
  // What a failed application left.
  for (const table of [TRIED, GO]) await connection.run(`DELETE FROM ${table}`);
  await loadTried(connection, application);
  await connection.transaction(async () => {
    await chooseNewer(connection, plan);
    const counts = (await connection.rows(`SELECT count(*) AS n, count(*) FILTER (WHERE is_new) AS fresh FROM ${GO}`))[0];
    const fresh = Number(counts?.["fresh"]);
    const known = Number(counts?.["n"]) - fresh;
    const applied: AppliedRows[] = [];
    for (const [at, target] of plan.targets.entries()) {
      const reconciled = known > 0 ? await reconcile(connection, plan, target, at) : { inserted: 0, updated: 0, unchanged: 0, deleted: 0 };
      const inserted = fresh > 0 ? await insertFresh(connection, plan, target, at) : 0;
      applied.push({ ...reconciled, inserted: reconciled.inserted + inserted });
    }
    await recordSlice(connection, plan, application, applied, { tried: TRIED, go: GO });
  });
  for (const table of [TRIED, GO]) await connection.run(`DELETE FROM ${table}`);
}

/**
 * Makes the temporary tables of applying on a connection, before any slice is on it: DuckDB plans the statements that an engine
 * prepared again at every run once a table was made after them.
 */
export async function makeApplyTables(connection: Connection, plan: Plan): Promise<void> {
  const state = `${slot} INTEGER, document_key VARCHAR, version VARCHAR, captured_at TIMESTAMPTZ, content_hash VARCHAR, request VARCHAR, raw_id BIGINT, position VARCHAR, passed BOOLEAN, is_last BOOLEAN`;
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
    ["INTEGER", "VARCHAR", "VARCHAR", "TIMESTAMPTZ", "VARCHAR", "VARCHAR", "BIGINT", "VARCHAR", "BOOLEAN", "BOOLEAN"],
    application.tried.map(({ slot: number, state, passed, last }) => [
      number,
      state.documentKey,
      state.version,
      state.capturedAt,
      state.contentHash,
      state.request,
      state.capture,
      state.position,
      passed,
      last,
    ]),
  );
}

/** The defensive guard: the whole order key, against what the store has applied now, inside the transaction. */
async function chooseNewer(connection: Connection, plan: Plan): Promise<void> {
  await connection.run(
    `INSERT INTO ${GO} SELECT t.*, d.document_key IS NULL AS is_new, now() AS applied_at FROM ${TRIED} t ` +
      `LEFT JOIN ${stateTable("documents")} d ON d.mapping = ${text(plan.mapping)} AND d.document_key = t.document_key ` +
      `WHERE t.passed AND (d.document_key IS NULL OR d.fingerprint <> ${text(plan.fingerprint)} OR ${writeOrderKey("t")} > ${writeOrderKey("d")})`,
  );
}

function ownColumns(plan: Plan, target: PlanTarget): readonly string[] {
  return targetColumns(plan, target).map((column) => name(column.name));
}

const LINEAGE = LINEAGE_COLUMNS.map((column) => name(column.name));
const LINEAGE_VALUES = ["g.version", "g.captured_at", "g.raw_id", "g.applied_at"];

/** Documents that the store has never had: their rows can be nowhere, so they are only inserted. */
async function insertFresh(connection: Connection, plan: Plan, target: PlanTarget, at: number): Promise<number> {
  const columns = ownColumns(plan, target);
  return connection.run(
    `INSERT INTO ${storeTable(target.name)} (${[...columns, ...LINEAGE].join(", ")}) ` +
      `SELECT ${[...columns.map((column) => `s.${column}`), ...LINEAGE_VALUES].join(", ")} FROM ${targetTable(at)} s JOIN ${GO} g ON g.${slot} = s.${slot} WHERE g.is_new`,
  );
}

/** Documents that the store has a state of: rows that the new state has not are deleted, changed ones updated, equal ones left alone. */
async function reconcile(connection: Connection, plan: Plan, target: PlanTarget, at: number): Promise<AppliedRows> {
  const table = storeTable(target.name);
  const key = target.primaryKey.map(name);
  const columns = ownColumns(plan, target);
  const others = columns.filter((column) => !key.includes(column));
  const same = (left: string, right: string): string => key.map((column) => `${left}.${column} = ${right}.${column}`).join(" AND ");
  const documentKey = plan.source.documentKey.map(name);
  const changes = changesTable(at);
  const differs = others.length === 0 ? "FALSE" : others.map((column) => `t.${column} IS DISTINCT FROM s.${column}`).join(" OR ");
  await connection.run(
    `INSERT INTO ${changes} SELECT ${key.map((column) => `s.${column}`).join(", ")}, s.${slot}, CASE WHEN t.${key[0] ?? ""} IS NULL THEN 'inserted' WHEN ${differs} THEN 'updated' ELSE 'unchanged' END AS "$change" ` +
      `FROM ${targetTable(at)} s JOIN ${GO} g ON g.${slot} = s.${slot} AND NOT g.is_new LEFT JOIN ${table} t ON ${same("t", "s")}`,
  );
  const counted = await connection.rows(`SELECT "$change" AS change, count(*) AS n FROM ${changes} GROUP BY "$change"`);
  const count = (change: string): number => Number(counted.find((row) => row["change"] === change)?.["n"] ?? 0);
  const documents = `SELECT DISTINCT ${documentKey.map((column) => `d.${column}`).join(", ")} FROM ${SLICE_TABLES.documents} d JOIN ${GO} g ON g.${slot} = d.${slot} AND NOT g.is_new`;
  const deleted = await connection.run(
    `DELETE FROM ${table} AS t USING (${documents}) d WHERE ${documentKey.map((column) => `t.${column} = d.${column}`).join(" AND ")} AND NOT EXISTS (SELECT 1 FROM ${changes} c WHERE ${same("c", "t")})`,
  );
  const from = `${targetTable(at)} s JOIN ${GO} g ON g.${slot} = s.${slot} JOIN ${changes} c ON c.${slot} = s.${slot} AND ${same("c", "s")}`;
  let updated = 0;
  if (count("updated") > 0) {
    const sets = [...others.map((column) => `${column} = n.${column}`), ...LINEAGE.map((column) => `${column} = n.${column}`)];
    const values = LINEAGE.map((column, position) => `${LINEAGE_VALUES[position] ?? ""} AS ${column}`);
    updated = await connection.run(
      `UPDATE ${table} AS t SET ${sets.join(", ")} FROM (SELECT ${[...columns.map((column) => `s.${column}`), ...values].join(", ")} FROM ${from} WHERE c."$change" = 'updated') n WHERE ${same("t", "n")}`,
    );
  }
  let inserted = 0;
  if (count("inserted") > 0) {
    inserted = await connection.run(
      `INSERT INTO ${table} (${[...columns, ...LINEAGE].join(", ")}) SELECT ${[...columns.map((column) => `s.${column}`), ...LINEAGE_VALUES].join(", ")} FROM ${from} WHERE c."$change" = 'inserted'`,
    );
  }
  await connection.run(`DELETE FROM ${changes}`);
  return { inserted, updated, unchanged: count("unchanged"), deleted };
}
