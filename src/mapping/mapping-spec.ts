import { z } from "zod";
import { COLUMN_TYPE_SPELLINGS } from "./column-type.ts";
import { EXPORT_FORMATS, SOURCE_FIELDS } from "./mapping.ts";

/** A mapping as written: what the YAML may hold, and nothing about whether it is right. `Mapping` is the same as checked. */
export interface MappingSpec {
  readonly source: SourceSpec;
  readonly null_values?: readonly string[] | undefined;
  readonly fields: readonly FieldEntrySpec[];
  readonly targets: readonly TargetSpec[];
  readonly ignore?: readonly IgnoreSpec[] | undefined;
}

export interface SourceSpec {
  readonly endpoint: string;
  readonly method: string;
  readonly raw_table: string;
  readonly array_source?: string | undefined;
  readonly document_key: readonly string[];
  readonly version?: string | VersionSpec | undefined;
  readonly date?: string | undefined;
  readonly filter?: string | undefined;
}

export interface VersionSpec {
  readonly json_path: string;
  readonly pattern?: string | undefined;
}

export interface FieldSpec {
  readonly name: string;
  readonly type: string;
  readonly json_path?: string | undefined;
  readonly source_field?: string | undefined;
  readonly expression?: string | undefined;
  readonly description?: string | undefined;
  readonly nullable?: boolean | undefined;
  readonly default?: string | number | boolean | undefined;
  readonly on_bad_value?: "null" | "quarantine" | null | undefined;
}

/** One group of values for placeholders: `{side: home}`. */
export type BindingsSpec = Readonly<Record<string, string>>;

export interface FieldGroupSpec {
  readonly for_each: readonly BindingsSpec[];
  readonly fields: readonly FieldSpec[];
}

export type FieldEntrySpec = FieldSpec | FieldGroupSpec;

export interface RelationshipSpec {
  readonly from_field: string | readonly string[];
  readonly to_table: string;
  readonly to_field?: string | readonly string[] | undefined;
  readonly type?: (typeof RELATIONSHIP_TYPES)[number] | undefined;
  readonly optional?: boolean | undefined;
}

export interface IndexObjectSpec {
  readonly fields: readonly string[];
  readonly type?: (typeof INDEX_TYPES)[number] | undefined;
  readonly unique?: boolean | undefined;
  readonly name?: string | undefined;
}

export type IndexSpec = readonly string[] | IndexObjectSpec;

export interface RuleSpec {
  readonly rule: string;
  readonly severity: (typeof SEVERITIES)[number];
  readonly description?: string | undefined;
}

export interface ExportSpec {
  readonly formats: readonly (typeof EXPORT_FORMATS)[number][];
  readonly order_by?: readonly string[] | undefined;
}

export interface TargetSpec {
  readonly for_each?: readonly BindingsSpec[] | undefined;
  readonly name: string;
  readonly description?: string | undefined;
  readonly array_source?: string | undefined;
  readonly nested_array?: string | undefined;
  readonly object_source?: string | undefined;
  readonly optional?: boolean | undefined;
  readonly lookups?: Readonly<Record<string, string | readonly string[]>> | undefined;
  readonly filter?: string | undefined;
  readonly primary_key: readonly string[];
  readonly upsert_keys?: readonly string[] | undefined;
  readonly partition_by?: readonly string[] | undefined;
  readonly fields: readonly FieldEntrySpec[];
  readonly relationships?: readonly RelationshipSpec[] | undefined;
  readonly indexes?: readonly IndexSpec[] | undefined;
  readonly data_quality?: readonly RuleSpec[] | undefined;
  readonly export?: ExportSpec | undefined;
}

export interface IgnoreSpec {
  readonly path: string;
  readonly reason: string;
}

export const RELATIONSHIP_TYPES = ["many_to_one", "one_to_one", "one_to_many"] as const;
export const INDEX_TYPES = ["btree", "hash", "gin", "brin"] as const;
export const SEVERITIES = ["error", "warn"] as const;

