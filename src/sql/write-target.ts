import type { Reference } from "../mapping/path.ts";
import { nodesOf } from "../mapping/expression-walk.ts";
import type { Level, Plan, PlanColumn, PlanRule, PlanTarget } from "../plan/plan.ts";
import { allLevels, columnReferences, levelOf, placesOf, targetReferences } from "../plan/references.ts";
import type { Dialect } from "./dialect.ts";
import { type LeafColumn, LeafColumns } from "./leaf-columns.ts";
import { type Access, access, elementOf, leafSql } from "./read-access.ts";
import { SLICE_COLUMNS, SLICE_TABLES, parameterColumn, positionColumn } from "./slice-tables.ts";
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
import { type LookupReader, joinLookups, lookupPointer, lookupValue } from "./join-lookups.ts";
import { writePointer } from "./write-pointer.ts";
import { pointerStep } from "../core/json-pointer.ts";
import { nodeAt } from "../plan/typed-leaves.ts";

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
  const raw = rawScope(plan, target, columns, leaves, dialect);
  return {
    from: target.lookups.length === 0 ? `(${exploded.select})` : `(${joinLookups(plan, target, { ...exploded, raw }, dialect)})`,
    raw,
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
    raw: rawScope(plan, { levels: [], lookups: [], columns: [], filter: null, rules: [] }, columns, new LeafColumns(), dialect),
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

function rawScope(
  plan: Plan,
  target: LookupReader & Pick<PlanTarget, "levels">,
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
        return name(lookupValue(target, lookup, reference.keys, kind));
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
