/** A value of a result: integers of 64 bits and more as bigint, decimals as text at their scale, dates as `YYYY-MM-DD`, instants as `YYYY-MM-DDTHH:MM:SS.ffffffZ`. */
export type SqlValue = null | boolean | number | bigint | string | readonly SqlValue[] | { readonly [key: string]: SqlValue };
export type SqlRow = Readonly<Record<string, SqlValue>>;

/** A value as text; "" where there is none. */
export function sqlText(value: SqlValue | undefined): string {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** A value as text; null where there is none. */
export function sqlTextOrNull(value: SqlValue | undefined): string | null {
  return value === null || value === undefined ? null : sqlText(value);
}
