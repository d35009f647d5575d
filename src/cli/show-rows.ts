import type { SqlRow } from "../sql/sql-value.ts";
import type { Output } from "./output.ts";

/** Shows the answer to a question. All rows are given: a limit is the query's own affair. */
export function showRows(rows: readonly SqlRow[], out: Output): void {
  out.data(rows);
  if (rows.length === 0) out.text("no rows");
  else out.table(rows);
}
