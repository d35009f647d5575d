import {
  type DuckDBConnection,
  type DuckDBPreparedStatement,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBTimestampTZValue,
  type DuckDBValue,
  StatementType,
} from "@duckdb/node-api";
import { type SqlRow, type SqlValue, sqlText } from "../sql/sql-value.ts";
import { EXIT, OutsideError } from "../core/errors.ts";
import { instantOfMicros, microsOfInstant } from "../core/instant.ts";

/** What an appended column holds. */
export type AppendKind = "INTEGER" | "BIGINT" | "VARCHAR" | "BOOLEAN" | "TIMESTAMPTZ" | "BLOB";
export type AppendValue = null | boolean | number | string | Uint8Array;

/** DuckDB's own words for what is outside of a statement: memory, disk, files. */
const OUTSIDE = /^(?:Out of Memory|IO|TransactionContext|Interrupt|INTERRUPT|Connection|FATAL|Permission) Error/i;

/** What changes the tables and views that there are. */
const CHANGES_CATALOG = /^\s*(?:CREATE|DROP|ALTER)\b/i;

/** Turns a failure of memory, disk or file into an error with a next step; every other one is passed on. */
async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const message = cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : "";
    if (!OUTSIDE.test(message)) throw cause;
    const next = /memory/i.test(message)
      ? "give it more with --max-memory, or less at a time with --slice-mb"
      : "look at the disk and the file; the same command goes on where this one stopped";
    throw new OutsideError(
      { code: "duckdb.failed", message: "DuckDB could not go on", got: message, next, cause },
      EXIT.storeUnreachable,
      true,
    );
  }
}

/** One DuckDB connection. Statements of one connection run one after the other. */
export class Connection {
  readonly #connection: DuckDBConnection;
  readonly #memoryLimit: string;
  readonly #catalog: Catalog = { changes: 0 };

  /** `memoryLimit`: that of the database, as a size of DuckDB. */
  constructor(connection: DuckDBConnection, memoryLimit: string) {
    this.#connection = connection;
    this.#memoryLimit = memoryLimit;
  }

