import type { Database } from "../duckdb/database.ts";
import type { RawStore } from "../raw/raw-store.ts";
import type { StoreAccess } from "../store/store.ts";

/** Captures, a store, and an engine of its own. */
export interface PlatformParts {
  readonly database: Database;
  readonly raw: RawStore;
  readonly store: StoreAccess;
}

/** One that begins empty and is thrown away at the end. */
export type Scratch = PlatformParts & AsyncDisposable;
