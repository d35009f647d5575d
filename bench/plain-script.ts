import type { ColumnType } from "../src/mapping/column-type.ts";
import { nodesOf } from "../src/mapping/expression-walk.ts";
import type { Reference, Step } from "../src/mapping/path.ts";
import type { Plan, PlanColumn, PlanLookup, PlanTarget } from "../src/plan/plan.ts";
import { containerOfPlace, keySteps, levelOf, levelSteps, placesOf, targetReferences } from "../src/plan/references.ts";
import { duckdbDialect } from "../src/sql/duckdb-dialect.ts";
import { type Scope, writeExpression } from "../src/sql/write-expression.ts";

/** SQL that loads the tables of a mapping the way one writes it by hand: no gate, no state, no lineage. It knows nothing of the platform's own SQL but expressions. */
export interface PlainScript {
  /** Parses `plain_bodies(body)` into `plain_documents(d)`, once, by one read schema with typed leaves. */
  readonly parse: string;
  /** For each target: its table with its primary key, and the insert that fills it. */
  readonly targets: readonly { readonly table: string; readonly create: string; readonly insert: string }[];
}

const name = duckdbDialect.name.bind(duckdbDialect);
const text = duckdbDialect.text.bind(duckdbDialect);

/** @param database the attached database that the tables are made in. */
export function writePlainScript(plan: Plan, database: string): PlainScript {
  if (plan.documentLevels.length > 0) throw new Error("one answer, one document");
  const root: Node = { kind: null, type: null, children: new Map() };
  // The shortest first: a map is known before anything below one of its keys is.
  for (const steps of plan.targets.map((target) => levelSteps(target.levels)).toSorted((a, b) => a.length - b.length))
    container(root, steps);
  for (const column of plan.fields) seeColumn(root, plan, null, column);
  for (const target of plan.targets) {
    for (const column of target.columns) seeColumn(root, plan, target, column);
    for (const { reference } of targetReferences(target)) see(root, plan, target, reference, null);
  }
  const schema = text(JSON.stringify(structureOf(root)));
  return {
    parse: `CREATE OR REPLACE TEMP TABLE plain_documents AS SELECT from_json(body, ${schema}) AS d FROM plain_bodies`,
    targets: plan.targets.map((target) => writeTarget(plan, target, root, database)),
  };
}

// What is parsed: a tree of the places that columns read, each leaf with the type of its column where one column alone reads it.

interface Node {
  kind: "key" | "items" | "values" | null;
  type: string | null;
  readonly children: Map<string, Node>;
}

function container(root: Node, steps: readonly Step[]): Node {
  return steps.reduce((node, step) => {
    // A map's values are read by `.*` or by a key: one node for both.
    node.kind = node.kind === "values" ? "values" : step.kind;
    const key = node.kind === "key" && step.kind === "key" ? step.key : "*";
    const known = node.children.get(key);
    if (known !== undefined) return known;
    const made: Node = { kind: null, type: null, children: new Map() };
    node.children.set(key, made);
    return made;
  }, root);
}

const TYPED = new Set(["BIGINT", "INT", "DOUBLE", "BOOLEAN"]);

function see(root: Node, plan: Plan, target: PlanTarget | null, reference: Reference, type: ColumnType | null): void {
  for (const steps of placesOf(plan, target, reference)) {
    const node = container(root, steps);
    const wanted =
      type === null ? node.type : type.name === "JSONB" ? "JSON" : TYPED.has(type.name) ? duckdbDialect.columnType(type) : "VARCHAR";
    if (wanted !== null) node.type = node.type === null || node.type === wanted ? wanted : "VARCHAR";
  }
}

function seeColumn(root: Node, plan: Plan, target: PlanTarget | null, column: PlanColumn): void {
  if (column.value.kind === "path") see(root, plan, target, column.value.reference, column.type);
  if (column.value.kind === "expression")
    for (const node of nodesOf(column.value.expression))
      if (node.kind === "path") see(root, plan, target, node.reference, { name: "TEXT" });
}

/** The column that a container is in which a lookup looks in. */
function lookColumn(place: PlanLookup["places"][number]): string {
  return `"look${String(place.table)}_${String(place.container)}"`;
}

function typeOf(node: Node): string {
  const [only] = node.children.values();
  if (node.kind === "items") return `${only === undefined ? "JSON" : typeOf(only)}[]`;
  if (node.kind === "values") return `MAP(VARCHAR, ${only === undefined ? "JSON" : typeOf(only)})`;
  if (node.kind === null) return node.type ?? "VARCHAR";
  return `STRUCT(${[...node.children].map(([key, child]) => `${name(key)} ${typeOf(child)}`).join(", ")})`;
}

function structureOf(node: Node): unknown {
  const [only] = node.children.values();
  if (node.kind === "items") return [only === undefined ? "JSON" : structureOf(only)];
  if (node.kind === "values") return typeOf(node);
  if (node.kind === null) return node.type ?? "VARCHAR";
  return Object.fromEntries([...node.children].map(([key, child]) => [key, structureOf(child)]));
}

// What is inserted: the levels unnested one after the other, then the columns.

function member(from: string, start: Node, keys: readonly string[]): string {
  let node = start;
  let sql = from;
  for (const key of keys) {
    sql = node.kind === "values" ? `map_extract(${sql}, ${text(key)})[1]` : `struct_extract(${sql}, ${text(key)})`;
    node = container(node, keySteps([key]));
  }
  return sql;
}

