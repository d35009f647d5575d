import type { Reference } from "../mapping/path.ts";
import { nodesOf } from "../mapping/expression-walk.ts";
import type { Level, LookupTable, Plan, PlanColumn, PlanRule, PlanTarget } from "../plan/plan.ts";
import { allLevels, columnReferences, levelOf, targetReferences } from "../plan/references.ts";
import type { Dialect } from "./dialect.ts";
import { type LeafColumn, LeafColumns } from "./leaf-columns.ts";
import { type Access, access, elementOf, leafSql } from "./read-access.ts";
import { SLICE_COLUMNS, SLICE_TABLES, lookupTable, parameterColumn, positionColumn } from "./slice-tables.ts";
import { type RawScope, type RowCheck, type WrittenColumns, writeColumns } from "./write-columns.ts";
import {
  type DocumentColumns,
  absentContainers,
  containerAt,
  containerOf,
  documentLeaf,
  positionType,
  rawDocumentColumns,
} from "./write-documents.ts";
import { CONTAINER, ENTRY, IS_FIRST, lookupLeafColumn } from "./write-lookup.ts";
import { pointerStep } from "../core/json-pointer.ts";
import { nodeAt, placesOf } from "../plan/typed-leaves.ts";

/** Rules that look at one row only: the others are checked over all targets together. */
export function isRowRule(rule: PlanRule): boolean {
  return ![...nodesOf(rule.expression)].some((node) => node.kind === "aggregate");
}

/** The rows of a target, or the documents, before any column is computed: each raw value and position is a column of the select. */
export interface RawRows {
  readonly from: string;
  readonly raw: RawScope;
  /** Columns, quoted, that tell the rows of one slot apart. */
  readonly positions: readonly string[];
}

/** The raw rows of one target, its filter not applied, over the tables of a slice. */
export function writeRawRows(plan: Plan, target: PlanTarget, columns: DocumentColumns, dialect: Dialect): RawRows {
  const documentLevel = plan.documentLevels.length;
  const leaves = rowLeaves(target, documentLevel, documentLevel + target.levels.length);
  const exploded = writeLevels(plan, target, columns, leaves, dialect);
  return {
    from: target.lookups.length === 0 ? `(${exploded.select})` : `(${writeLookups(plan, target, columns, leaves, exploded, dialect)})`,
    raw: rawScope(plan, target, columns, leaves, dialect),
    positions: allLevels(plan, target).flatMap((level, at) => (level.each === "object" ? [] : [dialect.name(positionColumn(at + 1))])),
  };
}

/** The rows of one target from the documents table, as a select, and its checks. */
export function writeTarget(plan: Plan, target: PlanTarget, columns: DocumentColumns, dialect: Dialect): WrittenColumns {
  const { from, raw, positions } = writeRawRows(plan, target, columns, dialect);
  const given = plan.fields.map((field) => field.name);
  return writeColumns({
    from,
    keep: [dialect.name(SLICE_COLUMNS.slot), ...positions],
    given,
    givenColumns: plan.fields,
    columns: target.columns,
    // The document's own columns are checked once, at the document.
    notNull: new Set(
      [...target.columns.filter((column) => !column.nullable).map((column) => column.name), ...target.primaryKey].filter(
        (column) => !given.includes(column),
      ),
    ),
    filter: target.filter,
    rules: target.rules.filter(isRowRule),
    failures: [],
    nullValues: plan.nullValues,
    raw,
    dialect,
  });
}

/** The columns of a target's slice table with their types: what `writeTarget` selects. */
export function targetTypes(plan: Plan, target: PlanTarget, dialect: Dialect): readonly string[] {
  const positions = allLevels(plan, target).flatMap((level, at) =>
    level.each === "object" ? [] : [`${dialect.name(positionColumn(at + 1))} ${positionType(level, dialect)}`],
  );
  const slot = `${dialect.name(SLICE_COLUMNS.slot)} ${dialect.columnType({ name: "INT" })}`;
  return [slot, ...positions, ...typedColumns([...plan.fields, ...target.columns], dialect)];
}

