import { EXIT, UserError } from "../../core/errors.ts";
import type { CliContext } from "../context.ts";
import type { DocumentFlags } from "../document-filter.ts";
import { withStore } from "../platform.ts";
import { showRows } from "../show-rows.ts";
import { runSqlAsOf } from "./sql-as-of.ts";

export interface SqlFlags extends DocumentFlags {
  readonly query: string;
}

/** Asks the store, which is opened for reading only; with `--as-of`, tables that are made for the question. */
export async function runSql({ query, asOf, ...documents }: SqlFlags, context: CliContext): Promise<number> {
  if (asOf !== undefined) return runSqlAsOf(query, asOf, documents, context);
  refuseDocuments(documents);
  showRows(await withStore(context, (access, connection) => access.ask(connection, query)), context.out);
  return EXIT.done;
}

/** Only tables that are made for a question can be made of some documents. */
function refuseDocuments({ gamePks, documents, startDate, endDate }: DocumentFlags): void {
  if ([gamePks, documents, startDate, endDate].every((flag) => flag === undefined)) return;
  throw new UserError({
    code: "usage.sql-documents",
    message: "--game-pks, --documents, --start-date and --end-date say of which documents --as-of makes the tables",
    got: "no --as-of",
    next: "say it in the WHERE of the query",
  });
}
