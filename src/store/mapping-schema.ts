import { sha256Hex } from "../core/hash.ts";
import { stableJson } from "../core/stable-json.ts";
import { type ColumnType, renderColumnType } from "../mapping/column-type.ts";
import type { Mapping, Target } from "../mapping/mapping.ts";

/** A column of a table, its type as the store's catalog spells it. */
export interface ColumnSchema {
  readonly name: string;
  readonly type: string;
  readonly comment: string | null;
}

/** A table as a mapping wants it, or as a store has it. */
export interface TableSchema {
  /** `schema.table`. */
  readonly name: string;
  readonly comment: string | null;
  /** In the order of the table. */
  readonly columns: readonly ColumnSchema[];
  /** Empty where the table has none. */
  readonly primaryKey: readonly string[];
  /** Indexes and constraints, by name. A store of before there were any says nothing of them. */
  readonly objects?: readonly TableObject[];
}

/** An index or a constraint of a table. The name says what it is: another one has another name. */
export type TableObject =
  | {
      readonly kind: "index";
      readonly name: string;
      readonly columns: readonly string[];
      readonly method: string;
      readonly unique: boolean;
    }
  | {
      readonly kind: "foreign_key";
      readonly name: string;
      readonly columns: readonly string[];
      readonly toTable: string;
      readonly toColumns: readonly string[];
    }
  | { readonly kind: "check"; readonly name: string; readonly condition: string };

/** All that a store keeps of a mapping, but for the rows: plain data, the same shape for what is wanted and for what is there. */
export interface MappingSchema {
  readonly documents: DocumentNaming;
  readonly tables: readonly TableSchema[];
}

/** Which documents there are, and how they are called. */
export interface DocumentNaming {
  readonly key: readonly string[];
  /** SHA-256, hex, over all that decides it: where documents are in an answer, which answers are taken, what the key is read from. */
  readonly fingerprint: string;
}

/** Columns that every row carries last: the capture that last changed it. */
export const LINEAGE_COLUMNS: readonly {
  readonly name: string;
  readonly type: ColumnType;
  readonly comment: string;
}[] = [
  { name: "source_version", type: { name: "TEXT" }, comment: "Version in the body of the capture that last changed this row" },
  { name: "source_captured_at", type: { name: "TIMESTAMPTZ" }, comment: "Time of the capture that last changed this row" },
  { name: "source_raw_id", type: { name: "BIGINT" }, comment: "Id of that capture in its raw table" },
  { name: "transformed_at", type: { name: "TIMESTAMPTZ" }, comment: "When that was written" },
];

/** How a store spells types, and what it makes of a target beside its columns. */
export interface SchemaSpelling {
  storedType(type: ColumnType): string;
  objectsOf(target: Target, mapping: Mapping): readonly TableObject[];
}

/** What a mapping wants of a store. */
export function schemaOf(mapping: Mapping, spelling: SchemaSpelling): MappingSchema {
  return { documents: documentNaming(mapping), tables: mapping.targets.map((target) => tableOf(target, mapping, spelling)) };
}

/** Names a schema: equal schemas have equal hashes. */
export function schemaHash(schema: MappingSchema): string {
  return sha256Hex(stableJson(schema));
}

function documentNaming({ source, fields }: Mapping): DocumentNaming {
  const { arraySource, documentKey, filter } = source;
  const key = fields.flatMap(({ name, type, value, default: byDefault }) =>
    documentKey.includes(name) ? [{ name, type, value, default: byDefault }] : [],
  );
  return { key: documentKey, fingerprint: sha256Hex(stableJson({ arraySource, documentKey, filter, key })) };
}

/** NOT NULL is the gate's: in the table it would only stand in the way of a mapping that relaxes it. */
function tableOf(target: Target, mapping: Mapping, spelling: SchemaSpelling): TableSchema {
  return {
    name: target.name,
    comment: target.description,
    columns: [
      ...target.fields.map(({ name, type, description }) => ({
        name,
        type: spelling.storedType(type),
        comment: `${description} (${renderColumnType(type)})`,
      })),
      ...LINEAGE_COLUMNS.map(({ name, type, comment }) => ({ name, type: spelling.storedType(type), comment })),
    ],
    primaryKey: target.primaryKey,
    objects: spelling.objectsOf(target, mapping),
  };
}