function writeTarget(plan: Plan, target: PlanTarget, root: Node, database: string): PlainScript["targets"][number] {
  const depth = target.levels.length;
  const columns = [...plan.fields, ...target.columns];
  // Each value that a row of the target reads, as a column of its own.
  const values = new Map<string, { readonly column: string; readonly reference: Reference; readonly level: number | null }>();
  const valueOf = (reference: Reference, from: number): string => {
    const level = levelOf(reference, 0, from);
    const place = `${level === null ? JSON.stringify(reference.root) : String(level)} ${reference.keys.join("\u0000")}`;
    const known = values.get(place);
    if (known !== undefined) return known.column;
    const column = `"v${String(values.size)}"`;
    values.set(place, { column, reference, level });
    return column;
  };
  const elementAt = (level: number): Node => container(root, levelSteps(target.levels.slice(0, level)));
  const lookupKeys = target.lookups.map((lookup) => lookup.places.map((place) => valueOf(place.reference, depth)));
  const scope: Scope = {
    column: name,
    path: (reference) => `CAST(${valueOf(reference, depth)} AS VARCHAR)`,
    isTyped: () => false,
    parameter: () => "NULL",
    aggregate: () => "NULL",
  };
  const inner: string[] = [];
  const outer: string[] = [];
  for (const column of columns) {
    const { value, type } = column;
    const as = ` AS ${name(column.name)}`;
    if (value.kind === "path") {
      const leaf = valueOf(value.reference, plan.fields.includes(column) ? 0 : depth);
      const read = container(root, placesOf(plan, plan.fields.includes(column) ? null : target, value.reference)[0] ?? []).type;
      const wanted = duckdbDialect.columnType(type);
      inner.push(`${read === wanted ? leaf : `TRY_CAST(${leaf} AS ${wanted})`}${as}`);
    } else if (value.kind === "source_field") {
      const { source } = value;
      if (source.kind === "index" || source.kind === "key") inner.push(`"at${String(depth - source.levels)}"${as}`);
      else if (source.kind === "ordinal") inner.push(`"at${String(depth - source.levels)}" + 1${as}`);
      else inner.push(`NULL${as}`);
    } else outer.push(`CAST(${writeExpression(value.expression, scope, duckdbDialect)} AS ${duckdbDialect.columnType(type)})${as}`);
  }
  const filter = target.filter === null ? "" : ` WHERE ${writeExpression(target.filter, scope, duckdbDialect)}`;
  const carried = [...values.values()];
  const own = (level: number): string[] =>
    carried
      .filter((value) => value.level === level)
      .map(({ column, reference }) => `${member(level === 0 ? "d" : "e", elementAt(level), reference.keys)} AS ${column}`);
  const looked = new Map(target.lookups.flatMap(({ places }) => places.map((place) => [lookColumn(place), containerOfPlace(plan, place)])));
  const kept: string[] = [...looked.keys()];
  const first = target.levels[0];
  let from = `SELECT ${[
    ...[...looked].map(([column, place]) => `${member("d", root, place.container)} AS ${column}`),
    ...own(0),
    first === undefined ? "1 AS c" : `${member("d", root, first.keys)} AS c`,
  ].join(", ")} FROM plain_documents`;
  kept.push(...carried.filter((value) => value.level === 0).map((value) => value.column));
  for (const [at, level] of target.levels.entries()) {
    const keep = kept.map((column) => `${column}, `).join("");
    const position = `"at${String(at + 1)}"`;
    if (level.each === "items") from = `SELECT ${keep}unnest(c) AS e, unnest(range(len(c))) AS ${position} FROM (${from})`;
    else if (level.each === "values")
      from = `SELECT ${keep}n.value AS e, n.key AS ${position} FROM (SELECT ${keep}unnest(map_entries(c)) AS n FROM (${from}))`;
    else from = `SELECT ${keep}c AS e FROM (${from}) WHERE c IS NOT NULL`;
    if (level.each !== "object") kept.push(position);
    const next = target.levels[at + 1];
    from = `SELECT ${[...kept, ...own(at + 1), ...(next === undefined ? [] : [`${member("e", elementAt(at + 1), next.keys)} AS c`])].join(", ")} FROM (${from})`;
    kept.push(...carried.filter((value) => value.level === at + 1).map((value) => value.column));
  }
  for (const [at, lookup] of target.lookups.entries()) {
    const entries = lookup.places.map((place, n) => {
      const key = lookupKeys[at]?.[n] ?? "NULL";
      return containerOfPlace(plan, place).by === "position"
        ? `${lookColumn(place)}[CAST(${key} AS BIGINT) + 1]`
        : `map_extract(${lookColumn(place)}, ${text(place.prefix)} || ${key})[1]`;
    });
    from = `SELECT *, coalesce(${entries.join(", ")}) AS ${name(lookup.name)} FROM (${from})`;
  }
  const found = carried.flatMap(({ column, reference }) => {
    if (reference.root.kind !== "lookup") return [];
    const entry = container(root, placesOf(plan, target, { ...reference, keys: [] })[0] ?? []);
    return [`${member(name(reference.root.name), entry, reference.keys)} AS ${column}`];
  });
  if (found.length > 0) from = `SELECT *, ${found.join(", ")} FROM (${from})`;
  from = `SELECT *${inner.map((column) => `, ${column}`).join("")} FROM (${from})`;
  if (outer.length > 0) from = `SELECT *, ${outer.join(", ")} FROM (${from})`;
  const [schema = "", table = ""] = target.name.split(".");
  const full = `${database}.${name(schema)}.${name(table)}`;
  const key = target.primaryKey.map(name).join(", ");
  return {
    table: full,
    create: `CREATE SCHEMA IF NOT EXISTS ${database}.${name(schema)}; CREATE TABLE ${full} (${columns.map((column) => `${name(column.name)} ${duckdbDialect.columnType(column.type)}`).join(", ")}, PRIMARY KEY (${key}))`,
    insert: `INSERT INTO ${full} SELECT ${columns.map((column) => name(column.name)).join(", ")} FROM (${from})${filter}`,
  };
}
