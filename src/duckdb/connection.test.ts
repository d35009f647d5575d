import { DuckDBConnection } from "@duckdb/node-api";
import { expect, test, vi } from "vitest";
import { openDatabase } from "../../tests/small-platform.ts";
import type { SqlRow } from "../sql/sql-value.ts";
import type { Statement } from "./connection.ts";

async function rowsOf(statement: Statement): Promise<SqlRow[]> {
  const rows: SqlRow[] = [];
  for await (const batch of statement.batches()) rows.push(...batch);
  return rows;
}

test("a statement is prepared once, and once more where a table was made after it: DuckDB would plan it at every run", async () => {
  await using database = await openDatabase();
  const connection = await database.connect();
  await connection.run("CREATE TEMP TABLE things AS SELECT 1 AS id");
  const planned = vi.spyOn(DuckDBConnection.prototype, "prepare");
  const statement = await connection.prepare("SELECT id FROM things");
  await connection.run("INSERT INTO things VALUES (2)");
  expect(await rowsOf(statement)).toEqual([{ id: 1 }, { id: 2 }]);
  expect(await rowsOf(statement)).toEqual([{ id: 1 }, { id: 2 }]);
  expect(planned).toHaveBeenCalledTimes(1);

  await connection.run("CREATE OR REPLACE TEMP TABLE things AS SELECT 3 AS id");
  expect(await rowsOf(statement)).toEqual([{ id: 3 }]);
  expect(await rowsOf(statement)).toEqual([{ id: 3 }]);
  expect(planned).toHaveBeenCalledTimes(2);

  // Another connection's tables do not concern it.
  await (await database.connect()).run("CREATE TEMP TABLE things AS SELECT 4 AS id");
  expect(await rowsOf(statement)).toEqual([{ id: 3 }]);
  expect(planned).toHaveBeenCalledTimes(2);
  planned.mockRestore();
});
