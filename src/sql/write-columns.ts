import type { ColumnType } from "../mapping/column-type.ts";
import type { Expression } from "../mapping/expression.ts";
import type { Reference } from "../mapping/path.ts";
import { nodesOf } from "../mapping/expression-walk.ts";
import { readLeaf } from "../plan/leaf.ts";
import type { PlanColumn, PlanRule } from "../plan/plan.ts";
import type { Dialect } from "./dialect.ts";
import { SLICE_COLUMNS } from "./slice-tables.ts";
import { type Scope, writeBadCondition, writeExpression } from "./write-expression.ts";

/** Where raw values of a row are: SQL columns of the select that the typed columns are computed over. */
export interface RawScope {
  /** The column with a JSON value as text or JSON. */
  leaf(reference: Reference, kind: "text" | "json"): string;
  /** Whether `leaf` is of the type that its readers want, and no text. */
  isTyped(reference: Reference): boolean;
  /** SQL text: the JSON pointer of that value in its answer. */
  pointer(reference: Reference): string;
  /** SQL of a source field. */
  sourceField(column: PlanColumn & { value: { kind: "source_field" } }): string;
  parameter(name: string): string;
}

export interface ColumnsInput {
  /** A select or table with the raw columns. */
  readonly from: string;
  /** Raw columns that the result keeps beside the typed ones. */
  readonly keep: readonly string[];
  /** Typed columns that `from` has already. */
  readonly given: readonly string[];
  readonly givenColumns: readonly PlanColumn[];
  readonly columns: readonly PlanColumn[];
  readonly notNull: ReadonlySet<string>;
  readonly filter: Expression | null;
  /** Rules without an aggregate. */
  readonly rules: readonly PlanRule[];
  /** Further conditions that fail the row, with the rule's name, the pointer and the value (SQL texts). */
  readonly failures: readonly RowCheck[];
  readonly nullValues: readonly string[];
  readonly raw: RawScope;
  readonly dialect: Dialect;
}

/** One check of a row: where the condition is true, something is to be told. */
export interface RowCheck {
  readonly kind: "rule" | "fail" | "bad" | "warn";
  readonly condition: string;
  readonly rule: string;
  /** Name of the column, or null. */
  readonly column: string | null;
  /** SQL: JSON pointer. */
  readonly pointer: string;
  /** SQL: text of the offending value. */
  readonly value: string;
}

export interface WrittenColumns {
  /** Select with `keep`, `given`, the columns in order and the three flags. */
  readonly rows: string;
  /** Select over the same rows: one row for each check that strikes (`kind, rule, column, pointer, value`), with `keep`. */
  readonly details: string;
  readonly checks: readonly RowCheck[];
}

