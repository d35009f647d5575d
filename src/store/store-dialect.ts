import type { SqlRow } from "../sql/sql-value.ts";
import type { ColumnType } from "../mapping/column-type.ts";
import type { Mapping, Target } from "../mapping/mapping.ts";
import type { TableObject, TableSchema } from "./mapping-schema.ts";
import type { SchemaChange, StoreLimits } from "./schema-changes.ts";

/** What runs the SQL of a store: a DuckDB connection on which its file is attached, or a session of a server. */
export interface SqlRunner {
  /** Runs one statement; gives the number of rows it changed, as the database counted them. */
  run(sql: string): Promise<number>;
  /** All rows of a query. For results that are small by their nature. */
  rows(sql: string): Promise<SqlRow[]>;
  /** The rows of a query in batches, bounded in memory. */
  batches(sql: string): AsyncIterable<SqlRow[]>;
  /** Runs `work` in one transaction: committed when it returns, rolled back when it throws. */
  transaction<T>(work: () => Promise<T>): Promise<T>;
}

/** Which tables and state of a store are meant: those that readers see, or those that a rebuild fills beside them. */
export type Placement = "live" | "beside";

/** In what stores differ: how they spell what all of them are asked, and what their catalog knows. */
export interface StoreDialect {
  readonly limits: StoreLimits;
  /** The type of texts of state tables: they compare by code point. */
  readonly textType: string;
  stateSchema(placement: Placement): string;
  state(placement: Placement, table: string): string;
  table(placement: Placement, target: string): string;
  storedName(placement: Placement, target: string): string;
  /** The statement that makes a schema where it is not there. */
  writeSchema(schema: string): string;
  /** The statement that makes a table of this session, for the rows of one transaction: they may be gone after it. */
  writeTemporary(table: string, columns: string): string;
  /** A query that waits for a lock of the transaction; null where a store has one writer. */
  writeLock(what: string): string | null;
  /** The session that runs a statement, as a text; NULL where a store has none. */
  readonly session: string;
  /** A query that ends the session of such a text, where it is there still; null where a store has none. */
  writeEndSession(session: string): string | null;
  /** A column type in a statement. */
  columnType(type: ColumnType): string;
  /** A column type as the catalog spells it. */
  storedType(type: ColumnType): string;
  /** A list of texts as one value. */
  texts(values: readonly string[]): string;
  /** The text of a part of a document's name, counted from 0. */
  keyPart(documentKey: string, at: number): string;
  /** The value of a column that a text says, which the type takes (`readLeaf`). */
  leafValue(text: string, type: ColumnType): string;
  /** The value of a key column as it stands in a document's name. */
  keyText(column: string, type: ColumnType): string;
  /** A column as every store gives it for a digest: times as microseconds; dates, decimals and JSON as text. */
  canonical(column: string, type: ColumnType): string;
  /** Indexes and constraints that the store makes of a target. */
  objectsOf(target: Target, mapping: Mapping): readonly TableObject[];
  /** Names of the tables of a schema. */
  tablesIn(runner: SqlRunner, schema: string): Promise<ReadonlySet<string>>;
  /** Those of the targets' tables that are there. */
  readTables(runner: SqlRunner, placement: Placement, targets: readonly string[]): Promise<readonly TableSchema[]>;
  /** The statements of a change that is made where the table is; none where a rebuild makes it. */
  writeChange(change: SchemaChange, placement: Placement): readonly string[];
  /** The strongest lock that a change takes on tables that are there, and who waits; null where it takes none, or one process has the store anyway. */
  locksOf(change: SchemaChange): string | null;
  /** Takes the tables, which are there, from everybody, until the transaction ends. Who only reads is not made to wait for long, nor ended. */
  lockTables(runner: SqlRunner, tables: readonly string[]): Promise<void>;
  /** The statements that put the tables beside in the place of the live ones, of which `live` are there. Those that are not wanted are dropped. */
  writeSwap(
    runner: SqlRunner,
    tables: { readonly wanted: readonly string[]; readonly live: readonly string[] },
  ): Promise<readonly string[]>;
  /** The statements that remove all that a rebuild made beside, and its state. */
  writeClearBeside(runner: SqlRunner): Promise<readonly string[]>;
}
