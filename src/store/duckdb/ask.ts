import { OutsideError, UserError } from "../../core/errors.ts";
import type { Connection } from "../../duckdb/connection.ts";
import { type SqlRow, sqlText } from "../../sql/sql-value.ts";
import { quoteName, quoteText } from "../../sql/quote.ts";

/** What SHOW TABLES gives here: names with their schemas, as the mapping and this program's messages have them. DuckDB gives them without. */
const TABLES =
  "SELECT table_schema || '.' || table_name AS name FROM information_schema.tables WHERE table_catalog = 'store' ORDER BY name";
/** Statements that read. */
const READING: ReadonlySet<string> = new Set(["SELECT", "EXPLAIN"]);

/** The answer of the attached store to a question, as a user wrote it. All rows are given: a limit is the query's own affair. */
export function ask(connection: Connection, query: string): Promise<SqlRow[]> {
  return inStore(connection, async () => {
    await requireKind(connection, query, READING, "one SELECT (DESCRIBE, SHOW, SUMMARIZE, EXPLAIN are fine)");
    return connection.rows(/^show\s+tables(?: ?;)?$/i.test(query.trim()) ? TABLES : query);
  });
}

/** The tables of the attached store that a query would read, `schema.table`. It is checked as if it were asked. */
export async function tablesAsked(connection: Connection, query: string): Promise<ReadonlySet<string>> {
  const tables = await inStore(connection, async () => {
    await requireKind(connection, query, new Set(["SELECT"]), "one SELECT (DESCRIBE, SHOW, SUMMARIZE are fine)");
    return connection.tablesRead(query);
  });
  return new Set(tables.map((table) => table.replace(/^store\./, "")));
}

/** Runs `work` where tables of the store can be named without their schema. What DuckDB says against the query is told as such. */
async function inStore<T>(connection: Connection, work: () => Promise<T>): Promise<T> {
  const schemas = await connection.rows(
    "SELECT schema_name AS name FROM duckdb_schemas() WHERE database_name = 'store' AND NOT internal ORDER BY schema_name",
  );
  await connection.run("USE store");
  await connection.run(
    `SET search_path = ${quoteText(["main", ...schemas.map((row) => sqlText(row["name"]))].map((schema) => `store.${quoteName(schema)}`).join(","))}`,
  );
  try {
    return await work();
  } catch (error) {
    if (error instanceof UserError || error instanceof OutsideError || !(error instanceof Error)) throw error;
    throw new UserError({
      code: "sql.refused",
      message: "the query was refused",
      got: error.message,
      next: 'mlb-etl sql "SHOW TABLES" lists the tables, "DESCRIBE schema.table" the columns of one',
      cause: error,
    });
  } finally {
    await connection.run("USE memory");
  }
}

async function requireKind(connection: Connection, query: string, kinds: ReadonlySet<string>, expected: string): Promise<void> {
  const found = await connection.statementKinds(query);
  if (found.length === 1 && kinds.has(found[0] ?? "")) return;
  throw new UserError({
    code: "sql.not-a-select",
    message: "sql takes one statement that reads",
    expected,
    got: found.length === 0 ? "nothing" : found.join(", "),
  });
}
