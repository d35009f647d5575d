import { targetColumns, type Plan } from "../../plan/plan.ts";
import type { Connection } from "../../duckdb/connection.ts";
import { duckdbDialect } from "../../sql/duckdb-dialect.ts";
import { SLICE_COLUMNS } from "../../sql/slice-tables.ts";
import type { Placement } from "./placement.ts";

const name = duckdbDialect.name.bind(duckdbDialect);
const text = duckdbDialect.text.bind(duckdbDialect);
const slot = name(SLICE_COLUMNS.slot);

/**
 * States that are the applied ones again (the same body at a later time): their rows are there, and unchanged. Adds how many each has in
 * each target to `rows` (`target, $slot, n`), as the store counts them, and gives their number by target. Bad values and warnings stay, of the new capture.
 * @param go the states that are written, with `confirms`.
 */
export async function confirmDocuments(
  connection: Connection,
  plan: Plan,
  placement: Placement,
  { go, rows }: { readonly go: string; readonly rows: string },
): Promise<readonly number[]> {
  for (const [at, target] of plan.targets.entries()) {
    const types = new Map(targetColumns(plan, target).map((column) => [column.name, duckdbDialect.columnType(column.type)]));
    const same = plan.source.documentKey.map(
      (column, n) =>
        `t.${name(column)} = CAST(json_extract_string(g.document_key, '$[${String(n)}]') AS ${types.get(column) ?? "VARCHAR"})`,
    );
    await connection.run(
      `INSERT INTO ${rows} SELECT ${String(at)}, g.${slot}, count(*) FROM ${placement.table(target.name)} t JOIN ${go} g ON g.confirms AND ${same.join(" AND ")} GROUP BY g.${slot}`,
    );
  }
  for (const table of ["bad_values", "warnings"]) {
    await connection.run(
      `UPDATE ${placement.state(table)} AS b SET raw_id = g.raw_id FROM ${go} g WHERE g.confirms AND b.mapping = ${text(plan.mapping)} AND b.document_key = g.document_key`,
    );
  }
  const counted = await connection.rows(
    `SELECT r.target, sum(r.n) AS n FROM ${rows} r JOIN ${go} g ON g.${slot} = r.${slot} AND g.confirms GROUP BY r.target`,
  );
  const byTarget = new Map(counted.map((row) => [Number(row["target"]), Number(row["n"])]));
  return plan.targets.map((_, at) => byTarget.get(at) ?? 0);
}
