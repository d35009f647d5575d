import { EXIT } from "../../core/errors.ts";
import type { OpenStore } from "../../store/open-store.ts";
import { sqlText } from "../../sql/sql-value.ts";
import type { Mapping } from "../../mapping/mapping.ts";
import { openIndex } from "../../pipeline/open-index.ts";
import { compilePlan } from "../../plan/compile-plan.ts";
import { quoteText } from "../../sql/quote.ts";
import { type SchemaPlan, planId } from "../../store/schema-changes.ts";
import { type DocumentCounts, countDocuments } from "../../store/count-documents.ts";
import { findSchemaDrift } from "../../store/find-schema-drift.ts";
import { type Migration, lastMigration } from "../../store/migrations.ts";
import { applySchemas, planNewStore, planSchema } from "../../store/prepare-schema.ts";
import { requireState } from "../../store/state-schema.ts";
import { readStoreTime } from "../../store/store-time.ts";
import type { CliContext } from "../context.ts";
import { counted } from "../counted.ts";
import { describePlans, reportPlan, timeFlags } from "../describe-schema.ts";
import { mappingsUnder, openRaw, openRegistry, readStore, withStore } from "../platform.ts";

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
  const { compared, ofTime, dialect } = await withStore(context, async (access, connection) =>
    (await access.exists())
      ? access.open(
          connection,
          async (open) => {
            await requireState(open);
            return { compared: await planAll(open, mappings), ofTime: timeFlags(await readStoreTime(open), store), dialect: open.dialect };
          },
          "read",
        )
      : {
          compared: mappings.map((mapping) => ({ plan: planNewStore(mapping, access.dialect), documents: NO_DOCUMENTS })),
          ofTime: null,
          dialect: access.dialect,
        },
  );
  const id = planId(compared.map(({ plan }) => plan));
  const plans = compared.map(({ plan, documents }) => ({ plan, shown: reportPlan(plan, documents, ofTime, dialect) }));
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
  store: OpenStore,
  mappings: readonly Mapping[],
): Promise<readonly { readonly plan: SchemaPlan; readonly documents: DocumentCounts }[]> {
  const plans = [];
  for (const mapping of mappings) plans.push({ plan: await planSchema(store, mapping), documents: await countDocuments(store, mapping) });
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
  const { applied, after, ofTime, dialect } = await withStore(context, (access, connection) =>
    access.open(connection, async (store) => {
      const done = await applySchemas(store, mappings, {
        allowDrop: flags.allowDrop ?? false,
        planId: flags.plan ?? null,
      });
      const counts: DocumentCounts[] = [];
      for (const mapping of mappings) counts.push(await countDocuments(store, mapping));
      return {
        applied: done,
        after: counts,
        ofTime: timeFlags(await readStoreTime(store), settings.values.store),
        dialect: access.dialect,
      };
    }),
  );
  // Captures have their tables made with those of the mappings: who loads may have no right to.
  await using raw = await openRaw(context);
  for (const mapping of mappings) await openIndex(compilePlan(mapping), raw).prepare();
  const plans = applied.map((plan, at) => {
    const documents = after[at] ?? NO_DOCUMENTS;
    const { redo, next, command } = reportPlan({ ...plan, changes: [] }, documents, ofTime, dialect);
    return { ...reportPlan(plan, documents, ofTime, dialect), redo, next, command };
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
  const { statuses, orphans } = await readStore(context, async (store) => {
    const found: MappingStatus[] = [];
    for (const mapping of mappings) found.push(await statusOf(store, mapping));
    const owners = await store.rows(`SELECT mapping, count(*) AS tables FROM ${store.state("targets")} GROUP BY mapping ORDER BY mapping`);
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

async function statusOf(store: OpenStore, mapping: Mapping): Promise<MappingStatus> {
  const plan = reportPlan(await planSchema(store, mapping), await countDocuments(store, mapping), null, store.dialect);
  const [tables] = await store.rows(`SELECT count(*) AS n FROM ${store.state("targets")} WHERE mapping = ${quoteText(mapping.name)}`);
  return {
    mapping: mapping.name,
    fingerprint: compilePlan(mapping).fingerprint,
    tables: Number(tables?.["n"]),
    documents: plan.documents,
    changes: plan.changes.length,
    last_migration: reported(await lastMigration(store, mapping.name)),
    last_rebuild: reported(await lastMigration(store, mapping.name, "rebuild")),
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
  const compared = await readStore(context, async (store) => {
    const found = [];
    for (const mapping of mappings) {
      const result = await findSchemaDrift(store, mapping);
      if (result === null) continue;
      const ahead = (await planSchema(store, mapping)).changes.length;
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
