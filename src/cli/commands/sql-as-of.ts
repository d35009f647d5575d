import { join } from "node:path";
import { EXIT } from "../../core/errors.ts";
import { openTemporaryFolder } from "../../core/temporary-folder.ts";
import { sqlText } from "../../sql/sql-value.ts";
import type { Mapping } from "../../mapping/mapping.ts";
import type { Registry } from "../../mapping/registry.ts";
import { rawTableOf } from "../../pipeline/document-index.ts";
import type { TransformResult } from "../../pipeline/transform.ts";
import { compilePlan } from "../../plan/compile-plan.ts";
import type { RawStore } from "../../raw/raw-store.ts";
import { quoteText } from "../../sql/quote.ts";
import { tablesAsked } from "../../store/duckdb/ask.ts";
import { DuckdbStore } from "../../store/duckdb/duckdb-store.ts";
import type { OpenStore } from "../../store/open-store.ts";
import { Store } from "../../store/store.ts";
import type { CliContext } from "../context.ts";
import { counted } from "../counted.ts";
import { type DocumentFlags, readAsOf, readFilter, sayMissing } from "../document-filter.ts";
import { openDatabase, openOverlayRaw, openRegistry, requireCaptures } from "../platform.ts";
import { runMapping, worseExit } from "../run-mapping.ts";
import { showRows } from "../show-rows.ts";

/** Failures that are told one by one. */
const MOST_FAILURES = 20;

/**
 * Answers a question over the tables as of a time: those of the mappings that it reads are made from raw, in a store that is
 * thrown away. The store of the settings is not opened.
 */
export async function runSqlAsOf(query: string, time: string, documents: DocumentFlags, context: CliContext): Promise<number> {
  const asOf = readAsOf(time);
  await using folder = await openTemporaryFolder();
  const { settings } = context;
  const access = new DuckdbStore({ file: join(folder.path, "store.duckdb"), waitMs: 0 });
  const spill = join(folder.path, "spill");
  const exit = await makeTables(query, asOf, documents, { access, spill }, context);
  if (exit === EXIT.interrupted) {
    context.out.say("stopped before the tables were made: no answer; the same command begins anew");
    return exit;
  }
  await using database = await openDatabase(settings.values, spill);
  const connection = await database.connect();
  showRows(await access.ask(connection, query), context.out);
  return exit;
}

/** Makes the tables of all mappings, so that the query can be checked before anything takes long, and fills those that it reads. */
async function makeTables(
  query: string,
  asOf: string,
  documents: DocumentFlags,
  { access, spill }: { readonly access: DuckdbStore; readonly spill: string },
  context: CliContext,
): Promise<number> {
  const { out, settings } = context;
  const registry = await openRegistry(settings.values);
  await using raw = await openOverlayRaw(context);
  await using database = await openDatabase(settings.values, spill);
  const connection = await database.connect();
  const store = new Store(access);
  const asked = await store.keeping(connection, async () => {
    for (const mapping of registry.mappings) await store.prepare(connection, mapping, asOf);
    return access.whileAttached(connection, () => tablesAsked(connection, query));
  });
  const mappings = await mappingsRead(registry, asked, access.dialect.stateSchema("live"), raw);
  const filter = readFilter({ ...documents, asOf }, mappings);
  let exit: number = EXIT.done;
  for (const mapping of mappings) {
    await requireCaptures(raw, mapping.source.endpoint, mapping.source.method, settings.values);
    const result = await runMapping(mapping, compilePlan(mapping), { filter, failedCaptures: 0 }, { database, store, raw }, context);
    exit = worseExit(exit, result.exit);
    if (exit === EXIT.interrupted) break;
    out.say(`${mapping.name} as of ${asOf}: ${counted(Number(result.record.run["selected"]), "document")}`);
    sayMissing(result, asOf, out);
    await access.open(connection, (open) => tellFailures(open, mapping, result, context), "read");
  }
  return exit;
}

/** The mappings that fill the tables; where one is a state table, all that have captures. */
async function mappingsRead(
  registry: Registry,
  tables: ReadonlySet<string>,
  stateSchema: string,
  raw: RawStore,
): Promise<readonly Mapping[]> {
  const readsState = [...tables].some((table) => table.startsWith(`${stateSchema}.`));
  const rawTables = readsState ? await raw.tables() : [];
  return registry.mappings.filter(
    (mapping) => mapping.targets.some((target) => tables.has(target.name)) || rawTables.includes(rawTableOf(mapping)),
  );
}

/** The store is thrown away: what failed is told here or never. */
async function tellFailures(store: OpenStore, mapping: Mapping, { record }: TransformResult, { out }: CliContext): Promise<void> {
  const badValues = Number(record.run["bad_values"]);
  if (badValues > 0)
    out.say(
      `warning: ${counted(badValues, "value")} of another kind than the column: NULL in the row (the same command with "FROM mlb.bad_values")`,
    );
  if (record.inQuarantine === 0) return;
  out.say(`${counted(record.inQuarantine, "state")} of documents failed and cannot be in the answer:`);
  const failures = await store.rows(
    `SELECT document_key, raw_id, rule, pointer, value FROM ${store.state("quarantine")} WHERE mapping = ${quoteText(mapping.name)} AND status = 'open' ORDER BY document_key, raw_id, rule, pointer LIMIT ${String(MOST_FAILURES + 1)}`,
  );
  for (const row of failures.slice(0, MOST_FAILURES)) {
    const value = row["value"] === null ? "" : `: ${sqlText(row["value"])}`;
    out.say(
      `  ${sqlText(row["document_key"])} capture ${sqlText(row["raw_id"])}  ${sqlText(row["rule"])}  ${sqlText(row["pointer"])}${value}`,
    );
  }
  if (failures.length > MOST_FAILURES) out.say('  … (the same command with "FROM mlb.quarantine" gives all)');
}
