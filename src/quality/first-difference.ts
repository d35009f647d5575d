import type { Mapping, Target } from "../mapping/mapping.ts";
import type { OpenStore } from "../store/open-store.ts";
import { type CanonicalValue, canonicalRows } from "../store/read-rows.ts";
import { DigestBuilder } from "./digest.ts";

/** A row by column, as `canonicalRows` spells values. */
export type CanonicalRow = Readonly<Record<string, CanonicalValue>>;

/** A row that two stores do not have alike. */
export interface RowDifference {
  readonly target: Target;
  /** By column of the primary key. */
  readonly key: CanonicalRow;
  /** Of the document that it belongs to, by column. */
  readonly document: CanonicalRow;
  /** Null where a store has no such row. */
  readonly left: CanonicalRow | null;
  readonly right: CanonicalRow | null;
  /** Columns with other values; empty where one store has no such row. */
  readonly columns: readonly string[];
}

/** The first row, in the order of targets, documents and keys, that two stores do not have alike. In memory: a hash for each document, and the rows of one. */
export async function firstDifference(left: OpenStore, right: OpenStore, mapping: Mapping): Promise<RowDifference | null> {
  for (const target of mapping.targets) {
    const [ofLeft, ofRight] = [await digestDocuments(left, mapping, target), await digestDocuments(right, mapping, target)];
    const document = firstUnequal(ofLeft, ofRight);
    if (document === null) continue;
    const rows = [await rowsOf(left, mapping, target, document), await rowsOf(right, mapping, target, document)] as const;
    const [a, b] = rows.map((found) => new Map([...found].map(([key, row]) => [key, encode(Object.values(row))])));
    const key = firstUnequal(a ?? new Map(), b ?? new Map());
    if (key === null) throw new Error(`the rows of ${target.name} changed while they were compared`);
    return differenceOf(mapping, target, rows[0].get(key) ?? null, rows[1].get(key) ?? null);
  }
  return null;
}

function differenceOf(mapping: Mapping, target: Target, left: CanonicalRow | null, right: CanonicalRow | null): RowDifference {
  const some = left ?? right ?? {};
  const pick = (columns: readonly string[]): CanonicalRow => Object.fromEntries(columns.map((column) => [column, some[column] ?? null]));
  return {
    target,
    key: pick(target.primaryKey),
    document: pick(mapping.source.documentKey),
    left,
    right,
    columns:
      left === null || right === null
        ? []
        : target.fields.map(({ name }) => name).filter((name) => encode([left[name] ?? null]) !== encode([right[name] ?? null])),
  };
}

async function* namedRows(store: OpenStore, target: Target): AsyncGenerator<CanonicalRow> {
  for await (const batch of canonicalRows(store, target))
    for (const values of batch) yield Object.fromEntries(target.fields.map(({ name }, at) => [name, values[at] ?? null]));
}

/** The digest of each document's rows, by its key. */
async function digestDocuments(store: OpenStore, mapping: Mapping, target: Target): Promise<ReadonlyMap<string, string>> {
  const builders = new Map<string, DigestBuilder>();
  const types = target.fields.map(({ type }) => type);
  for await (const row of namedRows(store, target)) {
    const key = keyText(row, mapping.source.documentKey);
    let builder = builders.get(key);
    if (builder === undefined) builders.set(key, (builder = new DigestBuilder(types)));
    builder.add(Object.values(row));
  }
  return new Map([...builders].map(([key, builder]) => [key, builder.result().digest]));
}

/** A document's rows by their primary key. */
async function rowsOf(store: OpenStore, mapping: Mapping, target: Target, document: string): Promise<ReadonlyMap<string, CanonicalRow>> {
  const rows = new Map<string, CanonicalRow>();
  for await (const row of namedRows(store, target))
    if (keyText(row, mapping.source.documentKey) === document) rows.set(keyText(row, target.primaryKey), row);
  return rows;
}

/** The smallest key under which two maps hold other things. */
function firstUnequal(left: ReadonlyMap<string, string>, right: ReadonlyMap<string, string>): string | null {
  const keys = new Set([...left.keys(), ...right.keys()]);
  return [...keys].toSorted().find((key) => left.get(key) !== right.get(key)) ?? null;
}

/** Numbers in their order: 2 before 10. */
function keyText(row: CanonicalRow, columns: readonly string[]): string {
  return columns
    .map((column) => {
      const value = row[column] ?? null;
      return typeof value === "bigint" || typeof value === "number" ? String(value).padStart(20, "0") : JSON.stringify(value);
    })
    .join(",");
}

function encode(values: readonly CanonicalValue[]): string {
  return JSON.stringify(values, (_name, value: unknown) => (typeof value === "bigint" ? String(value) : value));
}
