import type { Connection } from "../../duckdb/connection.ts";
import type { SqlRow } from "../../sql/sql-value.ts";
import { duckdbDialect } from "../../sql/duckdb-dialect.ts";
import { stateTable, storeTable } from "./placement.ts";

/** A row of the attached store and what the store knows of its document. */
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

const text = duckdbDialect.text.bind(duckdbDialect);

/** `condition`: SQL over the table's columns. A table that is not there has no rows. */
export async function readStoredRow(
  connection: Connection,
  wanted: { readonly mapping: string; readonly table: string; readonly documentKey: string; readonly condition: string },
): Promise<StoredRow> {
  const [schema = "", table = ""] = wanted.table.split(".");
  const known = await connection.rows(
    `SELECT 1 FROM duckdb_tables() WHERE database_name = 'store' AND schema_name = ${text(schema)} AND table_name = ${text(table)}`,
  );
  if (known.length === 0) return { row: null, document: null, badValues: [], quarantine: [] };
  const document = `mapping = ${text(wanted.mapping)} AND document_key = ${text(wanted.documentKey)}`;
  const [row] = await connection.rows(`SELECT * FROM ${storeTable(wanted.table)} WHERE ${wanted.condition}`);
  const [applied] = await connection.rows(`SELECT * FROM ${stateTable("documents")} WHERE ${document}`);
  return {
    row: row ?? null,
    document: applied ?? null,
    badValues: await connection.rows(
      `SELECT * FROM ${stateTable("bad_values")} WHERE ${document} AND (target = ${text(wanted.table)} OR target IS NULL) ORDER BY pointer`,
    ),
    quarantine: await connection.rows(
      `SELECT * FROM ${stateTable("quarantine")} WHERE ${document} AND status <> 'resolved' ORDER BY recorded_at DESC, raw_id DESC, rule`,
    ),
  };
}
