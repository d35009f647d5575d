import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { DEFAULT_SEGMENT_LIMITS, SegmentStore } from "../src/raw/segment-store.ts";
import { sqlText } from "../src/sql/sql-value.ts";
import { duckdbStoreDialect } from "../src/store/duckdb/duckdb-store-dialect.ts";
import { DuckdbStore } from "../src/store/duckdb/duckdb-store.ts";
import type { Homes } from "./homes.ts";

/** A folder with `raw/` and files of DuckDB. */
export const embeddedHomes: Homes = {
  dialect: duckdbStoreDialect,
  open: (home, { store, waitMs, onWait, isDryRun, maxCaptures = DEFAULT_SEGMENT_LIMITS.maxCaptures }) =>
    Promise.resolve({
      raw: new SegmentStore({ root: join(home, "raw"), limits: { ...DEFAULT_SEGMENT_LIMITS, maxCaptures } }),
      store: new DuckdbStore({ file: join(home, store), waitMs, onWait, isDryRun }),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }),
  copy: (from, to) => cp(from, to, { recursive: true }),
  remove: (home) => rm(home, { recursive: true, force: true }),
  address: (home, store) => Promise.resolve(`duckdb:${join(home, store)}`),
  sql: (statement) => statement,
  spoilBodies: (home, table) => rm(join(home, "raw", table, "000001.bodies.gz")),
  leftovers: async (store) => {
    const rows = await store.rows(
      "SELECT table_name AS name FROM duckdb_tables() WHERE database_name = 'store' AND (schema_name = 'mlb_rebuild' OR ends_with(table_name, '$rebuild') OR starts_with(table_name, 'slice_'))",
    );
    return rows.map((row) => sqlText(row["name"]));
  },
};
