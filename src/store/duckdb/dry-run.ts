import type { Connection } from "../../duckdb/connection.ts";
import type { Plan } from "../../plan/plan.ts";
import { duckdbDialect } from "../../sql/duckdb-dialect.ts";
import { SLICE_TABLES } from "../../sql/slice-tables.ts";
import { STORE, attachStore, detachStore } from "./attach.ts";
import { LIVE, stateTable, storeTable } from "./placement.ts";
import { knownTables, requireState } from "./state-schema.ts";

/** The name under which a dry run reads the store's file. */
const BASE = "base";
const name = duckdbDialect.name.bind(duckdbDialect);

/** Runs `work` while the file is attached for reading. */
export async function withBase(
  connection: Connection,
  options: { readonly file: string; readonly waitMs: number; readonly onWait?: (holder: string) => void },
  work: () => Promise<void>,
): Promise<void> {
  await attachStore(connection, { ...options, access: "read", as: BASE });
  try {
    await work();
  } finally {
    await detachStore(connection, options.file, BASE);
  }
}

/** The tables of the file, empty but for the state that selection needs. */
export async function copySchema(connection: Connection): Promise<void> {
  await connection.run(`COPY FROM DATABASE ${BASE} TO ${STORE} (SCHEMA)`);
  await requireState(connection);
  const known = await knownTables(connection, LIVE);
  for (const table of ["store", "as_of", "targets", "migrations", "documents", "quarantine"].filter((each) => known.has(each)))
    await connection.run(`INSERT INTO ${stateTable(table)} SELECT * FROM ${BASE}.${LIVE.stateSchema}.${table}`);
}

/** The rows that the documents of the slice at hand have in the file. A document is copied once: its rows are in the copy from then on. */
export async function copyDocuments(connection: Connection, plan: Plan): Promise<void> {
  const keys = plan.source.documentKey.map(name);
  const documents = `SELECT DISTINCT ${keys.join(", ")} FROM ${SLICE_TABLES.documents}`;
  for (const target of plan.targets) {
    const [schema = "", table = ""] = target.name.split(".");
    const known = await connection.rows(
      `SELECT 1 FROM duckdb_tables() WHERE database_name = '${BASE}' AND schema_name = ${duckdbDialect.text(schema)} AND table_name = ${duckdbDialect.text(table)}`,
    );
    if (known.length === 0) continue;
    const same = keys.map((key) => `d.${key} = b.${key}`).join(" AND ");
    await connection.run(
      `INSERT INTO ${storeTable(target.name)} BY NAME SELECT b.* FROM ${BASE}.${name(schema)}.${name(table)} b JOIN (${documents}) d ON ${same} WHERE NOT EXISTS (SELECT 1 FROM ${storeTable(target.name)} s WHERE ${target.primaryKey.map((key) => `s.${name(key)} = b.${name(key)}`).join(" AND ")})`,
    );
  }
}
