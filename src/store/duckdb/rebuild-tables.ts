import type { Connection } from "../../duckdb/connection.ts";
import { sqlText } from "../../sql/sql-value.ts";
import type { Mapping } from "../../mapping/mapping.ts";
import type { Plan } from "../../plan/plan.ts";
import { duckdbDialect } from "../../sql/duckdb-dialect.ts";
import { STORE } from "./attach.ts";
import { recordMigration } from "./migrations.ts";
import { BESIDE, BESIDE_SUFFIX, LIVE } from "./placement.ts";
import { recordOwner, requireOwner } from "./prepare-schema.ts";
import { recordLostRows } from "./record-lost-rows.ts";
import { hasState, prepareState } from "./state-schema.ts";
import { ownedTables, readTables, wantedSchema } from "./stored-schema.ts";

const name = duckdbDialect.name.bind(duckdbDialect);
const text = duckdbDialect.text.bind(duckdbDialect);

/** A rebuild that has tables and state beside the live ones, finished or not. */
export interface RebuildBeside {
  /** Of its runs; null where none has begun. */
  readonly mapping: string | null;
}

/** The rebuild that the attached store has beside its tables; null where there is none. */
export async function rebuildBeside(connection: Connection): Promise<RebuildBeside | null> {
  if (!(await hasState(connection, BESIDE))) return null;
  const [run] = await connection.rows(`SELECT mapping FROM ${BESIDE.state("runs")} LIMIT 1`);
  return { mapping: run === undefined ? null : sqlText(run["mapping"]) };
}

/** Clears the place beside the tables. What a rebuild of the same plan left there is kept, to go on with: gives whether it is. */
export async function beginRebuild(connection: Connection, mapping: Mapping, plan: Plan): Promise<boolean> {
  await requireOwner(connection, mapping, LIVE);
  if (!(await hasState(connection, BESIDE))) return false;
  const left = await connection.rows(`SELECT DISTINCT mapping, fingerprint FROM ${BESIDE.state("runs")}`);
  const isSame = left.every((run) => run["mapping"] === plan.mapping && run["fingerprint"] === plan.fingerprint);
  if (left.length > 0 && isSame) return true;
  await connection.transaction(async () => {
    const tables = await connection.rows(
      `SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = ${text(STORE)} AND ends_with(table_name, ${text(BESIDE_SUFFIX)})`,
    );
    for (const table of tables)
      await connection.run(`DROP TABLE ${STORE}.${name(sqlText(table["schema_name"]))}.${name(sqlText(table["table_name"]))}`);
    await connection.run(`DROP SCHEMA ${STORE}.${BESIDE.stateSchema} CASCADE`);
  });
  return false;
}

/** What the tables beside hold, as far as it is filled. */
export interface RebuiltState {
  readonly documents: number;
  /** Documents none of whose states passed. */
  readonly quarantined: number;
  /** States that failed, by what failed them. */
  readonly ruleFailed: number;
  readonly otherFailed: number;
}

export async function rebuiltState(connection: Connection): Promise<RebuiltState> {
  const states = `SELECT document_key, raw_id, position, bool_or(kind = 'rule') AS rule FROM ${BESIDE.state("quarantine")} WHERE status = 'open' GROUP BY ALL`;
  const [row] = await connection.rows(
    `SELECT (SELECT count(*) FROM ${BESIDE.state("documents")}) AS documents, count(*) FILTER (WHERE rule) AS rule, count(*) FILTER (WHERE NOT rule) AS other, ` +
      `count(DISTINCT document_key) FILTER (WHERE document_key NOT IN (SELECT document_key FROM ${BESIDE.state("documents")})) AS quarantined FROM (${states})`,
  );
  const count = (column: string): number => Number(row?.[column] ?? 0);
  return {
    documents: count("documents"),
    quarantined: count("quarantined"),
    ruleFailed: count("rule"),
    otherFailed: count("other"),
  };
}

/** A table before and after; null where it is not there. */
export interface SwappedTable {
  readonly table: string;
  readonly rowsBefore: number | null;
  readonly rows: number | null;
}

/**
 * Puts the tables beside and their state in the place of the live ones, in one transaction: a rename moves no row. Tables that the
 * mapping no longer has are dropped.
 */
export async function swapRebuilt(connection: Connection, mapping: Mapping): Promise<readonly SwappedTable[]> {
  return connection.transaction(async () => {
    await prepareState(connection, LIVE);
    await requireOwner(connection, mapping, LIVE);
    const wanted = mapping.targets.map((target) => target.name);
    const gone = (await ownedTables(connection, mapping, LIVE)).filter((table) => !wanted.includes(table));
    const live = new Set((await readTables(connection, [...wanted, ...gone], LIVE)).map((table) => table.name));
    const swapped: SwappedTable[] = [];
    for (const table of [...wanted, ...gone]) {
      const rowsBefore = live.has(table) ? await countRows(connection, LIVE.table(table)) : null;
      const rows = wanted.includes(table) ? await countRows(connection, BESIDE.table(table)) : null;
      if (rowsBefore !== null || rows !== null) swapped.push({ table, rowsBefore, rows });
    }
    await recordLostRows(connection, LIVE, mapping, [...wanted, ...gone]);
    const statements = [
      ...swapped.flatMap(({ table, rowsBefore }) => (rowsBefore === null ? [] : [`DROP TABLE ${LIVE.table(table)}`])),
      ...wanted.map((table) => `ALTER TABLE ${BESIDE.table(table)} RENAME TO ${name(table.split(".")[1] ?? "")}`),
    ];
    for (const statement of statements) await connection.run(statement);
    await moveState(connection, mapping.name);
    await recordOwner(connection, mapping, LIVE);
    await recordMigration(connection, LIVE, { mapping: mapping.name, kind: "rebuild", statements, schema: wantedSchema(mapping) });
    await connection.run(`DROP SCHEMA ${STORE}.${BESIDE.stateSchema} CASCADE`);
    return swapped;
  });
}

async function countRows(connection: Connection, table: string): Promise<number> {
  return Number((await connection.rows(`SELECT count(*) AS n FROM ${table}`))[0]?.["n"] ?? 0);
}

/** The state of the rebuilt documents takes the place of what the live state says of the mapping. Runs are added. */
async function moveState(connection: Connection, mapping: string): Promise<void> {
  const mine = `mapping = ${text(mapping)}`;
  const copy = async (table: string, insert = "INSERT"): Promise<void> => {
    await connection.run(`${insert} INTO ${LIVE.state(table)} BY NAME SELECT * FROM ${BESIDE.state(table)}`);
  };
  await copy("runs");
  await copy("run_targets");
  // A key that stays is written over, not deleted and inserted again.
  await connection.run(
    `DELETE FROM ${LIVE.state("documents")} WHERE ${mine} AND document_key NOT IN (SELECT document_key FROM ${BESIDE.state("documents")})`,
  );
  await copy("documents", "INSERT OR REPLACE");
  await connection.run(`UPDATE ${LIVE.state("quarantine")} SET status = 'resolved' WHERE ${mine} AND status <> 'resolved'`);
  await copy("quarantine");
  for (const table of ["bad_values", "warnings"]) {
    await connection.run(`DELETE FROM ${LIVE.state(table)} WHERE ${mine}`);
    await copy(table);
  }
}
