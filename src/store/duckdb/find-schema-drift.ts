import type { Connection } from "../../duckdb/connection.ts";
import type { Mapping } from "../../mapping/mapping.ts";
import { compareSchemas } from "../schema-changes.ts";
import { type SchemaDrift, driftOf } from "../schema-drift.ts";
import { lastMigration } from "./migrations.ts";
import { LIVE } from "./placement.ts";
import { DUCKDB_LIMITS, ownedTables, readTables, wantedSchema } from "./stored-schema.ts";

export interface SchemaDriftResult {
  /** `migration`: what the last migration left. `mapping`: the store has no history, so a mapping that is ahead looks like drift. */
  readonly comparedWith: "migration" | "mapping";
  readonly drift: readonly SchemaDrift[];
}

/** How the tables of a mapping differ from what this program left; null where the attached store never had any. */
export async function findSchemaDrift(connection: Connection, mapping: Mapping): Promise<SchemaDriftResult | null> {
  const last = await lastMigration(connection, mapping.name, LIVE);
  const owned = await ownedTables(connection, mapping, LIVE);
  if (last === null && owned.length === 0) return null;
  const expected = last?.schema ?? wantedSchema(mapping);
  const names = [...new Set([...expected.tables.map(({ name }) => name), ...owned])];
  const stored = { documents: null, tables: await readTables(connection, names, LIVE) };
  return { comparedWith: last === null ? "mapping" : "migration", drift: driftOf(compareSchemas(stored, expected, DUCKDB_LIMITS)) };
}
