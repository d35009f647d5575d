import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { describe, expect, test } from "vitest";
import { OUTPUT_SCHEMAS, type OutputName } from "../src/cli/output-schemas.ts";
import { SmallCli } from "./small-cli.ts";
import { mappingOf } from "./small-platform.ts";

const MAPPING = `source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id], date: made_on}
fields:
  - {name: id, type: INT, json_path: $.id}
  - {name: made_on, type: DATE, json_path: $.madeOn}
targets:
  - name: lab.thing
    primary_key: [id]
    fields:
      - {name: kind, type: TEXT, json_path: $.kind}
      - {name: size, type: INT, json_path: $.size}
  - name: lab.parts
    array_source: $.parts[*]
    primary_key: [id, part_index]
    fields:
      - {name: part_index, type: INT, source_field: index}
      - {name: part_name, type: TEXT, json_path: $.name}
ignore:
  - {path: $.link, reason: not for tables}
`;
const CATALOGUE =
  "endpoint: lab\ndescription: Invented\nmethods:\n  things: {upstream_name: things, description: Things, path: /api/v1/things}\n";

const thing = (id: number, madeOn: string, kind: string, more: object = {}): string =>
  JSON.stringify({ id, madeOn, kind, size: null, link: "/x", odd: 1.5, parts: [{ name: "wheel" }], ...more });

const FILES = {
  "config/endpoints/lab.yaml": CATALOGUE,
  "config/schemas/mappings/lab/things.yaml": MAPPING,
  "old/1.json": thing(1, "2023-07-01", "a"),
  "old/2.json": thing(2, "2024-07-01", "b", { extra: true }),
  "new/3.json": thing(3, "2024-07-02", "a", {
    startTime: "2024-07-13T04:19:09Z",
    dayOff: "2024-07-14",
    details: { id: 9_000_000_000, isGood: true, "odd key": 2.5 },
    link: null,
    parts: [{ name: "wheel", size: 3, marks: [{ x: 1 }, { x: 2 }] }],
    owners: { ID7: { name: "Ann" } },
  }),
};

async function filled(): Promise<SmallCli> {
  const cli = await SmallCli.open(FILES);
  const ingest = ["ingest", "--endpoint", "lab", "--method", "things", "--from-files"];
  await cli.run([...ingest, `${cli.folder}/old/*`, "--captured-at", "2024-07-13T04:19:09Z"]);
  await cli.run([...ingest, `${cli.folder}/new/*`, "--captured-at", "2024-07-20T04:19:09Z"]);
  return cli;
}

const valid = (name: OutputName, data: unknown): void => {
  expect(OUTPUT_SCHEMAS[name].safeParse(data).error?.issues ?? []).toEqual([]);
};

interface Coverage {
  groups: { group: string | null; captures: number; leaf_paths: number; mapped: number; ignored: number; unknown: { path: string }[] }[];
}

describe("coverage", () => {
  test("counts mapped, ignored and unknown leaf paths, as the lint does", async () => {
    await using cli = await filled();
    const { data, exit } = await cli.json(["coverage", "lab/things"]);
    valid("coverage", data);
    expect(exit).toBe(0);
    const [group] = (data as Coverage).groups;
    const lint = (await cli.json(["mapping", "lint", "lab/things"])).data as {
      coverage: { leaf_paths: number; mapped: number; ignored: number; unknown: string[] };
    };
    expect({ ...group, unknown: group?.unknown.map(({ path }) => path) }).toEqual({ group: null, captures: 3, ...lint.coverage });
    expect((await cli.run(["coverage", "lab.parts"])).stdout).toContain('$.details["odd key"]');
  });

  test.each([
    ["day", ["2024-07-13 2 8 5 1 2", "2024-07-20 1 15 5 1 9"]],
    ["year", ["2024 3 16 5 1 10"]],
    ["document-year", ["2023 1 7 5 1 1", "2024 2 16 5 1 10"]],
    ["parameter:part", ["(no part) 3 16 5 1 10"]],
  ])("groups by %s", async (by, expected) => {
    await using cli = await filled();
    const { data } = await cli.json(["coverage", "lab/things", "--by", by]);
    valid("coverage", data);
    expect(
      (data as Coverage).groups.map(({ group, captures, leaf_paths, mapped, ignored, unknown }) =>
        [group, captures, leaf_paths, mapped, ignored, unknown.length].join(" "),
      ),
    ).toEqual(expected);
  });

  test("groups by a column of the documents, as the store has it", async () => {
    await using cli = await filled();
    await cli.run(["transform", "--endpoint", "lab", "--method", "things", "--documents", "id=1,2", "--save"]);
    const { data } = await cli.json(["coverage", "lab/things", "--by", "column:kind"]);
    expect((data as Coverage).groups.map(({ group, captures }) => [group, captures])).toEqual([
      ["(not in the store)", 1],
      ["a", 1],
      ["b", 1],
    ]);
    const wrong = await cli.json(["coverage", "lab/things", "--by", "column:knd"]);
    expect(wrong).toMatchObject({ exit: 2, data: { error: { code: "coverage.no-column", next: "did you mean kind?" } } });
    const unknown = await cli.json(["coverage", "lab/things", "--by", "colour"]);
    expect(unknown).toMatchObject({ exit: 2, data: { error: { code: "coverage.by" } } });
  });
});

