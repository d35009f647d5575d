import type { AppendKind, Connection } from "../duckdb/connection.ts";
import { quoteName } from "../sql/quote.ts";
import { SLICE_COLUMNS } from "../sql/slice-tables.ts";
import type { SliceApplication } from "./slice-application.ts";

/** What is known of a slice beside its rows, in temporary tables where the store's SQL runs. */
export const INPUT_TABLES = {
  /** The tried states, each with its order key. */
  tried: "slice_tried",
  findings: "slice_findings",
  /** Rows that each slot has in each target: `target, $slot, n`. */
  rows: "slice_rows",
} as const;

type InputColumn = readonly [name: string, kind: AppendKind];

const SLOT: InputColumn = [SLICE_COLUMNS.slot, "INTEGER"];

/** The columns of each table, in order. */
export const INPUT_COLUMNS: Readonly<Record<keyof typeof INPUT_TABLES, readonly InputColumn[]>> = {
  tried: [
    SLOT,
    ["document_key", "VARCHAR"],
    ["version", "VARCHAR"],
    ["captured_at", "TIMESTAMPTZ"],
    ["content_hash", "VARCHAR"],
    ["request", "VARCHAR"],
    ["raw_id", "BIGINT"],
    ["position", "VARCHAR"],
    ["passed", "BOOLEAN"],
    ["confirms", "BOOLEAN"],
    ["is_last", "BOOLEAN"],
  ],
  findings: [
    SLOT,
    ["kind", "VARCHAR"],
    ["target", "VARCHAR"],
    ["rule", "VARCHAR"],
    ["column_name", "VARCHAR"],
    ["pointer", "VARCHAR"],
    ["value", "VARCHAR"],
  ],
  rows: [["target", "INTEGER"], SLOT, ["n", "BIGINT"]],
};

/** The columns of a table with their types, as SQL. */
export function writeInputColumns(table: keyof typeof INPUT_TABLES, textType: string): string {
  return INPUT_COLUMNS[table].map(([name, kind]) => `${quoteName(name)} ${kind === "VARCHAR" ? textType : kind}`).join(", ");
}

/** Makes the tables on a connection, before any slice is on it: the statements that an engine prepared before would be prepared anew. */
export async function makeInputTables(connection: Connection): Promise<void> {
  for (const table of inputTables())
    await connection.run(`CREATE OR REPLACE TEMP TABLE ${INPUT_TABLES[table]} (${writeInputColumns(table, "VARCHAR")})`);
}

type InputRow = readonly (string | number | boolean | null)[];

/** The rows of each table, in the order of its columns. */
export function inputRows({ tried, findings, rows }: SliceApplication): Readonly<Record<keyof typeof INPUT_TABLES, readonly InputRow[]>> {
  return {
    tried: tried.map(({ slot, state, passed, confirms, last }) => [
      slot,
      state.documentKey,
      state.version,
      state.capturedAt,
      state.contentHash,
      state.request,
      state.capture,
      state.position,
      passed,
      confirms,
      last,
    ]),
    findings: findings.map(({ slot, kind, target, rule, column, pointer, value }) => [slot, kind, target, rule, column, pointer, value]),
    rows: rows.map((row) => [row.target, row.slot, row.rows]),
  };
}

/** Fills the tables of a connection, in place of what they held. */
export async function loadInput(connection: Connection, application: SliceApplication): Promise<void> {
  const rows = inputRows(application);
  for (const table of inputTables()) {
    await connection.run(`DELETE FROM ${INPUT_TABLES[table]}`);
    const kinds = INPUT_COLUMNS[table].map(([, kind]) => kind);
    await connection.append(INPUT_TABLES[table], kinds, rows[table]);
  }
}

export function inputTables(): readonly (keyof typeof INPUT_TABLES)[] {
  return Object.keys(INPUT_TABLES) as (keyof typeof INPUT_TABLES)[];
}
