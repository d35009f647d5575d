import type { Connection, Statement } from "../../duckdb/connection.ts";
import { quoteName as name } from "../../sql/quote.ts";
import { SLICE_COLUMNS } from "../../sql/slice-tables.ts";
import { sqlText } from "../../sql/sql-value.ts";
import type { SliceTable } from "./slice-tables.ts";

/** The rows of a slice as lines of `COPY`. */
export interface SliceLines {
  readonly documents: readonly string[];
  /** Of targets, by slot and target: without the slot. */
  readonly targets: ReadonlyMap<number, ReadonlyMap<number, readonly string[]>>;
}

/** Reads the slices of one connection of the engine by one statement, planned once: one for each table would take twice the time for a slice of one document. */
export class LineReader {
  readonly #tables: readonly SliceTable[];
  readonly #statement: Statement;

  private constructor(tables: readonly SliceTable[], statement: Statement) {
    this.#tables = tables;
    this.#statement = statement;
  }

  static async make(connection: Connection, tables: readonly SliceTable[]): Promise<LineReader> {
    const shredded = tables.filter(({ line }) => line !== null);
    const parts = shredded.map(
      ({ table, target, line }, at) =>
        `SELECT ${String(at)} AS "table", ${target === null ? "NULL::INTEGER" : name(SLICE_COLUMNS.slot)} AS slot, ${line ?? ""} AS line FROM ${table}`,
    );
    return new LineReader(shredded, await connection.prepare(parts.join(" UNION ALL ")));
  }

  async read(): Promise<SliceLines> {
    const documents: string[] = [];
    const targets = new Map<number, Map<number, string[]>>();
    for await (const batch of this.#statement.batches()) {
      for (const row of batch) {
        const line = sqlText(row["line"]);
        const table = this.#tables[Number(row["table"])];
        if (table === undefined) throw new Error("a line of no table");
        if (table.target === null) {
          documents.push(line);
          continue;
        }
        const slot = Number(row["slot"]);
        let ofSlot = targets.get(slot);
        if (ofSlot === undefined) targets.set(slot, (ofSlot = new Map<number, string[]>()));
        const lines = ofSlot.get(table.target);
        if (lines === undefined) ofSlot.set(table.target, [line]);
        else lines.push(line);
      }
    }
    return { documents, targets };
  }
}
