import { targetColumns, type Plan } from "../plan/plan.ts";
import type { OpenStore } from "./open-store.ts";
import { quoteName as name, quoteText as text } from "../sql/quote.ts";
import { INPUT_TABLES } from "./slice-input.ts";
import { SLICE_COLUMNS } from "../sql/slice-tables.ts";

const slot = name(SLICE_COLUMNS.slot);

/**
 * States that are the applied ones again (the same body at a later time): their rows are there, and unchanged. Adds how many each has in
 * each target to the rows of the slice, as the store counts them, and gives their number by target. Bad values and warnings stay, of the new capture.
 * @param go the states that are written, with `confirms`.
 */
export async function confirmDocuments(store: OpenStore, plan: Plan, go: string): Promise<readonly number[]> {
  for (const [at, target] of plan.targets.entries()) {
    const types = new Map(targetColumns(plan, target).map((column) => [column.name, store.dialect.columnType(column.type)]));
    const same = plan.source.documentKey.map(
      (column, n) =>
        `t.${name(column)} = CAST(${store.dialect.keyPart("g.document_key", n)} AS ${types.get(column) ?? store.dialect.textType})`,
    );
    await store.run(
      `INSERT INTO ${INPUT_TABLES.rows} SELECT ${String(at)}, g.${slot}, count(*) FROM ${store.table(target.name)} t JOIN ${go} g ON g.confirms AND ${same.join(" AND ")} GROUP BY g.${slot}`,
    );
  }
  for (const table of ["bad_values", "warnings"]) {
    await store.run(
      `UPDATE ${store.state(table)} AS b SET raw_id = g.raw_id FROM ${go} g WHERE g.confirms AND b.mapping = ${text(plan.mapping)} AND b.document_key = g.document_key`,
    );
  }
  const counted = await store.rows(
    `SELECT r.target, sum(r.n) AS n FROM ${INPUT_TABLES.rows} r JOIN ${go} g ON g.${slot} = r.${slot} AND g.confirms GROUP BY r.target`,
  );
  const byTarget = new Map(counted.map((row) => [Number(row["target"]), Number(row["n"])]));
  return plan.targets.map((_, at) => byTarget.get(at) ?? 0);
}
