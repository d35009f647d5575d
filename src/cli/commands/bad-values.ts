import type { CliContext } from "../context.ts";
import { readStore } from "../platform.ts";
import { readLimit } from "../read-limit.ts";

export async function runBadValuesList(flags: { readonly limit: string }, context: CliContext): Promise<number> {
  const { rows, total } = await readStore(context, async (store) => ({
    rows: await store.rows(
      `SELECT mapping, document_key AS document, raw_id AS capture, target, column_name AS "column", rule, pointer AS path, value, recorded_at AS at FROM ${store.state("bad_values")} ORDER BY recorded_at DESC, document_key, target, pointer LIMIT ${String(readLimit(flags.limit))}`,
    ),
    total: Number((await store.rows(`SELECT count(*) AS n FROM ${store.state("bad_values")}`))[0]?.["n"] ?? 0),
  }));
  context.out.data(rows.map((row) => ({ ...row, capture: Number(row["capture"]) })));
  if (rows.length === 0) context.out.text("no bad values");
  else context.out.table(rows);
  if (total > rows.length) context.out.say(`${String(rows.length)} of ${String(total)} shown (--limit)`);
  return 0;
}
