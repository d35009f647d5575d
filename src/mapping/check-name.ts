import { type CheckContext, problemAt } from "./check-context.ts";
import { quoted } from "./report.ts";

/** Bytes, and letters too: names hold no others. PostgreSQL cuts longer ones silently. */
export const MAX_NAME_LENGTH = 63;
/** The platform's own columns, last in every table. */
export const LINEAGE_COLUMNS = ["source_version", "source_captured_at", "source_raw_id", "transformed_at"] as const;
const NAME = /^[a-z_][a-z0-9_]*$/;

/** Checks the name of a column, an index, a lookup, an endpoint or a method. */
export function checkName(context: CheckContext, container: object, key: string, name: string, what: string): boolean {
  if (isName(name)) return true;
  problemAt(context, container, key, {
    code: "mapping.wrong-name",
    message: `${quoted(name)} is no name of ${what}`,
    expected: `lower case letters, digits and _, not starting with a digit, at most ${String(MAX_NAME_LENGTH)} bytes`,
    got: name.length > MAX_NAME_LENGTH ? `${String(Buffer.byteLength(name))} bytes` : quoted(name),
    didYouMean: suggestion(name),
  });
  return false;
}

/** Schemas that stores keep for themselves: the state tables, and what databases have already. */
const RESERVED_SCHEMAS: readonly string[] = [
  "mlb",
  "mlb_rebuild",
  "main",
  "temp",
  "system",
  "memory",
  "store",
  "base",
  "information_schema",
  "pg_catalog",
];

/** Checks `schema.table`. */
export function checkTableName(context: CheckContext, container: object, key: string, name: string): boolean {
  const parts = name.split(".");
  if (parts.length === 2 && parts.every(isName)) {
    if (!RESERVED_SCHEMAS.includes(parts[0] ?? "")) return true;
    problemAt(context, container, key, {
      code: "mapping.reserved-schema",
      message: `the schema ${quoted(parts[0] ?? "")} is not for mappings`,
      expected: `a schema of your own, none of ${RESERVED_SCHEMAS.join(", ")}`,
      got: quoted(name),
    });
    return false;
  }
  problemAt(context, container, key, {
    code: "mapping.wrong-name",
    message: `${quoted(name)} is no name of a table`,
    expected: `schema.table in lower case letters, digits and _, each at most ${String(MAX_NAME_LENGTH)} bytes`,
    got: parts.some((part) => part.length > MAX_NAME_LENGTH)
      ? `a part of ${String(Math.max(...parts.map((part) => Buffer.byteLength(part))))} bytes`
      : quoted(name),
    didYouMean: parts.length === 2 ? suggestion(name) : null,
  });
  return false;
}

export function isName(name: string): boolean {
  return NAME.test(name) && name.length <= MAX_NAME_LENGTH;
}

/** `gamePk` → `game_pk`. */
function suggestion(name: string): string | null {
  const snake = name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .replace(/[^a-z0-9_.]+/g, "_");
  return snake !== name && snake.split(".").every(isName) ? snake : null;
}
