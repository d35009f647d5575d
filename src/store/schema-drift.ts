import type { SchemaChange } from "./schema-changes.ts";

export const SCHEMA_DRIFT_KINDS = [
  "missing_table",
  "unknown_table",
  "missing_column",
  "unknown_column",
  "other_type",
  "other_key",
  "other_comment",
  "missing_object",
  "unknown_object",
] as const;

/** One thing in which a store is not as it was left. */
export interface SchemaDrift {
  readonly kind: (typeof SCHEMA_DRIFT_KINDS)[number];
  readonly table: string;
  readonly column: string | null;
  readonly expected: string | null;
  readonly got: string | null;
}

/** What would bring a store back to what it was left like, said as what is wrong with it. */
export function driftOf(changes: readonly SchemaChange[]): readonly SchemaDrift[] {
  return changes.flatMap((change): readonly SchemaDrift[] => {
    switch (change.kind) {
      case "create_table":
        return [{ kind: "missing_table", table: change.table, column: null, expected: "the table", got: null }];
      case "drop_table":
        return [{ kind: "unknown_table", table: change.table, column: null, expected: null, got: "the table" }];
      case "add_column":
        return [{ kind: "missing_column", table: change.table, column: change.column.name, expected: change.column.type, got: null }];
      case "drop_column":
        return [{ kind: "unknown_column", table: change.table, column: change.column.name, expected: null, got: change.column.type }];
      case "retype_column":
        return [{ kind: "other_type", table: change.table, column: change.column, expected: change.to, got: change.from }];
      case "change_key":
        return [
          { kind: "other_key", table: change.table, column: null, expected: change.to.join(", "), got: change.from.join(", ") || null },
        ];
      case "change_comment":
        return [{ kind: "other_comment", table: change.table, column: change.column, expected: change.to, got: change.from }];
      case "add_object":
        return [{ kind: "missing_object", table: change.table, column: null, expected: change.object.name, got: null }];
      case "drop_object":
        return [{ kind: "unknown_object", table: change.table, column: null, expected: null, got: change.object.name }];
      // Names of documents are no part of the tables.
      case "change_documents":
        return [];
    }
  });
}
