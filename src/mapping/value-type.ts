import type { ColumnType } from "./column-type.ts";
import type { ValueType } from "./expression.ts";

/** The type that a column's value has inside an expression; null for JSONB, which can only be tested with `is null`. */
export function valueTypeOf(type: ColumnType): Exclude<ValueType, "NULL"> | null {
  switch (type.name) {
    case "BIGINT":
    case "INT":
      return "BIGINT";
    case "DOUBLE":
    case "NUMERIC":
      return "DOUBLE";
    case "VARCHAR":
    case "TEXT":
      return "TEXT";
    case "BOOLEAN":
    case "DATE":
    case "TIMESTAMPTZ":
      return type.name;
    case "JSONB":
      return null;
  }
}

/** Whether an expression's value can be a column's without a cast: integers are numbers too, everything else is only itself. */
export function fitsColumn(value: ValueType, type: ColumnType): boolean {
  const column = valueTypeOf(type);
  return value === column || value === "NULL" || (value === "BIGINT" && column === "DOUBLE");
}

/** Which values `::TYPE` takes: those whose text is the same on every engine. */
export function canCast(value: ValueType, type: ColumnType): boolean {
  const to = valueTypeOf(type);
  switch (value) {
    case "TEXT":
    case "NULL":
      return true;
    case "BIGINT":
      return to === "BIGINT" || to === "DOUBLE" || to === "TEXT";
    case "DOUBLE":
      return to === "DOUBLE";
    case "BOOLEAN":
    case "DATE":
      return to === value || to === "TEXT";
    case "TIMESTAMPTZ":
      return to === value;
  }
}
