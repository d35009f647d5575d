import { onFault } from "../core/faults.ts";
import { DuckDBInstance } from "@duckdb/node-api";
import { Connection } from "./connection.ts";

export interface DatabaseOptions {
  /** DuckDB's own limit, in bytes. The process needs more: bodies as text, Node's heap. */
  readonly memoryLimitBytes: number;
  /** Threads over all connections. */
  readonly threads: number;
  /** Where DuckDB spills what does not fit; null: nowhere, the statement fails. */
  readonly tempDirectory: string | null;
}

/** Of the bound of a process, DuckDB gets what Node, the libraries and memory that was freed and not given back yet do not need. */
const NODE_MB = 286;

/** DuckDB's limit in a process that is to take this much. */
export function memoryLimitOf(maxMemoryMb: number): number {
  return (maxMemoryMb - NODE_MB) * 2 ** 20;
}

/**
 * A DuckDB in memory, to which stores are attached for as long as they are written or read. Nothing is fetched: extensions
 * that are not built in are neither installed nor loaded.
 */
export class Database implements AsyncDisposable {
  readonly #instance: DuckDBInstance;
  readonly #memoryLimit: string;
  readonly #connections = new Set<Connection>();

  private constructor(instance: DuckDBInstance, memoryLimit: string) {
    this.#instance = instance;
    this.#memoryLimit = memoryLimit;
  }

  static async open(options: DatabaseOptions): Promise<Database> {
    const memoryLimit = `${String(Math.floor(options.memoryLimitBytes / 1024))}KiB`;
    const instance = await DuckDBInstance.create(":memory:", {
      memory_limit: memoryLimit,
      threads: String(options.threads),
      temp_directory: options.tempDirectory ?? "",
      autoinstall_known_extensions: "false",
      autoload_known_extensions: "false",
      // What a statement needed goes back to the system soon: the bound is on the process, not on DuckDB alone.
      allocator_flush_threshold: "16MB",
      allocator_bulk_deallocation_flush_threshold: "16MB",
      // Order of rows means nothing to us; keeping it costs memory.
      preserve_insertion_order: "false",
      // A slice writes about as much as the default of 16 MB: every commit would rewrite the last rows of every table.
      wal_autocheckpoint: "64MB",
      // Statements are planned once, while their tables are empty, and run when they are not: what a plan takes from the statistics of
      // a table would be wrong by then (DuckDB 1.5.6 does not plan again).
      disabled_optimizers: "statistics_propagation,compressed_materialization",
    });
    const database = new Database(instance, memoryLimit);
    onFault("memory", async () => {
      await (await database.connect()).run("SET memory_limit = '1KiB'");
    });
    return database;
  }

  /** A connection with its own temporary tables. Times are UTC. */
  async connect(): Promise<Connection> {
    const connection = new Connection(await this.#instance.connect(), this.#memoryLimit);
    await connection.run("SET TimeZone = 'UTC'");
    this.#connections.add(connection);
    return connection;
  }

  [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.#connections) connection.close();
    this.#instance.closeSync();
    return Promise.resolve();
  }
}
