import { quoteName as name } from "../../sql/quote.ts";
import type { Placement } from "../store-dialect.ts";
import { STORE } from "./attach.ts";

export const STATE_SCHEMAS: Readonly<Record<Placement, string>> = { live: "mlb", beside: "mlb_rebuild" };

/**
 * What a rebuild fills stands beside the live tables in the same schemas: DuckDB renames a table, it moves none to another schema.
 * No name of a mapping ends so: `$` is in none.
 */
export const SUFFIXES: Readonly<Record<Placement, string>> = { live: "", beside: "$rebuild" };

/** What the table of a target is called, `schema.table`. */
export function storedName(placement: Placement, target: string): string {
  return target + SUFFIXES[placement];
}

/** The table of a target in the attached file, quoted. */
export function tableName(placement: Placement, target: string): string {
  return [STORE, ...storedName(placement, target).split(".")].map(name).join(".");
}
