import { createReadStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Connection, Statement } from "../../duckdb/connection.ts";
import { type Plan, targetColumns } from "../../plan/plan.ts";
import type { Session } from "../../postgres/session.ts";
import { quoteName as name, quoteText as text } from "../../sql/quote.ts";
import { SLICE_COLUMNS, SLICE_TABLES, targetTable } from "../../sql/slice-tables.ts";
import type { SliceApplication } from "../slice-application.ts";
import { INPUT_COLUMNS, INPUT_TABLES, inputTables, writeInputColumns } from "../slice-input.ts";
import type { StoreDialect } from "../store-dialect.ts";

/** A table of a slice that a store's session gets a copy of, under the same name. */
interface SliceTable {
  readonly table: string;
  /** The columns with their types there. */
  readonly columns: string;
  readonly names: readonly string[];
  /** Each column as SQL of the engine, its text as `COPY` reads it. */
  readonly values: readonly string[];
  /** Number of the target; null for every other table. */
  readonly target: number | null;
}

/** All tables of a slice that applying needs. */
export function sliceTables(plan: Plan, dialect: StoreDialect): readonly SliceTable[] {
  const slot = { name: SLICE_COLUMNS.slot, sqlType: "integer", isText: false };
  const table = (
    of: string,
    target: number | null,
    columns: readonly { name: string; sqlType: string; isText: boolean }[],
  ): SliceTable => ({
    table: of,
    target,
    columns: columns.map((column) => `${name(column.name)} ${column.sqlType}`).join(", "),
    names: columns.map((column) => name(column.name)),
    values: columns.map((column) => writeValue(name(column.name), column.isText)),
  });
  const typed = plan.targets.map((target) =>
    targetColumns(plan, target).map((column) => ({
      name: column.name,
      sqlType: dialect.columnType(column.type),
      isText: ["VARCHAR", "TEXT", "JSONB"].includes(column.type.name),
    })),
  );
  const documentKey = (typed[0] ?? []).filter((column) => plan.source.documentKey.includes(column.name));
  return [
    ...inputTables().map((input) => ({
      table: INPUT_TABLES[input],
      target: null,
      columns: writeInputColumns(input, dialect.textType),
      names: INPUT_COLUMNS[input].map(([column]) => name(column)),
      values: INPUT_COLUMNS[input].map(([column, kind]) => writeValue(name(column), kind === "VARCHAR")),
    })),
    table(SLICE_TABLES.documents, null, [slot, ...documentKey]),
    ...typed.map((columns, at) => table(targetTable(at), at, [slot, ...columns])),
  ];
}

/** The text format of COPY: a backslash before what would end a value. */
function writeValue(column: string, isText: boolean): string {
  if (!isText) return column;
  const escapes = [
    ["'\\'", "'\\\\'"],
    ["chr(9)", "'\\t'"],
    ["chr(10)", "'\\n'"],
    ["chr(13)", "'\\r'"],
  ];
  return escapes.reduce((value, [from = "", to = ""]) => `replace(${value}, ${from}, ${to})`, `CAST(${column} AS VARCHAR)`);
}

/** Copies the tables of slices from one connection of the engine: statements planned once, each into a file of its own. */
export class SliceCopier {
  readonly #connection: Connection;
  readonly #tables: readonly SliceTable[];
  readonly #folder: string;
  readonly #statements = new Map<string, Statement>();

  private constructor(connection: Connection, tables: readonly SliceTable[], folder: string) {
    this.#connection = connection;
    this.#tables = tables;
    this.#folder = folder;
  }

  /** `folder`: is made; where the files are, each written over at every slice. */
  static async make(connection: Connection, tables: readonly SliceTable[], folder: string): Promise<SliceCopier> {
    await mkdir(folder, { recursive: true });
    return new SliceCopier(connection, tables, folder);
  }

  /** Fills the tables of the session, which are empty. Tables without rows are passed over. */
  async copy(session: Session, { tried, findings, rows }: SliceApplication): Promise<void> {
    const filled = new Set(rows.filter((row) => row.rows > 0).map((row) => row.target));
    const isShredded = tried.some(({ passed, confirms }) => passed && !confirms);
    for (const { table, target, names } of this.#tables) {
      if (target !== null && !filled.has(target)) continue;
      if (table === SLICE_TABLES.documents && !isShredded) continue;
      if (table === INPUT_TABLES.findings && findings.length === 0) continue;
      if (table === INPUT_TABLES.rows && rows.length === 0) continue;
      await (await this.#statementOf(table)).run();
      await session.copyIn(
        `COPY ${table} (${names.join(", ")}) FROM STDIN`,
        createReadStream(this.#file(table), { highWaterMark: 1 << 18 }),
      );
    }
  }

  async #statementOf(table: string): Promise<Statement> {
    const known = this.#statements.get(table);
    if (known !== undefined) return known;
    const values = this.#tables.find((each) => each.table === table)?.values ?? [];
    const statement = await this.#connection.prepare(
      `COPY (SELECT ${values.join(", ")} FROM ${table}) TO ${text(this.#file(table))} (FORMAT csv, HEADER false, DELIMITER '\t', QUOTE '', ESCAPE '', NULLSTR '\\N')`,
    );
    this.#statements.set(table, statement);
    return statement;
  }

  #file(table: string): string {
    return join(this.#folder, `${table}.copy`);
  }
}
