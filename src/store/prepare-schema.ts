import { UserError } from "../core/errors.ts";
import type { OpenStore } from "./open-store.ts";
import { sqlText } from "../sql/sql-value.ts";
import type { Mapping } from "../mapping/mapping.ts";
import { quoteText as text } from "../sql/quote.ts";
import { schemaHash, schemaOf } from "./mapping-schema.ts";
import { type SchemaChange, type SchemaPlan, compareSchemas, describeChange, planId, redoesDocuments } from "./schema-changes.ts";
import { type MigrationKind, lastMigration, recordMigration } from "./migrations.ts";
import { recordLostRows } from "./record-lost-rows.ts";
import { knownTables, prepareState } from "./state-schema.ts";
import { recordStoreTime, requireStoreTime } from "./store-time.ts";
import type { StoreDialect } from "./store-dialect.ts";
import { ownedTables, storedSchema } from "./stored-schema.ts";

/** Compares a mapping with a store. @throws UserError `schema.other-mapping`. */
export async function planSchema(store: OpenStore, mapping: Mapping): Promise<SchemaPlan> {
  await requireOwner(store, mapping);
  const wanted = schemaOf(mapping, store.dialect);
  return { mapping, wanted, changes: compareSchemas(await storedSchema(store, mapping), wanted, store.dialect.limits) };
}

/** What a mapping means for a store that does not exist yet. */
export function planNewStore(mapping: Mapping, dialect: StoreDialect): SchemaPlan {
  const wanted = schemaOf(mapping, dialect);
  return { mapping, wanted, changes: compareSchemas({ documents: null, tables: [] }, wanted, dialect.limits) };
}

/**
 * Makes what a mapping needs, in one transaction: state tables, schemas, tables with keys and comments; adds columns that are new
 * in the mapping. Gives the hash of the schema.
 * @throws UserError `schema.not-additive`: anything else changed; nothing is changed then. `store.as-of`: the store holds the tables as of another time, or live.
 */
export async function prepareSchema(store: OpenStore, mapping: Mapping, asOf: string | null): Promise<string> {
  return store.transaction(async () => {
    if (await prepareState(store)) await recordStoreTime(store, asOf);
    await requireStoreTime(store, asOf);
    const plan = await planSchema(store, mapping);
    if (plan.changes.length > 0) await store.lock(mapping.name);
    const others = plan.changes.filter(({ how }) => how !== "additive");
    if (others.length > 0) throw notAdditive(mapping, others);
    await applySchema(store, plan, "transform");
    return schemaHash(plan.wanted);
  });
}

export interface ApplyOptions {
  /** Columns and tables that the mapping no longer has are dropped. */
  readonly allowDrop: boolean;
  /** The plan that was looked at, by its id; null: whatever is to do. */
  readonly planId: string | null;
}

/**
 * Makes a store as mappings want it, or changes nothing: one transaction.
 * @throws UserError `schema.plan-changed`, `schema.needs-rebuild`, `schema.drops`, and as `planSchema`.
 */
export async function applySchemas(store: OpenStore, mappings: readonly Mapping[], options: ApplyOptions): Promise<readonly SchemaPlan[]> {
  return store.transaction(async () => {
    await prepareState(store);
    for (const { name } of mappings.toSorted((a, b) => (a.name < b.name ? -1 : 1))) await store.lock(name);
    const plans: SchemaPlan[] = [];
    for (const mapping of mappings) plans.push(await planSchema(store, mapping));
    const id = planId(plans);
    if (options.planId !== null && options.planId !== id) throw planChanged(options.planId, id);
    for (const { mapping, changes } of plans) {
      const rebuilds = changes.filter(({ how }) => how === "rebuild");
      if (rebuilds.length > 0) throw needsRebuild(mapping, rebuilds);
      const drops = changes.filter(({ how }) => how === "destructive");
      if (drops.length > 0 && !options.allowDrop) throw wouldDrop(mapping, drops);
    }
    for (const plan of plans) await applySchema(store, plan, "apply");
    return plans;
  });
}

/** Makes the changes of a plan, none of which needs a rebuild. Inside a transaction; the state tables are there. */
async function applySchema(store: OpenStore, { mapping, wanted, changes }: SchemaPlan, kind: MigrationKind): Promise<void> {
  const statements = changes.flatMap((change) => store.dialect.writeChange(change, store.placement));
  await recordLostRows(
    store,
    mapping,
    changes.flatMap((change) => (change.kind === "create_table" || change.kind === "drop_table" ? [change.table] : [])),
  );
  if (store.placement === "live") await store.dialect.lockTables(store, [...new Set(changes.flatMap(takenTable))]);
  for (const statement of statements) await store.run(statement);
  await recordOwner(store, mapping);
  // New columns and tables are empty, whatever plan applied a document before: all are to be applied again.
  if (changes.some(redoesDocuments))
    await store.run(`UPDATE ${store.state("documents")} SET fingerprint = '' WHERE mapping = ${text(mapping.name)}`);
  const last = await lastMigration(store, mapping.name);
  if (statements.length > 0 || last?.hash !== schemaHash(wanted))
    await recordMigration(store, { mapping: mapping.name, kind, statements, schema: wanted });
}

