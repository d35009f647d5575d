import { test } from "vitest";
import * as fc from "fast-check";
import { openDatabase } from "./small-platform.ts";
import { readLeaf } from "../src/plan/leaf.ts";
import { parseColumnType } from "../src/mapping/column-type.ts";
import { duckdbDialect } from "../src/sql/duckdb-dialect.ts";
import { instantOfMicros } from "../src/core/instant.ts";
test("x", async () => {
  await using db = await openDatabase();
  const c = await db.connect();
  const d = fc.stringMatching(/^[+-]?[0-9]{0,25}([.][0-9]{0,22})?([eE][+-]?[0-9]{1,3})?$/);
  const d2 = fc.stringMatching(/^[+-]?[0-9]{0,6}([.][0-9]{0,6})?([eE][+-]?[0-9]{1,2})?$/);
  const t = fc.stringMatching(/^(0001|9999|20[0-9]{2}|19[0-9]{2})-(0[1-9]|1[0-2])-[0-3][0-9]T[0-2][0-9]:[0-5][0-9](:[0-5][0-9]([.][0-9]{1,9})?)?(Z|[+-]1?[0-9]:[0-5][0-9]|[+-][01][0-9]:[0-5][0-9])$/);
  const date = fc.stringMatching(/^[0-9]{4}-[01][0-9]-[0-3][0-9]$/);
  for (const [type, arb] of [["BIGINT", d2],["BIGINT", d],["DOUBLE", d],["NUMERIC(10,3)", d2],["NUMERIC(38,10)", d],["NUMERIC(38,0)", d],["NUMERIC(5,5)", d2],["NUMERIC(18,4)",d],["TIMESTAMPTZ", t],["DATE", date]] as const) {
    const ty = parseColumnType(type)!;
    const vals = fc.sample(arb, { numRuns: 4000, seed: 5 });
    await c.run("create or replace table x (i INTEGER, v VARCHAR)");
    await c.append("x", ["INTEGER", "VARCHAR"], vals.map((v, i) => [i, v] as const));
    const rows = await c.rows(`select i, ${duckdbDialect.castLeaf("v", ty)} as r from x order by i`);
    let n = 0; const ex: unknown[] = [];
    rows.forEach((r, i) => {
      const v = vals[i]!; const l = readLeaf(ty, v);
      let e: unknown = l.ok ? l.value : null; if (l.ok && type === "TIMESTAMPTZ") e = instantOfMicros(l.value as bigint);
      if (e !== r["r"] && !(e === 0 && r["r"] === 0)) { n++; if (ex.length < 8) ex.push([v, "ref", e, "duck", r["r"]]); }
    });
    console.log(type, n, rows.filter(r => r["r"] !== null).length, ex);
  }
});
