import { existsSync } from "node:fs";
import { storeFile } from "../../config/settings.ts";
import { EXIT } from "../../core/errors.ts";
import type { Connection } from "../../duckdb/connection.ts";
import { sqlText } from "../../duckdb/sql-value.ts";
import type { Mapping } from "../../mapping/mapping.ts";
import { compilePlan } from "../../plan/compile-plan.ts";
import { duckdbDialect } from "../../sql/duckdb-dialect.ts";
import { type SchemaPlan, planId } from "../../store/schema-changes.ts";
import { type DocumentCounts, countDocuments } from "../../store/duckdb/count-documents.ts";
import { findSchemaDrift } from "../../store/duckdb/find-schema-drift.ts";
import { type Migration, lastMigration } from "../../store/duckdb/migrations.ts";
import { LIVE, stateTable } from "../../store/duckdb/placement.ts";
import { applySchemas, planNewStore, planSchema } from "../../store/duckdb/prepare-schema.ts";
import { readStoreTime } from "../../store/duckdb/store-time.ts";
import type { CliContext } from "../context.ts";
import { counted } from "../counted.ts";
import { describePlans, reportPlan, timeFlags } from "../describe-schema.ts";
import { mappingsUnder, openDatabase, openRegistry, openStore, readStore } from "../platform.ts";

export interface SchemaFlags {
  readonly endpoint?: string;
  readonly method?: string;
}

const NO_DOCUMENTS: DocumentCounts = { applied: 0, behind: 0 };

export interface SchemaPlanFlags extends SchemaFlags {
  readonly sql?: boolean;
}

/** Shows what mappings mean for the store. Writes nothing. */
export async function runSchemaPlan(flags: SchemaPlanFlags, context: CliContext): Promise<number> {
  const mappings = mappingsUnder(await openRegistry(context.settings.values), flags);
  const { store } = context.settings.values;
  const { compared, ofTime } = existsSync(storeFile(context.settings.values))
    ? await readStore(context, async (connection) => ({
        compared: await planAll(connection, mappings),
        ofTime: timeFlags(await readStoreTime(connection), store),
      }))
    : { compared: mappings.map((mapping) => ({ plan: planNewStore(mapping), documents: NO_DOCUMENTS })), ofTime: null };
  const id = planId(compared.map(({ plan }) => plan));
  const plans = compared.map(({ plan, documents }) => ({ plan, shown: reportPlan(plan, documents, ofTime) }));
  context.out.data({
    schema_version: 1,
    store,
    plan: id,
    changes: plans.reduce((sum, { plan: { changes } }) => sum + changes.length, 0),
    mappings: plans.map(({ shown }) => shown),
    exit: EXIT.done,
  });
  describePlans(plans, id, flags.sql === true, context.out);
  return EXIT.done;
}

async function planAll(
  connection: Connection,
  mappings: readonly Mapping[],
): Promise<readonly { readonly plan: SchemaPlan; readonly documents: DocumentCounts }[]> {
  const plans = [];
  for (const mapping of mappings)
    plans.push({ plan: await planSchema(connection, mapping), documents: await countDocuments(connection, mapping) });
  return plans;
}

export interface SchemaApplyFlags extends SchemaFlags {
  readonly allowDrop?: boolean;
  readonly plan?: string;
}

/** Makes the store as the mappings want it, or changes nothing. */
export async function runSchemaApply(flags: SchemaApplyFlags, context: CliContext): Promise<number> {
  const { out, settings } = context;
  const mappings = mappingsUnder(await openRegistry(settings.values), flags);
  await using database = await openDatabase(settings.values);
  const connection = await database.connect();
  const { applied, after, ofTime } = await openStore(context).whileAttached(connection, async () => {
    const done = await applySchemas(connection, mappings, {
      allowDrop: flags.allowDrop ?? false,
      planId: flags.plan ?? null,
    });
    const counts: DocumentCounts[] = [];
    for (const mapping of mappings) counts.push(await countDocuments(connection, mapping));
    return { applied: done, after: counts, ofTime: timeFlags(await readStoreTime(connection), settings.values.store) };
  });
  const plans = applied.map((plan, at) => {
    const documents = after[at] ?? NO_DOCUMENTS;
    const { redo, next, command } = reportPlan({ ...plan, changes: [] }, documents, ofTime);
    return { ...reportPlan(plan, documents, ofTime), redo, next, command };
  });
  const changes = plans.reduce((sum, { changes: made }) => sum + made.length, 0);
  out.data({ schema_version: 1, store: settings.values.store, plan: planId(applied), changes, mappings: plans, exit: EXIT.done });
  out.table(plans.flatMap(({ mapping, changes: made }) => made.map(({ kind, table, column }) => ({ mapping, kind, table, column }))));
  out.text(changes === 0 ? "nothing was to do" : `${counted(changes, "change")} made, in one transaction`);
  for (const { mapping, redo, command } of plans)
    if (command !== null) out.say(`${counted(redo, "document")} of ${mapping} to be applied again: ${command}`);
  return EXIT.done;
}

