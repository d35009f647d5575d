import { duckdbDialect } from "../../sql/duckdb-dialect.ts";
import type { TableSchema } from "../mapping-schema.ts";
import type { SchemaChange } from "../schema-changes.ts";
import { STORE } from "./attach.ts";
import type { Placement } from "./placement.ts";

const name = duckdbDialect.name.bind(duckdbDialect);
const text = duckdbDialect.text.bind(duckdbDialect);

/** The statements of a change that is made where the table is; none where a rebuild makes it. */
export function writeChange(change: SchemaChange, placement: Placement): readonly string[] {
  switch (change.kind) {
    case "create_table":
      return writeTable(change.wanted, placement);
    case "drop_table":
      return [`DROP TABLE ${placement.table(change.table)}`];
    case "add_column": {
      // Nullable: rows of before have no value. The gate keeps NOT NULL for what is written from here on.
      const { name: column, type, comment } = change.column;
      const table = placement.table(change.table);
      return [`ALTER TABLE ${table} ADD COLUMN ${name(column)} ${type}`, writeComment(table, column, comment)];
    }
    case "drop_column":
      return change.how === "rebuild" ? [] : [`ALTER TABLE ${placement.table(change.table)} DROP COLUMN ${name(change.column.name)}`];
    case "change_comment":
      return [writeComment(placement.table(change.table), change.column, change.to)];
    case "retype_column":
    case "change_key":
    case "change_documents":
      return [];
  }
}

function writeTable({ name: target, comment, columns, primaryKey }: TableSchema, placement: Placement): readonly string[] {
  const table = placement.table(target);
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
