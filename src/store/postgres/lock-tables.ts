import { OutsideError } from "../../core/errors.ts";
import { BackOff } from "../../postgres/back-off.ts";
import type { SqlRunner } from "../store-dialect.ts";
import { tableName } from "./placement.ts";

/**
 * So long those who come later wait behind us, who wait for those who came before. Less than the second (`deadlock_timeout`) after which the
 * server looks for a deadlock: a reader that has one of the tables and wants another is never the one that is ended for it, since we let go first.
 */
const PATIENCE_MS = 150;

/**
 * Takes live tables from everybody for the rest of the transaction: all or none, in tries that give up soon. Lasts as long as the session may
 * wait for a lock.
 * @throws OutsideError `postgres.lock` (exit 7): somebody reads all the time, or for long.
 */
export async function lockTables(runner: SqlRunner, tables: readonly string[]): Promise<void> {
  if (tables.length === 0) return;
  const places = tables.toSorted().map((table) => tableName("live", table));
  const [row] = await runner.rows("SELECT setting::int AS ms FROM pg_catalog.pg_settings WHERE name = 'lock_timeout'");
  const waitMs = Number(row?.["ms"]);
  const backOff = new BackOff(waitMs);
  for (;;) {
    await runner.run(`SAVEPOINT lock_tables; SET LOCAL lock_timeout = ${String(PATIENCE_MS)}`);
    try {
      await runner.run(`LOCK TABLE ${places.join(", ")} IN ACCESS EXCLUSIVE MODE`);
      await runner.run(`SET LOCAL lock_timeout = ${String(waitMs)}; RELEASE SAVEPOINT lock_tables`);
      return;
    } catch (error) {
      if (!(error instanceof OutsideError) || error.code !== "postgres.lock") throw error;
      await runner.run("ROLLBACK TO SAVEPOINT lock_tables; RELEASE SAVEPOINT lock_tables");
      if (!(await backOff.pause())) throw error;
    }
  }
}
