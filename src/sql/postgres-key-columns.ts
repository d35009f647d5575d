import type { ColumnType } from "../mapping/column-type.ts";
import { guardOf } from "../plan/leaf.ts";
import type { Plan, PlanColumn } from "../plan/plan.ts";
import { quoteText } from "./quote.ts";

/** A generated column of a raw table in PostgreSQL. `expression` is immutable, and NULL for a value that the type does not take. */
export interface RawKeyColumn {
  readonly name: string;
  readonly type: string;
  readonly expression: string;
}

/**
 * What names the document that an answer is, as columns of its raw table: made of the columns `data` (the answer) and `parameters`, both JSONB. None where
 * answers are bags of documents; a part of the key of another type than these is in the document index only.
 */
export function rawKeyColumns(plan: Pick<Plan, "source" | "fields" | "documentLevels" | "nullValues">): readonly RawKeyColumn[] {
  if (plan.documentLevels.length > 0) return [];
  return plan.source.documentKey.flatMap((name) => {
    const column = plan.fields.find((field) => field.name === name);
    const text = column === undefined ? null : textOf(column);
    const read = column === undefined || text === null ? null : readType(column.type, valueOf(plan.nullValues, column, text));
    return read === null ? [] : [{ name, ...read }];
  });
}

/** The text that the column reads of an answer or of its parameters. */
function textOf({ value }: PlanColumn): string | null {
  if (value.kind === "path") return `data #>> ARRAY[${value.reference.keys.map(quoteText).join(", ")}]::text[]`;
  return value.kind === "source_field" && value.source.kind === "parameter" ? `parameters ->> ${quoteText(value.source.name)}` : null;
}

function valueOf(nullValues: readonly string[], { type, default: byDefault }: PlanColumn, text: string): string {
  const value =
    guardOf(type) === null || nullValues.length === 0
      ? text
      : `CASE WHEN (${text}) NOT IN (${nullValues.map(quoteText).join(", ")}) THEN ${text} END`;
  return byDefault === null ? `(${value})` : `coalesce(${value}, ${quoteText(byDefault)})`;
}

function readType(type: ColumnType, value: string): Omit<RawKeyColumn, "name"> | null {
  switch (type.name) {
    case "BIGINT":
      return { type: "BIGINT", expression: readInteger(value, 64n, "bigint") };
    case "INT":
      return { type: "INTEGER", expression: readInteger(value, 32n, "integer") };
    case "BOOLEAN":
      return { type: "BOOLEAN", expression: `CASE ${value} WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END` };
    case "DATE":
      return { type: "DATE", expression: `mlb.read_date(${value})` };
    case "TEXT":
      return { type: 'TEXT COLLATE "C"', expression: value };
    case "VARCHAR":
      return { type: 'TEXT COLLATE "C"', expression: `CASE WHEN char_length(${value}) <= ${String(type.length)} THEN ${value} END` };
    case "TIMESTAMPTZ":
    case "DOUBLE":
    case "NUMERIC":
    case "JSONB":
      return null;
  }
}

function readInteger(value: string, bits: bigint, type: string): string {
  const limit = 1n << (bits - 1n);
  const range = `BETWEEN ${String(-limit)} AND ${String(limit - 1n)}`;
  // In two steps: a text that is no number is not cast.
  return `CASE WHEN ${value} ~ '^[+-]?[0-9]{1,19}$' THEN CASE WHEN ${value}::numeric ${range} THEN ${value}::numeric::${type} END END`;
}
