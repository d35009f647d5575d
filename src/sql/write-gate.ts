import type { Expression } from "../mapping/expression.ts";
import { nodesOf } from "../mapping/expression-walk.ts";
import { type Plan, type PlanRelationship, type PlanRule, type PlanTarget, targetColumns } from "../plan/plan.ts";
import { allLevels } from "../plan/references.ts";
import type { Dialect } from "./dialect.ts";
import { SLICE_COLUMNS, SLICE_TABLES, type Stage, targetTable } from "./slice-tables.ts";
import { numericColumns } from "./write-columns.ts";
import { type Scope, writeBadCondition, writeExpression, writeOperand } from "./write-expression.ts";
import { writePointer } from "./write-pointer.ts";
import { isRowRule } from "./write-target.ts";

/**
 * One row for each target (`target` counts from 0, -1 is the documents) and slot with rows: `target, slot, rows, fails, bads,
 * warns, doubles`: number of rows, whether any row has the flag, whether a primary key may stand twice (`writeDoubleKeys` says whether it does).
 * One table of hashes for all targets: a distinct count of each would take one of its own for each.
 */
export function writeVerdicts(plan: Plan, dialect: Dialect): string {
  const name = dialect.name.bind(dialect);
  const slot = name(SLICE_COLUMNS.slot);
  const rowsOf = (at: number, table: string, key: string): string =>
    `SELECT ${[String(at), slot, ...FLAGS.map(name), key].join(", ")} FROM ${table}`;
  const targets = plan.targets.map((target, at) => {
    // The document's key is the slot: only the rest of the key can tell rows apart.
    const rest = target.primaryKey.filter((column) => !plan.source.documentKey.includes(column)).map(name);
    return rowsOf(at, targetTable(at), rest.length === 0 ? dialect.hash(["0"]) : dialect.hash(rest));
  });
  const documents = rowsOf(-1, SLICE_TABLES.documents, dialect.hash([slot]));
  const columns = "target, slot, fails, bads, warns, key";
  const keys = `SELECT target, slot, count(*) AS "rows", bool_or(fails) AS fails, bool_or(bads) AS bads, bool_or(warns) AS warns FROM (${[documents, ...targets].join(" UNION ALL ")}) AS r(${columns}) GROUP BY target, slot, key`;
  return `SELECT target, slot, sum("rows") AS "rows", bool_or(fails) AS fails, bool_or(bads) AS bads, bool_or(warns) AS warns, target >= 0 AND max("rows") > 1 AS doubles FROM (${keys}) GROUP BY target, slot ORDER BY target, slot`;
}

const FLAGS = [SLICE_COLUMNS.fails, SLICE_COLUMNS.bads, SLICE_COLUMNS.warns];

/** The primary keys that stand twice in a slot: `value` is their text. */
export function writeDoubleKeys(plan: Plan, target: number, slots: string, dialect: Dialect): string {
  const spec = plan.targets[target];
  if (spec === undefined) throw new Error(`no target ${String(target)}`);
  const slot = dialect.name(SLICE_COLUMNS.slot);
  const keys = spec.primaryKey.map(dialect.name.bind(dialect));
  return `SELECT ${slot}, ${keyText(spec.primaryKey, "", dialect)} AS "value" FROM ${targetTable(target)} WHERE ${slot} IN (${slots}) GROUP BY ${[slot, ...keys].join(", ")} HAVING count(*) > 1`;
}

/** A query of the rules of a target over other targets: `$slot` where one is broken. */
export interface RuleCheck extends Stage {
  readonly target: string;
  /** What is broken in some slots, as a query: `$slot, kind, rule, column, pointer, value`. Writing that of every row takes longer than finding none. */
  readonly details: (slots: string) => string;
}

/** One for each target: all in one would hold all their hash tables in memory at once. */
export function writeRuleChecks(plan: Plan, dialect: Dialect): readonly RuleCheck[] {
  return plan.targets.flatMap((target, at): RuleCheck[] => {
    const written = writeAggregateRules(plan, target, at, dialect);
    return written === null ? [] : [{ target: target.name, name: `gate: rules of ${target.name} over other targets`, ...written }];
  });
}

