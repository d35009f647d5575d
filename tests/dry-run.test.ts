import { expect, test } from "vitest";
import type { TransformResult } from "../src/pipeline/transform.ts";
import { SmallPlatform, mappingOf } from "./small-platform.ts";

const mapping = mappingOf(`
source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id]}
fields: [{name: id, type: INT, json_path: $.id}]
targets:
  - name: lab.thing
    primary_key: [id]
    fields: [{name: size, type: INT, json_path: $.of.size}]
`);

async function dryRun(of: SmallPlatform): Promise<TransformResult> {
  await using platform = await of.asDryRun();
  return await platform.transform(mapping);
}

test("a dry run of documents that fail before they are shredded counts them as a run that is saved", async () => {
  await using platform = await SmallPlatform.open();
  await platform.capture(mapping, [{ body: { id: 1, of: { size: 5 } } }]);
  await platform.transform(mapping);
  await platform.capture(mapping, [{ body: { id: 2, of: [5] } }]);
  const dry = await dryRun(platform);
  const saved = await platform.transform(mapping);
  const counts = { selected: 2n, applied: 0n, unchanged: 1n, quarantined: 1n, failed_states: 1n };
  expect(saved.record.run).toMatchObject(counts);
  expect(dry.record.run).toMatchObject(counts);
  expect(await platform.rows("SELECT id FROM store.lab.thing")).toEqual([{ id: 1 }]);
});
