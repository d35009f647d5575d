import { sha256Hex } from "../core/hash.ts";
import { stableJson } from "../core/stable-json.ts";
import type { Mapping } from "../mapping/mapping.ts";
import type { ColumnSchema, DocumentNaming, MappingSchema, TableObject, TableSchema } from "./mapping-schema.ts";

/**
 * `additive`: nothing is lost. `destructive`: values or rows are lost, raw still has them. `rebuild`: the table cannot be changed
 * where it is; it is made beside and filled from raw.
 */
export const CHANGE_WAYS = ["additive", "destructive", "rebuild"] as const;

export const CHANGE_KINDS = [
  "create_table",
  "drop_table",
  "add_column",
  "drop_column",
  "retype_column",
  "change_key",
  "change_comment",
  "drop_object",
  "add_object",
  "change_documents",
] as const;

/** One thing that makes a stored schema the wanted one. */
export type SchemaChange =
  | { readonly kind: "create_table"; readonly how: "additive"; readonly table: string; readonly wanted: TableSchema }
  | { readonly kind: "drop_table"; readonly how: "destructive"; readonly table: string }
  | { readonly kind: "add_column"; readonly how: "additive"; readonly table: string; readonly column: ColumnSchema }
  | { readonly kind: "drop_column"; readonly how: "destructive" | "rebuild"; readonly table: string; readonly column: ColumnSchema }
  | {
      readonly kind: "retype_column";
      readonly how: "rebuild";
      readonly table: string;
      readonly column: string;
      readonly from: string;
      readonly to: string;
    }
  | {
      readonly kind: "change_key";
      readonly how: "rebuild";
      readonly table: string;
      readonly from: readonly string[];
      readonly to: readonly string[];
    }
  | {
      readonly kind: "change_comment";
      readonly how: "additive";
      readonly table: string;
      /** Null: the comment of the table. */
      readonly column: string | null;
      readonly from: string | null;
      readonly to: string | null;
    }
  /** An index or a constraint. */
  | { readonly kind: "add_object" | "drop_object"; readonly how: "additive"; readonly table: string; readonly object: TableObject }
  | { readonly kind: "change_documents"; readonly how: "rebuild"; readonly from: readonly string[]; readonly to: readonly string[] };

/** What a store cannot do to a table where it is. */
export interface StoreLimits {
  /** True: a column cannot be dropped where a column of the primary key stands after it. */
  readonly keepsColumnsBeforeKey: boolean;
}

/** What a store has; `documents` is null where it never noted them. */
export type StoredSchema = Omit<MappingSchema, "documents"> & { readonly documents: DocumentNaming | null };

/** What a mapping means for a store. */
export interface SchemaPlan {
  readonly mapping: Mapping;
  readonly wanted: MappingSchema;
  readonly changes: readonly SchemaChange[];
}

/** What makes the stored schema the wanted one, in the order in which it can be done. Empty: nothing is to do. */
export function compareSchemas(stored: StoredSchema, wanted: MappingSchema, limits: StoreLimits): readonly SchemaChange[] {
  const tables = new Map(stored.tables.map((table) => [table.name, table]));
  const names = new Set(wanted.tables.map(({ name }) => name));
  return [
    ...compareDocuments(stored.documents, wanted.documents),
    ...wanted.tables.flatMap((table): readonly SchemaChange[] => {
      const known = tables.get(table.name);
      return known === undefined
        ? [{ kind: "create_table", how: "additive", table: table.name, wanted: table }]
        : compareTables(known, table, limits);
    }),
    ...stored.tables.flatMap(({ name }): readonly SchemaChange[] =>
      names.has(name) ? [] : [{ kind: "drop_table", how: "destructive", table: name }],
    ),
    // Last: a foreign key may be to any of the tables.
    ...wanted.tables.flatMap((table) => compareObjects(tables.get(table.name)?.objects ?? [], table)),
  ];
}

function compareDocuments(stored: DocumentNaming | null, wanted: DocumentNaming): readonly SchemaChange[] {
  if (stored === null || stored.fingerprint === wanted.fingerprint) return [];
  return [{ kind: "change_documents", how: "rebuild", from: stored.key, to: wanted.key }];
}