/** Keys that are not listed are refused; the text of that problem is the list of those that are. */
function keys<Shape extends z.ZodRawShape>(description: string, shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  return z
    .strictObject(shape, { error: (issue) => (issue.code === "unrecognized_keys" ? Object.keys(shape).join(", ") : undefined) })
    .describe(description);
}

const text = (description: string): z.ZodString => z.string().describe(description);
const texts = (description: string): z.ZodArray<z.ZodString> => z.array(z.string()).min(1).describe(description);

const version = keys("Where the body says which state of the document it is.", {
  json_path: text("Path to the version, as `$.metaData.timeStamp`."),
  pattern: text("Regular expression that the whole version must match; a document whose version does not is quarantined.").optional(),
});

const source = keys("Which captures the mapping takes, and what one document in them is.", {
  endpoint: text("Endpoint of the catalogue, as `game`. The folder of the file has the same name."),
  method: text("Method of the endpoint, as `schedule`."),
  raw_table: text("Table of the raw captures, as `schedule.schedule`."),
  array_source: text("Where one answer holds many documents: the path to each of them, as `$.dates[*].games[*]`.").optional(),
  document_key: texts("Names of the file-level fields that name a document. Part of every primary key."),
  version: z
    .union([text("Path to the version in the body."), version])
    .describe("Version of a document's state, compared as text: a path, or a path with a pattern.")
    .optional(),
  date: text("The file-level field that --start-date and --end-date mean.").optional(),
  filter: text("Condition over `parameters.x`: which captures the mapping takes, as `parameters.fields is null`.").optional(),
});

const field = keys("One column.", {
  name: text("Name of the column: lower case letters, digits and _, at most 63 bytes."),
  type: text(`Type of the column: ${COLUMN_TYPE_SPELLINGS.join(", ")}.`).meta({
    anyOf: [
      { enum: COLUMN_TYPE_SPELLINGS.filter((spelling) => !spelling.includes("(")) },
      { pattern: "^VARCHAR\\([0-9]+\\)$|^NUMERIC\\([0-9]+, *[0-9]+\\)$|<[a-z_]" },
    ],
  }),
  json_path: text(
    "Where the value is: `$.x` from the row's element, `parent.x` one wildcard level out, `document.x`, or `<lookup>.x`.",
  ).optional(),
  source_field: text("What is no JSON value: index (from 0), ordinal (from 1), key, parent.index …, captured_at, parameters.x.")
    .meta({
      anyOf: [
        { enum: [...SOURCE_FIELDS, "parent.index", "parent.ordinal", "parent.key"] },
        { pattern: "^(parent\\.)+(index|ordinal|key)$|^parameters\\.|<[a-z_]" },
      ],
    })
    .optional(),
  expression: text("SQL-like expression over columns, `$`, `parent`, `document` and lookups.").optional(),
  description: text("What the column means; goes into the data dictionary.").optional(),
  nullable: z.boolean().describe("Whether the value may be missing. Default true; key columns are never null.").optional(),
  default: z.union([z.string(), z.number(), z.boolean()]).describe("Stands for an absent or null value, never for a bad one.").optional(),
  on_bad_value: z
    .enum(["null", "quarantine"])
    .nullable()
    .describe("What a value does that the type does not take: null and counted (default), or the document goes to quarantine.")
    .optional(),
});

const bindings = z.record(z.string(), z.string()).describe("Values for placeholders: with {side: home}, <side> becomes home.");
const forEach = z.array(bindings).min(1).max(100).describe("Makes a copy for each entry, with its <placeholders> filled in.");

const fieldGroup = keys("A group of columns, written once and made for each entry.", {
  for_each: forEach,
  fields: z.array(field).min(1).describe("Columns with <placeholders>."),
});
const fields = (description: string): z.ZodType<readonly FieldEntrySpec[]> =>
  z
    .array(z.union([field, fieldGroup]))
    .min(1)
    .describe(description);