interface Drift {
  findings: { kind: string; path: string; status: string | null; example: unknown }[];
  suggestion: string | null;
}

describe("drift", () => {
  test("says what is new, with what the mapping does with it, and exits with 1", async () => {
    await using cli = await filled();
    const { data, exit } = await cli.json(["drift", "lab/things", "--since", "2024-07-14"]);
    valid("drift", data);
    expect(exit).toBe(1);
    expect((data as Drift).findings.map(({ kind, path, status }) => `${kind} ${path} ${status ?? "-"}`)).toEqual([
      "new_path $.dayOff unknown",
      "new_path $.details.id unknown",
      "new_path $.details.isGood unknown",
      'new_path $.details["odd key"] unknown',
      "new_path $.owners.*.name unknown",
      "new_path $.parts[*].marks[*].x unknown",
      "new_path $.parts[*].size unknown",
      "new_path $.startTime unknown",
      "new_container $.details -",
      "new_container $.owners -",
      "new_container $.owners.* -",
      "new_container $.parts[*].marks -",
      "new_container $.parts[*].marks[*] -",
      "new_type $.link ignored",
    ]);
    const shown = await cli.run(["drift", "lab.things", "--since-capture", "2"]);
    expect(shown.exit).toBe(1);
    expect(shown.stdout).toContain("new containers: 5");
    expect((await cli.json(["drift", "lab/things"])).data).toMatchObject({ since: "2024-07-19T04:19:09.000000Z" });
  });

  test("finds nothing where nothing came, and refuses where nothing is known", async () => {
    await using cli = await filled();
    const none = await cli.json(["drift", "lab/things", "--since", "2025-01-01"]);
    valid("drift", none.data);
    expect(none).toMatchObject({ exit: 0, data: { captures: { known: 3, new: 0 }, findings: [] } });
    const all = await cli.json(["drift", "lab/things", "--since", "2020-01-01"]);
    expect(all).toMatchObject({ exit: 2, data: { error: { code: "drift.nothing-known" } } });
    expect(await cli.json(["drift", "lab/things", "--since", "Tuesday"])).toMatchObject({ data: { error: { code: "drift.since" } } });
    expect(await cli.json(["drift", "lab/things", "--vanished-share", "0"])).toMatchObject({
      data: { error: { code: "drift.vanished-share" } },
    });
    expect(await cli.json(["drift", "lab.things", "--suggest"])).toMatchObject({ data: { error: { code: "drift.suggest" } } });
  });

  test("suggests fields and tables that the mapping takes, and knows nothing new with them", async () => {
    await using cli = await filled();
    const { stdout, exit } = await cli.run(["drift", "lab/things", "--since", "2024-07-14", "--suggest"]);
    expect(exit).toBe(1);
    const suggested = parse(stdout) as { targets: { name: string; fields: { name: string }[] }[] };
    expect(stdout).toBe(`# nullable: true, because a shape does not tell whether a value is in every element. Review names and types.
targets:
  - name: lab.thing # add to its fields
    fields:
      - { name: day_off, type: DATE, json_path: $.dayOff, nullable: true } # string in 1 capture
      - { name: details_id, type: BIGINT, json_path: $.details.id, nullable: true } # int64 in 1 capture
      - { name: is_good, type: BOOLEAN, json_path: $.details.isGood, nullable: true } # boolean in 1 capture
      - { name: odd_key, type: DOUBLE, json_path: "$.details[\\"odd key\\"]", nullable: true } # number in 1 capture
      - { name: start_time, type: TIMESTAMPTZ, json_path: $.startTime, nullable: true } # string in 1 capture
  - name: lab.parts # add to its fields
    fields:
      - { name: size, type: INT, json_path: $.size, nullable: true } # int32 in 1 capture
  - name: lab.owners # a new table: no row source reaches these paths
    object_source: "$.owners.*"
    optional: true
    primary_key: [id, owners_key]
    fields:
      - { name: owners_key, type: TEXT, source_field: key }
      - { name: name, type: TEXT, json_path: $.name, nullable: true } # string in 1 capture
  - name: lab.marks # a new table: no row source reaches these paths
    array_source: "$.parts[*].marks[*]"
    optional: true
    primary_key: [id, parts_index, marks_index]
    fields:
      - { name: parts_index, type: INT, source_field: parent.index }
      - { name: marks_index, type: INT, source_field: index }
      - { name: x, type: INT, json_path: $.x, nullable: true } # int32 in 1 capture
`);
    const written = parse(MAPPING) as { targets: { name: string; fields: object[] }[] };
    for (const target of suggested.targets) {
      const there = written.targets.find(({ name }) => name === target.name);
      if (there === undefined) written.targets.push(target);
      else there.fields.push(...target.fields);
    }
    const patched = JSON.stringify(written);
    expect(mappingOf(patched).targets).toHaveLength(4);
    await cli.write("config/schemas/mappings/lab/things.yaml", patched);
    expect(await cli.run(["drift", "lab/things", "--since", "2024-07-14", "--suggest"])).toMatchObject({
      stdout: "# no new leaf path that the mapping does not know\n",
    });
    expect(await cli.run(["transform", "--endpoint", "lab", "--method", "things", "--save"])).toMatchObject({ exit: 0 });
  });
});