/** A query of all relationships to the same columns of a target: `relationship` (a position in `relationships`) and `$slot` where one does not hold. */
export interface RelationshipCheck extends Stage {
  readonly relationships: readonly {
    readonly target: string;
    /** What does not hold in some slots, as a query like that of a rule. */
    readonly details: (slots: string) => string;
  }[];
}

/**
 * A relationship along columns of the document, which all rows of a slot have alike: it can only be broken in a slot that has rows of one target
 * and none of the other. The numbers of rows tell, without a query.
 */
export interface DocumentRelationship {
  /** Positions of the targets in the plan. */
  readonly from: number;
  readonly to: number;
  readonly target: string;
  readonly details: (slots: string) => string;
}

export function writeDocumentRelationships(plan: Plan, dialect: Dialect): readonly DocumentRelationship[] {
  return plan.targets.flatMap((target, from) =>
    target.relationships.flatMap((relationship): DocumentRelationship[] =>
      distinguishing(plan, relationship).length > 0
        ? []
        : [
            {
              from,
              to: targetAt(plan, relationship.toTable),
              target: target.name,
              details: relationshipDetails(plan, from, relationship, dialect),
            },
          ],
    ),
  );
}

/** The columns of a relationship by which rows of one slot differ: not those of the document, which refer to themselves. */
function distinguishing(plan: Plan, { fromFields, toFields }: PlanRelationship): readonly { readonly from: string; readonly to: string }[] {
  const given = new Set(plan.fields.map((field) => field.name));
  return fromFields.map((from, n) => ({ from, to: toFields[n] ?? from })).filter(({ from, to }) => from !== to || !given.has(from));
}

/** The rows referred to are hashed once for all who refer to them. Those of `writeDocumentRelationships` are not among them. */
export function writeRelationshipChecks(plan: Plan, dialect: Dialect): readonly RelationshipCheck[] {
  const groups = new Map<string, { readonly at: number; readonly relationship: PlanRelationship }[]>();
  for (const [at, target] of plan.targets.entries()) {
    const types = new Map(targetColumns(plan, target).map((column) => [column.name, dialect.columnType(column.type)]));
    for (const relationship of target.relationships) {
      const pairs = distinguishing(plan, relationship);
      if (pairs.length === 0) continue;
      // Columns of one type stand in one column of the query.
      const columns = pairs.map(({ from, to }) => `${to} ${types.get(from) ?? ""}`);
      const key = `${relationship.toTable} (${columns.join(", ")})`;
      groups.set(key, [...(groups.get(key) ?? []), { at, relationship }]);
    }
  }
  return [...groups].map(([to, group]) => writeRelationshipCheck(plan, to, group, dialect));
}

function writeRelationshipCheck(
  plan: Plan,
  to: string,
  group: readonly { readonly at: number; readonly relationship: PlanRelationship }[],
  dialect: Dialect,
): RelationshipCheck {
  const name = dialect.name.bind(dialect);
  const slot = name(SLICE_COLUMNS.slot);
  const [first] = group;
  if (first === undefined) throw new Error("a group of relationships is empty");
  const { toTable } = first.relationship;
  const pairs = distinguishing(plan, first.relationship);
  const keys = pairs.map((_, key) => name(`$k${String(key)}`));
  const children = group.map(({ at, relationship }, number) => {
    const present = relationship.fromFields.map((field) => `${name(field)} IS NOT NULL`).join(" AND ");
    const selected = distinguishing(plan, relationship).map(({ from }, key) => `${name(from)} AS ${keys[key] ?? ""}`);
    return `SELECT ${[`${String(number)} AS relationship`, slot, ...selected].join(", ")} FROM ${targetTable(at)} WHERE ${present}`;
  });
  const on = pairs.map((pair, key) => `p.${name(pair.to)} = c.${keys[key] ?? ""}`);
  const missing = `NOT EXISTS (SELECT 1 FROM ${targetTable(targetAt(plan, toTable))} p WHERE ${[`p.${slot} = c.${slot}`, ...on].join(" AND ")})`;
  return {
    name: `gate: relationships to ${to}`,
    sql: `SELECT DISTINCT relationship, ${slot} FROM (${children.join(" UNION ALL ")}) c WHERE ${missing}`,
    relationships: group.map(({ at, relationship }) => ({
      target: plan.targets[at]?.name ?? "",
      details: relationshipDetails(plan, at, relationship, dialect),
    })),
  };
}

