import type { LookupTable, Plan, PlanLookup, PlanTarget } from "../plan/plan.ts";
import { pointerStep } from "../core/json-pointer.ts";
import { targetReferences } from "../plan/references.ts";
import type { Dialect } from "./dialect.ts";
import { SLICE_COLUMNS, lookupTable } from "./slice-tables.ts";
import type { RawScope } from "./write-columns.ts";
import { CONTAINER, ENTRY, IS_FIRST, lookupLeafColumn } from "./write-lookup.ts";
import { keyToken, writePointer } from "./write-pointer.ts";

/** What a target reads of its lookups: enough of a `PlanTarget` to know the values. */
export type LookupReader = Pick<PlanTarget, "columns" | "filter" | "rules" | "lookups">;

/** The column with a value below the entry that a lookup found. */
export function lookupValue(target: LookupReader, lookup: string, keys: readonly string[], kind: "text" | "json"): string {
  return `$l_${lookup}_${String(leafPosition(lookupReferences(target, lookup), keys, kind))}`;
}

/** The column with the JSON pointer of the entry that a lookup found; null where it found none. */
export const lookupPointer = (lookup: string): string => `$lp_${lookup}`;

/** Rows to which the entries of lookups are joined. */
export interface Joined {
  /** A select, and its columns. */
  readonly select: string;
  readonly columns: readonly string[];
  /** Its raw values: those that the lookups' keys are. */
  readonly raw: RawScope;
}

/** Joins the entries that lookups find: the values of the first place that has the entry, and where it was. */
export function joinLookups(plan: Plan, target: PlanTarget, { select, columns, raw }: Joined, dialect: Dialect): string {
  const name = dialect.name.bind(dialect);
  const joins = new Joins(dialect);
  const selected = columns.map((column) => `r.${column}`);
  for (const lookup of target.lookups) {
    const found = findEntry(plan, lookup, raw, joins, dialect);
    for (const { keys, kind } of lookupReferences(target, lookup.name)) {
      const value = firstFound(found, dialect, ({ alias, table }) =>
        joins.read(alias, lookupLeafColumn(leafPosition(table.leaves, keys, kind))),
      );
      selected.push(`${value} AS ${name(lookupValue(target, lookup.name, keys, kind))}`);
    }
    selected.push(`${firstFound(found, dialect, ({ pointer }) => pointer)} AS ${name(lookupPointer(lookup.name))}`);
  }
  const joined = `SELECT ${selected.join(", ")} FROM (${select}) r ${joins.sql()}`;
  return joins.count > 1 ? dialect.once(joined) : joined;
}

/** Lookups for the same key in the same table share a join. */
class Joins {
  readonly #joins = new Map<string, { readonly alias: string; readonly sql: string }>();
  /** How often a value of each alias is read. */
  readonly #reads = new Map<string, number>();
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  /** The alias of a table that is joined by the key of its entries and, where they differ, by one more column. */
  alias(table: number, key: string, also: string | null): string {
    const name = this.#dialect.name.bind(this.#dialect);
    const place = JSON.stringify([table, key, also]);
    const known = this.#joins.get(place);
    if (known !== undefined) return known.alias;
    const alias = `l${String(this.#joins.size)}`;
    const slot = name(SLICE_COLUMNS.slot);
    const on = [`${alias}.${slot} = r.${slot}`, `${alias}.${name(ENTRY)} = ${key}`, ...(also === null ? [] : [`${alias}.${also}`])];
    this.#joins.set(place, { alias, sql: `LEFT JOIN ${lookupTable(table)} ${alias} ON ${on.join(" AND ")}` });
    return alias;
  }

  get count(): number {
    return this.#joins.size;
  }

  /** A column of a table that is joined. */
  read(alias: string, column: string): string {
    this.#reads.set(alias, this.#readsOf(alias) + 1);
    return `${alias}.${this.#dialect.name(column)}`;
  }

  /** All joins, those of many values last: what a join gives goes through each join behind it. */
  sql(): string {
    const narrowFirst = [...this.#joins.values()].toSorted((a, b) => this.#readsOf(a.alias) - this.#readsOf(b.alias));
    return narrowFirst.map(({ sql }) => sql).join(" ");
  }

  #readsOf(alias: string): number {
    return this.#reads.get(alias) ?? 0;
  }
}

/** An entry that may be there. */
interface FoundEntry {
  readonly alias: string;
  readonly table: LookupTable;
  /** SQL of its JSON pointer; null where it is not there. */
  readonly pointer: string;
}

/** The places of a lookup, joined: one join where the table knows which of them is the first. */
function findEntry(plan: Plan, { places }: PlanLookup, raw: RawScope, joins: Joins, dialect: Dialect): readonly FoundEntry[] {
  const name = dialect.name.bind(dialect);
  const parts = places.map(({ table: position, container, prefix, reference }) => {
    const table = plan.lookupTables[position];
    const keys = table?.containers[container];
    if (table === undefined || keys === undefined) throw new Error(`no lookup table ${String(position)}`);
    const text = `r.${raw.leaf(reference, "text")}`;
    const isTyped = raw.isTyped(reference);
    const key =
      table.by === "key"
        ? `${dialect.text(prefix)} || ${isTyped ? `CAST(${text} AS VARCHAR)` : text}`
        : isTyped
          ? text
          : dialect.castLeaf(text, { name: "BIGINT" });
    return { position, table, container, key, pointer: writePointer(plan.documentLevels, keys.map(pointerStep).join(""), dialect) };
  });
  const entryOf = (alias: string, table: LookupTable, container: string): FoundEntry => {
    const entry = `${alias}.${name(ENTRY)}`;
    const token = table.by === "key" ? keyToken(entry, dialect) : `CAST(${entry} AS VARCHAR)`;
    return { alias, table, pointer: `${container} || '/' || ${token}` };
  };
  const [first, ...others] = parts;
  const isWhole =
    first !== undefined &&
    others.length > 0 &&
    parts.length === first.table.containers.length &&
    parts.every(({ position, container, key }, at) => position === first.position && container === at && key === first.key);
  if (isWhole) {
    const alias = joins.alias(first.position, first.key, name(IS_FIRST));
    const containers = parts.map(({ pointer }, at) => `WHEN ${String(at)} THEN ${pointer}`).join(" ");
    return [entryOf(alias, first.table, `CASE ${alias}.${name(CONTAINER)} ${containers} END`)];
  }
  return parts.map(({ position, table, container, key, pointer }) => {
    const also = table.containers.length === 1 ? null : `${name(CONTAINER)} = ${String(container)}`;
    return entryOf(joins.alias(position, key, also), table, pointer);
  });
}

/** A value of the first place that has the entry. */
function firstFound(found: readonly FoundEntry[], dialect: Dialect, valueOf: (entry: FoundEntry) => string): string {
  const [only, ...others] = found;
  if (only !== undefined && others.length === 0) return valueOf(only);
  const slot = dialect.name(SLICE_COLUMNS.slot);
  return `CASE ${found.map((entry) => `WHEN ${entry.alias}.${slot} IS NOT NULL THEN ${valueOf(entry)}`).join(" ")} END`;
}

interface LookupRead {
  readonly keys: readonly string[];
  readonly kind: "text" | "json";
}

/** What a target reads of one lookup, each once. */
function lookupReferences(target: LookupReader, lookup: string): readonly LookupRead[] {
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