/** Turns raw values into typed columns, in layers: raw text, leaves cast, expressions by dependency, filter, flags. */
export function writeColumns(input: ColumnsInput): WrittenColumns {
  const { dialect, raw } = input;
  const name = dialect.name.bind(dialect);
  const numeric = numericColumns([...input.givenColumns, ...input.columns]);
  const scope: Scope = {
    column: (column) => (numeric.has(column) ? `CAST(${name(column)} AS DOUBLE)` : name(column)),
    path: (reference) => raw.leaf(reference, "text"),
    isTyped: (reference) => raw.isTyped(reference),
    parameter: (parameter) => raw.parameter(parameter),
    aggregate: () => {
      throw new Error("an aggregate stands outside a rule over targets");
    },
  };
  const checks: RowCheck[] = [...input.failures];
  const prepared: string[] = [];
  const cast: string[] = [];
  const expressions: (PlanColumn & { value: { kind: "expression" } })[] = [];
  for (const column of input.columns) {
    if (isExpression(column)) expressions.push(column);
    else cast.push(writeLeafColumn(column, input, prepared, checks));
  }
  let select = input.from;
  // Before the columns are made where it names none: a select of its own carries all of them once more.
  const { filter } = input;
  const isOfRaw = filter !== null && ![...nodesOf(filter)].some((node) => node.kind === "column");
  if (isOfRaw) select = writeFilter(filter, select, scope, input, checks);
  if (prepared.length > 0) select = `(SELECT *, ${prepared.join(", ")} FROM ${select})`;
  if (cast.length > 0) select = `(SELECT *, ${cast.join(", ")} FROM ${select})`;
  for (const layer of byDependency(expressions)) {
    select = `(SELECT *, ${layer.map((column) => writeExpressionColumn(column, scope, dialect, checks)).join(", ")} FROM ${select})`;
  }
  for (const column of input.columns) {
    if (!input.notNull.has(column.name)) continue;
    checks.push({
      kind: "fail",
      condition: `${name(column.name)} IS NULL`,
      rule: `${column.name} is not null`,
      column: column.name,
      pointer: pointerOf(column, input),
      value: textOf(column, input),
    });
  }
  for (const rule of input.rules) checks.push(writeRule(rule, scope, input));
  if (filter !== null && !isOfRaw) select = writeFilter(filter, select, scope, input, checks);
  const kept = [...input.keep, ...input.given.map(name), ...input.columns.map((column) => name(column.name))];
  const flag = (kinds: readonly RowCheck["kind"][], flagName: string): string => {
    const conditions = checks.filter((check) => kinds.includes(check.kind)).map((check) => check.condition);
    return `${conditions.length === 0 ? "FALSE" : conditions.join(" OR ")} AS ${name(flagName)}`;
  };
  const records = checks.map(
    (check) =>
      `CASE WHEN ${check.condition} THEN ${dialect.record({ kind: dialect.text(check.kind), rule: dialect.text(check.rule), column: check.column === null ? "NULL" : dialect.text(check.column), pointer: check.pointer, value: `CAST(${check.value} AS VARCHAR)` })} END`,
  );
  return {
    rows: `SELECT ${[...kept, flag(["rule", "fail"], SLICE_COLUMNS.fails), flag(["bad"], SLICE_COLUMNS.bads), flag(["warn"], SLICE_COLUMNS.warns)].join(", ")} FROM ${select}`,
    details: `SELECT ${[...input.keep, `${dialect.eachOf(dialect.list(records.length === 0 ? ["NULL"] : records))} AS ${name("$check")}`].join(", ")} FROM ${select}`,
    checks,
  };
}

/** In expressions NUMERIC counts as DOUBLE: an engine's own decimal arithmetic can overflow, which would end the query. */
export function numericColumns(columns: readonly PlanColumn[]): ReadonlySet<string> {
  return new Set(columns.flatMap((column) => (column.type.name === "NUMERIC" ? [column.name] : [])));
}

function isExpression(column: PlanColumn): column is PlanColumn & { value: { kind: "expression" } } {
  return column.value.kind === "expression";
}

const isText = (type: ColumnType): boolean => type.name === "TEXT" || type.name === "VARCHAR";

function writeLeafColumn(column: PlanColumn, input: ColumnsInput, prepared: string[], checks: RowCheck[]): string {
  const { dialect, raw, nullValues } = input;
  const name = dialect.name.bind(dialect);
  const json = column.type.name === "JSONB";
  if (column.value.kind === "source_field") {
    const source = raw.sourceField({ ...column, value: column.value });
    return writeSourceColumn(column, column.value.source.kind, source, input, prepared, checks);
  }
  if (column.value.kind !== "path") throw new Error("not a leaf");
  const leaf = raw.leaf(column.value.reference, json ? "json" : "text");
  if (!json && raw.isTyped(column.value.reference)) {
    const value = column.default === null ? leaf : `coalesce(${leaf}, ${dialect.castLeaf(dialect.text(column.default), column.type)})`;
    return `${value} AS ${name(column.name)}`;
  }
  const means = json || isText(column.type) ? [] : nullValues;
  const text = prepareText(column, leaf, replacedValues(column, means), dialect, prepared);
  if (!json && column.type.name !== "TEXT") {
    checks.push(badCheck(column, isLost(leaf, name(column.name), means, dialect), raw.pointer(column.value.reference), leaf));
  }
  return `${dialect.castLeaf(text, column.type)} AS ${name(column.name)}`;
}