  /** Runs one statement; gives the number of rows it changed, as DuckDB counted them (0 where it tells none). */
  async run(sql: string): Promise<number> {
    if (CHANGES_CATALOG.test(sql)) this.#catalog.changes += 1;
    const result = await explained(() => this.#connection.run(sql));
    const changed = result.columnCount === 1 && result.columnName(0) === "Count" ? (await result.getRows())[0]?.[0] : undefined;
    return typeof changed === "bigint" ? Number(changed) : 0;
  }

  /** All rows of a query. For results that are small by their nature. */
  async rows(sql: string): Promise<SqlRow[]> {
    const rows: SqlRow[] = [];
    for await (const batch of this.batches(sql)) rows.push(...batch);
    return rows;
  }

  /** The rows of a query, in batches as DuckDB makes them (at most 2,048). */
  async *batches(sql: string): AsyncGenerator<SqlRow[]> {
    const result = await explained(() => this.#connection.stream(sql));
    for await (const batch of result.yieldRowObjects()) yield batch.map(readRow);
  }

  /** A statement that is planned once and run many times. */
  async prepare(sql: string): Promise<Statement> {
    const plan = (): Promise<DuckDBPreparedStatement> => explained(() => this.#connection.prepare(sql));
    const { changes } = this.#catalog;
    return new Statement({ plan, catalog: this.#catalog, changes, prepared: await plan() });
  }

  /** What kind of statement a text is, and how many: `SELECT`, `COPY`, … */
  async statementKinds(sql: string): Promise<readonly string[]> {
    const extracted = await this.#connection.extractStatements(sql);
    const kinds: string[] = [];
    for (let at = 0; at < extracted.count; at++) kinds.push(StatementType[(await extracted.prepare(at)).statementType] ?? "unknown");
    return kinds;
  }

  /**
   * The tables that a query reads, `catalog.schema.table`, without running it: those in its plan before anything is optimized away,
   * so that names of CTEs are none and tables behind `query_table('…')` are some. (`getTableNames` of DuckDB leaves out what it cannot bind.)
   */
  async tablesRead(sql: string): Promise<readonly string[]> {
    await this.run("PRAGMA disable_optimizer");
    try {
      const [row] = await this.rows(`EXPLAIN (FORMAT json) ${sql}`);
      const tables = new Set<string>();
      collectTables(JSON.parse(sqlText(row?.["explain_value"])) as readonly PlanNode[], tables);
      return [...tables];
    } finally {
      await this.run("PRAGMA enable_optimizer");
    }
  }

  /** Column names of a query with their types, without running it. */
  async columns(sql: string): Promise<readonly { readonly name: string; readonly type: string }[]> {
    const prepared = await this.#connection.prepare(sql);
    return Array.from({ length: prepared.columnCount }, (_, at) => ({
      name: prepared.columnName(at),
      type: String(prepared.columnType(at)),
    }));
  }

  /** Appends rows to a table: the fastest way in for bodies (measured: `docs/decisions/`). */
  async append(table: string, kinds: readonly AppendKind[], rows: Iterable<readonly AppendValue[]>): Promise<void> {
    const appender = await this.#connection.createAppender(table);
    try {
      for (const row of rows) {
        for (const [at, kind] of kinds.entries()) {
          const value = row[at] ?? null;
          if (value === null) appender.appendNull();
          else if (value instanceof Uint8Array) appender.appendBlob(value);
          else if (kind === "INTEGER") appender.appendInteger(Number(value));
          else if (kind === "BIGINT") appender.appendBigInt(BigInt(value));
          else if (kind === "BOOLEAN") appender.appendBoolean(value === true);
          else if (kind === "TIMESTAMPTZ") appender.appendTimestampTZ(new DuckDBTimestampTZValue(microsOfInstant(String(value))));
          else appender.appendVarchar(String(value));
        }
        appender.endRow();
      }
    } finally {
      appender.closeSync();
    }
  }

  /** Gives what was freed back to the system: DuckDB does so when its limit is set, be it to what it is. */
  async giveMemoryBack(): Promise<void> {
    await this.run(`SET memory_limit = '${this.#memoryLimit}'`);
  }

  /** Runs `work` in one transaction: committed when it returns, rolled back when it throws. */
  async transaction<T>(work: () => Promise<T>): Promise<T> {
    await this.run("BEGIN TRANSACTION");
    let result: T;
    try {
      result = await work();
      await this.run("COMMIT");
    } catch (error) {
      // A statement that failed may have ended the transaction already: what matters is the first error.
      await this.run("ROLLBACK").catch(() => 0);
      throw error;
    }
    return result;
  }

  close(): void {
    this.#connection.closeSync();
  }
}

/** A node of a plan, as far as it matters. */
interface PlanNode {
  readonly extra_info?: { readonly Table?: string };
  readonly children?: readonly PlanNode[];
}

function collectTables(nodes: readonly PlanNode[], tables: Set<string>): void {
  for (const { extra_info: info, children } of nodes) {
    // Names are quoted where they are words of SQL.
    if (info?.Table !== undefined) tables.add(info.Table.replaceAll('"', ""));
    collectTables(children ?? [], tables);
  }
}

/** How often a connection has changed what tables there are. */
interface Catalog {
  changes: number;
}

interface StatementParts {
  readonly plan: () => Promise<DuckDBPreparedStatement>;
  readonly catalog: Catalog;
  /** Of the catalog, when it was prepared. */
  readonly changes: number;
  readonly prepared: DuckDBPreparedStatement;
}

/**
 * A prepared statement without parameters. DuckDB plans a statement again, silently and at every run from then on, where something was made on its
 * connection after it was prepared: here it is prepared anew, once.
 */
export class Statement {
  readonly #parts: StatementParts;
  #prepared: DuckDBPreparedStatement;
  #changes: number;

  constructor(parts: StatementParts) {
    this.#parts = parts;
    this.#prepared = parts.prepared;
    this.#changes = parts.changes;
  }

  async run(): Promise<void> {
    const prepared = await this.#current();
    await explained(() => prepared.run());
  }

  /** The rows of a query, in batches as DuckDB makes them (at most 2,048). */
  async *batches(): AsyncGenerator<SqlRow[]> {
    const prepared = await this.#current();
    const result = await explained(() => prepared.stream());
    for await (const batch of result.yieldRowObjects()) yield batch.map(readRow);
  }

  close(): void {
    this.#prepared.destroySync();
  }

  async #current(): Promise<DuckDBPreparedStatement> {
    const { plan, catalog } = this.#parts;
    if (this.#changes === catalog.changes) return this.#prepared;
    const { changes } = catalog;
    const before = this.#prepared;
    this.#prepared = await plan();
    this.#changes = changes;
    before.destroySync();
    return this.#prepared;
  }
}

function readRow(row: Readonly<Record<string, DuckDBValue>>): SqlRow {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, readValue(value)]));
}

function readValue(value: DuckDBValue): SqlValue {
  if (value === null || typeof value !== "object") return value;
  if (value instanceof DuckDBTimestampTZValue) return instantOfMicros(value.micros);
  if (value instanceof DuckDBDateValue || value instanceof DuckDBDecimalValue) return value.toString();
  if (value instanceof DuckDBListValue) return value.items.map(readValue);
  if (value instanceof DuckDBStructValue) return readRow(value.entries);
  if (value instanceof DuckDBMapValue) return value.entries.map((entry) => ({ key: readValue(entry.key), value: readValue(entry.value) }));
  return String(value);
}
