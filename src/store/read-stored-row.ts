import type { OpenStore } from "./open-store.ts";
import type { SqlRow } from "../sql/sql-value.ts";
import type { ColumnType } from "../mapping/column-type.ts";
import { quoteName as name, quoteText as text } from "../sql/quote.ts";

/** A row of a store and what the store knows of its document. */
export interface StoredRow {
  /** All columns, lineage too; null where no row has the key. */
  readonly row: SqlRow | null;
  /** The applied state of the document; null where none is. */
  readonly document: SqlRow | null;
  /** Bad values of the applied state in this target. */
  readonly badValues: readonly SqlRow[];
  /** Findings of the document's states that are in quarantine, newest first. */
  readonly quarantine: readonly SqlRow[];
}

/** One column of a row's key: its value as text. */
export interface KeyText {
  readonly column: string;
  readonly type: ColumnType;
  readonly text: string;
}

/** A table that is not there has no rows. */
export async function readStoredRow(
  store: OpenStore,
  wanted: { readonly mapping: string; readonly table: string; readonly documentKey: string; readonly key: readonly KeyText[] },
): Promise<StoredRow> {
  const [schema = "", table = ""] = wanted.table.split(".");
  if (!(await store.tablesIn(schema)).has(table)) return { row: null, document: null, badValues: [], quarantine: [] };
  const document = `mapping = ${text(wanted.mapping)} AND document_key = ${text(wanted.documentKey)}`;
  const hasKey = wanted.key
    .map(({ column, type, text: value }) => `${name(column)} = ${store.dialect.leafValue(value, type)}`)
    .join(" AND ");
  const [row] = await store.rows(`SELECT * FROM ${store.table(wanted.table)} WHERE ${hasKey}`);
  const [applied] = await store.rows(`SELECT * FROM ${store.state("documents")} WHERE ${document}`);
  return {
    row: row ?? null,
    document: applied ?? null,
    badValues: await store.rows(
      `SELECT * FROM ${store.state("bad_values")} WHERE ${document} AND (target = ${text(wanted.table)} OR target IS NULL) ORDER BY pointer`,
    ),
    quarantine: await store.rows(
      `SELECT * FROM ${store.state("quarantine")} WHERE ${document} AND status <> 'resolved' ORDER BY recorded_at DESC, raw_id DESC, rule`,
    ),
  };
}
