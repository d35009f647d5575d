import { test } from "vitest";
import { SmallPlatform, mappingOf } from "./small-platform.ts";
import { compilePlan } from "../src/plan/compile-plan.ts";
const m = mappingOf(`
source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id], version: $.v}
fields:
  - {name: id, type: BIGINT, json_path: $.id}
targets:
  - name: lab.thing
    primary_key: [id]
    fields:
      - {name: a, type: INT, json_path: $.a}
  - name: lab.item
    array_source: $.items[*]
    primary_key: [id, n]
    fields:
      - {name: n, type: INT, source_field: index}
      - {name: lower, type: TEXT, json_path: $.v}
      - {name: j, type: JSONB, json_path: $.j}
`);
test("x", async () => {
  await using p = await SmallPlatform.open();
  await p.capture(m, [{ body: { id: 1, v: "1", a: 3, items: [{ v: "low", V: "up", j: null }, { V: "up", j: {b:1,a:2} }] } }]);
  for (let i = 0; i < 5; i++) {
    const t = performance.now();
    const r = await p.transform(m);
    console.log(performance.now() - t, r.exit, r.record.run);
  }
  console.log(await p.rows("select * from store.lab.item"));
  console.log(await p.rows("select * from store.mlb.quarantine"));
});
