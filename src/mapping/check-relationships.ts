import { type CheckContext, checkNames, problemAt } from "./check-context.ts";
import { checkTableName } from "./check-name.ts";
import { type ColumnType, renderColumnType } from "./column-type.ts";
import type { DraftTarget } from "./draft-target.ts";
import type { Relationship } from "./mapping.ts";
import type { PartialSpec, RelationshipSpec } from "./mapping-spec.ts";
import { nearestSpelling } from "./nearest-spelling.ts";
import type { Place } from "./positions.ts";
import { listed, quoted, type Report } from "./report.ts";

/** A relationship to another mapping's table, to be checked with the whole registry. */
export interface OutwardRelationship {
  readonly table: string;
  readonly tablePlace: Place;
  readonly fieldsPlace: Place;
  readonly fromFields: readonly string[];
  readonly fromTypes: readonly (ColumnType | null)[];
  readonly toFields: readonly string[];
}

export interface CheckedRelationships {
  readonly relationships: readonly Relationship[];
  readonly outward: readonly OutwardRelationship[];
}

/** Checks the relationships of a target: columns there and of one type, target there, what is pointed at unique. */
export function checkRelationships(
  context: CheckContext,
  target: DraftTarget,
  targets: ReadonlyMap<string, DraftTarget>,
): CheckedRelationships {
  const outward: OutwardRelationship[] = [];
  const relationships = (target.spec.relationships ?? []).flatMap((spec): readonly Relationship[] => {
    const { from_field: from, to_table: table } = spec;
    if (from === undefined || table === undefined) return [];
    const fromFields = checkNames(context, spec, "from_field", from, { what: "column of this target", names: target.columns });
    if (!checkTableName(context, spec, "to_table", table)) return [];
    const other = targets.get(table);
    const toFields =
      other === undefined
        ? checkOutward(context, target, spec, table, fromFields, targets, outward)
        : checkInward(context, target, other, spec, fromFields, written(from).length);
    return [{ fromFields, toTable: table, toFields, type: spec.type ?? "many_to_one", optional: spec.optional ?? false }];
  });
  return { relationships, outward };
}

function checkInward(
  context: CheckContext,
  target: DraftTarget,
  other: DraftTarget,
  spec: PartialSpec<RelationshipSpec>,
  fromFields: readonly string[],
  fromCount: number,
): readonly string[] {
  const { to_field: to } = spec;
  const toFields =
    to === undefined
      ? other.primaryKey
      : checkNames(context, spec, "to_field", to, { what: `column of ${other.name}`, names: other.columns });
  const toCount = to === undefined ? toFields.length : written(to).length;
  const isKnown =
    fromFields.length === fromCount &&
    (to === undefined ? !("to_field" in spec) && other.primaryKey.length > 0 : toFields.length === toCount);
  if (!isKnown) return toFields;
  const place = context.positions.valuePlace(spec, to === undefined ? "from_field" : "to_field");
  const types = (draft: DraftTarget, names: readonly string[]): readonly (ColumnType | null)[] =>
    names.map((name) => draft.columns.get(name)?.type ?? null);
  checkColumnPairs(
    context.report,
    place,
    { name: target.name, fields: fromFields, types: types(target, fromFields) },
    { name: other.name, fields: toFields, types: types(other, toFields) },
  );
  if (spec.optional !== true) checkUnique(context, spec, target, other, fromFields, toFields);
  return toFields;
}

/** What an enforced relationship points at is one row: a foreign key needs a key. */
function checkUnique(
  context: CheckContext,
  spec: PartialSpec<RelationshipSpec>,
  target: DraftTarget,
  other: DraftTarget,
  fromFields: readonly string[],
  toFields: readonly string[],
): void {
  const isReversed = spec.type === "one_to_many";
  const [one, fields] = isReversed ? [target, fromFields] : [other, toFields];
  const keys = [
    one.primaryKey,
    ...(one.spec.indexes ?? []).flatMap((index) =>
      "fields" in index && index.unique === true && index.fields !== undefined ? [index.fields] : [],
    ),
  ];
  if (keys.some((key) => isSameSet(key, fields))) return;
  problemAt(context, spec, isReversed || !("to_field" in spec) ? "from_field" : "to_field", {
    code: "mapping.relationship-not-unique",
    message: `the relationship points at columns of ${one.name} that are no key of it`,
    expected: `its primary key (${listed(one.primaryKey)}), a unique index, or optional: true`,
    got: listed(fields),
  });
}

function checkOutward(
  context: CheckContext,
  target: DraftTarget,
  spec: PartialSpec<RelationshipSpec>,
  table: string,
  fromFields: readonly string[],
  targets: ReadonlyMap<string, DraftTarget>,
  outward: OutwardRelationship[],
): readonly string[] {
  if (spec.optional !== true) {
    problemAt(context, spec, "to_table", {
      code: "mapping.unknown-table",
      message: `the relationship points at ${quoted(table)}, which is no target of this mapping`,
      expected: "a target of this mapping, or optional: true for another mapping's table",
      got: quoted(table),
      didYouMean: nearestSpelling(table, targets.keys()),
    });
    return [];
  }
  if (spec.to_field === undefined) {
    if (!("to_field" in spec))
      problemAt(context, spec, "to_table", {
        code: "mapping.missing-key",
        message: `the relationship to ${quoted(table)} does not name its columns`,
        expected: 'the key "to_field" (the default, the primary key, is known only for targets of this mapping)',
        got: "no to_field",
        didYouMean: nearestSpelling(table, targets.keys()),
      });
    return [];
  }
  const toFields = written(spec.to_field);
  outward.push({
    table,
    tablePlace: context.positions.valuePlace(spec, "to_table"),
    fieldsPlace: context.positions.valuePlace(spec, "to_field"),
    fromFields,
    fromTypes: fromFields.map((name) => target.columns.get(name)?.type ?? null),
    toFields,
  });
  return toFields;
}

export interface ColumnsOfTable {
  readonly name: string;
  readonly fields: readonly string[];
  /** Null where a type is wrong and reported. */
  readonly types: readonly (ColumnType | null)[];
}

/** Columns that point and columns that are pointed at: as many, and of the same types, pair by pair. */
export function checkColumnPairs(report: Report, place: Place, from: ColumnsOfTable, to: ColumnsOfTable): void {
  if (from.fields.length !== to.fields.length) {
    report.add(place, {
      code: "mapping.relationship-count",
      message: `the relationship to ${to.name} has sides of different length`,
      expected: `${counted(from.fields)}: ${listed(from.fields)}`,
      got: `${counted(to.fields)}: ${listed(to.fields)}`,
    });
    return;
  }
  for (const [position, field] of from.fields.entries()) {
    const [left, right] = [from.types[position], to.types[position]];
    if (left === undefined || left === null || right === undefined || right === null || renderColumnType(left) === renderColumnType(right))
      continue;
    report.add(place, {
      code: "mapping.relationship-type",
      message: `the column ${quoted(field)} points at ${quoted(`${to.name}.${to.fields[position] ?? ""}`)}, which has another type`,
      expected: renderColumnType(left),
      got: renderColumnType(right),
    });
  }
}

function counted(names: readonly string[]): string {
  return `${String(names.length)} column${names.length === 1 ? "" : "s"}`;
}

function written(field: string | readonly string[]): readonly string[] {
  return typeof field === "string" ? [field] : field;
}

function isSameSet(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((name) => right.includes(name));
}
