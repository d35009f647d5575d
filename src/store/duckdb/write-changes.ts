import { quoteName as name, quoteText as text } from "../../sql/quote.ts";
import type { TableSchema } from "../mapping-schema.ts";
import type { Placement } from "../store-dialect.ts";
import type { SchemaChange } from "../schema-changes.ts";
import { STORE } from "./attach.ts";
import { tableName } from "./placement.ts";

/** The statements of a change that is made where the table is; none where a rebuild makes it. This store makes no indexes and constraints. */
export function writeChange(change: SchemaChange, placement: Placement): readonly string[] {
  switch (change.kind) {
    case "create_table":
      return writeTable(change.wanted, placement);
    case "drop_table":
      return [`DROP TABLE ${tableName(placement, change.table)}`];
    case "add_column": {
      // Nullable: rows of before have no value. The gate keeps NOT NULL for what is written from here on.
      const { name: column, type, comment } = change.column;
      const table = tableName(placement, change.table);
      return [`ALTER TABLE ${table} ADD COLUMN ${name(column)} ${type}`, writeComment(table, column, comment)];
    }
    case "drop_column":
      return change.how === "rebuild" ? [] : [`ALTER TABLE ${tableName(placement, change.table)} DROP COLUMN ${name(change.column.name)}`];
    case "change_comment":
      return [writeComment(tableName(placement, change.table), change.column, change.to)];
    case "retype_column":
    case "change_key":
    case "change_documents":
    case "add_object":
    case "drop_object":
      return [];
  }
}

function writeTable({ name: target, comment, columns, primaryKey }: TableSchema, placement: Placement): readonly string[] {
  const table = tableName(placement, target);
  const parts = [...columns.map((column) => `${name(column.name)} ${column.type}`), `PRIMARY KEY (${primaryKey.map(name).join(", ")})`];
  return [
    `CREATE SCHEMA IF NOT EXISTS ${STORE}.${name(target.split(".")[0] ?? "")}`,
    `CREATE TABLE ${table} (${parts.join(", ")})`,
    writeComment(table, null, comment),
    ...columns.map((column) => writeComment(table, column.name, column.comment)),
  ];
}

function writeComment(table: string, column: string | null, comment: string | null): string {
  const what = column === null ? `TABLE ${table}` : `COLUMN ${table}.${name(column)}`;
  return `COMMENT ON ${what} IS ${comment === null ? "NULL" : text(comment)}`;
}
