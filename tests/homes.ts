import type { OpenStore } from "../src/store/open-store.ts";
import type { RawStore } from "../src/raw/raw-store.ts";
import type { StoreDialect } from "../src/store/store-dialect.ts";
import type { StoreAccess } from "../src/store/store.ts";

/** What differs from the program's own. */
export interface HomeOptions {
  /** Name of the store; raw is that of the home whichever it is. */
  readonly store: string;
  readonly waitMs: number;
  readonly onWait: () => void;
  /** Nothing is written. */
  readonly isDryRun: boolean;
  /** Captures of a segment, where raw is segments. */
  readonly maxCaptures?: number | undefined;
}

/** Raw and store, opened as a process has them. */
export interface OpenHome extends AsyncDisposable {
  readonly raw: RawStore;
  readonly store: StoreAccess;
}

/** Homes of the tests, at one kind of place: a folder with raw and the stores, or with the names of databases. */
export interface Homes {
  readonly dialect: StoreDialect;
  open(home: string, options: HomeOptions): Promise<OpenHome>;
  /** All that a home has, at a place where nothing is. Nobody may have it open. */
  copy(from: string, to: string): Promise<void>;
  remove(home: string): Promise<void>;
  /** What `--store` calls a store of a home. */
  address(home: string, store: string): Promise<string>;
  /** A statement in which tables of the store are called `store.schema.table`, as the store takes it. */
  sql(statement: string): string;
  /** Makes all bodies of a raw table unreadable. Nobody may have it open. */
  spoilBodies(home: string, table: string): Promise<void>;
  /** Tables that a slice or a rebuild made and nobody needs any more. */
  leftovers(store: OpenStore): Promise<readonly string[]>;
}

/** The store that commands have by default. */
export const MAIN_STORE = "platform.duckdb";