/** Columns and the three flags, with their types. */
export function typedColumns(columns: readonly PlanColumn[], dialect: Dialect): readonly string[] {
  const flags = [SLICE_COLUMNS.fails, SLICE_COLUMNS.bads, SLICE_COLUMNS.warns];
  return [
    ...columns.map((column) => `${dialect.name(column.name)} ${dialect.columnType(column.type)}`),
    ...flags.map((flag) => `${dialect.name(flag)} ${dialect.columnType({ name: "BOOLEAN" })}`),
  ];
}

/** The raw documents with what the document's own columns read. `raw` is a select of the raw documents. */
export function writeRawFields(plan: Plan, raw: string, columns: DocumentColumns, dialect: Dialect): RawRows {
  const documentLevel = plan.documentLevels.length;
  const named = plan.fields
    .flatMap(columnReferences)
    .map(({ reference, kind }) =>
      columns.leaves.at(levelOf(reference, documentLevel, documentLevel) ?? documentLevel, reference.keys, kind),
    );
  const kept = rawDocumentColumns(plan).map(dialect.name.bind(dialect));
  return {
    from: `(SELECT ${[...kept, ...writeDocumentLeaves(plan, columns, named, dialect)].join(", ")} FROM (${raw}))`,
    raw: rawScope(plan, { levels: [], lookups: [] }, columns, new LeafColumns(), dialect),
    positions: plan.documentLevels.map((_, at) => dialect.name(positionColumn(at + 1))),
  };
}

/** The typed columns of the documents themselves, their checks, and that the containers of the targets are there. */
export function writeDocumentFields(plan: Plan, raw: string, columns: DocumentColumns, dialect: Dialect): WrittenColumns {
  const { from, raw: scope } = writeRawFields(plan, raw, columns, dialect);
  const absent = dialect.name("$absent");
  const failures = plan.targets.flatMap((target): RowCheck[] => {
    const first = target.levels[0];
    if (first === undefined || target.optional) return [];
    const reference: Reference = { root: { kind: "element" }, keys: first.keys };
    return [
      {
        kind: "fail",
        condition: dialect.memberAt(absent, containerAt(columns, first.keys)),
        rule: `the container of ${target.name} is there`,
        column: null,
        pointer: scope.pointer(reference),
        value: "NULL",
      },
    ];
  });
  return writeColumns({
    from: `(SELECT *, ${absentContainers(dialect)} AS ${absent} FROM ${from})`,
    keep: rawDocumentColumns(plan).map(dialect.name.bind(dialect)),
    given: [],
    givenColumns: [],
    columns: plan.fields,
    notNull: new Set([...plan.fields.filter((field) => !field.nullable).map((field) => field.name), ...plan.source.documentKey]),
    filter: null,
    rules: [],
    failures,
    nullValues: plan.nullValues,
    raw: scope,
    dialect,
  });
}

/** Values of the documents table as columns, each once. */
function writeDocumentLeaves(plan: Plan, columns: DocumentColumns, leaves: readonly LeafColumn[], dialect: Dialect): readonly string[] {
  return [...new Set(leaves)].map((leaf) => `${documentLeaf(plan, columns, leaf, dialect)} AS ${dialect.name(leaf.name)}`);
}

/** The values that this target's rows read below the document. */
function rowLeaves(target: PlanTarget, documentLevel: number, rowLevel: number): LeafColumns {
  const leaves = new LeafColumns();
  for (const { reference, kind } of targetReferences(target)) {
    const level = levelOf(reference, documentLevel, rowLevel);
    if (level !== null && level > documentLevel) leaves.at(level, reference.keys, kind);
  }
  return leaves;
}

interface Exploded {
  readonly select: string;
  /** Columns of the select. */
  readonly columns: readonly string[];
}

