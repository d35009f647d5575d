import type { SqlRow } from "../sql/sql-value.ts";
import type { TableSchema } from "./mapping-schema.ts";
import type { Placement, SqlRunner, StoreDialect } from "./store-dialect.ts";

/** A store that is open for work: runs SQL, and says where in it the tables are. */
export class OpenStore implements SqlRunner {
  readonly #runner: SqlRunner;
  readonly dialect: StoreDialect;
  readonly placement: Placement;

  constructor(runner: SqlRunner, dialect: StoreDialect, placement: Placement) {
    this.#runner = runner;
    this.dialect = dialect;
    this.placement = placement;
  }

  /** The same store at another place. */
  at(placement: Placement): OpenStore {
    return new OpenStore(this.#runner, this.dialect, placement);
  }

  run(sql: string): Promise<number> {
    return this.#runner.run(sql);
  }

  rows(sql: string): Promise<SqlRow[]> {
    return this.#runner.rows(sql);
  }

  batches(sql: string): AsyncIterable<SqlRow[]> {
    return this.#runner.batches(sql);
  }

  transaction<T>(work: () => Promise<T>): Promise<T> {
    return this.#runner.transaction(work);
  }

  /** The number that a query for one number gives; 0 where it gives none. */
  async count(sql: string): Promise<number> {
    const [row] = await this.#runner.rows(sql);
    return Number(Object.values(row ?? {})[0] ?? 0);
  }

  /** Waits until no other transaction holds what is named, and holds it until this one ends. */
  async lock(what: string): Promise<void> {
    const sql = this.dialect.writeLock(`${this.stateSchema} ${what}`);
    if (sql !== null) await this.#runner.rows(sql);
  }

  /** Ends a session of another process, by the text that it left. */
  async endSession(session: string): Promise<void> {
    const sql = this.dialect.writeEndSession(session);
    if (sql !== null) await this.#runner.rows(sql);
  }

  /** Names of the tables of a schema. */
  tablesIn(schema: string): Promise<ReadonlySet<string>> {
    return this.dialect.tablesIn(this.#runner, schema);
  }

  /** Those of the targets' tables that are there. */
  readTables(targets: readonly string[]): Promise<readonly TableSchema[]> {
    return this.dialect.readTables(this.#runner, this.placement, targets);
  }

  /** Schema of the state tables. No mapping may have a target in it. */
  get stateSchema(): string {
    return this.dialect.stateSchema(this.placement);
  }

  /** A state table, quoted. */
  state(table: string): string {
    return this.dialect.state(this.placement, table);
  }

  /** The table of a target, quoted. */
  table(target: string): string {
    return this.dialect.table(this.placement, target);
  }

  /** What the table of a target is called, `schema.table`. */
  storedName(target: string): string {
    return this.dialect.storedName(this.placement, target);
  }
}
