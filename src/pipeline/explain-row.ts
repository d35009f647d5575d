import { type SqlRow, type SqlValue, sqlText } from "../sql/sql-value.ts";
import { nodesOf } from "../mapping/expression-walk.ts";
import { renderReference } from "../mapping/parse-path.ts";
import { guardOf } from "../plan/leaf.ts";
import { type Plan, type PlanColumn, type PlanTarget, targetColumns } from "../plan/plan.ts";
import { type ReadReference, columnReferences, containerOfPlace } from "../plan/references.ts";
import { BodySlices } from "../raw/body-slices.ts";
import { duckdbDialect } from "../sql/duckdb-dialect.ts";
import { SLICE_COLUMNS, targetTable } from "../sql/slice-tables.ts";
import {
  type OriginsSql,
  type RowChecksSql,
  readName,
  writeDocumentChecks,
  writeDocumentOrigins,
  writeTargetChecks,
  writeTargetOrigins,
} from "../sql/write-origins.ts";
import { isRowRule } from "../sql/write-target.ts";
import { type RowCells, type RowKey, cellColumns, cellsOf } from "./row-key.ts";
import { SLOT, type ShreddedState, type StateShredder } from "./shredded-state.ts";

/** One JSON value that a column looked at. */
export interface OriginRead {
  /** As the mapping writes it: `$.about.inning`, `entry.person.fullName`. */
  readonly path: string;
  /** Where that is in the body (RFC 6901); null where a lookup found no entry. */
  readonly pointer: string | null;
  /** The JSON text there, byte for byte; null where there is nothing. */
  readonly text: string | null;
}

/** What decided a cell, where it was not its text alone. */
export type Decision = "lookup found nothing" | "absent" | "null" | "null value" | "default" | "bad value";

export interface OriginColumn {
  readonly column: PlanColumn;
  readonly cell: SqlValue;
  readonly reads: readonly OriginRead[];
  /** Of a source field: its value as text. Null for other columns. */
  readonly source: string | null;
  /** Columns that an expression names, with their cells. */
  readonly uses: Readonly<Record<string, SqlValue>>;
  readonly decision: Decision | null;
}

/** One check that the row went through. */
export interface OriginCheck {
  readonly rule: string;
  readonly kind: "rule" | "fail" | "bad" | "warn";
  readonly column: string | null;
  readonly passed: boolean;
  /** The offending value; null where it passed. */
  readonly value: string | null;
}

/** Where a row of a state comes from. */
export interface RowOrigin {
  /** JSON pointer of the row's element. */
  readonly pointer: string;
  /** The element, byte for byte; null where the element is not in the body. */
  readonly fragment: string | null;
  readonly lookups: readonly { readonly name: string; readonly looks: readonly string[]; readonly pointer: string | null }[];
  readonly cells: RowCells;
  readonly columns: readonly OriginColumn[];
  /** SQL: the row among those of the slice. */
  readonly condition: string;
  /** Another row has the same primary key. */
  readonly isDouble: boolean;
}

const SLOT_CONDITION = `${duckdbDialect.name(SLICE_COLUMNS.slot)} = ${String(SLOT)}`;

/** Explains rows of one target of the states that a shredder shreds. */
export class RowExplainer {
  readonly #plan: Plan;
  readonly #target: PlanTarget;
  readonly #shredder: StateShredder;
  readonly #own: OriginsSql;
  readonly #document: OriginsSql;
  readonly #ownChecks: RowChecksSql;
  readonly #documentChecks: RowChecksSql;
  /** Those of the document are the same for all its rows. */
  readonly #documents = new WeakMap<ShreddedState, FoundOrigins>();

  constructor(target: PlanTarget, shredder: StateShredder) {
    this.#plan = shredder.plan;
    this.#target = target;
    this.#shredder = shredder;
    this.#own = writeTargetOrigins(this.#plan, target, duckdbDialect);
    this.#document = writeDocumentOrigins(this.#plan, duckdbDialect);
    this.#ownChecks = writeTargetChecks(this.#plan, target, duckdbDialect);
    this.#documentChecks = writeDocumentChecks(this.#plan, duckdbDialect);
  }

  /** The row of a key in the state that was shredded last; null where it has none. */
  async explain(state: ShreddedState, key: RowKey): Promise<RowOrigin | null> {
    if (!state.hasRows) return null;
    const plan = this.#plan;
    const table = targetTable(plan.targets.indexOf(this.#target));
    const rows = await this.#shredder.rows(
      `SELECT ${[...this.#own.positions, cellColumns(plan, this.#target)].join(", ")} FROM ${table} WHERE ${key.condition} LIMIT 2`,
    );
    const [row] = rows;
    if (row === undefined) return null;
    const condition = this.#own.positions.map((position) => `${position} = ${literal(row[unquoted(position)] ?? null)}`).join(" AND ");
    const body = new BodySlices(state.body);
    const own = await this.#origins(this.#own, condition, body);
    const document = this.#documents.get(state) ?? (await this.#origins(this.#document, SLOT_CONDITION, body));
    this.#documents.set(state, document);
    const cells = cellsOf(plan, this.#target, row);
    const given = new Set(plan.fields.map((field) => field.name));
    return {
      pointer: own.pointer,
      fragment: body.text(own.pointer),
      lookups: this.#target.lookups.map((lookup, at) => ({
        name: lookup.name,
        looks: lookup.places.map((place) => placeText(plan, place)),
        pointer: own.lookups[at] ?? null,
      })),
      cells,
      columns: targetColumns(plan, this.#target).map((column) =>
        explainColumn(plan, column, given.has(column.name) ? document : own, cells, new Set(this.#target.lookups.map(({ name }) => name))),
      ),
      condition,
      isDouble: rows.length > 1,
    };
  }

  async #origins(origins: OriginsSql, condition: string, body: BodySlices): Promise<FoundOrigins> {
    const [row] = await this.#shredder.rows(origins.query(condition));
    if (row === undefined) throw new Error(`no origins where ${condition}`);
    const [texts, pointers, sources, lookups] = [
      list(row["texts"]),
      list(row["pointers"]),
      list(row["source_fields"]),
      list(row["lookups"]),
    ];
    return {
      pointer: sqlText(row["pointer"]),
      reads: new Map(
        origins.reads.map((read, at): readonly [string, FoundRead] => {
          const pointer = pointers[at] ?? null;
          const text = pointer === null ? null : body.text(pointer);
          return [readName(read), { path: renderReference(read.reference), pointer, text, seen: texts[at] ?? null }];
        }),
      ),
      sources: new Map(origins.sourceFields.map((column, at) => [column, sources[at] ?? null])),
      lookups,
    };
  }