const relationship = keys("Columns that point at a row of another target.", {
  from_field: z.union([z.string(), texts("Columns of this target.")]).describe("Column or columns of this target."),
  to_table: text("The target that is pointed at, as `game.players`."),
  to_field: z
    .union([z.string(), texts("Columns of the other target.")])
    .describe("Its columns. Default: its primary key.")
    .optional(),
  type: z.enum(RELATIONSHIP_TYPES).describe("Default many_to_one.").optional(),
  optional: z.boolean().describe("True: not enforced (another mapping's table, or real data break it). Default false.").optional(),
});

const index = keys("An index.", {
  fields: texts("Its columns, in order."),
  type: z.enum(INDEX_TYPES).describe("Default btree.").optional(),
  unique: z.boolean().describe("Default false.").optional(),
  name: text("Default `<table>_<columns>_idx`.").optional(),
});

const rule = keys("A rule that every row must keep. NULL passes.", {
  rule: text("Condition over columns and paths; `(select sum(x) from schema.table where …)` sees other targets of the mapping."),
  severity: z.enum(SEVERITIES).describe("error: the document goes to quarantine. warn: it is reported."),
  description: text("What the rule is for.").optional(),
});

const exportSettings = keys("How the table is exported.", {
  formats: z.array(z.enum(EXPORT_FORMATS)).min(1).describe("File formats."),
  order_by: texts("Columns that the rows are ordered by. Default: the primary key.").optional(),
});

const target = keys("A table that the mapping fills.", {
  for_each: forEach.optional(),
  name: text("Name of the table, as `game.plays`."),
  description: text("What one row is; goes into the data dictionary.").optional(),
  array_source: text("One row for each item, as `$.plays[*]`. Without any source the document is the row.").optional(),
  nested_array: text("Appended to array_source, as `$.events[*]`.").optional(),
  object_source: text("One row for each value of an object (`$.players.*`), or the object itself (`$.venue`).").optional(),
  optional: z
    .boolean()
    .describe("True: an absent container is like an empty one. Default false: the document goes to quarantine.")
    .optional(),
  lookups: z
    .record(z.string(), z.union([z.string(), texts("Places, tried in order.")]))
    .describe(
      'Other values of the document by the row\'s own: {player: "document.players.ID{$.player.id}"}, {play: "document.plays[{$}]"}.',
    )
    .optional(),
  filter: text("Keeps a row only if true, as `$.isPitch = true`.").optional(),
  primary_key: texts("Columns that identify a row; the document key is among them."),
  upsert_keys: texts("Older word; must be the primary key.").optional(),
  partition_by: texts("File-level fields that the table is partitioned by.").optional(),
  fields: fields("Columns of the table, after the file-level fields."),
  relationships: z.array(relationship).describe("What its columns point at.").optional(),
  indexes: z
    .array(z.union([texts("Columns of the index."), index]))
    .describe("Indexes: lists of columns, or settings.")
    .optional(),
  data_quality: z.array(rule).describe("Rules of its rows.").optional(),
  export: exportSettings.optional(),
});

const ignore = keys("A path that is left out on purpose.", {
  path: text("Path with wildcards; `$.**.link` means at any depth."),
  reason: text("Why it is left out."),
});

export const mappingSpec: z.ZodType<MappingSpec> = keys("How a document of the MLB Stats API becomes rows of tables.", {
  source,
  null_values: z.array(z.string()).describe('Texts that mean "no value" in columns that are neither text nor JSONB.').optional(),
  fields: fields("The document's columns, first in every target; `$` is the document."),
  targets: z.array(target).min(1).describe("The tables."),
  ignore: z.array(ignore).describe("Leaf paths that are left out on purpose; everything else must be mapped.").optional(),
});

/** A spec in which some parts may be missing, because they were wrong and are reported already. */
export type PartialSpec<Spec> = Spec extends readonly (infer Item)[]
  ? readonly PartialSpec<Item>[]
  : Spec extends object
    ? { readonly [Key in keyof Spec]?: PartialSpec<Spec[Key]> | undefined }
    : Spec;
