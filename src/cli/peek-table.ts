import { type SqlRow, type SqlValue, sqlText } from "../sql/sql-value.ts";
import { printable } from "./printable.ts";

const LONGEST_CELL = 32;
const GAP = 2;

/**
 * Rows as tables that fit a width. The key comes first, then columns with values, those first that tell the rows apart; columns
 * without a value and those that repeat another are left out, and `late` ones come last. `isWhole`: as many tables as all columns with values need, the key in each.
 */
export function peekTables(
  rows: readonly SqlRow[],
  key: readonly string[],
  options: { readonly width: number; readonly isWhole: boolean; readonly late: ReadonlySet<string> },
): readonly (readonly Readonly<Record<string, string>>[])[] {
  const { width, isWhole } = options;
  const [first] = rows;
  if (first === undefined) return [];
  const texts = new Map(Object.keys(first).map((column) => [column, rows.map((row) => cell(row[column]))]));
  const size = (column: string): number => Math.max(column.length, ...(texts.get(column) ?? []).map((text) => text.length)) + GAP;
  const others = orderedColumns(texts, key, isWhole, options.late);
  const tables: string[][] = [];
  let table = [...key];
  let used = key.reduce((sum, column) => sum + size(column), 0);
  for (const column of others) {
    if (used + size(column) > width && table.length > key.length) {
      tables.push(table);
      // Without all columns, what is smaller may still fit into the one table: that would tear the order apart.
      if (!isWhole) return tables.map((columns) => toRows(columns, texts, rows.length));
      table = [...key];
      used = key.reduce((sum, name) => sum + size(name), 0);
    }
    table.push(column);
    used += size(column);
  }
  return [...tables, table].map((columns) => toRows(columns, texts, rows.length));
}

function orderedColumns(
  texts: ReadonlyMap<string, readonly string[]>,
  key: readonly string[],
  isWhole: boolean,
  late: ReadonlySet<string>,
): readonly string[] {
  const seen = new Set(key.map((column) => JSON.stringify(texts.get(column))));
  const kept: string[] = [];
  for (const [column, values] of texts) {
    if (key.includes(column) || values.every((value) => value === "")) continue;
    const content = JSON.stringify(values);
    // One row says nothing about what repeats what.
    if (!isWhole && values.length > 1 && seen.has(content)) continue;
    seen.add(content);
    kept.push(column);
  }
  if (isWhole) return kept;
  const tells = (column: string): boolean => new Set(texts.get(column)).size > 1;
  const rank = (column: string): number => (late.has(column) ? 2 : tells(column) ? 0 : 1);
  return kept.toSorted((a, b) => rank(a) - rank(b));
}

function toRows(
  columns: readonly string[],
  texts: ReadonlyMap<string, readonly string[]>,
  count: number,
): readonly Readonly<Record<string, string>>[] {
  return Array.from({ length: count }, (_, at) => Object.fromEntries(columns.map((column) => [column, texts.get(column)?.[at] ?? ""])));
}

function cell(value: SqlValue | undefined): string {
  // A time without what nobody reads.
  const text = sqlText(value).replace(/^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})\.\d{6}Z$/, "$1 $2");
  return printable(text, LONGEST_CELL);
}
