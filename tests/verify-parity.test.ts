import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { OUTPUT_SCHEMAS } from "../src/cli/output-schemas.ts";
import { compareStores } from "../src/pipeline/compare-stores.ts";
import { compilePlan } from "../src/plan/compile-plan.ts";
import { SmallCli } from "./small-cli.ts";
import { SmallPlatform, mappingOf, openDatabase } from "./small-platform.ts";

const MAPPING = `source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id], version: {json_path: $.rev, pattern: 'r[0-9]+'}}
fields: [{name: id, type: BIGINT, json_path: $.id}]
targets:
  - name: lab.thing
    primary_key: [id]
    fields: [{name: size, type: INT, json_path: $.size}]
    data_quality: [{rule: size > 0, severity: error}]
  - name: lab.part
    array_source: $.parts[*]
    primary_key: [id, n]
    fields: [{name: n, type: INT, source_field: ordinal}, {name: name, type: TEXT, json_path: $}]
`;
const METHOD = ["--endpoint", "lab", "--method", "things"];

/** Some states of three things: parts come and go, one newest state breaks a rule, two bodies have one version. */
const FILES = Object.fromEntries(
  [1, 2, 3].flatMap((id) =>
    [1, 2, 3, 4].map((rev): [string, string] => [
      `in/${String(id)}-${String(rev)}.json`,
      JSON.stringify({
        id,
        rev: `r${String(rev === 4 ? 3 : rev)}`,
        size: id === 2 && rev === 2 ? -1 : id * rev,
        parts: ["a", "b", "c", "d"].slice(0, (id * rev) % 5),
      }),
    ]),
  ),
);

let cli: SmallCli;
beforeEach(async () => {
  cli = await SmallCli.open({
    "config/endpoints/lab.yaml":
      "endpoint: lab\ndescription: Invented\nmethods:\n  things: {upstream_name: things, description: Things, path: /api/v1/things}\n",
    "config/schemas/mappings/lab/things.yaml": MAPPING,
    ...FILES,
  });
});
afterEach(async () => {
  await cli[Symbol.asyncDispose]();
});

const ingest = async (): Promise<void> => {
  const files = ["ingest", ...METHOD, "--from-files", `${cli.folder}/in/*`, "--captured-at", "2024-07-13T04:19:09Z"];
  expect((await cli.run(files)).exit).toBe(0);
};

describe("verify parity", () => {
  test("gives the digest of the batch in every order, from files and from raw, and the same orders for the same seed", async () => {
    const files = ["verify", "parity", "--captures", `${cli.folder}/in/*`, "--captured-at", "2024-07-13T04:19:09Z", "--rounds", "2"];
    const ofFiles = await cli.json(files);
    expect(OUTPUT_SCHEMAS["verify-parity"].safeParse(ofFiles.data).error?.issues ?? []).toEqual([]);
    expect(ofFiles).toMatchObject({ exit: 0, data: { captures: 24, documents: 3, equal: true, difference: null } });
    await ingest();
    const ofRaw = await cli.json(["verify", "parity", "--documents", "id=1,2,3", "--rounds", "2"]);
    expect(ofRaw.data).toEqual(ofFiles.data);
    const other = (await cli.json(["verify", "parity", "--documents", "id=2"])).data as { readonly captures: number };
    expect(other).toMatchObject({ captures: 8, documents: 1, equal: true });
  });

  test("wants one place of captures", async () => {
    expect((await cli.json(["verify", "parity"])).data).toMatchObject({ error: { code: "usage.captures" }, exit: 2 });
    expect((await cli.json(["verify", "parity", "--documents", "id=77"])).data).toMatchObject({ exit: 4 });
  });
});

describe("verify replay", () => {
  test("gives the digest of the store, and where a row was changed by hand, that row with both versions, capture and pointer", async () => {
    await ingest();
    expect((await cli.run(["transform", ...METHOD, "--save"])).exit).toBe(0);
    const equal = await cli.json(["verify", "replay"]);
    expect(OUTPUT_SCHEMAS["verify-replay"].safeParse(equal.data).error?.issues ?? []).toEqual([]);
    expect(equal).toMatchObject({ exit: 0, data: { captures: 12, equal: true, difference: null } });

    await using platform = await SmallPlatform.on(`${cli.folder}/home`);
    await platform.execute("UPDATE store.lab.part SET name = 'wrong' WHERE id = 2 AND n = 2");
    await platform.execute("DELETE FROM store.lab.part WHERE id = 3");
    const differs = await cli.json(["verify", "replay"]);
    expect(OUTPUT_SCHEMAS["verify-replay"].safeParse(differs.data).error?.issues ?? []).toEqual([]);
    expect(differs).toMatchObject({
      exit: 1,
      data: {
        equal: false,
        difference: {
          target: "lab.part",
          key: { id: "2", n: 2 },
          columns: ["name"],
          sides: [
            { row: { name: "wrong" }, capture: { version: "r3" }, pointer: "/parts/1" },
            { row: { name: "b" }, capture: { version: "r3" }, pointer: "/parts/1", reads: [{ column: "name", text: '"b"' }] },
          ],
        },
      },
    });
    const told = await cli.run(["verify", "replay"]);
    expect(told.stdout).toContain("first row that differs: lab.part  id 2, n 2");
  });

  test("is refused where documents were applied under another mapping", async () => {
    await ingest();
    await cli.run(["transform", ...METHOD, "--save"]);
    await cli.write("config/schemas/mappings/lab/things.yaml", MAPPING.replace("$.size}", "$.size, default: 1}"));
    expect((await cli.json(["verify", "replay"])).data).toMatchObject({ error: { code: "store.behind" }, exit: 2 });
  });
});

test("two stores of which one has a row that the other has not: where the capture has it", async () => {
  const mapping = mappingOf(MAPPING);
  await using platform = await SmallPlatform.open();
  await platform.capture(mapping, [{ body: { id: 7, rev: "r1", size: 1, parts: ["a", "b"] } }]);
  await platform.transform(mapping);
  const other = await platform.withStore("other.duckdb");
  await other.transform(mapping);
  await other.execute("DELETE FROM store.lab.part WHERE n = 2");
  await using left = await openDatabase();
  await using right = await openDatabase();
  const found = await compareStores(
    mapping,
    compilePlan(mapping),
    { database: left, raw: platform.raw, store: platform.store },
    { database: right, raw: other.raw, store: other.store },
  );
  expect(found).toMatchObject({
    row: { target: { name: "lab.part" }, key: { id: 7n, n: 2 }, left: { name: "b" }, right: null, columns: [] },
    left: { pointer: "/parts/1" },
    right: { row: null, pointer: "/parts/1", capture: { version: "r1" } },
  });
});
