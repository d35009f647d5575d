import { UserError } from "../../core/errors.ts";
import type { OpenStore } from "../../store/open-store.ts";
import { quoteText as text } from "../../sql/quote.ts";
import type { CliContext } from "../context.ts";
import { counted } from "../counted.ts";
import { readStore, writeStore } from "../platform.ts";
import { readLimit } from "../read-limit.ts";
import { sqlText } from "../../sql/sql-value.ts";

export async function runQuarantineList(flags: { readonly all?: boolean; readonly limit: string }, context: CliContext): Promise<number> {
  const { out } = context;
  const limit = readLimit(flags.limit);
  const which = flags.all === true ? "TRUE" : "q.status <> 'resolved'";
  const { rows, documents } = await readStore(context, async (store) => ({
    rows: await store.rows(
      `SELECT mapping, document_key AS document, raw_id AS capture, target, rule, column_name AS "column", pointer AS path, value, recorded_at AS at, status FROM ${store.state("quarantine")} q ` +
        `WHERE ${which} ORDER BY recorded_at DESC, document_key, raw_id DESC, rule LIMIT ${String(limit)}`,
    ),
    documents: out.json ? [] : await store.rows(writeDocuments(store, which)),
  }));
  out.data(rows.map((row) => ({ ...row, capture: Number(row["capture"]) })));
  if (rows.length === 0) {
    out.text("nothing is in quarantine");
    return 0;
  }
  out.table(rows);
  const failures = documents.reduce((sum, row) => sum + Number(row["failures"]), 0);
  out.text(
    `\n${rows.length < failures ? `the newest ${String(rows.length)} of ` : ""}${counted(failures, "failure")}, of ${counted(documents.length, "document")}:`,
  );
  out.table(documents.slice(0, limit));
  return 0;
}

/** One row per document: how much of it failed, and what the tables have of it nevertheless. */
function writeDocuments(store: OpenStore, which: string): string {
  return (
    `SELECT q.mapping, q.document_key AS document, count(DISTINCT (q.raw_id, q.position)) AS states, count(*) AS failures, ` +
    `coalesce('capture ' || max(d.raw_id), 'nothing of it') AS "in the tables" FROM ${store.state("quarantine")} q ` +
    `LEFT JOIN ${store.state("documents")} d ON d.mapping = q.mapping AND d.document_key = q.document_key ` +
    `WHERE ${which} GROUP BY q.mapping, q.document_key ORDER BY max(q.recorded_at) DESC, q.document_key`
  );
}

export async function runQuarantineShow(flags: { readonly document: string }, context: CliContext): Promise<number> {
  const rows = await readStore(context, (store) =>
    store.rows(
      `SELECT * FROM ${store.state("quarantine")} WHERE ${isDocument(flags.document)} ORDER BY recorded_at DESC, raw_id DESC, rule`,
    ),
  );
  if (rows.length === 0)
    throw new UserError({
      code: "quarantine.none",
      message: `nothing of the document ${JSON.stringify(flags.document)} failed`,
      next: "mlb-etl quarantine list shows the documents",
    });
  context.out.data({ schema_version: 1, failures: rows });
  for (const row of rows)
    context.out.text(
      `${Object.entries(row)
        .map(([name, value]) => `${name.padEnd(14)} ${value === null ? "" : sqlText(value)}`)
        .join("\n")}\n`,
    );
  return 0;
}

export async function runQuarantineRetry(flags: { readonly document?: string }, context: CliContext): Promise<number> {
  const cleared = await writeStore(context, async (store) => {
    const which = flags.document === undefined ? "TRUE" : isDocument(flags.document);
    const states = await store.count(
      `SELECT count(DISTINCT (mapping, document_key, raw_id, position)) FROM ${store.state("quarantine")} WHERE status = 'open' AND ${which}`,
    );
    await store.run(`UPDATE ${store.state("quarantine")} SET status = 'retried' WHERE status = 'open' AND ${which}`);
    return states;
  });
  if (cleared === 0 && flags.document !== undefined)
    throw new UserError({
      code: "quarantine.none",
      message: `nothing of the document ${JSON.stringify(flags.document)} is in quarantine`,
      next: "mlb-etl quarantine list shows the documents",
    });
  context.out.data({ schema_version: 1, states: cleared });
  context.out.text(`${String(cleared)} states will be tried again by the next transform`);
  return 0;
}

/** A document by its whole key, or by the one value of a key of one column. */
function isDocument(document: string): string {
  const keys = [document, JSON.stringify([document]), ...(/^-?[0-9]+$/.test(document) ? [`[${document}]`] : [])];
  return `document_key IN (${keys.map(text).join(", ")})`;
}