function compareTables(stored: TableSchema, wanted: TableSchema, limits: StoreLimits): readonly SchemaChange[] {
  const table = wanted.name;
  const changes: SchemaChange[] = [];
  if (stored.primaryKey.join() !== wanted.primaryKey.join())
    changes.push({ kind: "change_key", how: "rebuild", table, from: stored.primaryKey, to: wanted.primaryKey });
  const known = new Map(stored.columns.map((column) => [column.name, column]));
  for (const column of wanted.columns) {
    const { name, type, comment } = column;
    const before = known.get(name);
    if (before === undefined) changes.push({ kind: "add_column", how: "additive", table, column });
    else if (before.type !== type)
      changes.push({ kind: "retype_column", how: "rebuild", table, column: name, from: before.type, to: type });
    else if (before.comment !== comment)
      changes.push({ kind: "change_comment", how: "additive", table, column: name, from: before.comment, to: comment });
  }
  const names = new Set(wanted.columns.map(({ name }) => name));
  const lastOfKey = stored.columns.findLastIndex(({ name }) => stored.primaryKey.includes(name));
  for (const [at, column] of stored.columns.entries()) {
    if (names.has(column.name)) continue;
    const stays = stored.primaryKey.includes(column.name) || (limits.keepsColumnsBeforeKey && at < lastOfKey);
    changes.push({ kind: "drop_column", how: stays ? "rebuild" : "destructive", table, column });
  }
  if (stored.comment !== wanted.comment)
    changes.push({ kind: "change_comment", how: "additive", table, column: null, from: stored.comment, to: wanted.comment });
  return changes;
}

function compareObjects(stored: readonly TableObject[], { name: table, objects: wanted = [] }: TableSchema): readonly SchemaChange[] {
  const missing = (from: readonly TableObject[], among: readonly TableObject[]): readonly TableObject[] =>
    from.filter((object) => !among.some((other) => isSameObject(object, other)));
  return [
    ...missing(stored, wanted).map((object): SchemaChange => ({ kind: "drop_object", how: "additive", table, object })),
    ...missing(wanted, stored).map((object): SchemaChange => ({ kind: "add_object", how: "additive", table, object })),
  ];
}

/** Whether documents that were applied before have no value, or an old one, in what the change makes. */
export function redoesDocuments({ kind, how }: SchemaChange): boolean {
  return how === "rebuild" || kind === "create_table" || kind === "add_column";
}

/** One sentence, without a full stop. */
export function describeChange(change: SchemaChange): string {
  switch (change.kind) {
    case "create_table":
      return `${change.table} is in the mapping, not in the store`;
    case "drop_table":
      return `${change.table} is in the store, not in the mapping`;
    case "add_column":
      return `${change.table}.${change.column.name} is in the mapping, not in the store`;
    case "drop_column":
      return `${change.table}.${change.column.name} is in the store, not in the mapping`;
    case "retype_column":
      return `${change.table}.${change.column} is ${change.from} in the store, ${change.to} in the mapping`;
    case "change_key":
      return `the primary key of ${change.table} is (${change.from.join(", ")}) in the store, (${change.to.join(", ")}) in the mapping`;
    case "change_comment":
      return `the comment of ${change.column === null ? change.table : `${change.table}.${change.column}`} is another one in the store`;
    case "add_object":
      return `${describeObject(change.object)} of ${change.table} is in the mapping, not in the store`;
    case "drop_object":
      return `${describeObject(change.object)} of ${change.table} is in the store, not in the mapping`;
    case "change_documents":
      return change.from.join() === change.to.join()
        ? "the mapping takes other documents from raw, or reads their key from elsewhere, than the store was filled with"
        : `documents are named by (${change.from.join(", ")}) in the store, by (${change.to.join(", ")}) in the mapping`;
  }
}

/** A check is told by its name, which says what it is: a server spells its condition in its own way. */
function isSameObject(left: TableObject, right: TableObject): boolean {
  if (left.kind === "check" && right.kind === "check") return left.name === right.name;
  return stableJson(left) === stableJson(right);
}

function describeObject(object: TableObject): string {
  switch (object.kind) {
    case "index":
      return `${object.unique ? "the unique index" : "the index"} on (${object.columns.join(", ")})`;
    case "foreign_key":
      return `the foreign key (${object.columns.join(", ")}) to ${object.toTable}`;
    case "check":
      return `the check ${object.condition === "" ? object.name : object.condition}`;
  }
}

/** Names a list of changes: the same changes of the same mappings have the same id. 16 hex digits. */
export function planId(plans: readonly SchemaPlan[]): string {
  return sha256Hex(stableJson(plans.map(({ mapping, changes }) => ({ mapping: mapping.name, changes })))).slice(0, 16);
}
