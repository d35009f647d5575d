import { EXIT, UserError } from "../../core/errors.ts";
import type { Connection } from "../../duckdb/connection.ts";
import type { Mapping, Target } from "../../mapping/mapping.ts";
import { DigestBuilder, combineDigests } from "../../quality/digest.ts";
import { duckdbDialect } from "../../sql/duckdb-dialect.ts";
import { canonicalRows, documentKeyOf } from "../../store/duckdb/read-rows.ts";
import { stateTable, storeTable } from "../../store/duckdb/placement.ts";
import type { CliContext } from "../context.ts";
import { mappingsUnder, openRegistry, readStore } from "../platform.ts";
import { sqlText } from "../../sql/sql-value.ts";

const text = duckdbDialect.text.bind(duckdbDialect);

export interface DigestFlags {
  readonly endpoint?: string;
  readonly method?: string;
}

export async function runVerifyDigest(flags: DigestFlags, context: CliContext): Promise<number> {
  const registry = await openRegistry(context.settings.values);
  const mappings = mappingsUnder(registry, flags);
  const targets = await readStore(context, async (connection) => {
    const found: { name: string; rows: number; digest: string }[] = [];
    const tables = await storedTables(connection);
    for (const target of mappings.flatMap((mapping) => mapping.targets).filter((candidate) => tables.has(candidate.name))) {
      await requireColumns(connection, target);
      const builder = new DigestBuilder(target.fields.map((field) => field.type));
      for await (const batch of canonicalRows(connection, target)) for (const row of batch) builder.add(row);
      found.push({ name: target.name, ...builder.result() });
      context.out.progress(`digest: ${target.name}`);
    }
    return found;
  });
  if (targets.length === 0)
    throw new UserError({ code: "store.empty", message: "the store has no target of these mappings", next: "mlb-etl transform … --save" });
  const digest = combineDigests(targets);
  context.out.data({ schema_version: 1, targets, digest });
  context.out.table(targets);
  context.out.text(`digest ${digest}`);
  return EXIT.done;
}

/** @throws UserError `store.behind` where the mapping has columns that the store has not yet. */
async function requireColumns(connection: Connection, target: Target): Promise<void> {
  const [schema = "", table = ""] = target.name.split(".");
  const rows = await connection.rows(
    `SELECT column_name AS name FROM duckdb_columns() WHERE database_name = 'store' AND schema_name = ${text(schema)} AND table_name = ${text(table)}`,
  );
  const stored = new Set(rows.map((row) => sqlText(row["name"])));
  const missing = target.fields.filter((field) => !stored.has(field.name)).map((field) => field.name);
  if (missing.length === 0) return;
  throw new UserError({
    code: "store.behind",
    message: `the store is behind the mapping: ${target.name} has no ${missing.join(", ")} yet`,
    next: "mlb-etl transform … --save adds the columns and fills them",
  });
}

async function storedTables(connection: Connection): Promise<ReadonlySet<string>> {
  const rows = await connection.rows("SELECT schema_name || '.' || table_name AS name FROM duckdb_tables() WHERE database_name = 'store'");
  return new Set(rows.map((row) => sqlText(row["name"])));
}

/** One sentence about counts that do not add up. */
interface Mismatch {
  readonly what: string;
  readonly expected: number;
  readonly got: number;
}

export async function runVerifyAccounting(_flags: unknown, context: CliContext): Promise<number> {
  const registry = await openRegistry(context.settings.values);
  const { checked, mismatches } = await readStore(context, async (connection) => {
    const tables = await storedTables(connection);
    const found: Mismatch[] = [...(await checkRuns(connection)), ...(await checkRunTargets(connection))];
    let count = 2;
    for (const mapping of registry.mappings) {
      for (const target of mapping.targets.filter((candidate) => tables.has(candidate.name))) {
        found.push(...(await checkTarget(connection, mapping, target.name)));
        count += 2;
      }
    }
    return { checked: count, mismatches: found };
  });
  context.out.data({ schema_version: 1, checks: checked, mismatches, exit: mismatches.length === 0 ? EXIT.done : EXIT.someFailed });
  context.out.text(
    mismatches.length === 0 ? `${String(checked)} checks: all counts add up` : `${String(mismatches.length)} counts do not add up`,
  );
  if (mismatches.length > 0) context.out.table(mismatches.map((mismatch) => ({ ...mismatch })));
  return mismatches.length === 0 ? EXIT.done : EXIT.someFailed;
}

/** selected = applied + unchanged + stale + quarantined, for each run. */
async function checkRuns(connection: Connection): Promise<readonly Mismatch[]> {
  const rows = await connection.rows(
    `SELECT run_id, selected, applied + unchanged + stale + quarantined AS parts FROM ${stateTable("runs")} WHERE selected <> applied + unchanged + stale + quarantined`,
  );
  return rows.map((row) => ({
    what: `run ${sqlText(row["run_id"])}: selected = applied + unchanged + stale + quarantined`,
    expected: Number(row["selected"]),
    got: Number(row["parts"]),
  }));
}

/** rows in = inserted + updated + unchanged + stale + quarantined, for each run and target. */
async function checkRunTargets(connection: Connection): Promise<readonly Mismatch[]> {
  const rows = await connection.rows(
    `SELECT run_id, target, rows_in, inserted + updated + unchanged + stale + quarantined AS parts FROM ${stateTable("run_targets")} WHERE rows_in <> inserted + updated + unchanged + stale + quarantined`,
  );
  return rows.map((row) => ({
    what: `run ${sqlText(row["run_id"])}, ${sqlText(row["target"])}: rows in = inserted + updated + unchanged + stale + quarantined`,
    expected: Number(row["rows_in"]),
    got: Number(row["parts"]),
  }));
}

/** Rows there = inserted − deleted over all runs; every row's document is among the applied ones. */
async function checkTarget(connection: Connection, mapping: Mapping, table: string): Promise<readonly Mismatch[]> {
  const target = mapping.targets.find((candidate) => candidate.name === table);
  if (target === undefined) return [];
  const mismatches: Mismatch[] = [];
  const [counts] = await connection.rows(
    `SELECT (SELECT count(*) FROM ${storeTable(table)}) AS n, (SELECT coalesce(sum(inserted) - sum(deleted), 0) FROM ${stateTable("run_targets")} WHERE target = ${text(table)}) AS written`,
  );
  if (Number(counts?.["n"]) !== Number(counts?.["written"]))
    mismatches.push({
      what: `${table}: rows there = inserted − deleted over all runs`,
      expected: Number(counts?.["written"]),
      got: Number(counts?.["n"]),
    });
  const [orphans] = await connection.rows(
    `SELECT count(*) AS n FROM ${storeTable(table)} t WHERE NOT EXISTS (SELECT 1 FROM ${stateTable("documents")} d WHERE d.mapping = ${text(mapping.name)} AND d.document_key = ${documentKeyOf(target, mapping.source.documentKey, "t")})`,
  );
  if (Number(orphans?.["n"]) > 0)
    mismatches.push({ what: `${table}: rows whose document is not among the applied ones`, expected: 0, got: Number(orphans?.["n"]) });
  return mismatches;
}
