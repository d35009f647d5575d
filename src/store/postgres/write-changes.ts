import { quoteName as name, quoteText as text } from "../../sql/quote.ts";
import type { TableSchema } from "../mapping-schema.ts";
import type { SchemaChange } from "../schema-changes.ts";
import type { Placement } from "../store-dialect.ts";
import { schemaName, tableName } from "./placement.ts";
import { writeDropObject, writeObject } from "./write-objects.ts";

/** The statements of a change that is made where the table is; none where a rebuild makes it. */
export function writeChange(change: SchemaChange, placement: Placement): readonly string[] {
  switch (change.kind) {
    case "create_table":
      return writeTable(change.wanted, placement);
    case "drop_table":
      return [`DROP TABLE ${tableName(placement, change.table)}`];
    case "add_column": {
      // Nullable, without default: no row is rewritten. The gate keeps NOT NULL for what is written from here on.
      const { name: column, type, comment } = change.column;
      const table = tableName(placement, change.table);
      return [`ALTER TABLE ${table} ADD COLUMN ${name(column)} ${type}`, writeComment(table, column, comment)];
    }
    case "drop_column":
      return change.how === "rebuild" ? [] : [`ALTER TABLE ${tableName(placement, change.table)} DROP COLUMN ${name(change.column.name)}`];
    case "change_comment":
      return [writeComment(tableName(placement, change.table), change.column, change.to)];
    case "add_object":
      return writeObject(change.table, change.object, placement);
    case "drop_object":
      return [writeDropObject(change.table, change.object, placement)];
    case "retype_column":
    case "change_key":
    case "change_documents":
      return [];
  }
}

/** The strongest lock that the statements of a change take, as PostgreSQL's manual calls it, and what it stands in the way of; null where they take none on a table that is there. */
export function locksOf(change: SchemaChange): string | null {
  switch (change.kind) {
    case "add_column":
    case "drop_column":
    case "drop_table":
      return "ACCESS EXCLUSIVE, for a moment: readers and writers wait; no row is rewritten";
    case "add_object":
      if (change.object.kind === "index") return "SHARE, while the index is built: writers wait, readers do not";
      return change.object.kind === "foreign_key"
        ? "SHARE ROW EXCLUSIVE on both tables, while the rows are checked: writers wait, readers do not"
        : "ACCESS EXCLUSIVE, while the rows are checked: readers and writers wait";
    case "drop_object":
      return "ACCESS EXCLUSIVE, for a moment: readers and writers wait";
    case "change_comment":
      return "SHARE UPDATE EXCLUSIVE, for a moment: nobody waits";
    case "create_table":
    case "retype_column":
    case "change_key":
    case "change_documents":
      return null;
  }
}

function writeTable({ name: target, comment, columns, primaryKey }: TableSchema, placement: Placement): readonly string[] {
  const table = tableName(placement, target);
  const parts = [...columns.map((column) => `${name(column.name)} ${column.type}`), `PRIMARY KEY (${primaryKey.map(name).join(", ")})`];
  return [
    `CREATE SCHEMA IF NOT EXISTS ${name(schemaName(placement, target.split(".")[0] ?? ""))}`,
    `CREATE TABLE ${table} (${parts.join(", ")})`,
    writeComment(table, null, comment),
    ...columns.map((column) => writeComment(table, column.name, column.comment)),
  ];
}

function writeComment(table: string, column: string | null, comment: string | null): string {
  const what = column === null ? `TABLE ${table}` : `COLUMN ${table}.${name(column)}`;
  return `COMMENT ON ${what} IS ${comment === null ? "NULL" : text(comment)}`;
}