function relationshipDetails(plan: Plan, at: number, relationship: PlanRelationship, dialect: Dialect): (slots: string) => string {
  const target = plan.targets[at];
  if (target === undefined) throw new Error(`no target ${String(at)}`);
  return (slots) => `${writeRelationship(plan, target, at, relationship, dialect)} AND c.${dialect.name(SLICE_COLUMNS.slot)} IN (${slots})`;
}

function targetAt(plan: Plan, table: string): number {
  const at = plan.targets.findIndex((candidate) => candidate.name === table);
  if (at < 0) throw new Error(`no target ${table}`);
  return at;
}

function columnsOut(parts: Readonly<Record<"kind" | "rule" | "column" | "pointer" | "value", string>>, dialect: Dialect): string {
  return Object.entries(parts)
    .map(([part, sql]) => `${sql} AS ${dialect.name(part)}`)
    .join(", ");
}

function writeRelationship(plan: Plan, target: PlanTarget, at: number, relationship: PlanRelationship, dialect: Dialect): string {
  const name = dialect.name.bind(dialect);
  const slot = name(SLICE_COLUMNS.slot);
  const parent = targetAt(plan, relationship.toTable);
  const on = relationship.fromFields.map((from, n) => `p.${name(relationship.toFields[n] ?? from)} = c.${name(from)}`);
  const present = relationship.fromFields.map((from) => `c.${name(from)} IS NOT NULL`);
  const parts = {
    kind: dialect.text("fail"),
    rule: dialect.text(`${relationship.fromFields.join(", ")} is in ${relationship.toTable}`),
    column: dialect.text(relationship.fromFields.join(", ")),
    pointer: rowPointer(plan, target, dialect),
    value: keyText(relationship.fromFields, "c.", dialect),
  };
  return `SELECT c.${slot} AS ${slot}, ${columnsOut(parts, dialect)} FROM ${targetTable(at)} c WHERE ${present.join(" AND ")} AND NOT EXISTS (SELECT 1 FROM ${targetTable(parent)} p WHERE ${[`p.${slot} = c.${slot}`, ...on].join(" AND ")})`;
}

type AggregateNode = Expression & { kind: "aggregate" };

/** The rules of one target that look at other targets, in one select: each aggregate is computed once for each group of shared key columns, then joined. */
function writeAggregateRules(plan: Plan, target: PlanTarget, at: number, dialect: Dialect): Pick<RuleCheck, "sql" | "details"> | null {
  const rules = target.rules.filter((rule) => !isRowRule(rule));
  if (rules.length === 0) return null;
  const name = dialect.name.bind(dialect);
  const slot = name(SLICE_COLUMNS.slot);
  const aggregates = rules.flatMap((rule) =>
    [...nodesOf(rule.expression)].filter((node): node is AggregateNode => node.kind === "aggregate"),
  );
  const groups = new Map<string, AggregateNode[]>();
  for (const node of aggregates) {
    const group = `${node.target} ${node.correlatedOn.join(",")}`;
    groups.set(group, [...(groups.get(group) ?? []), node]);
  }
  const values = new Map<AggregateNode, string>();
  const joins = [...groups.values()].map((nodes, group) => {
    const inner = plan.targets.findIndex((candidate) => candidate.name === nodes[0]?.target);
    const innerTarget = plan.targets[inner];
    if (innerTarget === undefined) throw new Error(`no target ${nodes[0]?.target ?? ""}`);
    const shared = (nodes[0]?.correlatedOn ?? []).filter((column) => !plan.source.documentKey.includes(column)).map(name);
    const alias = `g${String(group)}`;
    const selected = nodes.map((node, n) => {
      const column = `${alias}.${name(`$a${String(n)}`)}`;
      values.set(node, node.name === "count" ? `coalesce(${column}, 0)` : column);
      return `${writeAggregate(plan, innerTarget, node, dialect)} AS ${name(`$a${String(n)}`)}`;
    });
    const by = [slot, ...shared];
    const on = by.map((column) => `${alias}.${column} = t.${column}`).join(" AND ");
    return `LEFT JOIN (SELECT ${[...by, ...selected].join(", ")} FROM ${targetTable(inner)} GROUP BY ${by.join(", ")}) ${alias} ON ${on}`;
  });
  const own = numericColumns(targetColumns(plan, target));
  const scope: Scope = {
    column: (column) => (own.has(column) ? `CAST(t.${name(column)} AS DOUBLE)` : `t.${name(column)}`),
    path: noPath,
    isTyped: noPath,
    parameter: noPath,
    aggregate: (node) => values.get(node) ?? "NULL",
  };
  const pointer = rowPointer(plan, target, dialect);
  const conditions = rules.map((rule) => {
    const bad = writeBadCondition(rule.expression, scope, dialect);
    return `(${writeExpression(rule.expression, scope, dialect)}) IS FALSE${bad === null ? "" : ` OR ${bad}`}`;
  });
  const records = rules.map((rule, number) => {
    const parts = {
      kind: dialect.text(rule.severity === "error" ? "rule" : "warn"),
      rule: dialect.text(rule.rule),
      column: "CAST(NULL AS VARCHAR)",
      pointer,
      value: `CAST(${valuesText(rule, scope, dialect)} AS VARCHAR)`,
    };
    return `CASE WHEN ${conditions[number] ?? ""} THEN ${dialect.record(parts)} END`;
  });
  const check = name("$check");
  const columns = ["kind", "rule", "column", "pointer", "value"].map((part) => `${dialect.member(check, part)} AS ${name(part)}`);
  const from = `FROM ${targetTable(at)} t ${joins.join(" ")}`;
  const found = `SELECT t.${slot} AS ${slot}, ${dialect.eachOf(dialect.list(records))} AS ${check} ${from}`;
  return {
    sql: `SELECT DISTINCT t.${slot} AS ${slot} ${from} WHERE ${conditions.map((condition) => `(${condition})`).join(" OR ")}`,
    details: (slots) => `SELECT ${[slot, ...columns].join(", ")} FROM (${found} WHERE t.${slot} IN (${slots})) WHERE ${check} IS NOT NULL`,
  };
}

