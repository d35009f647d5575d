import type { Connection } from "../duckdb/connection.ts";
import { type SqlValue, sqlText, sqlTextOrNull } from "../sql/sql-value.ts";
import type { Finding } from "../engine/slice.ts";
import type { Plan, PlanTarget } from "../plan/plan.ts";
import type { RawStore } from "../raw/raw-store.ts";
import { duckdbDialect } from "../sql/duckdb-dialect.ts";
import { targetTable } from "../sql/slice-tables.ts";
import type { IndexedDocument } from "./index-document.ts";
import { openIndex } from "./open-index.ts";
import { type RowCells, type RowKey, cellColumns, cellsOf, differentCells } from "./row-key.ts";
import { StateShredder } from "./shredded-state.ts";
import { writeStateOrder } from "../sql/order-key.ts";

/** A row as one state of its document has it. */
export interface RowState {
  readonly capture: number;
  readonly capturedAt: string;
  readonly version: string | null;
  /** Why this state can never be in the store; null where it passes. */
  readonly failure: Finding | null;
  /** `unknown`: the state failed before it could be shredded. */
  readonly row: RowCells | "absent" | "unknown";
  /** Against the state before it whose row is known; empty where one of both has no row. */
  readonly changes: readonly { readonly column: string; readonly before: SqlValue; readonly after: SqlValue }[];
}

const INDEX = "document_index";

/** How a row looked in each capture of its document, oldest first: from raw alone, failed states too. Captures that say nothing of the document are left out. */
export async function* rowHistory(
  plan: Plan,
  target: PlanTarget,
  key: RowKey,
  deps: { readonly raw: RawStore; readonly connection: Connection },
): AsyncGenerator<RowState> {
  const index = openIndex(plan, deps.raw);
  await index.catchUp();
  await index.load(deps.connection, INDEX);
  const states = await deps.connection.rows(
    `SELECT * FROM ${INDEX} WHERE document_key = ${duckdbDialect.text(key.documentKey)} ORDER BY ${writeStateOrder("ASC")}`,
  );
  const shredder = new StateShredder(plan, deps.raw, deps.connection);
  const table = targetTable(plan.targets.indexOf(target));
  let before: RowCells | null = null;
  for (const state of states) {
    const problem = state["problem"] === null ? null : (JSON.parse(sqlText(state["problem"])) as IndexedDocument["problem"]);
    const { failure, hasRows } = await shredder.shred({ capture: Number(state["raw_id"]), position: sqlText(state["position"]), problem });
    const [found] = hasRows ? await shredder.rows(`SELECT ${cellColumns(plan, target)} FROM ${table} WHERE ${key.condition} LIMIT 1`) : [];
    const row = !hasRows ? "unknown" : found === undefined ? "absent" : cellsOf(plan, target, found);
    const cells: RowCells | null = typeof row === "string" ? null : row;
    yield {
      capture: Number(state["raw_id"]),
      capturedAt: sqlText(state["captured_at"]),
      version: sqlTextOrNull(state["version"]),
      failure,
      row,
      changes: before === null || cells === null ? [] : differentCells(plan, target, before, cells),
    };
    if (row !== "unknown") before = cells;
  }
}
