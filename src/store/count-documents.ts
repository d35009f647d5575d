import type { OpenStore } from "./open-store.ts";
import type { Mapping } from "../mapping/mapping.ts";
import { compilePlan } from "../plan/compile-plan.ts";
import { quoteText as text } from "../sql/quote.ts";

export interface DocumentCounts {
  readonly applied: number;
  /** Those of them that were applied under another mapping than that of now. */
  readonly behind: number;
}

/** The documents of a mapping in a store. */
export async function countDocuments(store: OpenStore, mapping: Mapping): Promise<DocumentCounts> {
  // A strict plan is another plan of the same mapping: documents that it applied are not behind.
  const fingerprints = [false, true].map((strict) => text(compilePlan(mapping, { strict }).fingerprint));
  const [row] = await store.rows(
    `SELECT count(*) AS applied, count(*) FILTER (WHERE fingerprint NOT IN (${fingerprints.join(", ")})) AS behind FROM ${store.state("documents")} WHERE mapping = ${text(mapping.name)}`,
  );
  return { applied: Number(row?.["applied"]), behind: Number(row?.["behind"]) };
}
