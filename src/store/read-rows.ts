import type { OpenStore } from "./open-store.ts";
import type { Target } from "../mapping/mapping.ts";
import { quoteName as name } from "../sql/quote.ts";

/** A value that means the same on every store: times as microseconds, dates, decimals and JSON as text. */
export type CanonicalValue = null | boolean | number | bigint | string;

/** All rows of a target, columns in mapping order without lineage, in batches. */
export async function* canonicalRows(store: OpenStore, target: Target): AsyncGenerator<readonly (readonly CanonicalValue[])[]> {
  const columns = target.fields.map((field, at) => `${store.dialect.canonical(name(field.name), field.type)} AS ${name(`c${String(at)}`)}`);
  for await (const batch of store.batches(`SELECT ${columns.join(", ")} FROM ${store.table(target.name)}`)) {
    yield batch.map((row) => target.fields.map((_, at) => row[`c${String(at)}`] as CanonicalValue));
  }
}

/** The document key of a row as the state tables spell it (`[747175]`), as SQL over a table's columns. */
export function documentKeyOf(store: OpenStore, target: Target, documentKey: readonly string[], alias: string): string {
  const parts = documentKey.map((column) => {
    const field = target.fields.find((candidate) => candidate.name === column);
    return store.dialect.keyText(`${alias}.${name(column)}`, field?.type ?? { name: "TEXT" });
  });
  return `'[' || ${parts.join(" || ',' || ")} || ']'`;
}