describe("mapping test", () => {
  const place = "config/schemas/mappings/lab/things.examples";
  const RIGHT = `lab.thing:
  - { id: 1, made_on: 2023-07-01, kind: a, size: null }
lab.parts:
  - { part_index: 0, part_name: wheel }
  - { part_index: 1, part_name: door }
`;
  const example = (name: string, document: string, expected: string): Record<string, string> => ({
    [`${place}/${name}/document.json`]: document,
    [`${place}/${name}/expected.yaml`]: expected,
  });
  const document = thing(1, "2023-07-01", "a", { parts: [{ name: "wheel" }, { name: "door" }] });

  test("passes where the rows are as expected, and where a document fails as expected", async () => {
    await using cli = await SmallCli.open({
      ...FILES,
      ...example("right", document, RIGHT),
      ...example("no-parts", thing(1, "2023-07-01", "a", { parts: [] }), "lab.parts: []\n"),
      ...example("wrong-parts", thing(1, "2023-07-01", "a", { parts: 5 }), "quarantined: [the value is an array]\nlab.thing: []\n"),
    });
    const { data, exit } = await cli.json(["mapping", "test", "lab/things"]);
    valid("mapping-test", data);
    expect(data).toMatchObject({
      cases: [
        { mapping: "lab/things", case: "no-parts", ok: true, documents: 1, differences: [] },
        { case: "right", ok: true, differences: [] },
        { case: "wrong-parts", ok: true, differences: [] },
      ],
    });
    expect(exit).toBe(0);
    expect((await cli.run(["mapping", "check"])).exit).toBe(0);
  });

  test("says what differs, where, what was expected and what is there", async () => {
    await using cli = await SmallCli.open({
      ...FILES,
      ...example("cell", document, RIGHT.replace("door", "window")),
      ...example("count", document, RIGHT.replace("  - { part_index: 1, part_name: door }\n", "")),
      ...example("fails", thing(1, "2023-07-01", "a", { parts: 5 }), "lab.thing: [{ id: 1 }]\n"),
      ...example("null", document, RIGHT.replace("size: null", "size: 0")),
      ...example("passes", document, "quarantined: [size < 10]\n"),
    });
    const { data, exit } = await cli.json(["mapping", "test"]);
    valid("mapping-test", data);
    expect(exit).toBe(1);
    expect((data as { cases: { case: string; differences: unknown[] }[] }).cases.map((one) => [one.case, one.differences])).toEqual([
      ["cell", [{ what: "lab.parts", where: "row 2 (id=1, part_index=1), part_name TEXT", expected: "window", got: "door" }]],
      ["count", [{ what: "lab.parts", where: "", expected: "1 row", got: "2 rows" }]],
      [
        "fails",
        [
          { what: "quarantined", where: "/parts", expected: "no failure of this rule", got: "the value is an array (5)" },
          { what: "lab.thing", where: "", expected: "1 row", got: "0 rows" },
        ],
      ],
      ["null", [{ what: "lab.thing", where: "row 1 (id=1), size INT", expected: "0", got: "null" }]],
      ["passes", [{ what: "quarantined", where: "", expected: "size < 10", got: "no document fails" }]],
    ]);
    const shown = await cli.run(["mapping", "test"]);
    expect(shown.stdout).toContain("differs  lab/things  cell\n  lab.parts  row 2");
  });

  test("lists the mistakes of the examples with their places", async () => {
    await using cli = await SmallCli.open({
      ...FILES,
      ...example("words", document, "lab.part: []\nlab.parts:\n  - { part_nam: wheel }\n"),
      ...example("nothing", document, "captured_at: yesterday\n"),
      [`${place}/half/document.json`]: document,
    });
    const { stdout, exit } = await cli.run(["mapping", "test", "--json"]);
    expect(exit).toBe(2);
    const { problems } = (
      JSON.parse(stdout) as { error: { problems: { code: string; line: number; column: number; didYouMean?: string }[] } }
    ).error;
    expect(problems.map(({ code, line, column, didYouMean }) => [code, line, column, didYouMean])).toEqual([
      ["example.folder", 1, 1, undefined],
      ["example.nothing", 1, 1, undefined],
      ["example.shape", 1, 14, undefined],
      ["example.table", 1, 1, "lab.parts"],
      ["example.column", 3, 7, "part_name"],
    ]);
  });

  test("an answer that the mapping does not take, none at all, and examples of no mapping", async () => {
    await using cli = await SmallCli.open({ ...FILES, ...example("broken", "{", "lab.thing: []\n") });
    expect(await cli.json(["mapping", "test"])).toMatchObject({
      exit: 1,
      data: { cases: [{ documents: 0, differences: [{ what: "document" }] }] },
    });
    await using none = await SmallCli.open(FILES);
    expect(await none.json(["mapping", "test"])).toMatchObject({ exit: 2, data: { error: { code: "example.none" } } });
    await none.write("config/schemas/mappings/lab/other.examples/one/document.json", "{}");
    expect(await none.json(["mapping", "check"])).toMatchObject({
      exit: 2,
      data: { problems: [{ code: "mapping.folder", message: "these are examples of no mapping", expected: "other.yaml beside them" }] },
    });
  });

  test("reads expected values as the types of their columns do", async () => {
    const mapping = `source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id], filter: parameters.part is null}
fields: [{name: id, type: BIGINT, json_path: $.id}]
targets:
  - name: lab.typed
    primary_key: [id]
    fields:
      - {name: price, type: "NUMERIC(6,2)", json_path: $.price}
      - {name: small, type: "NUMERIC(2,2)", json_path: $.small}
      - {name: at, type: TIMESTAMPTZ, json_path: $.at}
      - {name: speed, type: DOUBLE, json_path: $.speed}
      - {name: open, type: BOOLEAN, json_path: $.open}
      - {name: code, type: VARCHAR(5), json_path: $.code}
      - {name: tags, type: JSONB, json_path: $.tags}
      - {name: seen_at, type: TIMESTAMPTZ, source_field: captured_at}
`;
    const body =
      '{"id":5,"price":3.5,"small":0.5,"at":"2024-07-13T04:19:09+02:00","speed":24.0,"open":true,"code":"007","tags":{"b":[1,null],"a":2}}';
    const right =
      "{ price: '3.50', small: .5, at: 2024-07-13T02:19:09Z, speed: 2.4e1, open: true, code: '007', tags: { a: 2, b: [1, null] }, seen_at: 2024-01-01T00:00:00Z }";
    const wrong = "{ price: 3.51, small: 5, at: 2024-07-13T04:19:09Z, speed: 24.5, open: false, code: 7, tags: { a: 2 }, seen_at: noon }";
    await using cli = await SmallCli.open({
      "config/endpoints/lab.yaml": CATALOGUE,
      "config/schemas/mappings/lab/things.yaml": mapping,
      ...example("right", body, `captured_at: 2024-01-01T00:00:00Z\nlab.typed: [${right}]\n`),
      ...example("skipped", body, "parameters: { part: 1 }\nlab.typed: []\n"),
      ...example("wrong", body, `lab.typed: [${wrong}]\n`),
    });
    const { data } = await cli.json(["mapping", "test"]);
    const { cases } = data as { cases: { ok: boolean; differences: { what: string; where: string }[] }[] };
    expect(cases.map(({ ok }) => ok)).toEqual([true, false, false]);
    expect(cases[1]?.differences).toMatchObject([{ what: "document", got: "none" }]);
    expect(cases[2]?.differences.map(({ where }) => / ([a-z_]+) [A-Z]/.exec(where)?.[1])).toEqual([
      "price",
      "small",
      "at",
      "speed",
      "open",
      "code",
      "tags",
      "seen_at",
    ]);
  });

  test("passes the example of docs/mapping-language.md", async () => {
    const page = readFileSync(new URL("../docs/mapping-language.md", import.meta.url), "utf8");
    const block = (mark: string): string => page.split(`\n\`\`\`${mark}\n`).at(-1)?.split("\n```")[0] ?? "";
    const folder = "config/schemas/mappings/fan/fan_day";
    await using cli = await SmallCli.open({
      [`${folder}.yaml`]: block("yaml mapping=fan/fan_day.yaml"),
      [`${folder}.examples/saturday/document.json`]: block("json file=day-17.json"),
      [`${folder}.examples/saturday/expected.yaml`]: block("text expected.yaml"),
    });
    expect(await cli.run(["mapping", "test", "fan/fan_day"])).toEqual({
      exit: 0,
      stdout: "ok       fan/fan_day  saturday\n1 example, 0 of them differ\n",
      stderr: "",
    });
  });
});
