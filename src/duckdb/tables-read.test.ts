import { afterAll, beforeAll, expect, test } from "vitest";
import type { Connection } from "./connection.ts";
import { Database } from "./database.ts";

let database: Database;
let connection: Connection;
beforeAll(async () => {
  database = await Database.open({ memoryLimitBytes: 256 * 1024 * 1024, threads: 1, tempDirectory: null });
  connection = await database.connect();
  await connection.run("ATTACH ':memory:' AS store");
  for (const schema of ["rail", "mlb"]) await connection.run(`CREATE SCHEMA store.${schema}`);
  for (const table of ["rail.train", "rail.stop", 'rail."order"', "mlb.documents"])
    await connection.run(`CREATE TABLE store.${table} (id INTEGER PRIMARY KEY, n INTEGER)`);
  await connection.run("USE store");
  await connection.run("SET search_path = 'store.main,store.rail'");
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

test.each([
  ["a table", "SELECT * FROM rail.train", ["rail.train"]],
  ["a table without its schema", "SELECT count(*) FROM train", ["rail.train"]],
  ["a table whose name is a word of SQL", 'SELECT * FROM rail."order"', ["rail.order"]],
  ["a join with USING", "SELECT * FROM rail.train t JOIN mlb.documents USING (id)", ["mlb.documents", "rail.train"]],
  ["a subquery in the select list", "SELECT (SELECT max(n) FROM stop s WHERE s.id = t.id) FROM train t", ["rail.stop", "rail.train"]],
  ["a subquery in a condition", "SELECT 1 WHERE EXISTS (FROM stop) AND 1 IN (SELECT n FROM train)", ["rail.stop", "rail.train"]],
  ["one that nothing is taken of", "SELECT * FROM train WHERE false", ["rail.train"]],
  ["a row by its key", "SELECT * FROM train WHERE id = 3", ["rail.train"]],
  ["a table that is named in a text", "FROM query_table('rail.train')", ["rail.train"]],
  ["a query in a text", "FROM query('SELECT * FROM rail.stop')", ["rail.stop"]],
  ["a summary", "SUMMARIZE rail.train", ["rail.train"]],
  ["a recursion", "WITH RECURSIVE r AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM r, train WHERE a < 3) FROM r", ["rail.train"]],
  ["a materialized part", "WITH m AS MATERIALIZED (FROM stop) SELECT count(*) FROM m a, m b", ["rail.stop"]],
  [
    "union, window and order",
    "SELECT n, sum(n) OVER () FROM stop UNION SELECT id, n FROM train ORDER BY 1 LIMIT 1",
    ["rail.stop", "rail.train"],
  ],
  ["a text and a comment that look like tables", "SELECT 'FROM rail.stop', '{\"Table\":\"x\"}' FROM train -- rail.stop", ["rail.train"]],
  ["a part that has a table's name", "WITH train AS (SELECT 1 AS a) SELECT * FROM train", []],
  ["the columns of a table, which are no rows", "DESCRIBE rail.train", []],
  ["no table", "SELECT 1", []],
])("of %s", async (_name, sql, expected) => {
  expect((await connection.tablesRead(sql)).toSorted()).toEqual(expected.map((table) => `store.${table}`));
});

test("what is asked afterwards is optimized again", async () => {
  await connection.tablesRead("SELECT * FROM train");
  const [row] = await connection.rows("EXPLAIN SELECT * FROM train WHERE false");
  expect(JSON.stringify(row)).toContain("EMPTY_RESULT");
});
