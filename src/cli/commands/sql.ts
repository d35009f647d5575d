import { OutsideError, UserError } from "../../core/errors.ts";
import { sqlText } from "../../duckdb/sql-value.ts";
import { duckdbDialect } from "../../sql/duckdb-dialect.ts";
import type { CliContext } from "../context.ts";
import { readStore } from "../platform.ts";

export interface SqlFlags {
  readonly query: string;
}

/** Statements that read. */
const READING: ReadonlySet<string> = new Set(["SELECT", "EXPLAIN"]);

/** Asks the store, which is opened for reading only. All rows are given: a limit is the query's own affair. */
export async function runSql(flags: SqlFlags, context: CliContext): Promise<number> {
  return readStore(context, async (connection) => {
    const schemas = await connection.rows(
      "SELECT schema_name AS name FROM duckdb_schemas() WHERE database_name = 'store' AND NOT internal ORDER BY schema_name",
    );
    await connection.run("USE store");
    // Tables can be named without their schema, and SHOW TABLES shows them.
    await connection.run(
      `SET search_path = ${duckdbDialect.text(["main", ...schemas.map((row) => sqlText(row["name"]))].map((schema) => `store.${duckdbDialect.name(schema)}`).join(","))}`,
    );
    try {
      const kinds = await connection.statementKinds(flags.query);
      if (kinds.length !== 1 || !READING.has(kinds[0] ?? "")) {
        throw new UserError({
          code: "sql.not-a-select",
          message: "sql takes one statement that reads",
          expected: "one SELECT (DESCRIBE, SHOW, SUMMARIZE, EXPLAIN are fine)",
          got: kinds.length === 0 ? "nothing" : kinds.join(", "),
        });
      }
      const rows = await connection.rows(flags.query);
      context.out.data(rows);
      if (rows.length === 0) context.out.text("no rows");
      else context.out.table(rows);
      return 0;
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
  });
}
