import { sqlText } from "../sql/sql-value.ts";
import type { Mapping } from "../mapping/mapping.ts";
import { quoteText as text } from "../sql/quote.ts";
import { schemaOf } from "./mapping-schema.ts";
import { lastMigration } from "./migrations.ts";
import type { OpenStore } from "./open-store.ts";
import type { StoredSchema } from "./schema-changes.ts";
import { knownTables } from "./state-schema.ts";

/** What a store has of a mapping: the tables that it wants and those that it filled before. A store without state has nothing of it. */
export async function storedSchema(store: OpenStore, mapping: Mapping): Promise<StoredSchema> {
  const owned = await ownedTables(store, mapping);
  const names = [...new Set([...mapping.targets.map(({ name }) => name), ...owned])];
  const last = await lastMigration(store, mapping.name);
  const tables = await store.readTables(names);
  // Indexes that others made are theirs.
  const ours = new Set(
    [...(last?.schema.tables ?? []), ...schemaOf(mapping, store.dialect).tables].flatMap(({ objects = [] }) =>
      objects.map(({ name }) => name),
    ),
  );
  return {
    documents: last?.schema.documents ?? null,
    tables: tables.map((table) => ({ ...table, objects: (table.objects ?? []).filter(({ name }) => ours.has(name)) })),
  };
}

/** Tables that the store says the mapping fills. */
export async function ownedTables(store: OpenStore, mapping: Mapping): Promise<readonly string[]> {
  if (!(await knownTables(store)).has("targets")) return [];
  const rows = await store.rows(
    `SELECT table_name FROM ${store.state("targets")} WHERE mapping = ${text(mapping.name)} ORDER BY table_name`,
  );
  return rows.map((row) => sqlText(row["table_name"]));
}
