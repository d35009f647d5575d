import type { ColumnType } from "./column-type.ts";
import type { Expression } from "./expression.ts";
import type { Path, Reference } from "./path.ts";

/** A mapping, checked: every default filled in, every `for_each` expanded, every path and expression parsed and typed. `MappingSpec` is the same as written. */
export interface Mapping {
  /** `<endpoint>/<file name without .yaml>`. Several mappings may take captures of one method. */
  readonly name: string;
  /** The file it was read from, relative to the mappings folder. */
  readonly file: string;
  readonly source: Source;
  /** Texts that mean "no value" in columns that are neither text nor JSONB. */
  readonly nullValues: readonly string[];
  /** The document's columns, first in every target. */
  readonly fields: readonly Field[];
  readonly targets: readonly Target[];
  readonly ignore: readonly Ignore[];
}

export interface Source {
  readonly endpoint: string;
  readonly method: string;
  /** `schema.table` of the raw captures. */
  readonly rawTable: string;
  /** Where one answer holds a bag of documents, the path to each of them; null where the answer is the document. */
  readonly arraySource: Path | null;
  /** Names of file-level fields. */
  readonly documentKey: readonly string[];
  readonly version: {
    readonly reference: Reference;
    /** Whole-match pattern; null takes every text. */ readonly pattern: string | null;
  } | null;
  /** Name of the file-level field that --start-date and --end-date mean; null where the mapping has none. */
  readonly date: string | null;
  /** Over `parameters.*` only; null takes every capture. */
  readonly filter: Expression | null;
}

export const SOURCE_FIELDS = ["index", "ordinal", "key", "captured_at"] as const;
/** All about a row that is no JSON value: array position from 0 or from 1, object key (each of them `levels` wildcard levels out), time of the capture, a request parameter. */
export type SourceField =
  | { readonly kind: "index" | "ordinal" | "key"; /** 0 is the row itself, 1 its parent. */ readonly levels: number }
  | { readonly kind: "captured_at" }
  | { readonly kind: "parameter"; readonly name: string };

export type FieldValue =
  | { readonly kind: "path"; readonly reference: Reference }
  | { readonly kind: "source_field"; readonly source: SourceField }
  | { readonly kind: "expression"; readonly expression: Expression; /** As written. */ readonly text: string };

export interface Field {
  readonly name: string;
  readonly type: ColumnType;
  /** Key columns are never nullable. */
  readonly nullable: boolean;
  readonly description: string;
  readonly value: FieldValue;
  /** Text of the JSON value that stands for absent or null; null where there is none. */
  readonly default: string | null;
  readonly onBadValue: "null" | "quarantine";
}

export type RowSource =
  /** The document is the row. */
  | { readonly kind: "document" }
  /** Each match of a path with at least one wildcard. */
  | { readonly kind: "each"; readonly path: Path }
  /** One object below the document, without wildcard; an absent one is no row if `optional`. */
  | { readonly kind: "object"; readonly path: Path };

/** A lookup: another value of the document, found by the row's own value. Places are tried in order, the first found wins. */
export interface Lookup {
  readonly name: string;
  readonly places: readonly LookupPlace[];
}
export interface LookupPlace {
  /** Keys from the document to the object or array that is looked into. */
  readonly container: readonly string[];
  /** `key`: object key `prefix + text of reference`. `position`: array position, from 0, of the integer at reference. */
  readonly by: "key" | "position";
  readonly prefix: string;
  readonly reference: Reference;
}

export interface Relationship {
  readonly fromFields: readonly string[];
  readonly toTable: string;
  readonly toFields: readonly string[];
  readonly type: "many_to_one" | "one_to_one" | "one_to_many";
  /** Not enforced: to another mapping's table, or where real data break it. */
  readonly optional: boolean;
}

export interface Index {
  readonly name: string;
  readonly fields: readonly string[];
  readonly type: "btree" | "hash" | "gin" | "brin";
  readonly unique: boolean;
}

export interface Rule {
  /** As written. */
  readonly rule: string;
  readonly expression: Expression;
  readonly severity: "error" | "warn";
  readonly description: string | null;
}

export const EXPORT_FORMATS = ["parquet", "delta", "avro"] as const;
export interface Export {
  readonly formats: readonly (typeof EXPORT_FORMATS)[number][];
  readonly orderBy: readonly string[];
}

export interface Target {
  /** `schema.table`. */
  readonly name: string;
  readonly description: string;
  readonly rowSource: RowSource;
  /** True: an absent container before the first wildcard is like an empty one. */
  readonly optional: boolean;
  readonly lookups: readonly Lookup[];
  /** Keeps a row only if true. */
  readonly filter: Expression | null;
  readonly primaryKey: readonly string[];
  /** Names of file-level fields. */
  readonly partitionBy: readonly string[];
  /** All columns: the file-level fields first. */
  readonly fields: readonly Field[];
  readonly relationships: readonly Relationship[];
  readonly indexes: readonly Index[];
  readonly rules: readonly Rule[];
  readonly export: Export | null;
}

/** A leaf path that is left out on purpose. `path` may start with `$.**` (any depth) and holds wildcards. */
export interface Ignore {
  readonly path: string;
  readonly reason: string;
}