/** The table that a change takes from readers too, for a moment. */
function takenTable(change: SchemaChange): readonly string[] {
  switch (change.kind) {
    case "drop_table":
    case "add_column":
    case "drop_column":
    case "drop_object":
      return [change.table];
    case "create_table":
    case "retype_column":
    case "change_key":
    case "change_comment":
    case "add_object":
    case "change_documents":
      return [];
  }
}

/** Notes which tables a mapping fills. */
export async function recordOwner(store: OpenStore, mapping: Mapping): Promise<void> {
  const names = mapping.targets.map(({ name }) => name);
  const table = store.state("targets");
  const owned = await ownedTables(store, mapping);
  for (const name of owned.filter((each) => !names.includes(each)))
    await store.run(`DELETE FROM ${table} WHERE table_name = ${text(name)}`);
  // Who loads may have no right to write here: nothing is written that is there.
  for (const name of names.filter((each) => !owned.includes(each)))
    await store.run(`INSERT INTO ${table} VALUES (${text(name)}, ${text(mapping.name)}) ON CONFLICT DO NOTHING`);
}

/**
 * Rows of a table belong to the documents of one mapping: under another name they would be nobody's.
 * @throws UserError `schema.other-mapping`.
 */
export async function requireOwner(store: OpenStore, mapping: Mapping): Promise<void> {
  if (!(await knownTables(store)).has("targets")) return;
  const tables = mapping.targets.map((target) => text(target.name)).join(", ");
  const [other] = await store.rows(
    `SELECT table_name, mapping FROM ${store.state("targets")} WHERE table_name IN (${tables}) AND mapping <> ${text(mapping.name)} LIMIT 1`,
  );
  if (other === undefined) return;
  throw new UserError({
    code: "schema.other-mapping",
    message: `the table ${sqlText(other["table_name"])} of this store is filled by another mapping`,
    expected: sqlText(other["mapping"]),
    got: mapping.name,
    next: "give the mapping file its old name back, or load a new store from raw (--store)",
  });
}

/** @throws UserError `schema.changed`: a command of another process changed the tables since they were prepared. Inside the transaction that writes. */
export async function requirePrepared(store: OpenStore, mapping: string, hash: string): Promise<void> {
  const [last] = await store.rows(
    `SELECT kind, schema_hash, applied_at FROM ${store.state("migrations")} WHERE mapping = ${text(mapping)} ORDER BY number DESC LIMIT 1`,
  );
  if (last?.["schema_hash"] === hash) return;
  throw new UserError({
    code: "schema.changed",
    message: `the tables of ${mapping} were changed while this was at work`,
    got: `${sqlText(last?.["kind"])} at ${sqlText(last?.["applied_at"])}`,
    next: "run the same command again, under the mapping that the store has now",
  });
}

function planChanged(expected: string, got: string): UserError {
  return new UserError({
    code: "schema.plan-changed",
    message: "the plan that was looked at is no longer what is to do: the store or a mapping changed since",
    expected: `plan ${expected}`,
    got: `plan ${got}`,
    next: "look again: mlb-etl schema plan",
  });
}

function needsRebuild(mapping: Mapping, changes: readonly SchemaChange[]): UserError {
  return new UserError({
    code: "schema.needs-rebuild",
    message: `tables of ${mapping.name} cannot be changed where they are; nothing was changed`,
    got: listed(changes),
    next: `mlb-etl rebuild ${sourceFlags(mapping)}`,
  });
}

function wouldDrop(mapping: Mapping, changes: readonly SchemaChange[]): UserError {
  return new UserError({
    code: "schema.drops",
    message: `the mapping ${mapping.name} no longer has what the store has; nothing was changed`,
    got: listed(changes),
    next: "mlb-etl schema apply --allow-drop drops it; raw still has the values",
  });
}

/** As flags of the command line. */
export function sourceFlags({ source: { endpoint, method } }: Mapping): string {
  return `--endpoint ${endpoint} --method ${method}`;
}

function listed(changes: readonly SchemaChange[]): string {
  return changes.map(describeChange).join("\n            ");
}

function notAdditive(mapping: Mapping, changes: readonly SchemaChange[]): UserError {
  const source = sourceFlags(mapping);
  return new UserError({
    code: "schema.not-additive",
    message: `the store does not fit the mapping ${mapping.name}, and only added columns and tables are migrated by themselves`,
    got: listed(changes),
    next: `see mlb-etl schema plan ${source}; then ${changes.some(({ how }) => how === "rebuild") ? "" : "mlb-etl schema apply --allow-drop, or "}mlb-etl rebuild ${source}`,
  });
}
