import { quoteName as name } from "../../sql/quote.ts";
import type { Placement } from "../store-dialect.ts";

export const STATE_SCHEMAS: Readonly<Record<Placement, string>> = { live: "mlb", beside: "mlb_rebuild" };

/** What a rebuild fills stands in schemas of its own: tables move from there with their indexes and constraints. `$` is in no name of a mapping. */
const SUFFIX = "$rebuild";

/** The schema that stands for one of a mapping. */
export function schemaName(placement: Placement, schema: string): string {
  return placement === "live" ? schema : schema + SUFFIX;
}

/** What the table of a target is called, `schema.table`. */
export function storedName(placement: Placement, target: string): string {
  const [schema = "", table = ""] = target.split(".");
  return `${schemaName(placement, schema)}.${table}`;
}

/** The table of a target, quoted. */
export function tableName(placement: Placement, target: string): string {
  return storedName(placement, target).split(".").map(name).join(".");
}

/** The schemas that a rebuild has made are called so: a pattern for LIKE. */
export const BESIDE_SCHEMAS: string = `%${SUFFIX}`;
