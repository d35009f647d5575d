import type { ColumnType } from "../mapping/column-type.ts";
import type { FunctionName } from "../mapping/expression.ts";
import { guardOf } from "../plan/leaf.ts";
import type { ReadNode } from "../plan/plan.ts";
import type { Dialect } from "./dialect.ts";
import { pointerStep } from "../core/json-pointer.ts";

const name = (value: string): string => `"${value.replaceAll('"', '""')}"`;
const text = (value: string): string => `'${value.replaceAll("'", "''")}'`;

/** Names in a STRUCT are not told apart by case: an object with such keys is kept as JSON, its values are taken one by one. */
function isJsonOnly(read: ReadNode & { kind: "object" }): boolean {
  const keys = Object.keys(read.keys);
  return keys.includes("") || new Set(keys.map((key) => key.toLowerCase())).size < keys.length;
}

/** A read schema as a DuckDB type. */
function typeOf(read: ReadNode): string {
  switch (read.kind) {
    case "text":
      return "VARCHAR";
    case "typed":
      return columnType({ name: read.type });
    case "json":
      return "JSON";
    case "array":
      return `${typeOf(read.item)}[]`;
    case "map":
      return `MAP(VARCHAR, ${typeOf(read.value)})`;
    case "object":
      if (isJsonOnly(read)) return "JSON";
      return `STRUCT(${Object.entries(read.keys)
        .map(([key, child]) => `${name(key)} ${typeOf(child)}`)
        .join(", ")})`;
  }
}

/** A read schema in the form that `from_json` takes: objects and arrays as JSON, a map as the text of its type. */
function structureOf(read: ReadNode): unknown {
  switch (read.kind) {
    case "text":
    case "typed":
    case "json":
      return typeOf(read);
    case "array":
      return [structureOf(read.item)];
    case "map":
      return typeOf(read);
    case "object":
      return isJsonOnly(read) ? "JSON" : Object.fromEntries(Object.entries(read.keys).map(([key, child]) => [key, structureOf(child)]));
  }
}

function parse(json: string, read: ReadNode): string {
  return `from_json(${json}, ${text(JSON.stringify(structureOf(read)))})`;
}

/** A place as a JSON pointer literal (RFC 6901): unlike a path it takes every key. */
function pointer(keys: readonly string[]): string {
  return keys.length === 0 ? "'$'" : text(keys.map(pointerStep).join(""));
}

function columnType(type: ColumnType): string {
  switch (type.name) {
    // DuckDB does not enforce a length: the cast does.
    case "VARCHAR":
    case "TEXT":
      return "VARCHAR";
    case "NUMERIC":
      return `DECIMAL(${String(type.precision)},${String(type.scale)})`;
    case "INT":
      return "INTEGER";
    case "JSONB":
      return "JSON";
    case "BIGINT":
    case "BOOLEAN":
    case "DATE":
    case "TIMESTAMPTZ":
    case "DOUBLE":
      return type.name;
  }
}

