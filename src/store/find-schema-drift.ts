import type { OpenStore } from "./open-store.ts";
import type { Mapping } from "../mapping/mapping.ts";
import { compareSchemas } from "./schema-changes.ts";
import { type SchemaDrift, driftOf } from "./schema-drift.ts";
import { lastMigration } from "./migrations.ts";
import { schemaOf } from "./mapping-schema.ts";
import { ownedTables } from "./stored-schema.ts";

export interface SchemaDriftResult {
  /** `migration`: what the last migration left. `mapping`: the store has no history, so a mapping that is ahead looks like drift. */
  readonly comparedWith: "migration" | "mapping";
  readonly drift: readonly SchemaDrift[];
}

/** How the tables of a mapping differ from what this program left; null where the store never had any. */
export async function findSchemaDrift(store: OpenStore, mapping: Mapping): Promise<SchemaDriftResult | null> {
  const last = await lastMigration(store, mapping.name);
  const owned = await ownedTables(store, mapping);
  if (last === null && owned.length === 0) return null;
  const expected = last?.schema ?? schemaOf(mapping, store.dialect);
  const names = [...new Set([...expected.tables.map(({ name }) => name), ...owned])];
  const stored = { documents: null, tables: await store.readTables(names) };
  return { comparedWith: last === null ? "mapping" : "migration", drift: driftOf(compareSchemas(stored, expected, store.dialect.limits)) };
}
