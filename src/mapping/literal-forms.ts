import type { ColumnType } from "./column-type.ts";

/** Whether a text names a day that there is, `YYYY-MM-DD`. */
export function isDateText(text: string): boolean {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (match === null) return false;
  const [year, month, day] = match.slice(1).map(Number);
  if (year === undefined || month === undefined || day === undefined || year === 0) return false;
  const date = new Date(Date.UTC(2000, month - 1, day));
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

/** Whether a text names an instant: date, `T`, time, `Z` or offset. */
export function isTimestampText(text: string): boolean {
  const match = /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?(Z|[+-](0\d|1[0-4]):[0-5]\d)$/.exec(text);
  return match?.[1] !== undefined && isDateText(match[1]);
}

/**
 * Whether a text has the form that a column type takes. For texts in mappings (`default`); what leaves of documents are
 * taken is defined by the plan.
 */
export function isTextOfType(text: string, type: ColumnType): boolean {
  switch (type.name) {
    case "BIGINT":
    case "INT": {
      if (!/^[+-]?[0-9]{1,19}$/.test(text)) return false;
      const value = BigInt(text.replace("+", ""));
      return BigInt.asIntN(type.name === "INT" ? 32 : 64, value) === value;
    }
    case "BOOLEAN":
      return text === "true" || text === "false";
    case "DATE":
      return isDateText(text);
    case "TIMESTAMPTZ":
      return isTimestampText(text);
    case "DOUBLE":
    case "NUMERIC":
      return /^[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]{1,3})?$/.test(text) && Number.isFinite(Number(text));
    case "VARCHAR":
      return Array.from(text).length <= type.length;
    case "TEXT":
      return true;
    case "JSONB":
      return false;
  }
}
