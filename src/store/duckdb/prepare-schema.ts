import { UserError } from "../../core/errors.ts";
import type { Connection } from "../../duckdb/connection.ts";
import { sqlText } from "../../sql/sql-value.ts";
import type { Mapping } from "../../mapping/mapping.ts";
import { duckdbDialect } from "../../sql/duckdb-dialect.ts";
import { schemaHash } from "../mapping-schema.ts";
import { type SchemaChange, type SchemaPlan, compareSchemas, describeChange, planId, redoesDocuments } from "../schema-changes.ts";
import { type MigrationKind, lastMigration, recordMigration } from "./migrations.ts";
import { LIVE, type Placement } from "./placement.ts";
import { recordLostRows } from "./record-lost-rows.ts";
import { knownTables, prepareState } from "./state-schema.ts";
import { recordStoreTime, requireStoreTime } from "./store-time.ts";
import { DUCKDB_LIMITS, ownedTables, storedSchema, wantedSchema } from "./stored-schema.ts";
import { writeChange } from "./write-changes.ts";

const text = duckdbDialect.text.bind(duckdbDialect);

/** Compares a mapping with the attached store. @throws UserError `schema.other-mapping`. */
export async function planSchema(connection: Connection, mapping: Mapping, placement: Placement = LIVE): Promise<SchemaPlan> {
  await requireOwner(connection, mapping, placement);
  const wanted = wantedSchema(mapping);
  return { mapping, wanted, changes: compareSchemas(await storedSchema(connection, mapping, placement), wanted, DUCKDB_LIMITS) };
}

/** What a mapping means for a store that does not exist yet. */
export function planNewStore(mapping: Mapping): SchemaPlan {
  const wanted = wantedSchema(mapping);
  return { mapping, wanted, changes: compareSchemas({ documents: null, tables: [] }, wanted, DUCKDB_LIMITS) };
}

/**
 * Makes what a mapping needs, in one transaction: state tables, schemas, tables with keys and comments; adds columns that are new
 * in the mapping. Gives the hash of the schema.
 * @throws UserError `schema.not-additive`: anything else changed; nothing is changed then. `store.as-of`: the store holds the tables as of another time, or live.
 */
export async function prepareSchema(connection: Connection, mapping: Mapping, asOf: string | null, placement: Placement): Promise<string> {
  return connection.transaction(async () => {
    if (await prepareState(connection, placement)) await recordStoreTime(connection, asOf, placement);
    await requireStoreTime(connection, asOf, placement);
    const plan = await planSchema(connection, mapping, placement);
    const others = plan.changes.filter(({ how }) => how !== "additive");
    if (others.length > 0) throw notAdditive(mapping, others);
    await applySchema(connection, plan, "transform", placement);
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
 * Makes the attached store as mappings want it, or changes nothing: one transaction.
 * @throws UserError `schema.plan-changed`, `schema.needs-rebuild`, `schema.drops`, and as `planSchema`.
 */
export async function applySchemas(
  connection: Connection,
  mappings: readonly Mapping[],
  options: ApplyOptions,
): Promise<readonly SchemaPlan[]> {
  return connection.transaction(async () => {
    await prepareState(connection, LIVE);
    const plans: SchemaPlan[] = [];
    for (const mapping of mappings) plans.push(await planSchema(connection, mapping));
    const id = planId(plans);
    if (options.planId !== null && options.planId !== id) throw planChanged(options.planId, id);
    for (const { mapping, changes } of plans) {
      const rebuilds = changes.filter(({ how }) => how === "rebuild");
      if (rebuilds.length > 0) throw needsRebuild(mapping, rebuilds);
      const drops = changes.filter(({ how }) => how === "destructive");
      if (drops.length > 0 && !options.allowDrop) throw wouldDrop(mapping, drops);
    }
    for (const plan of plans) await applySchema(connection, plan, "apply", LIVE);
    return plans;
  });
}

/** Makes the changes of a plan, none of which needs a rebuild. Inside a transaction; the state tables are there. */
async function applySchema(
  connection: Connection,
  { mapping, wanted, changes }: SchemaPlan,
  kind: MigrationKind,
  placement: Placement,
): Promise<void> {
  const statements = changes.flatMap((change) => writeChange(change, placement));
  await recordLostRows(
    connection,
    placement,
    mapping,
    changes.flatMap((change) => (change.kind === "create_table" || change.kind === "drop_table" ? [change.table] : [])),
  );
  for (const statement of statements) await connection.run(statement);
  await recordOwner(connection, mapping, placement);
  // New columns and tables are empty, whatever plan applied a document before: all are to be applied again.
  if (changes.some(redoesDocuments))
    await connection.run(`UPDATE ${placement.state("documents")} SET fingerprint = '' WHERE mapping = ${text(mapping.name)}`);
  const last = await lastMigration(connection, mapping.name, placement);
  if (statements.length > 0 || last?.hash !== schemaHash(wanted))
    await recordMigration(connection, placement, { mapping: mapping.name, kind, statements, schema: wanted });
}

/** Notes which tables a mapping fills. */
export async function recordOwner(connection: Connection, mapping: Mapping, placement: Placement): Promise<void> {
  const names = mapping.targets.map(({ name }) => name);
  const table = placement.state("targets");
  for (const name of await ownedTables(connection, mapping, placement))
    if (!names.includes(name)) await connection.run(`DELETE FROM ${table} WHERE table_name = ${text(name)}`);
  for (const name of names) await connection.run(`INSERT OR IGNORE INTO ${table} VALUES (${text(name)}, ${text(mapping.name)})`);
}

/**
 * Rows of a table belong to the documents of one mapping: under another name they would be nobody's.
 * @throws UserError `schema.other-mapping`.
 */
export async function requireOwner(connection: Connection, mapping: Mapping, placement: Placement): Promise<void> {
  if (!(await knownTables(connection, placement)).has("targets")) return;
  const tables = mapping.targets.map((target) => text(target.name)).join(", ");
  const [other] = await connection.rows(
    `SELECT table_name, mapping FROM ${placement.state("targets")} WHERE table_name IN (${tables}) AND mapping <> ${text(mapping.name)} LIMIT 1`,
  );
  if (other === undefined) return;
  throw new UserError({
    code: "schema.other-mapping",
    message: `the table ${sqlText(other["table_name"])} of this store is filled by another mapping`,
    expected: sqlText(other["mapping"]),
    got: mapping.name,
    next: "give the mapping file its old name back, or load a new store from raw (--store duckdb:FILE)",
  });
}

/** @throws UserError `schema.changed`: a command of another process changed the tables since they were prepared. Inside the transaction that writes. */
export async function requirePrepared(connection: Connection, mapping: string, hash: string, placement: Placement): Promise<void> {
  const [last] = await connection.rows(
    `SELECT kind, schema_hash, applied_at FROM ${placement.state("migrations")} WHERE mapping = ${text(mapping)} ORDER BY number DESC LIMIT 1`,
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
