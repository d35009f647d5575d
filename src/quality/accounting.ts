import type { Mapping } from "../mapping/mapping.ts";
import { quoteText as text } from "../sql/quote.ts";
import { sqlText } from "../sql/sql-value.ts";
import type { OpenStore } from "../store/open-store.ts";
import { documentKeyOf } from "../store/read-rows.ts";
import { storedTables } from "./store-digest.ts";

/** One sentence about counts that do not add up. */
export interface Mismatch {
  readonly what: string;
  readonly expected: number;
  readonly got: number;
}

/** Whether the counts of all runs add up, and the rows of the mappings belong to applied documents. */
export async function checkAccounting(
  store: OpenStore,
  mappings: readonly Mapping[],
): Promise<{ readonly checks: number; readonly mismatches: readonly Mismatch[] }> {
  const tables = await storedTables(store, mappings);
  const mismatches: Mismatch[] = [...(await checkRuns(store)), ...(await checkRunTargets(store))];
  let checks = 2;
  for (const mapping of mappings) {
    for (const target of mapping.targets.filter((candidate) => tables.has(candidate.name))) {
      mismatches.push(...(await checkTarget(store, mapping, target.name)));
      checks += 2;
    }
  }
  return { checks, mismatches };
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
