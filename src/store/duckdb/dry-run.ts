import type { Connection } from "../../duckdb/connection.ts";
import type { Plan } from "../../plan/plan.ts";
import { quoteName as name, quoteText as text } from "../../sql/quote.ts";
import { SLICE_TABLES } from "../../sql/slice-tables.ts";
import { STORE, attachStore, detachStore } from "./attach.ts";
import type { OpenStore } from "../open-store.ts";
import { knownTables, requireState } from "../state-schema.ts";

/** The name under which a dry run reads the store's file. */
const BASE = "base";

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
export async function copySchema(connection: Connection, store: OpenStore): Promise<void> {
  await connection.run(`COPY FROM DATABASE ${BASE} TO ${STORE} (SCHEMA)`);
  await requireState(store);
  const known = await knownTables(store);
  for (const table of ["store", "as_of", "targets", "migrations", "documents", "quarantine"].filter((each) => known.has(each)))
    await connection.run(`INSERT INTO ${store.state(table)} SELECT * FROM ${BASE}.${store.stateSchema}.${table}`);
}

/** The rows that the documents of the slice at hand have in the file. A document is copied once: its rows are in the copy from then on. */
export async function copyDocuments(connection: Connection, store: OpenStore, plan: Plan): Promise<void> {
  const keys = plan.source.documentKey.map(name);
  const documents = `SELECT DISTINCT ${keys.join(", ")} FROM ${SLICE_TABLES.documents}`;
  for (const target of plan.targets) {
    const [schema = "", table = ""] = target.name.split(".");
    const known = await connection.rows(
      `SELECT 1 FROM duckdb_tables() WHERE database_name = '${BASE}' AND schema_name = ${text(schema)} AND table_name = ${text(table)}`,
    );
    if (known.length === 0) continue;
    const same = keys.map((key) => `d.${key} = b.${key}`).join(" AND ");
    await connection.run(
      `INSERT INTO ${store.table(target.name)} BY NAME SELECT b.* FROM ${BASE}.${name(schema)}.${name(table)} b JOIN (${documents}) d ON ${same} WHERE NOT EXISTS (SELECT 1 FROM ${store.table(target.name)} s WHERE ${target.primaryKey.map((key) => `s.${name(key)} = b.${name(key)}`).join(" AND ")})`,
    );
  }
}
