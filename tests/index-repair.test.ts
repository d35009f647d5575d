import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { UserError } from "../src/core/errors.ts";
import { EVERYTHING, SmallPlatform, mappingOf } from "./small-platform.ts";

const YAML = `
source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id]}
fields: [{name: id, type: BIGINT, json_path: $.id, description: Id}]
targets:
  - name: lab.thing
    description: One row per thing
    primary_key: [id]
    fields: [{name: n, type: "NUMERIC(38,0)", json_path: $.n, description: Number}]
`;

async function indexFile(platform: SmallPlatform): Promise<string> {
  const folder = join(platform.home, "raw", "lab.things");
  const name = (await readdir(folder)).find((file) => file.startsWith("documents-"));
  return join(folder, name ?? "");
}

test.each([
  ["lines are missing", (lines: string[]): string[] => lines.filter((_, at) => at !== 2)],
  [
    "lines are of other captures",
    (lines: string[]): string[] => lines.map((line) => line.replace(/"content_hash":"[0-9a-f]{4}/, '"content_hash":"0000')),
  ],
  [
    "lines hold nothing",
    (lines: string[]): string[] => lines.map((line) => `{"capture":${String((JSON.parse(line) as { capture: number }).capture)}}`),
  ],
])("a document index of which %s is derived anew from raw", async (_what, damage) => {
  await using platform = await SmallPlatform.open();
  const mapping = mappingOf(YAML);
  await platform.capture(
    mapping,
    [1, 2, 3, 4, 5].map((id) => ({ body: { id } })),
  );
  await platform.transform(mapping, undefined, { filter: { ...EVERYTHING, documents: { id: ["1"] } } });
  const file = await indexFile(platform);
  const lines = (await readFile(file, "utf8")).trimEnd().split("\n");
  expect(lines).toHaveLength(5);
  await writeFile(file, `${damage(lines).join("\n")}\n`);
  await platform.transform(mapping);
  expect(await platform.rows("SELECT id FROM store.lab.thing ORDER BY id")).toEqual([1n, 2n, 3n, 4n, 5n].map((id) => ({ id })));
});

test("a table that another mapping of the store fills is refused", async () => {
  await using platform = await SmallPlatform.open();
  const first = mappingOf(YAML);
  await platform.capture(first, [{ body: { id: 1 } }]);
  await platform.transform(first);
  const refused = await platform.transform(mappingOf(YAML, "lab/renamed")).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(UserError);
  expect(String(refused)).toContain("filled by another mapping");
});

test("a mapping that allows null from now on is applied to the same store", async () => {
  await using platform = await SmallPlatform.open();
  const strict = mappingOf(YAML.replace("description: Number}", "description: Number, nullable: false}"));
  await platform.capture(strict, [{ body: { id: 1, n: 5 } }]);
  await platform.transform(strict);
  await platform.capture(strict, [{ body: { id: 2 } }]);
  expect((await platform.transform(mappingOf(YAML))).exit).toBe(0);
  expect(await platform.rows("SELECT id, n FROM store.lab.thing ORDER BY id")).toEqual([
    { id: 1n, n: "5" },
    { id: 2n, n: null },
  ]);
});

test("a number that decimal arithmetic could not hold ends no query", async () => {
  await using platform = await SmallPlatform.open();
  const mapping = mappingOf(
    `${YAML}    data_quality: [{rule: n + n > 0, severity: warn}, {rule: (select sum(n) from lab.thing) > 0, severity: warn}]\n`,
  );
  await platform.capture(mapping, [{ body: { id: 1, n: "9".repeat(38) } }, { body: { id: 2, n: 1 } }]);
  expect((await platform.transform(mapping)).exit).toBe(0);
  expect(await platform.rows("SELECT count(*) AS n FROM store.lab.thing")).toEqual([{ n: 2n }]);
});

test("two hundred thousand bad values of one document end no run", async () => {
  await using platform = await SmallPlatform.open();
  const mapping = mappingOf(`${YAML}  - name: lab.item
    description: One row per item
    array_source: $.items[*]
    primary_key: [id, item]
    fields:
      - {name: item, type: INT, source_field: index, description: Position}
      - {name: value, type: INT, json_path: $, description: Value}
`);
  await platform.capture(mapping, [
    { body: { id: 1, items: Array.from({ length: 200_000 }, () => "x") } },
    { body: { id: 2, items: [1] } },
  ]);
  const result = await platform.transform(mapping);
  expect(result.record.run).toMatchObject({ applied: 2n, bad_values: 200_000n });
});