interface MappingStatus {
  readonly mapping: string;
  readonly fingerprint: string;
  readonly tables: number;
  readonly documents: DocumentCounts;
  readonly changes: number;
  readonly last_migration: ReportedMigration | null;
  readonly last_rebuild: ReportedMigration | null;
  readonly next: string;
}

interface ReportedMigration {
  readonly number: number;
  readonly kind: string;
  readonly applied_at: string;
}

/** For each mapping: its tables, what is applied, what is behind, what was migrated last. */
export async function runSchemaStatus(flags: SchemaFlags, context: CliContext): Promise<number> {
  const registry = await openRegistry(context.settings.values);
  const mappings = mappingsUnder(registry, flags);
  const { statuses, orphans } = await readStore(context, async (connection) => {
    const found: MappingStatus[] = [];
    for (const mapping of mappings) found.push(await statusOf(connection, mapping));
    const owners = await connection.rows(
      `SELECT mapping, count(*) AS tables FROM ${stateTable("targets")} GROUP BY mapping ORDER BY mapping`,
    );
    return { statuses: found, orphans: owners.filter((row) => registry.named(sqlText(row["mapping"])) === null) };
  });
  const unknown = orphans.map((row) => ({ mapping: sqlText(row["mapping"]), tables: Number(row["tables"]) }));
  context.out.data({ schema_version: 1, store: context.settings.values.store, mappings: statuses, unknown, exit: EXIT.done });
  context.out.table(
    statuses.map(({ mapping, tables, documents, changes, last_migration, last_rebuild, next }) => ({
      mapping,
      tables,
      documents: documents.applied,
      behind: documents.behind,
      changes,
      last_migration: last_migration === null ? "" : `${String(last_migration.number)} ${last_migration.kind} ${last_migration.applied_at}`,
      last_rebuild: last_rebuild?.applied_at ?? "",
      next,
    })),
  );
  for (const { mapping, tables } of unknown)
    context.out.say(`${counted(tables, "table")} of ${mapping}, of which there is no mapping file`);
  return EXIT.done;
}

async function statusOf(connection: Connection, mapping: Mapping): Promise<MappingStatus> {
  const plan = reportPlan(await planSchema(connection, mapping), await countDocuments(connection, mapping), null);
  const [tables] = await connection.rows(
    `SELECT count(*) AS n FROM ${stateTable("targets")} WHERE mapping = ${duckdbDialect.text(mapping.name)}`,
  );
  return {
    mapping: mapping.name,
    fingerprint: compilePlan(mapping).fingerprint,
    tables: Number(tables?.["n"]),
    documents: plan.documents,
    changes: plan.changes.length,
    last_migration: reported(await lastMigration(connection, mapping.name, LIVE)),
    last_rebuild: reported(await lastMigration(connection, mapping.name, LIVE, "rebuild")),
    next: plan.next,
  };
}

function reported(migration: Migration | null): ReportedMigration | null {
  return migration === null ? null : { number: migration.number, kind: migration.kind, applied_at: migration.appliedAt };
}

/** Whether the tables are as this program left them. Exit 1 where they are not. */
export async function runSchemaDrift(flags: SchemaFlags, context: CliContext): Promise<number> {
  const { out } = context;
  const mappings = mappingsUnder(await openRegistry(context.settings.values), flags);
  const compared = await readStore(context, async (connection) => {
    const found = [];
    for (const mapping of mappings) {
      const result = await findSchemaDrift(connection, mapping);
      if (result === null) continue;
      const ahead = (await planSchema(connection, mapping)).changes.length;
      found.push({ mapping: mapping.name, compared_with: result.comparedWith, drift: result.drift, ahead });
    }
    return found;
  });
  const drifted = compared.some(({ drift }) => drift.length > 0);
  const exit = drifted ? EXIT.someFailed : EXIT.done;
  out.data({ schema_version: 1, store: context.settings.values.store, mappings: compared, exit });
  out.table(compared.flatMap(({ mapping, drift }) => drift.map((finding) => ({ mapping, ...finding }))));
  for (const { mapping, compared_with: comparedWith, drift, ahead } of compared) {
    if (drift.length > 0 && comparedWith === "mapping")
      out.say(`${mapping}: the store has no history yet, so this is against the mapping, which may be ahead`);
    if (drift.length === 0 && ahead > 0) out.say(`${mapping}: as it was left; the mapping is ahead of it (mlb-etl schema plan)`);
  }
  if (drifted) out.say("changed by other means than this program; what mends it: mlb-etl schema plan");
  else out.text(`${counted(compared.length, "mapping")}: the tables are as they were left`);
  return exit;
}
