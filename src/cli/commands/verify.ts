import { EXIT, UserError } from "../../core/errors.ts";
import type { OpenStore } from "../../store/open-store.ts";
import type { Mapping, Target } from "../../mapping/mapping.ts";
import { DigestBuilder, combineDigests } from "../../quality/digest.ts";
import { duckdbDialect } from "../../sql/duckdb-dialect.ts";
import { canonicalRows, documentKeyOf } from "../../store/read-rows.ts";
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
  const targets = await readStore(context, async (store) => {
    const found: { name: string; rows: number; digest: string }[] = [];
    const tables = await storedTables(store, mappings);
    for (const target of mappings.flatMap((mapping) => mapping.targets).filter((candidate) => tables.has(candidate.name))) {
      await requireColumns(store, target);
      const builder = new DigestBuilder(target.fields.map((field) => field.type));
      for await (const batch of canonicalRows(store, target)) for (const row of batch) builder.add(row);
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
async function requireColumns(store: OpenStore, target: Target): Promise<void> {
  const [table] = await store.readTables([target.name]);
  const stored = new Set(table?.columns.map(({ name }) => name));
  const missing = target.fields.filter((field) => !stored.has(field.name)).map((field) => field.name);
  if (missing.length === 0) return;
  throw new UserError({
    code: "store.behind",
    message: `the store is behind the mapping: ${target.name} has no ${missing.join(", ")} yet`,
    next: "mlb-etl transform … --save adds the columns and fills them",
  });
}

/** Those of the mappings' tables that are there. */
async function storedTables(store: OpenStore, mappings: readonly Mapping[]): Promise<ReadonlySet<string>> {
  const names = mappings.flatMap(({ targets }) => targets.map(({ name }) => name));
  return new Set((await store.readTables(names)).map(({ name }) => name));
}

/** One sentence about counts that do not add up. */
interface Mismatch {
  readonly what: string;
  readonly expected: number;
  readonly got: number;
}

export async function runVerifyAccounting(_flags: unknown, context: CliContext): Promise<number> {
  const registry = await openRegistry(context.settings.values);
  const { checked, mismatches } = await readStore(context, async (store) => {
    const tables = await storedTables(store, registry.mappings);
    const found: Mismatch[] = [...(await checkRuns(store)), ...(await checkRunTargets(store))];
    let count = 2;
    for (const mapping of registry.mappings) {
      for (const target of mapping.targets.filter((candidate) => tables.has(candidate.name))) {
        found.push(...(await checkTarget(store, mapping, target.name)));
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
async function checkRuns(store: OpenStore): Promise<readonly Mismatch[]> {
  const rows = await store.rows(
    `SELECT run_id, selected, applied + unchanged + stale + quarantined AS parts FROM ${store.state("runs")} WHERE selected <> applied + unchanged + stale + quarantined`,
  );
  return rows.map((row) => ({
    what: `run ${sqlText(row["run_id"])}: selected = applied + unchanged + stale + quarantined`,
    expected: Number(row["selected"]),
    got: Number(row["parts"]),
  }));
}

/** rows in = inserted + updated + unchanged + stale + quarantined, for each run and target. */
async function checkRunTargets(store: OpenStore): Promise<readonly Mismatch[]> {
  const rows = await store.rows(
    `SELECT run_id, target, rows_in, inserted + updated + unchanged + stale + quarantined AS parts FROM ${store.state("run_targets")} WHERE rows_in <> inserted + updated + unchanged + stale + quarantined`,
  );
  return rows.map((row) => ({
    what: `run ${sqlText(row["run_id"])}, ${sqlText(row["target"])}: rows in = inserted + updated + unchanged + stale + quarantined`,
    expected: Number(row["rows_in"]),
    got: Number(row["parts"]),
  }));
}

/** Rows there = inserted − deleted over all runs; every row's document is among the applied ones. */
async function checkTarget(store: OpenStore, mapping: Mapping, table: string): Promise<readonly Mismatch[]> {
  const target = mapping.targets.find((candidate) => candidate.name === table);
  if (target === undefined) return [];
  const mismatches: Mismatch[] = [];
  const [counts] = await store.rows(
    `SELECT (SELECT count(*) FROM ${store.table(table)}) AS n, (SELECT coalesce(sum(inserted) - sum(deleted), 0) FROM ${store.state("run_targets")} WHERE target = ${text(table)}) AS written`,
  );
  if (Number(counts?.["n"]) !== Number(counts?.["written"]))
    mismatches.push({
      what: `${table}: rows there = inserted − deleted over all runs`,
      expected: Number(counts?.["written"]),
      got: Number(counts?.["n"]),
    });
  const [orphans] = await store.rows(
    `SELECT count(*) AS n FROM ${store.table(table)} t WHERE NOT EXISTS (SELECT 1 FROM ${store.state("documents")} d WHERE d.mapping = ${text(mapping.name)} AND d.document_key = ${documentKeyOf(store, target, mapping.source.documentKey, "t")})`,
  );
  if (Number(orphans?.["n"]) > 0)
    mismatches.push({ what: `${table}: rows whose document is not among the applied ones`, expected: 0, got: Number(orphans?.["n"]) });
  return mismatches;
}