/** Sums of integers stay integers of any size on every engine: they are compared, never stored. */
function writeAggregate(plan: Plan, inner: PlanTarget, node: AggregateNode, dialect: Dialect): string {
  const numeric = numericColumns(targetColumns(plan, inner));
  const column = (wanted: string): string => (numeric.has(wanted) ? `CAST(${dialect.name(wanted)} AS DOUBLE)` : dialect.name(wanted));
  const scope: Scope = { column, path: noPath, isTyped: noPath, parameter: noPath, aggregate: noPath };
  const operand = node.operand === null ? "*" : writeOperand(node.operand, scope, dialect);
  const where = node.where === null ? "" : ` FILTER (WHERE ${writeExpression(node.where, scope, dialect)})`;
  return `${node.name}(${operand})${where}`;
}

/** Checked when the plan is compiled. */
function noPath(): never {
  throw new Error("a rule over targets names columns only");
}

/** Each column and aggregate that a rule names, with its value. */
function valuesText(rule: PlanRule, scope: Scope, dialect: Dialect): string {
  const parts: string[] = [];
  const see = (node: Expression): void => {
    if (node.kind === "column")
      parts.push(`${dialect.text(`${node.name}=`)} || coalesce(CAST(${scope.column(node.name)} AS VARCHAR), 'null')`);
    if (node.kind === "aggregate")
      parts.push(`${dialect.text(`${node.name} of ${node.target}=`)} || coalesce(CAST(${scope.aggregate(node)} AS VARCHAR), 'null')`);
  };
  const inside = new Set<Expression>();
  for (const node of nodesOf(rule.expression)) {
    if (inside.has(node)) continue;
    see(node);
    if (node.kind === "aggregate") for (const inner of nodesOf(node)) inside.add(inner);
  }
  return parts.length === 0 ? "NULL" : parts.join(" || ', ' || ");
}

function rowPointer(plan: Plan, target: PlanTarget, dialect: Dialect): string {
  return writePointer(allLevels(plan, target), "", dialect);
}

function keyText(columns: readonly string[], alias: string, dialect: Dialect): string {
  return columns
    .map((column) => `${dialect.text(`${column}=`)} || coalesce(CAST(${alias}${dialect.name(column)} AS VARCHAR), 'null')`)
    .join(" || ', ' || ");
}