/** The null values that are to be replaced: what the type does not take becomes null by itself, unless a default stands for it. */
function replacedValues(column: PlanColumn, nullValues: readonly string[]): readonly string[] {
  return column.default === null ? nullValues.filter((value) => readLeaf(column.type, value).ok) : nullValues;
}

/** A text that is there, is no null value, and became NULL. */
function isLost(text: string, column: string, nullValues: readonly string[], dialect: Dialect): string {
  const meant = nullValues.length === 0 ? "" : ` AND ${text} NOT IN (${nullValues.map(dialect.text.bind(dialect)).join(", ")})`;
  return `${text} IS NOT NULL AND ${column} IS NULL${meant}`;
}

/** The text that is cast: null values and the default applied, in a column of its own since a cast names it several times. */
function prepareText(column: PlanColumn, leaf: string, taken: readonly string[], dialect: Dialect, prepared: string[]): string {
  if (taken.length === 0 && column.default === null) return leaf;
  let text = leaf;
  if (taken.length > 0) text = `CASE WHEN ${leaf} IN (${taken.map(dialect.text.bind(dialect)).join(", ")}) THEN NULL ELSE ${leaf} END`;
  if (column.default !== null) text = `coalesce(${text}, ${dialect.text(column.default)})`;
  const made = dialect.name(`$t${String(prepared.length)}`);
  prepared.push(`${text} AS ${made}`);
  return made;
}

function writeSourceColumn(
  column: PlanColumn,
  kind: string,
  source: string,
  input: ColumnsInput,
  prepared: string[],
  checks: RowCheck[],
): string {
  const { dialect, nullValues } = input;
  const name = dialect.name.bind(dialect);
  // Positions and times have their type already; keys and parameters are text.
  if (kind === "index" || kind === "ordinal" || (kind === "captured_at" && column.type.name === "TIMESTAMPTZ")) {
    return `${dialect.narrow(source, column.type)} AS ${name(column.name)}`;
  }
  const means = isText(column.type) ? [] : nullValues;
  const text = prepareText(column, source, replacedValues(column, means), dialect, prepared);
  if (column.type.name !== "TEXT")
    checks.push(badCheck(column, isLost(source, name(column.name), means, dialect), dialect.text(""), source));
  return `${dialect.castLeaf(text, column.type)} AS ${name(column.name)}`;
}

function badCheck(column: PlanColumn, condition: string, pointer: string, value: string): RowCheck {
  return {
    kind: column.onBadValue === "quarantine" ? "fail" : "bad",
    condition: `(${condition})`,
    rule: badRule(column),
    column: column.name,
    pointer,
    value,
  };
}

function badRule(column: PlanColumn): string {
  const { name } = column.type;
  return `${column.name} takes ${name === "VARCHAR" ? `VARCHAR(${String(column.type.length)})` : name}`;
}

function writeExpressionColumn(
  column: PlanColumn & { value: { kind: "expression" } },
  scope: Scope,
  dialect: Dialect,
  checks: RowCheck[],
): string {
  const { expression, text } = column.value;
  const written = writeExpression(expression, scope, dialect);
  const value = dialect.narrow(written, column.type);
  const lost = `((${written}) IS NOT NULL AND ${dialect.name(column.name)} IS NULL)`;
  const bad = writeBadCondition(expression, scope, dialect);
  checks.push(badCheck(column, bad === null ? lost : `${bad} OR ${lost}`, dialect.text(text), firstColumnOf(expression, scope) ?? written));
  // Nothing stands for a bad value, not even what coalesce or else would give.
  return `${bad === null ? value : `CASE WHEN ${bad} THEN NULL ELSE ${value} END`} AS ${dialect.name(column.name)}`;
}

