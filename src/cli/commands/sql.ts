import { UserError } from "../../core/errors.ts";
import type { CliContext } from "../context.ts";
import { readStore } from "../platform.ts";

export interface SqlFlags {
  readonly query: string;
}

/** Asks the store, which is opened for reading only. All rows are given: a limit is the query's own affair. */
export async function runSql(flags: SqlFlags, context: CliContext): Promise<number> {
  return readStore(context, async (connection) => {
    await connection.run("USE store");
    try {
      const rows = await connection.rows(flags.query);
      context.out.data(rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value]))));
      if (rows.length === 0) context.out.text("no rows");
      else context.out.table(rows);
      return 0;
    } catch (cause) {
      if (
        cause instanceof UserError ||
        !(cause instanceof Error) ||
        !/^(?:Parser|Binder|Catalog|Conversion|Invalid Input|Out of Range|Invalid|Permission|Not implemented|Constraint) Error/.test(
          cause.message,
        )
      )
        throw cause;
      throw new UserError({
        code: "sql.refused",
        message: "the query was refused",
        got: cause.message,
        next: 'mlb-etl sql "SELECT table_schema, table_name FROM information_schema.tables" lists the tables',
        cause,
      });
    } finally {
      await connection.run("USE memory");
    }
  });
}
