import { type Plan, targetColumns } from "../../plan/plan.ts";
import { quoteName as name } from "../../sql/quote.ts";
import { SLICE_COLUMNS, SLICE_TABLES, targetTable } from "../../sql/slice-tables.ts";
import { INPUT_COLUMNS, INPUT_TABLES, inputTables, writeInputColumns } from "../slice-input.ts";
import type { StoreDialect } from "../store-dialect.ts";

/** A table of a slice that a store's session gets a copy of, under the same name. */
export interface SliceTable {
  readonly table: string;
  /** The columns with their types there. */
  readonly columns: string;
  readonly names: readonly string[];
  /** SQL of the engine: a row as `COPY` reads it, in PostgreSQL's text format; that of a target's row is without its first column, the slot. Null for what the engine has not. */
  readonly line: string | null;
  /** Number of the target; null for every other table. */
  readonly target: number | null;
}

interface Column {
  readonly name: string;
  readonly sqlType: string;
  readonly isText: boolean;
}

/** All tables of a slice that applying needs: the targets last, in their order. */
export function sliceTables(plan: Plan, dialect: StoreDialect): readonly SliceTable[] {
  const slot: Column = { name: SLICE_COLUMNS.slot, sqlType: "integer", isText: false };
  const table = (of: string, target: number | null, columns: readonly Column[]): SliceTable => ({
    table: of,
    target,
    columns: columns.map((column) => `${name(column.name)} ${column.sqlType}`).join(", "),
    names: columns.map((column) => name(column.name)),
    line: writeLine(target === null ? columns : columns.slice(1)),
  });
  const typed = plan.targets.map((target) =>
    targetColumns(plan, target).map((column) => ({
      name: column.name,
      sqlType: dialect.columnType(column.type),
      isText: ["VARCHAR", "TEXT", "JSONB"].includes(column.type.name),
    })),
  );
  const documentKey = (typed[0] ?? []).filter((column) => plan.source.documentKey.includes(column.name));
  return [
    ...inputTables().map((input) => ({
      table: INPUT_TABLES[input],
      target: null,
      columns: writeInputColumns(input, dialect.textType),
      names: INPUT_COLUMNS[input].map(([column]) => name(column)),
      line: null,
    })),
    table(SLICE_TABLES.documents, null, [slot, ...documentKey]),
    ...typed.map((columns, at) => table(targetTable(at), at, [slot, ...columns])),
  ];
}

function writeLine(columns: readonly Column[]): string {
  return `concat_ws(chr(9), ${columns.map((column) => `coalesce(${writeValue(name(column.name), column.isText)}, '\\N')`).join(", ")})`;
}

/** A backslash before what would end a value. */
function writeValue(column: string, isText: boolean): string {
  const value = `CAST(${column} AS VARCHAR)`;
  if (!isText) return value;
  const escapes = [
    ["'\\'", "'\\\\'"],
    ["chr(9)", "'\\t'"],
    ["chr(10)", "'\\n'"],
    ["chr(13)", "'\\r'"],
  ];
  return escapes.reduce((escaped, [from = "", to = ""]) => `replace(${escaped}, ${from}, ${to})`, value);
}