  /** The checks that a row went through; the state is still the one that was shredded last. */
  async checks(state: ShreddedState, { pointer, condition, isDouble }: RowOrigin): Promise<readonly OriginCheck[]> {
    const target = this.#target;
    const struck = [
      ...(await this.#shredder.rows(this.#ownChecks.query(condition))),
      ...(await this.#shredder.rows(this.#documentChecks.query(SLOT_CONDITION))),
    ];
    const result = (rule: string, column: string | null, kind: OriginCheck["kind"], found: SqlRow | undefined): OriginCheck => ({
      rule,
      kind,
      column,
      passed: found === undefined,
      value: found === undefined || found["value"] === null ? null : sqlText(found["value"]),
    });
    const single = [...this.#documentChecks.checks.filter(({ column }) => column !== null), ...this.#ownChecks.checks].map(
      ({ rule, kind, column }) =>
        result(
          rule,
          column,
          kind,
          struck.find((row) => row["rule"] === rule && row["column"] === column),
        ),
    );
    const across = (rule: string, kind: OriginCheck["kind"]): OriginCheck => {
      const found = state.findings.find(
        (finding) => finding.target === target.name && finding.rule === rule && finding.pointer === pointer,
      );
      return { rule, kind, column: null, passed: found === undefined, value: found?.value ?? null };
    };
    return [
      ...single,
      { rule: "the primary key is unique", kind: "fail", column: null, passed: !isDouble, value: null },
      ...target.relationships.map(({ fromFields, toTable }) => across(`${fromFields.join(", ")} is in ${toTable}`, "fail")),
      ...target.rules.filter((rule) => !isRowRule(rule)).map(({ rule, severity }) => across(rule, severity === "error" ? "rule" : "warn")),
    ];
  }
}

interface FoundRead extends OriginRead {
  /** What the engine read there. */
  readonly seen: string | null;
}

interface FoundOrigins {
  readonly pointer: string;
  readonly reads: ReadonlyMap<string, FoundRead>;
  readonly sources: ReadonlyMap<string, string | null>;
  readonly lookups: readonly (string | null)[];
}

function explainColumn(plan: Plan, column: PlanColumn, origins: FoundOrigins, cells: RowCells, lookups: ReadonlySet<string>): OriginColumn {
  const cell = cells.get(column.name) ?? null;
  const names = new Map(columnReferences(column).map((read): readonly [string, ReadReference] => [readName(read), read]));
  const reads = [...names.keys()].flatMap((name) => origins.reads.get(name) ?? []);
  const source = origins.sources.get(column.name) ?? null;
  const { value } = column;
  const uses =
    value.kind === "expression"
      ? Object.fromEntries(
          [...nodesOf(value.expression)].flatMap((node) => (node.kind === "column" ? [[node.name, cells.get(node.name) ?? null]] : [])),
        )
      : {};
  const [read] = reads;
  const isLookup = value.kind === "path" && value.reference.root.kind === "lookup" && lookups.has(value.reference.root.name);
  return {
    column,
    cell,
    reads: reads.map(({ path, pointer, text }) => ({ path, pointer, text })),
    source,
    uses,
    decision: decisionOf(plan, column, cell, value.kind === "source_field" ? source : (read?.seen ?? null), read, isLookup),
  };
}

function decisionOf(
  plan: Plan,
  column: PlanColumn,
  cell: SqlValue,
  seen: string | null,
  read: FoundRead | undefined,
  isLookup: boolean,
): Decision | null {
  if (column.value.kind === "expression") return null;
  const isNullValue = seen !== null && guardOf(column.type) !== null && plan.nullValues.includes(seen);
  if (seen === null || isNullValue) {
    if (column.default !== null && cell !== null) return "default";
    if (isNullValue) return cell === null ? "null value" : null;
    if (isLookup && read?.pointer === null) return "lookup found nothing";
    return read?.text === "null" ? "null" : "absent";
  }
  return cell === null ? "bad value" : null;
}

function placeText(plan: Plan, place: PlanTarget["lookups"][number]["places"][number]): string {
  const { container, by } = containerOfPlace(plan, place);
  const keys = renderReference({ root: { kind: "document" }, keys: container });
  const entry = `{${renderReference(place.reference)}}`;
  return by === "position" ? `${keys}[${entry}]` : `${keys}.${place.prefix}${entry}`;
}

function list(value: SqlValue | undefined): readonly (string | null)[] {
  return Array.isArray(value) ? value.map((item: SqlValue) => (item === null ? null : sqlText(item))) : [];
}

function unquoted(name: string): string {
  return name.slice(1, -1);
}

/** A position: a number or a key. */
function literal(value: SqlValue): string {
  return typeof value === "number" || typeof value === "bigint" ? String(value) : duckdbDialect.text(sqlText(value));
}