/** From the document inwards: explode the container, take the leaves of the element and the next container, again. */
function writeLevels(plan: Plan, target: PlanTarget, columns: DocumentColumns, leaves: LeafColumns, dialect: Dialect): Exploded {
  const name = dialect.name.bind(dialect);
  const documentLevel = plan.documentLevels.length;
  const kept = documentKeep(plan, target, columns);
  const taken = [...kept.columns.map(name), ...writeDocumentLeaves(plan, columns, kept.leaves, dialect)];
  const keep = [...kept.columns, ...kept.leaves.map((leaf) => leaf.name)].map(name);
  const first = target.levels[0];
  if (first === undefined || target.read === null)
    return { select: `SELECT ${taken.join(", ")} FROM ${SLICE_TABLES.documents}`, columns: keep };
  const container = name("$container");
  let from = `(SELECT ${[...taken, `${dialect.parse(containerOf(columns, first.keys, dialect), target.read)} AS ${container}`].join(", ")} FROM ${SLICE_TABLES.documents})`;
  let node = target.read;
  let select = "";
  for (const [at, level] of target.levels.entries()) {
    const absolute = documentLevel + at + 1;
    const element = name("$element");
    const position = name(positionColumn(absolute));
    const rows =
      level.each === "object"
        ? `SELECT ${[...keep, `${container} AS ${element}`].join(", ")} FROM ${from} WHERE ${container} IS NOT NULL`
        : dialect.explode({ from, keep, container, each: level.each, element, position });
    if (level.each !== "object") keep.push(position);
    const base: Access = { sql: element, node: elementOf(node, level) };
    const own = leaves.ofLevel(absolute);
    const selected = [
      ...keep,
      ...own.map((leaf) => `${leafSql(access(base, leaf.keys, dialect), leaf.kind, dialect)} AS ${name(leaf.name)}`),
    ];
    keep.push(...own.map((leaf) => name(leaf.name)));
    const next: Level | undefined = target.levels[at + 1];
    if (next !== undefined) {
      const inner = access(base, next.keys, dialect);
      selected.push(`${inner.sql} AS ${container}`);
      node = inner.node;
    }
    select = `SELECT ${selected.join(", ")} FROM (${rows})`;
    from = `(${select})`;
  }
  return { select, columns: keep };
}

/** What a target needs of the documents table: slot, document columns, and those values at document level and above that it names. */
function documentKeep(
  plan: Plan,
  target: PlanTarget,
  columns: DocumentColumns,
): { readonly columns: readonly string[]; readonly leaves: readonly LeafColumn[] } {
  const documentLevel = plan.documentLevels.length;
  const rowLevel = documentLevel + target.levels.length;
  const leaves = new Set<LeafColumn>();
  for (const { reference, kind } of targetReferences(target)) {
    const level = levelOf(reference, documentLevel, rowLevel);
    if (level !== null && level <= documentLevel) leaves.add(columns.leaves.at(level, reference.keys, kind));
  }
  const names = [
    SLICE_COLUMNS.slot,
    SLICE_COLUMNS.capturedAt,
    ...plan.parameters.map((_, at) => parameterColumn(at)),
    ...plan.documentLevels.map((_, at) => positionColumn(at + 1)),
    ...plan.fields.map((field) => field.name),
  ];
  return { columns: names, leaves: [...leaves] };
}

const lookupValue = (lookup: string, leaf: number): string => `$l_${lookup}_${String(leaf)}`;
/** The column with the JSON pointer of the entry that a lookup found; null where it found none. */
export const lookupPointer = (lookup: string): string => `$lp_${lookup}`;

