import { renderColumnType } from "../mapping/column-type.ts";
import type { Field, Lookup, Mapping, Relationship, RowSource, SourceField, Target } from "../mapping/mapping.ts";
import { renderReference } from "../mapping/parse-path.ts";
import type { Path } from "../mapping/path.ts";
import { renderExpression } from "../mapping/render-expression.ts";
import type { Output } from "./output.ts";

/** Shows a mapping for people, or of it one target only. */
export function describeMapping(mapping: Mapping, only: Target | null, out: Output): void {
  const { source } = mapping;
  const lines: readonly (readonly [string, string])[] = [
    ["file", mapping.file],
    [
      "takes",
      `captures of ${source.endpoint}.${source.method}${source.filter === null ? "" : ` where ${renderExpression(source.filter)}`}, raw table ${source.rawTable}`,
    ],
    ["documents", source.arraySource === null ? "the answer" : `each ${renderPath(source.arraySource)} of the answer`],
    ["document key", source.documentKey.join(", ")],
    [
      "version",
      source.version === null
        ? "none: captured_at alone decides which state is newer"
        : `${renderReference(source.version.reference)}${source.version.pattern === null ? "" : ` matching ${source.version.pattern}`}`,
    ],
    ["date", source.date ?? "none"],
    ["null values", mapping.nullValues.length === 0 ? "none" : mapping.nullValues.map((value) => JSON.stringify(value)).join(" ")],
  ];
  out.text(mapping.name);
  for (const [name, value] of lines) out.text(`  ${name.padEnd(13)} ${value}`);
  const common = new Set(mapping.fields.map((field) => field.name));
  out.text("\ncolumns of the document, first in every table:");
  out.table(mapping.fields.map(columnRow));
  for (const target of mapping.targets) if (only === null || target.name === only.name) describeTarget(target, common, out);
  if (only === null && mapping.ignore.length > 0) {
    out.text("\nleft out on purpose:");
    out.table(mapping.ignore.map(({ path, reason }) => ({ path, reason })));
  }
}

function describeTarget(target: Target, common: ReadonlySet<string>, out: Output): void {
  out.text(`\n${target.name}${target.description === "" ? "" : `: ${target.description}`}`);
  const line = (name: string, value: string): void => {
    out.text(`  ${name.padEnd(13)} ${value}`);
  };
  line("rows", `${renderRowSource(target.rowSource)}${target.optional ? " (an absent container is like an empty one)" : ""}`);
  if (target.filter !== null) line("filter", renderExpression(target.filter));
  line("primary key", target.primaryKey.join(", "));
  if (target.partitionBy.length > 0) line("partitions", target.partitionBy.join(", "));
  for (const lookup of target.lookups) line("lookup", renderLookup(lookup));
  for (const relationship of target.relationships) line("relationship", renderRelationship(relationship));
  for (const { name, fields, type, unique } of target.indexes)
    line("index", `${name} on ${fields.join(", ")} (${type}${unique ? ", unique" : ""})`);
  for (const { rule, severity, description } of target.rules)
    line("rule", `${severity}: ${rule}${description === null ? "" : ` (${description})`}`);
  if (target.export !== null) {
    line(
      "export",
      `${target.export.formats.join(", ")}, ordered by ${target.export.orderBy.join(", ")}. Exporting is not part of transform: these settings are for an export of the table.`,
    );
  }
  const own = target.fields.filter((field) => !common.has(field.name));
  if (own.length > 0) out.table(own.map(columnRow));
}

function columnRow(field: Field): Readonly<Record<string, unknown>> {
  const more = [
    ...(field.default === null ? [] : [`default ${JSON.stringify(field.default)}`]),
    ...(field.onBadValue === "quarantine" ? ["a bad value quarantines"] : []),
  ];
  return {
    column: field.name,
    type: renderColumnType(field.type),
    nullable: field.nullable ? "" : "not null",
    value: [renderValue(field), ...more].join(", "),
    description: field.description,
  };
}

/** Where a column's value comes from, as written in the mapping. */
export function renderValue({ value }: Pick<Field, "value">): string {
  switch (value.kind) {
    case "path":
      return renderReference(value.reference);
    case "source_field":
      return `source_field ${renderSourceField(value.source)}`;
    case "expression":
      return value.text;
  }
}

function renderSourceField(source: SourceField): string {
  switch (source.kind) {
    case "index":
    case "ordinal":
    case "key":
      return [...Array.from({ length: source.levels }, () => "parent"), source.kind].join(".");
    case "captured_at":
      return source.kind;
    case "parameter":
      return `parameters.${source.name}`;
  }
}

function renderRowSource(source: RowSource): string {
  switch (source.kind) {
    case "document":
      return "one per document";
    case "each":
      return `each ${renderPath(source.path)}`;
    case "object":
      return `the object ${renderPath(source.path)}`;
  }
}

function renderPath(path: Path): string {
  const steps = path.map((step) => (step.kind === "items" ? "[*]" : step.kind === "values" ? ".*" : renderKey(step.key)));
  return `$${steps.join("")}`;
}

function renderKey(key: string): string {
  return /^[A-Za-z0-9_]+$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

function renderLookup({ name, places }: Lookup): string {
  const written = places.map(({ container, by, prefix, reference }) => {
    const inside = renderReference(reference);
    return `document${container.map(renderKey).join("")}${by === "key" ? `.${prefix}{${inside}}` : `[{${inside}}]`}`;
  });
  return `${name} = ${written.join(", else ")}`;
}

function renderRelationship({ fromFields, toTable, toFields, type, optional }: Relationship): string {
  return `${fromFields.join(", ")} -> ${toTable} (${toFields.join(", ")}), ${type.replaceAll("_", " ")}${optional ? ", optional: not enforced" : ""}`;
}
