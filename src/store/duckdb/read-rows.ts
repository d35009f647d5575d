import type { Connection } from "../../duckdb/connection.ts";
import type { Field, Target } from "../../mapping/mapping.ts";
import { duckdbDialect } from "../../sql/duckdb-dialect.ts";
import { storeTable } from "./placement.ts";

const name = duckdbDialect.name.bind(duckdbDialect);

/** A value that means the same on every store: times as microseconds, dates, decimals and JSON as text. */
export type CanonicalValue = null | boolean | number | bigint | string;

/** All rows of a target of the attached store, columns in mapping order without lineage, in batches. */
export async function* canonicalRows(connection: Connection, target: Target): AsyncGenerator<readonly (readonly CanonicalValue[])[]> {
  const columns = target.fields.map((field, at) => `${canonical(field)} AS ${name(`c${String(at)}`)}`);
  for await (const batch of connection.batches(`SELECT ${columns.join(", ")} FROM ${storeTable(target.name)}`)) {
    yield batch.map((row) => target.fields.map((_, at) => row[`c${String(at)}`] as CanonicalValue));
  }
}

function canonical(field: Field): string {
  const column = name(field.name);
  switch (field.type.name) {
    case "TIMESTAMPTZ":
      return `epoch_us(${column})`;
    case "NUMERIC":
      // DuckDB writes no zero before the point where all digits stand behind it.
      return `regexp_replace(CAST(${column} AS VARCHAR), '^(-?)[.]', '\\10.')`;
    case "DATE":
    case "JSONB":
      return `CAST(${column} AS VARCHAR)`;
    case "BIGINT":
    case "INT":
    case "VARCHAR":
    case "TEXT":
    case "BOOLEAN":
    case "DOUBLE":
      return column;
  }
}

/** The document key of a row as the state tables spell it (`[747175]`), as SQL over a table's columns. */
export function documentKeyOf(target: Target, documentKey: readonly string[], alias: string): string {
  const parts = documentKey.map((column) => {
    const field = target.fields.find((candidate) => candidate.name === column);
    const sql = `${alias}.${name(column)}`;
    // Integers beyond 2^53 are texts in a key, so that they stay exact.
    if (field?.type.name === "BIGINT" || field?.type.name === "INT")
      return `CASE WHEN abs(CAST(${sql} AS HUGEINT)) <= 9007199254740991 THEN CAST(${sql} AS VARCHAR) ELSE '"' || CAST(${sql} AS VARCHAR) || '"' END`;
    return `CAST(to_json(${sql}) AS VARCHAR)`;
  });
  return `'[' || ${parts.join(" || ',' || ")} || ']'`;
}