/** Where the first JSON value that an expression looks at is. */
function firstPointerOf(expression: Expression, raw: RawScope): string | null {
  for (const node of nodesOf(expression)) if (node.kind === "path") return raw.pointer(node.reference);
  return null;
}

/** What an expression looks at first, as the value to show where it is bad. */
function firstColumnOf(expression: Expression, scope: Scope): string | null {
  for (const node of nodesOf(expression)) {
    if (node.kind === "column") return scope.column(node.name);
    if (node.kind === "path") return scope.path(node.reference);
  }
  return null;
}

/** Expression columns in layers: each sees the columns of the layers before. */
function byDependency(columns: readonly (PlanColumn & { value: { kind: "expression" } })[]): readonly (typeof columns)[] {
  const layers: (typeof columns)[] = [];
  let left = columns;
  while (left.length > 0) {
    const waiting = new Set(left.map((column) => column.name));
    const ready = left.filter(
      (column) => ![...nodesOf(column.value.expression)].some((node) => node.kind === "column" && waiting.has(node.name)),
    );
    if (ready.length === 0) throw new Error(`expression columns need each other: ${[...waiting].join(", ")}`);
    layers.push(ready);
    left = left.filter((column) => !ready.includes(column));
  }
  return layers;
}

/** What stands where a column reads: text that its type does not take, a null value, nothing. */
function textOf(column: PlanColumn, input: ColumnsInput): string {
  if (column.value.kind !== "path") return "NULL";
  return input.raw.leaf(column.value.reference, column.type.name === "JSONB" ? "json" : "text");
}

function pointerOf(column: PlanColumn, input: ColumnsInput): string {
  if (column.value.kind === "path") return input.raw.pointer(column.value.reference);
  return input.dialect.text(column.value.kind === "expression" ? column.value.text : "");
}

function writeRule(rule: PlanRule, scope: Scope, input: ColumnsInput): RowCheck {
  const { dialect } = input;
  const bad = writeBadCondition(rule.expression, scope, dialect);
  const broken = `(${writeExpression(rule.expression, scope, dialect)}) IS FALSE`;
  const row = input.raw.pointer({ root: { kind: "element" }, keys: [] });
  return {
    kind: rule.severity === "error" ? "rule" : "warn",
    condition: bad === null ? `(${broken})` : `(${broken} OR ${bad})`,
    rule: rule.rule,
    column: null,
    pointer: row,
    value: ruleValues(rule, scope, dialect),
  };
}

/** The columns that a rule names, as `name=value` texts. */
function ruleValues(rule: PlanRule, scope: Scope, dialect: Dialect): string {
  const names = new Set([...nodesOf(rule.expression)].flatMap((node) => (node.kind === "column" ? [node.name] : [])));
  if (names.size === 0) return "NULL";
  return [...names]
    .map((column) => `${dialect.text(`${column}=`)} || coalesce(CAST(${scope.column(column)} AS VARCHAR), 'null')`)
    .join(` || ', ' || `);
}

/** Rows that the filter does not keep are gone; a row with a bad value in its filter stays and fails. */
function writeFilter(filter: Expression, select: string, scope: Scope, { dialect, raw }: ColumnsInput, checks: RowCheck[]): string {
  const keeps = `(${writeExpression(filter, scope, dialect)}) IS TRUE`;
  const bad = writeBadCondition(filter, scope, dialect);
  if (bad !== null) {
    checks.push({
      kind: "fail",
      condition: bad,
      rule: "the filter's values are of their types",
      column: null,
      pointer: firstPointerOf(filter, raw) ?? dialect.text(""),
      value: firstColumnOf(filter, scope) ?? "NULL",
    });
  }
  return `(SELECT * FROM ${select} WHERE ${bad === null ? keeps : `${keeps} OR ${bad}`})`;
}
