import type { OpenStore } from "./open-store.ts";
import { sqlText } from "../sql/sql-value.ts";
import { quoteText as text } from "../sql/quote.ts";
import { type MappingSchema, schemaHash } from "./mapping-schema.ts";
import { knownTables } from "./state-schema.ts";

/** What migrated: the command. */
export type MigrationKind = "transform" | "apply" | "rebuild";

export interface Migration {
  readonly number: number;
  readonly kind: string;
  /** Tables and document key as they were left. */
  readonly schema: MappingSchema;
  readonly hash: string;
  readonly appliedAt: string;
}

/** The last migration of a mapping's tables; null where none was noted: no tables, or a store of before there was a history. */
export async function lastMigration(store: OpenStore, mapping: string, kind?: MigrationKind): Promise<Migration | null> {
  if (!(await knownTables(store)).has("migrations")) return null;
  const [row] = await store.rows(
    `SELECT * FROM ${store.state("migrations")} WHERE mapping = ${text(mapping)}${kind === undefined ? "" : ` AND kind = ${text(kind)}`} ORDER BY number DESC LIMIT 1`,
  );
  if (row === undefined) return null;
  return {
    number: Number(row["number"]),
    kind: sqlText(row["kind"]),
    schema: JSON.parse(sqlText(row["schema_json"])) as MappingSchema,
    hash: sqlText(row["schema_hash"]),
    appliedAt: sqlText(row["applied_at"]),
  };
}

/** Notes what was done, and what the tables are like now. Inside the transaction that did it. */
export async function recordMigration(
  store: OpenStore,
  migration: {
    readonly mapping: string;
    readonly kind: MigrationKind;
    readonly statements: readonly string[];
    readonly schema: MappingSchema;
  },
): Promise<void> {
  const { mapping, kind, statements, schema } = migration;
  const table = store.state("migrations");
  await store.run(
    `INSERT INTO ${table} SELECT coalesce(max(number), 0) + 1, ${text(mapping)}, ${text(kind)}, ${store.dialect.texts(statements)}, ${text(JSON.stringify(schema))}, ${text(schemaHash(schema))}, now() FROM ${table}`,
  );
}