/** `value` is evaluated several times: give a column, not a computation. */
function castLeaf(value: string, type: ColumnType): string {
  const guard = guardOf(type);
  const guarded = (cast: string, also = ""): string =>
    `CASE WHEN regexp_full_match(${value}, ${text(guard ?? "")})${also} THEN ${cast} END`;
  switch (type.name) {
    case "TEXT":
    case "JSONB":
      return value;
    case "VARCHAR":
      return `CASE WHEN length(${value}) <= ${String(type.length)} THEN ${value} END`;
    // Year 0000: the engines disagree about it, so it is bad.
    case "DATE":
      return guarded(`TRY_CAST(${value} AS DATE)`, ` AND NOT starts_with(${value}, '0000')`);
    case "TIMESTAMPTZ": {
      // DuckDB takes no time without seconds.
      const seconds = `CASE WHEN substring(${value}, 17, 1) = ':' THEN ${value} ELSE substring(${value}, 1, 16) || ':00' || substring(${value}, 17) END`;
      return guarded(`TRY_CAST(${seconds} AS TIMESTAMPTZ)`, ` AND NOT starts_with(${value}, '0000')`);
    }
    case "DOUBLE":
      return guarded(`CASE WHEN isfinite(TRY_CAST(${value} AS DOUBLE)) THEN TRY_CAST(${value} AS DOUBLE) END`);
    case "NUMERIC": {
      // DuckDB reads an exponent wrongly when it casts text to DECIMAL: of a negative one (which 15 digits may have), write the text without it; go by all digits for the others.
      const decimal = columnType(type);
      const mantissa = `split_part(lower(${value}), 'e', 1)`;
      const digits = `regexp_replace(${mantissa}, '[^0-9]', '', 'g')`;
      const places = `length(split_part(${mantissa}, '.', 2)) + TRY_CAST(split_part(lower(${value}), 'e-', 2) AS INTEGER)`;
      const padded = `repeat('0', ${places} + 1) || ${digits}`;
      const shifted = `CASE WHEN starts_with(${value}, '-') THEN '-' ELSE '' END || left(${padded}, length(${digits}) + 1) || '.' || right(${padded}, ${places})`;
      return guarded(
        `CASE WHEN contains(lower(${value}), 'e-') AND length(ltrim(${digits}, '0')) > 15 THEN NULL WHEN contains(lower(${value}), 'e-') THEN TRY_CAST(${shifted} AS ${decimal}) ` +
          `WHEN contains(lower(${value}), 'e') THEN TRY_CAST(TRY_CAST(${value} AS DECIMAL(38,${String(type.scale)})) AS ${decimal}) ` +
          `ELSE TRY_CAST(${value} AS ${decimal}) END`,
      );
    }
    case "BIGINT":
    case "INT":
    case "BOOLEAN":
      return guarded(`TRY_CAST(${value} AS ${columnType(type)})`);
  }
}

const LARGEST_POSITION = "2147483647";

/** Whether SQL text is a literal that can be a position as it is. */
function isSmall(number: string): boolean {
  return /^[1-9][0-9]{0,8}$/.test(number);
}

/** Functions that DuckDB spells or treats in another way. All others are called by their own name. */
const CALLS: Partial<Record<FunctionName, (args: readonly string[]) => string>> = {
  // concat() of DuckDB passes over nulls.
  concat: (args) => `(${args.join(" || ")})`,
  // Blanks only, as the language says: DuckDB's trim would take other white space for its own default too.
  trim: ([value = ""]) => `trim(${value}, ' ')`,
  // DuckDB counts from the end where a position is negative, and fails where a number is very large: here nothing stands before 1.
  split_part: ([value = "", separator = "", part = ""]) =>
    isSmall(part)
      ? `split_part(${value}, ${separator}, ${part})`
      : `CASE WHEN ${part} >= 1 THEN split_part(${value}, ${separator}, least(${part}, ${LARGEST_POSITION})) WHEN ${part} < 1 THEN left(${value} || ${separator}, 0) END`,
  substring: ([value = "", start = "", length = ""]) =>
    isSmall(start) && isSmall(length)
      ? `substring(${value}, ${start}, ${length})`
      : `CASE WHEN ${start} >= 1 AND ${length} >= 1 THEN substring(${value}, least(${start}, ${LARGEST_POSITION}), least(${length}, ${LARGEST_POSITION})) WHEN ${start} IS NOT NULL AND ${length} IS NOT NULL THEN left(${value}, 0) END`,
};

