import { describe, expect, test } from "vitest";
import { SmallPlatform, mappingOf } from "../../tests/small-platform.ts";
import { compilePlan } from "../plan/compile-plan.ts";
import { measureCoverage } from "./measure-coverage.ts";

const MAPPING = mappingOf(`
source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id], filter: parameters.fields is null}
fields: [{name: id, type: INT, json_path: $.id}]
targets:
  - name: lab.thing
    primary_key: [id]
    fields:
      - {name: maker, type: TEXT, json_path: $.maker.name}
      - {name: extras, type: JSONB, json_path: $.extras}
ignore:
  - {path: $.notes.link, reason: test}
`);

describe("coverage", () => {
  test("a null above a mapped or an ignored path is what that path is, as long as nothing else is there", async () => {
    await using platform = await SmallPlatform.open();
    await platform.capture(MAPPING, [
      { body: { id: 1, maker: null, notes: null }, parameters: { year: "1" } },
      { body: { id: 2, maker: { name: "Ann" }, notes: { link: "x" } }, parameters: { year: "2" } },
      { body: { id: 3, maker: "Ann", notes: 5 }, parameters: { year: "3" } },
    ]);
    const { groups } = await measureCoverage(compilePlan(MAPPING), MAPPING.ignore, ({ parameters }) => [parameters["year"] ?? null], {
      raw: platform.raw,
    });
    expect(groups).toEqual([
      { group: "1", captures: 1, leafPaths: 3, mapped: 2, ignored: 1, unknown: [] },
      { group: "2", captures: 1, leafPaths: 3, mapped: 2, ignored: 1, unknown: [] },
      {
        group: "3",
        captures: 1,
        leafPaths: 3,
        mapped: 1,
        ignored: 0,
        unknown: [
          { path: "$.maker", types: { string: 1 } },
          { path: "$.notes", types: { int32: 1 } },
        ],
      },
    ]);
  });

  test("a JSONB column maps all below it; containers, failed and foreign captures count apart", async () => {
    await using platform = await SmallPlatform.open();
    await platform.capture(MAPPING, [
      { body: { id: 1, extras: { a: [{ b: 1 }], c: {} }, empty: [] } },
      { body: { id: 2, other: 1 }, parameters: { fields: "id" } },
      { body: "{" },
    ]);
    expect(await measureCoverage(compilePlan(MAPPING), MAPPING.ignore, () => [null], { raw: platform.raw })).toEqual({
      captures: 1,
      skipped: 1,
      failed: 1,
      groups: [{ group: null, captures: 1, leafPaths: 2, mapped: 2, ignored: 0, unknown: [] }],
    });
  });

  test("a capture may be in several groups or in none, and too many groups are refused", async () => {
    await using platform = await SmallPlatform.open();
    await platform.capture(MAPPING, [{ body: { id: 1 } }, { body: { id: 2 } }]);
    const measure = (groupsOf: Parameters<typeof measureCoverage>[2]): ReturnType<typeof measureCoverage> =>
      measureCoverage(compilePlan(MAPPING), MAPPING.ignore, groupsOf, { raw: platform.raw });
    const { groups } = await measure(({ id }) => (id === 1 ? ["b", "a", "b"] : []));
    expect(groups.map(({ group, captures }) => [group, captures])).toEqual([
      ["a", 1],
      ["b", 1],
    ]);
    await expect(measure(() => Array.from({ length: 501 }, (_, at) => String(at)))).rejects.toMatchObject({
      code: "coverage.too-many-groups",
    });
  });
});
