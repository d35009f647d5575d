import { UserError } from "../../core/errors.ts";
import { quoteText } from "../../sql/quote.ts";
import type { CliContext } from "../context.ts";
import { readStore } from "../platform.ts";
import { readLimit } from "../read-limit.ts";
import { sqlText } from "../../sql/sql-value.ts";

export async function runRunsList(flags: { readonly limit: string }, context: CliContext): Promise<number> {
  const rows = await readStore(context, (store) =>
    store.rows(
      `SELECT run_id, mapping, mode, status, started_at, finished_at, selected, applied, unchanged, stale, quarantined, bad_values, warnings, exit FROM ${store.state("runs")} ORDER BY started_at DESC, run_id LIMIT ${String(readLimit(flags.limit))}`,
    ),
  );
  context.out.data({ schema_version: 1, runs: rows });
  if (rows.length === 0) context.out.text("no runs");
  else context.out.table(rows.map((row) => ({ ...row, run_id: sqlText(row["run_id"]).slice(0, 8) })));
  return 0;
}

export async function runRunsShow(flags: { readonly run: string }, context: CliContext): Promise<number> {
  const { runs, targets } = await readStore(context, async (store) => {
    const found = await store.rows(`SELECT * FROM ${store.state("runs")} WHERE starts_with(run_id, ${quoteText(flags.run)}) LIMIT 2`);
    const id = found[0]?.["run_id"];
    return {
      runs: found,
      targets:
        found.length === 1
          ? await store.rows(
              `SELECT target AS name, rows_in, inserted, updated, unchanged, deleted, stale, quarantined FROM ${store.state("run_targets")} WHERE run_id = ${quoteText(sqlText(id))} ORDER BY target`,
            )
          : [],
    };
  });
  const [run] = runs;
  if (run === undefined || runs.length > 1) {
    throw new UserError({
      code: "runs.none",
      message: run === undefined ? `there is no run ${JSON.stringify(flags.run)}` : `several runs start with ${JSON.stringify(flags.run)}`,
      next: "mlb-etl runs list shows them; --json with whole ids",
    });
  }
  context.out.data({ schema_version: 1, run, targets });
  for (const [name, value] of Object.entries(run)) context.out.text(`${name.padEnd(16)} ${sqlText(value)}`);
  context.out.table(targets);
  return 0;
}
