/** The closed list of column types. What text of a JSON value each takes is defined in `plan/leaf.ts`. */
export const COLUMN_TYPE_NAMES = [
  "BIGINT",
  "INT",
  "VARCHAR",
  "TEXT",
  "BOOLEAN",
  "DATE",
  "TIMESTAMPTZ",
  "DOUBLE",
  "NUMERIC",
  "JSONB",
] as const;
export type ColumnTypeName = (typeof COLUMN_TYPE_NAMES)[number];

export type ColumnType =
  | { readonly name: "VARCHAR"; readonly length: number }
  | { readonly name: "NUMERIC"; readonly precision: number; readonly scale: number }
  | { readonly name: Exclude<ColumnTypeName, "VARCHAR" | "NUMERIC"> };

/** What the problems name as expected. */
export const COLUMN_TYPE_SPELLINGS: readonly string[] = [
  "BIGINT",
  "INT",
  "VARCHAR(n)",
  "TEXT",
  "BOOLEAN",
  "DATE",
  "TIMESTAMPTZ",
  "DOUBLE",
  "NUMERIC(p,s)",
  "JSONB",
];

/** Reads `VARCHAR(16)`, `NUMERIC(8,3)`, `BIGINT` …; null where the text is no type of the list. Upper case only: one spelling. */
export function parseColumnType(text: string): ColumnType | null {
  const sized = /^(VARCHAR)\(([1-9][0-9]{0,6})\)$|^(NUMERIC)\(([1-9][0-9]?),\s*([0-9]{1,2})\)$/.exec(text);
  if (sized?.[1] !== undefined) return { name: "VARCHAR", length: Number(sized[2]) };
  if (sized?.[3] !== undefined) {
    const precision = Number(sized[4]);
    const scale = Number(sized[5]);
    return precision <= 38 && scale <= precision ? { name: "NUMERIC", precision, scale } : null;
  }
  for (const name of COLUMN_TYPE_NAMES) if (name === text && name !== "VARCHAR" && name !== "NUMERIC") return { name };
  return null;
}

/** The spelling that `parseColumnType` reads. */
export function renderColumnType(type: ColumnType): string {
  if (type.name === "VARCHAR") return `VARCHAR(${String(type.length)})`;
  if (type.name === "NUMERIC") return `NUMERIC(${String(type.precision)},${String(type.scale)})`;
  return type.name;
}