export const duckdbDialect: Dialect = {
  engine: "duckdb",
  name,
  text,
  columnType,
  decode: (bytes) => `decode(${bytes})`,
  listOf: (kind) => `${typeOf({ kind })}[]`,
  parse,
  texts: (json, places) =>
    places.length === 0 ? "CAST([] AS VARCHAR[])" : `json_extract_string(${json}, [${places.map(pointer).join(", ")}])`,
  jsons: (json, places) => (places.length === 0 ? "CAST([] AS JSON[])" : `json_extract(${json}, [${places.map(pointer).join(", ")}])`),
  memberAt: (list, at) => `list_extract(${list}, ${String(at + 1)})`,
  // In the list, not on its members: taking a member out copies it, and containers are large.
  absences: (jsons) => `list_transform(${jsons}, lambda json: json IS NULL OR json = 'null')`,
  jsonValue: (json) => `nullif(${json}, 'null')`,
  elements: (json, each) => `from_json(${json}, ${each === "items" ? `'["JSON"]'` : `'"MAP(VARCHAR, JSON)"'`})`,
  member: (object, key) => `struct_extract(${object}, ${text(key)})`,
  readMember: (object, read, key) => {
    if (!isJsonOnly(read)) return `struct_extract(${object}, ${text(key)})`;
    const child = read.keys[key];
    const scalar = `json_extract_string(${object}, ${pointer([key])})`;
    if (child?.kind === "text") return scalar;
    if (child?.kind === "typed") return `CAST(${scalar} AS ${typeOf(child)})`;
    const json = `json_extract(${object}, ${pointer([key])})`;
    return child === undefined || child.kind === "json" ? `nullif(${json}, 'null')` : parse(json, child);
  },
  mapMember: (map, key) => `list_extract(map_extract(${map}, ${text(key)}), 1)`,
  scalarText: (json) => `(${json} ->> '$')`,
  record: (fields) =>
    `{${Object.entries(fields)
      .map(([key, value]) => `${text(key)}: ${value}`)
      .join(", ")}}`,
  list: (values) => `[${values.join(", ")}]`,
  keysOf: (json) => `json_keys(${json})`,
  isMember: (member, list) => `list_contains(${list}, ${member})`,
  hash: (values) => `hash(${values.join(", ")})`,
  eachOf: (list) => `unnest(${list})`,
  // A hash join may have to begin anew from disk: DuckDB makes all that follows it in its pipeline once more for each.
  once: (select) => `WITH joined AS MATERIALIZED (${select}) SELECT * FROM joined`,
  explode: ({ from, keep, container, each, element, position }) => {
    const columns = keep.map((column) => `${column}, `).join("");
    return each === "items"
      ? `SELECT ${columns}unnest(${container}) AS ${element}, unnest(range(len(${container}))) AS ${position} FROM ${from}`
      : `SELECT ${columns}struct_extract("$entries", 'value') AS ${element}, struct_extract("$entries", 'key') AS ${position} FROM (SELECT ${columns}unnest(map_entries(${container})) AS "$entries" FROM ${from})`;
  },
  castLeaf,
  narrow: (value, type) => {
    switch (type.name) {
      case "VARCHAR":
        return `CASE WHEN length(${value}) <= ${String(type.length)} THEN ${value} END`;
      case "DOUBLE":
        return `CASE WHEN isfinite(TRY_CAST(${value} AS DOUBLE)) THEN TRY_CAST(${value} AS DOUBLE) END`;
      case "BIGINT":
      case "INT":
      case "TEXT":
      case "BOOLEAN":
      case "DATE":
      case "TIMESTAMPTZ":
      case "NUMERIC":
      case "JSONB":
        return `TRY_CAST(${value} AS ${columnType(type)})`;
    }
  },
  call: (called, args) => CALLS[called]?.(args) ?? `${called}(${args.join(", ")})`,
  integerArithmetic: (operator, left, right) => `TRY_CAST(CAST(${left} AS HUGEINT) ${operator} CAST(${right} AS HUGEINT) AS BIGINT)`,
  integerAbsolute: (value) => `TRY_CAST(abs(CAST(${value} AS HUGEINT)) AS BIGINT)`,
  like: (operand, pattern) => `${operand} LIKE ${text(pattern)}`,
};