/** Joins the entries that lookups find: the values of the first place that has the entry, and where it was. */
function writeLookups(
  plan: Plan,
  target: PlanTarget,
  columns: DocumentColumns,
  leaves: LeafColumns,
  exploded: Exploded,
  dialect: Dialect,
): string {
  const name = dialect.name.bind(dialect);
  const slot = name(SLICE_COLUMNS.slot);
  const entry = name(ENTRY);
  const raw = rawScope(plan, target, columns, leaves, dialect);
  const joins: string[] = [];
  const aliases = new Map<string, string>();
  /** The alias of a table joined on a condition (`l` for the alias): lookups for the same share a join. */
  const join = (table: number, condition: (alias: string) => string): string => {
    const key = `${String(table)} ${condition("")}`;
    const known = aliases.get(key);
    if (known !== undefined) return known;
    const alias = `l${String(joins.length)}`;
    joins.push(`LEFT JOIN ${lookupTable(table)} ${alias} ON ${alias}.${slot} = r.${slot} AND ${condition(alias)}`);
    aliases.set(key, alias);
    return alias;
  };
  const selected = exploded.columns.map((column) => `r.${column}`);
  for (const lookup of target.lookups) {
    const wanted = lookup.places.map((place) => {
      const text = `r.${raw.leaf(place.reference, "text")}`;
      const isTyped = raw.isTyped(place.reference);
      if (tableOf(plan, place.table).by === "key") return `${dialect.text(place.prefix)} || ${isTyped ? `CAST(${text} AS VARCHAR)` : text}`;
      return isTyped ? text : dialect.castLeaf(text, { name: "BIGINT" });
    });
    const pointers = lookup.places.map((place) => {
      const keys = tableOf(plan, place.table).containers[place.container] ?? [];
      return writePointer(plan.documentLevels, keys.map((key) => pointerStep(key)).join(""), dialect);
    });
    const first = lookup.places[0];
    // Where the places are all that a table holds, in its order, the table knows which of them is the first.
    const isWhole =
      first !== undefined &&
      lookup.places.length === tableOf(plan, first.table).containers.length &&
      lookup.places.every(({ table, container }, at) => table === first.table && container === at && wanted[at] === wanted[0]);
    const found = (isWhole ? [first] : lookup.places).map(({ table: position, container }, at) => {
      const table = tableOf(plan, position);
      const isOnly = table.containers.length === 1;
      const alias = join(position, (of) => {
        const which = isOnly ? "" : isWhole ? ` AND ${of}.${name(IS_FIRST)}` : ` AND ${of}.${name(CONTAINER)} = ${String(container)}`;
        return `${of}.${entry} = ${wanted[at] ?? "NULL"}${which}`;
      });
      const cases = pointers.map((pointer, n) => `WHEN ${String(n)} THEN ${pointer}`).join(" ");
      const within = isWhole && !isOnly ? `CASE ${alias}.${name(CONTAINER)} ${cases} END` : (pointers[at] ?? "NULL");
      const token = table.by === "key" ? keyToken(`${alias}.${entry}`, dialect) : `CAST(${alias}.${entry} AS VARCHAR)`;
      return { alias, table, pointer: `${within} || '/' || ${token}` };
    });
    const firstFound = (valueOf: (place: (typeof found)[number]) => string): string => {
      const [only, ...others] = found;
      if (only !== undefined && others.length === 0) return valueOf(only);
      return `CASE ${found.map((place) => `WHEN ${place.alias}.${slot} IS NOT NULL THEN ${valueOf(place)}`).join(" ")} END`;
    };
    for (const { keys, kind } of lookupReferences(target, lookup.name)) {
      const value = firstFound(({ alias, table }) => `${alias}.${name(lookupLeafColumn(leafPosition(table.leaves, keys, kind)))}`);
      selected.push(`${value} AS ${name(lookupValue(lookup.name, lookupPosition(target, lookup.name, keys, kind)))}`);
    }
    selected.push(`${firstFound((place) => place.pointer)} AS ${name(lookupPointer(lookup.name))}`);
  }
  return `SELECT ${selected.join(", ")} FROM (${exploded.select}) r ${joins.join(" ")}`;
}

function tableOf({ lookupTables }: Plan, position: number): LookupTable {
  const table = lookupTables[position];
  if (table === undefined) throw new Error(`no lookup table ${String(position)}`);
  return table;
}

interface LookupRead {
  readonly keys: readonly string[];
  readonly kind: "text" | "json";
}

/** What a target reads of one lookup, each once. */
function lookupReferences(target: PlanTarget, lookup: string): readonly LookupRead[] {
  const found = new Map<string, LookupRead>();
  for (const { reference, kind } of targetReferences(target)) {
    if (reference.root.kind === "lookup" && reference.root.name === lookup)
      found.set(`${kind} ${reference.keys.join("\u0000")}`, { keys: reference.keys, kind });
  }
  return [...found.values()];
}

