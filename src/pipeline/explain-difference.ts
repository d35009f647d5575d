import type { Connection } from "../duckdb/connection.ts";
import { instantOfMicros } from "../core/instant.ts";
import type { Plan } from "../plan/plan.ts";
import type { CanonicalRow, RowDifference } from "../quality/first-difference.ts";
import type { RawStore } from "../raw/raw-store.ts";
import { quoteText as text } from "../sql/quote.ts";
import { sqlText, sqlTextOrNull } from "../sql/sql-value.ts";
import type { CanonicalValue } from "../store/read-rows.ts";
import type { StoreAccess } from "../store/store.ts";
import { RowExplainer } from "./explain-row.ts";
import { parseRowKey } from "./row-key.ts";
import { StateShredder } from "./shredded-state.ts";

/** Where the captures and the rows of one side are. */
export interface Side {
  readonly raw: RawStore;
  readonly store: StoreAccess;
  readonly connection: Connection;
}

/** How one side has a row, and where that comes from. */
export interface SideOfDifference {
  /** Null where it has none. */
  readonly row: CanonicalRow | null;
  /** The applied state of the document; null where none is. `id` is of this side's raw. */
  readonly capture: {
    readonly id: number;
    readonly capturedAt: string;
    readonly version: string | null;
    readonly contentHash: string;
  } | null;
  /** Of the row's element in that capture's body; null where it has none. */
  readonly pointer: string | null;
  /** Of the columns that differ, what they read in it. */
  readonly reads: readonly { readonly column: string; readonly pointer: string | null; readonly text: string | null }[];
}

/** The capture and the place in it that one side's version of a row comes from. */
export async function explainSide(
  plan: Plan,
  difference: RowDifference,
  row: CanonicalRow | null,
  { raw, store, connection }: Side,
): Promise<SideOfDifference> {
  const target = plan.targets.find(({ name }) => name === difference.target.name);
  if (target === undefined) throw new Error(`no target ${difference.target.name}`);
  const written = target.primaryKey.map((column) => {
    const field = difference.target.fields.find(({ name }) => name === column);
    const value = difference.key[column] ?? null;
    return field?.type.name === "TIMESTAMPTZ" && typeof value === "bigint" ? instantOfMicros(value) : keyText(value);
  });
  const key = parseRowKey(plan, target, JSON.stringify(written));
  const [applied] = await store.open(
    connection,
    (open) =>
      open.rows(
        `SELECT raw_id, position, version, captured_at, content_hash FROM ${open.state("documents")} WHERE mapping = ${text(plan.mapping)} AND document_key = ${text(key.documentKey)}`,
      ),
    "read",
  );
  if (applied === undefined) return { row, capture: null, pointer: null, reads: [] };
  const shredder = new StateShredder(plan, raw, connection);
  const id = Number(applied["raw_id"]);
  const state = await shredder.shred({ capture: id, position: sqlText(applied["position"]), problem: null });
  const origin = await new RowExplainer(target, shredder).explain(state, key);
  return {
    row,
    capture: {
      id,
      capturedAt: sqlText(applied["captured_at"]),
      version: sqlTextOrNull(applied["version"]),
      contentHash: sqlText(applied["content_hash"]),
    },
    pointer: origin?.pointer ?? null,
    reads: (origin?.columns ?? [])
      .filter(({ column }) => difference.columns.includes(column.name))
      .flatMap(({ column, reads }) => reads.map(({ pointer, text: read }) => ({ column: column.name, pointer, text: read }))),
  };
}

function keyText(value: CanonicalValue): string {
  return typeof value === "string" ? value : String(value);
}
