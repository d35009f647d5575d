import { EXIT, OutsideError } from "../core/errors.ts";
import type { OpenStore } from "./open-store.ts";
import { sqlText } from "../sql/sql-value.ts";
import type { Mapping } from "../mapping/mapping.ts";
import type { Plan } from "../plan/plan.ts";
import { quoteText as text } from "../sql/quote.ts";
import { recordMigration } from "./migrations.ts";
import { recordOwner, requireOwner } from "./prepare-schema.ts";
import { recordLostRows } from "./record-lost-rows.ts";
import { hasState, prepareState } from "./state-schema.ts";
import { schemaOf } from "./mapping-schema.ts";
import { columnList, writeReplace } from "./state-tables.ts";
import { ownedTables } from "./stored-schema.ts";

/** A rebuild that has tables and state beside the live ones, finished or not. */
export interface RebuildBeside {
  /** Of its runs; null where none has begun. */
  readonly mapping: string | null;
}

/** The rebuild that the store has beside its tables; null where there is none. */
export async function rebuildBeside(store: OpenStore): Promise<RebuildBeside | null> {
  const beside = store.at("beside");
  if (!(await hasState(beside))) return null;
  const [run] = await store.rows(`SELECT mapping FROM ${beside.state("runs")} LIMIT 1`);
  return { mapping: run === undefined ? null : sqlText(run["mapping"]) };
}

/** Clears the place beside the tables. What a rebuild of the same plan left there is kept, to go on with: gives whether it is. */
export async function beginRebuild(store: OpenStore, mapping: Mapping, plan: Plan): Promise<boolean> {
  await requireOwner(store, mapping);
  const beside = store.at("beside");
  if (!(await hasState(beside))) return false;
  if ((await store.count(`SELECT count(*) FROM ${beside.state("runs")}`)) > 0 && (await isOf(plan, beside))) return true;
  await store.transaction(async () => {
    for (const statement of await store.dialect.writeClearBeside(store)) await store.run(statement);
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

export async function rebuiltState(store: OpenStore): Promise<RebuiltState> {
  const beside = store.at("beside");
  const states = `SELECT document_key, raw_id, position, bool_or(kind = 'rule') AS rule FROM ${beside.state("quarantine")} WHERE status = 'open' GROUP BY document_key, raw_id, position`;
  const [row] = await store.rows(
    `SELECT (SELECT count(*) FROM ${beside.state("documents")}) AS documents, count(*) FILTER (WHERE rule) AS rule, count(*) FILTER (WHERE NOT rule) AS other, ` +
      `count(DISTINCT document_key) FILTER (WHERE document_key NOT IN (SELECT document_key FROM ${beside.state("documents")})) AS quarantined FROM (${states}) states`,
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
 * mapping no longer has are dropped. `onSwap` is told before the commit what will have been swapped.
 * @throws OutsideError `rebuild.taken-over` (exit 7): what is beside is no longer of this plan.
 */
export async function swapRebuilt(
  store: OpenStore,
  mapping: Mapping,
  plan: Plan,
  onSwap: (swapped: readonly SwappedTable[]) => void,
): Promise<readonly SwappedTable[]> {
  const beside = store.at("beside");
  return store.transaction(async () => {
    await prepareState(store);
    await store.lock(mapping.name);
    await requireOwner(store, mapping);
    if (!(await isOf(plan, beside))) throw takenOver(mapping);
    const wanted = mapping.targets.map((target) => target.name);
    const gone = (await ownedTables(store, mapping)).filter((table) => !wanted.includes(table));
    const live = new Set((await store.readTables([...wanted, ...gone])).map((table) => table.name));
    await store.dialect.lockTables(store, [...live]);
    const swapped: SwappedTable[] = [];
    for (const table of [...wanted, ...gone]) {
      const rowsBefore = live.has(table) ? await store.count(`SELECT count(*) FROM ${store.table(table)}`) : null;
      const rows = wanted.includes(table) ? await store.count(`SELECT count(*) FROM ${beside.table(table)}`) : null;
      if (rowsBefore !== null || rows !== null) swapped.push({ table, rowsBefore, rows });
    }
    await recordLostRows(store, mapping, [...wanted, ...gone]);
    const statements = await store.dialect.writeSwap(store, { wanted, live: [...live] });
    for (const statement of statements) await store.run(statement);
    await moveState(store, mapping.name);
    await recordOwner(store, mapping);
    await recordMigration(store, { mapping: mapping.name, kind: "rebuild", statements, schema: schemaOf(mapping, store.dialect) });
    for (const statement of await store.dialect.writeClearBeside(store)) await store.run(statement);
    onSwap(swapped);
    return swapped;
  });
}

/** Whether all that is beside is of a plan. */
async function isOf(plan: Plan, beside: OpenStore): Promise<boolean> {
  if (!(await hasState(beside))) return false;
  const runs = await beside.rows(`SELECT DISTINCT mapping, fingerprint FROM ${beside.state("runs")}`);
  return runs.every((run) => run["mapping"] === plan.mapping && run["fingerprint"] === plan.fingerprint);
}

function takenOver(mapping: Mapping): OutsideError {
  return new OutsideError(
    {
      code: "rebuild.taken-over",
      message: `another rebuild began on this store while that of ${mapping.name} was without its lock; nothing was swapped`,
      next: "wait until it is done, then run the same command again",
    },
    EXIT.lockHeld,
    true,
  );
}

/** The state of the rebuilt documents takes the place of what the live state says of the mapping. Runs are added. */
async function moveState(store: OpenStore, mapping: string): Promise<void> {
  const mine = `mapping = ${text(mapping)}`;
  const beside = store.at("beside");
  const copy = async (table: string, orReplace = ""): Promise<void> => {
    const columns = columnList(table);
    await store.run(`INSERT INTO ${store.state(table)} (${columns}) SELECT ${columns} FROM ${beside.state(table)} WHERE TRUE ${orReplace}`);
  };
  await copy("runs");
  await copy("run_targets");
  await copy("run_slices");
  // A key that stays is written over, not deleted and inserted again.
  await store.run(
    `DELETE FROM ${store.state("documents")} WHERE ${mine} AND document_key NOT IN (SELECT document_key FROM ${beside.state("documents")})`,
  );
  await copy("documents", writeReplace("documents"));
  await store.run(`UPDATE ${store.state("quarantine")} SET status = 'resolved' WHERE ${mine} AND status <> 'resolved'`);
  await copy("quarantine");
  for (const table of ["bad_values", "warnings"]) {
    await store.run(`DELETE FROM ${store.state(table)} WHERE ${mine}`);
    await copy(table);
  }
}
