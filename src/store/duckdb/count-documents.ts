import type { Connection } from "../../duckdb/connection.ts";
import type { Mapping } from "../../mapping/mapping.ts";
import { compilePlan } from "../../plan/compile-plan.ts";
import { duckdbDialect } from "../../sql/duckdb-dialect.ts";
import { stateTable } from "./placement.ts";

export interface DocumentCounts {
  readonly applied: number;
  /** Those of them that were applied under another mapping than that of now. */
  readonly behind: number;
}

/** The documents of a mapping in the attached store. */
export async function countDocuments(connection: Connection, mapping: Mapping): Promise<DocumentCounts> {
  // A strict plan is another plan of the same mapping: documents that it applied are not behind.
  const fingerprints = [false, true].map((strict) => duckdbDialect.text(compilePlan(mapping, { strict }).fingerprint));
  const [row] = await connection.rows(
    `SELECT count(*) AS applied, count(*) FILTER (WHERE fingerprint NOT IN (${fingerprints.join(", ")})) AS behind FROM ${stateTable("documents")} WHERE mapping = ${duckdbDialect.text(mapping.name)}`,
  );
  return { applied: Number(row?.["applied"]), behind: Number(row?.["behind"]) };
}