function leafPosition(leaves: readonly LookupRead[], keys: readonly string[], kind: string): number {
  const at = leaves.findIndex((leaf) => leaf.kind === kind && leaf.keys.join("\u0000") === keys.join("\u0000"));
  if (at < 0) throw new Error(`no lookup leaf ${keys.join(".")}`);
  return at;
}

function lookupPosition(target: PlanTarget, lookup: string, keys: readonly string[], kind: string): number {
  return leafPosition(lookupReferences(target, lookup), keys, kind);
}

function rawScope(
  plan: Plan,
  target: Pick<PlanTarget, "levels" | "lookups"> & Partial<PlanTarget>,
  columns: DocumentColumns,
  leaves: LeafColumns,
  dialect: Dialect,
): RawScope {
  const name = dialect.name.bind(dialect);
  const documentLevel = plan.documentLevels.length;
  const rowLevel = documentLevel + target.levels.length;
  const levels = allLevels(plan, target);
  const parameter = (wanted: string): string => name(parameterColumn(plan.parameters.indexOf(wanted)));
  return {
    leaf: (reference, kind) => {
      const level = levelOf(reference, documentLevel, rowLevel);
      if (reference.root.kind === "lookup" || level === null) {
        const lookup = reference.root.kind === "lookup" ? reference.root.name : "";
        return name(lookupValue(lookup, lookupPosition({ ...emptyTarget, ...target }, lookup, reference.keys, kind)));
      }
      return name((level > documentLevel ? leaves : columns.leaves).at(level, reference.keys, kind).name);
    },
    isTyped: (reference) => placesOf(plan, target, reference).every((steps) => nodeAt(plan.read, steps).kind === "typed"),
    pointer: (reference) => {
      const level = levelOf(reference, documentLevel, rowLevel);
      const tail = reference.keys.map((key) => pointerStep(key)).join("");
      if (reference.root.kind === "lookup") return `(coalesce(${name(lookupPointer(reference.root.name))}, '') || ${dialect.text(tail)})`;
      return writePointer(levels.slice(0, level ?? 0), tail, dialect);
    },
    sourceField: ({ value: { source } }) => {
      switch (source.kind) {
        case "index":
        case "key":
          return name(positionColumn(rowLevel - source.levels));
        case "ordinal":
          return `(${name(positionColumn(rowLevel - source.levels))} + 1)`;
        case "captured_at":
          return name(SLICE_COLUMNS.capturedAt);
        case "parameter":
          return parameter(source.name);
      }
    },
    parameter,
  };
}

const emptyTarget: PlanTarget = {
  name: "",
  levels: [],
  read: null,
  optional: false,
  filter: null,
  lookups: [],
  primaryKey: [],
  columns: [],
  rules: [],
  relationships: [],
};

/** SQL text: the JSON pointer of a place, with the positions of the row at hand. */
export function writePointer(levels: readonly Level[], tail: string, dialect: Dialect): string {
  const parts: string[] = [];
  let literal = "";
  for (const [at, level] of levels.entries()) {
    literal += level.keys.map((key) => pointerStep(key)).join("");
    if (level.each === "object") continue;
    const position = dialect.name(positionColumn(at + 1));
    parts.push(dialect.text(`${literal}/`), level.each === "values" ? keyToken(position, dialect) : `CAST(${position} AS VARCHAR)`);
    literal = "";
  }
  literal += tail;
  if (literal !== "" || parts.length === 0) parts.push(dialect.text(literal));
  return `(${parts.join(" || ")})`;
}

/** SQL text: a key as RFC 6901 writes it. */
function keyToken(key: string, dialect: Dialect): string {
  const tilde = dialect.call("replace", [key, dialect.text("~"), dialect.text("~0")]);
  return dialect.call("replace", [tilde, dialect.text("/"), dialect.text("~1")]);
}
