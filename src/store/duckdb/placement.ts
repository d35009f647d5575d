import { duckdbDialect } from "../../sql/duckdb-dialect.ts";
import { STORE } from "./attach.ts";

const name = duckdbDialect.name.bind(duckdbDialect);

/** Where targets and their state stand in the attached store. */
export interface Placement {
  /** Schema of the state tables. No mapping may have a target in it. */
  readonly stateSchema: string;
  /** What the table of a target is called, `schema.table`. */
  storedName(target: string): string;
  /** The table of a target, quoted. */
  table(target: string): string;
  /** A state table. */
  state(table: string): string;
}

function placement(stateSchema: string, suffix: string): Placement {
  return {
    stateSchema,
    storedName: (target) => target + suffix,
    table: (target) => [STORE, ...(target + suffix).split(".")].map(name).join("."),
    state: (table) => `${STORE}.${stateSchema}.${table}`,
  };
}

/** What readers see. */
export const LIVE: Placement = placement("mlb", "");

/** No name of a mapping ends so: `$` is in none. */
export const BESIDE_SUFFIX = "$rebuild";

/**
 * What a rebuild fills: tables beside the live ones, in the same schemas (DuckDB renames a table, it moves none to another schema),
 * and a state of their own, so that neither rows nor state of a rebuild that is under way are among the live ones.
 */
export const BESIDE: Placement = placement("mlb_rebuild", BESIDE_SUFFIX);

/** A live table of the attached store, quoted. */
export function storeTable(target: string): string {
  return LIVE.table(target);
}

/** A live state table of the attached store. */
export function stateTable(table: string): string {
  return LIVE.state(table);
}
