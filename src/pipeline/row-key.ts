import { UserError } from "../core/errors.ts";
import { stableJson } from "../core/stable-json.ts";
import type { SqlRow, SqlValue } from "../sql/sql-value.ts";
import { renderColumnType } from "../mapping/column-type.ts";
import { readLeaf } from "../plan/leaf.ts";
import { type Plan, type PlanTarget, targetColumns } from "../plan/plan.ts";
import type { KeyText } from "../store/read-stored-row.ts";
import { duckdbDialect } from "../sql/duckdb-dialect.ts";
import { keyValue } from "./index-document.ts";

/** A row's primary key as somebody wrote it. */
export interface RowKey {
  /** In the order of the primary key. */
  readonly values: readonly KeyText[];
  /** The document that the row belongs to, as the document index names it: `[747175]`. */
  readonly documentKey: string;
  /** SQL of the engine: whether a row of the target has this key. */
  readonly condition: string;
}

/** The cells of a row by column, as DuckDB gives them. */
export type RowCells = ReadonlyMap<string, SqlValue>;

/**
 * Reads `747175,12`, or `[747175,"a,b"]` where a value has a comma in it: one value for each column of the primary key.
 * @throws UserError `explain.key`.
 */
export function parseRowKey(plan: Plan, target: PlanTarget, written: string): RowKey {
  const texts = splitKey(written);
  const columns = target.primaryKey.map((name) => {
    const column = targetColumns(plan, target).find((candidate) => candidate.name === name);
    if (column === undefined) throw new Error(`no column ${name}`);
    return column;
  });
  const expected = columns.map(({ name, type }) => `${name} ${renderColumnType(type)}`).join(", ");
  const wrong = (message: string): UserError =>
    new UserError({
      code: "explain.key",
      message: `the key of ${target.name} ${message}`,
      expected,
      got: JSON.stringify(written.slice(0, 200)),
    });
  if (texts?.length !== columns.length) throw wrong(`has ${String(columns.length)} columns`);
  const named = new Map<string, string | number | boolean>();
  const values = columns.map(({ name, type }, at) => {
    const text = texts[at] ?? "";
    const reading = readLeaf(type, text);
    if (!reading.ok) throw wrong(`has a ${name} that is no ${renderColumnType(type)}`);
    named.set(name, keyValue(reading.value));
    return { column: name, type, text, sql: `${duckdbDialect.name(name)} = ${duckdbDialect.castLeaf(duckdbDialect.text(text), type)}` };
  });
  return {
    values: values.map(({ column, type, text }) => ({ column, type, text })),
    documentKey: JSON.stringify(plan.source.documentKey.map((column) => named.get(column))),
    condition: values.map(({ sql }) => sql).join(" AND "),
  };
}

function splitKey(written: string): readonly string[] | null {
  if (!written.startsWith("[")) return written.split(",").map((text) => text.trim());
  try {
    const values: unknown = JSON.parse(written);
    return Array.isArray(values) ? values.map((value: unknown) => (typeof value === "string" ? value : JSON.stringify(value))) : null;
  } catch {
    return null;
  }
}

/** A select of a target's own columns from one of its tables, in the store or of a slice. */
export function cellColumns(plan: Plan, target: PlanTarget): string {
  return targetColumns(plan, target)
    .map((column) => duckdbDialect.name(column.name))
    .join(", ");
}

export function cellsOf(plan: Plan, target: PlanTarget, row: SqlRow): RowCells {
  return new Map(targetColumns(plan, target).map(({ name }) => [name, row[name] ?? null]));
}

/** Columns in which two rows of a target differ. Equal JSON values are equal, whichever way a store spells them. */
export function differentCells(
  plan: Plan,
  target: PlanTarget,
  before: RowCells,
  after: RowCells,
): { readonly column: string; readonly before: SqlValue; readonly after: SqlValue }[] {
  const json = new Set(targetColumns(plan, target).flatMap(({ name, type }) => (type.name === "JSONB" ? [name] : [])));
  return [...after].flatMap(([column, value]) => {
    const old = before.get(column) ?? null;
    const isSame = old === value || (json.has(column) && typeof old === "string" && typeof value === "string" && isSameJson(old, value));
    return isSame ? [] : [{ column, before: old, after: value }];
  });
}

function isSameJson(one: string, other: string): boolean {
  return stableJson(JSON.parse(one)) === stableJson(JSON.parse(other));
}
