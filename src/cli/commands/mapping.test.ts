import { expect, test } from "vitest";
import { SmallCli } from "../../../tests/small-cli.ts";
import { checkMapping } from "../../mapping/check-mapping.ts";
import { mappingJsonSchema } from "../../mapping/mapping-json-schema.ts";
import { readMapping } from "../../mapping/read-mapping.ts";
import { toJson } from "../output.ts";

const THINGS = `source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id], filter: parameters.part is null}
null_values: ['-']
fields: [{name: id, type: INT, json_path: $.id, description: Its key}]
targets:
  - name: lab.thing
    description: One row per thing
    primary_key: [id]
    fields:
      - {name: size, type: "NUMERIC(5,2)", json_path: $.size, nullable: false, description: In metres}
      - {name: half, type: DOUBLE, expression: size / 2.0, on_bad_value: quarantine}
      - {name: colour, type: TEXT, json_path: '$["main colour"]', default: grey}
    indexes: [[colour]]
    data_quality: [{rule: size > 0, severity: error, description: A thing is somewhere}]
    export: {formats: [parquet], order_by: [id]}
  - name: lab.part
    array_source: $.groups[*].parts[*]
    filter: $.isPart = true
    primary_key: [id, group_index, part_index]
    lookups: {kind: ["document.kinds.ID{$.kind}", "document.list[{$.at}]"]}
    fields:
      - {name: group_index, type: INT, source_field: parent.index}
      - {name: part_index, type: INT, source_field: index}
      - {name: kind_name, type: TEXT, json_path: kind.name}
    relationships: [{from_field: id, to_table: lab.thing}]
ignore: [{path: $.link, reason: made of the id}]
`;

const OTHERS = `source: {endpoint: lab, method: others, raw_table: lab.others, document_key: [id]}
fields: [{name: id, type: INT, json_path: $.id}]
targets:
  - {name: lab.thing, primary_key: [id], fields: [{name: size, type: INTEGER, json_path: $.size}]}
`;

const lab = async (files: Readonly<Record<string, string>>): Promise<SmallCli> =>
  SmallCli.open(Object.fromEntries(Object.entries(files).map(([name, text]) => [`config/schemas/mappings/lab/${name}.yaml`, text])));

test("mapping check tells all problems of all files at once, with their places", async () => {
  await using cli = await lab({ things: THINGS.replace("type: INT,", "type: INTT,"), others: OTHERS });
  const { exit, data } = await cli.json(["mapping", "check"]);
  expect(exit).toBe(2);
  const problems = (data as { problems: { file: string; line: number; column: number; code: string; didYouMean?: string }[] }).problems;
  expect(problems.map(({ file, line, code }) => [file.split("/").at(-1), line, code])).toEqual([
    ["others.yaml", 4, "mapping.unknown-type"],
    ["things.yaml", 3, "mapping.unknown-type"],
    ["things.yaml", 5, "mapping.table-in-two"],
  ]);
  expect(problems[1]?.didYouMean).toBe("INT");
  expect(data).toMatchObject({ schema_version: 1, files: 2, exit: 2 });
  const { stdout } = await cli.run(["mapping", "check"]);
  expect(stdout).toMatch(/things\.yaml:3:\d+ {2}.*Did you mean "INT"\?/);
  expect(stdout).toContain("3 problems in 2 of 2 mapping files");
});

test("mapping check of right mappings gives 0", async () => {
  await using cli = await lab({ things: THINGS });
  expect(await cli.run(["mapping", "check"])).toMatchObject({ exit: 0, stdout: "1 mapping file, 2 targets: no problem\n" });
});

test("mapping check of a named file of the folder looks at the others as far as they concern it", async () => {
  const wrong = OTHERS.replace("lab.thing,", "lab.other,");
  await using cli = await lab({ things: THINGS, others: OTHERS, wrong });
  const file = `${cli.folder}/config/schemas/mappings/lab/others.yaml`;
  const { exit, data } = await cli.json(["mapping", "check", file]);
  expect(exit).toBe(2);
  const problems = (data as { problems: { file: string; code: string }[] }).problems;
  expect(problems.map((problem) => [problem.file.split("/").at(-1), problem.code])).toEqual([
    ["others.yaml", "mapping.unknown-type"],
    ["things.yaml", "mapping.table-in-two"],
  ]);
});

test("mapping check takes files from anywhere, and tells of those that are not there", async () => {
  await using cli = await lab({ things: THINGS });
  const copy = await cli.write("elsewhere/copy.yaml", THINGS);
  expect((await cli.run(["mapping", "check", copy])).exit).toBe(0);
  const { exit, data } = await cli.json(["mapping", "check", copy, `${cli.folder}/none.yaml`]);
  expect(exit).toBe(2);
  expect(data).toMatchObject({ files: 2, problems: [{ code: "mapping.file", got: "no such file" }] });
});

test("mapping check finds a place that a mapping reads in two ways", async () => {
  const twice = OTHERS.replace("INTEGER, json_path: $.size}", "INT, json_path: $.size}, {name: unit, type: TEXT, json_path: $.size.unit}");
  await using cli = await lab({ others: twice });
  expect(await cli.json(["mapping", "check"])).toMatchObject({ exit: 2, data: { problems: [{ code: "plan.read-conflict" }] } });
});

test("mapping list names mappings with their targets", async () => {
  await using cli = await lab({ things: THINGS });
  const { data } = await cli.json(["mapping", "list"]);
  expect(data).toEqual({
    schema_version: 1,
    mappings: [{ name: "lab/things", captures: "lab.things", targets: 2, columns: 8, rules: 1, tables: ["lab.thing", "lab.part"] }],
  });
  expect((await cli.run(["mapping", "list"])).stdout).toContain("lab/things");
});

test("mapping show tells a whole mapping as it is understood", async () => {
  await using cli = await lab({ things: THINGS });
  const { stdout, exit } = await cli.run(["mapping", "show", "lab/things"]);
  expect(exit).toBe(0);
  for (const part of [
    "takes         captures of lab.things where parameters.part is null, raw table lab.things",
    "rows          each $.groups[*].parts[*]",
    "filter        $.isPart = true",
    "lookup        kind = document.kinds.ID{$.kind}, else document.list[{$.at}]",
    "relationship  id -> lab.thing (id), many to one",
    "rule          error: size > 0 (A thing is somewhere)",
    "Exporting is not part of transform",
    "source_field parent.index",
    "size / 2.0, a bad value quarantines",
    '$["main colour"], default "grey"',
    "$.link  made of the id",
  ]) {
    expect(stdout).toContain(part);
  }
  expect(stdout).toMatch(/size +NUMERIC\(5,2\) +not null +\$\.size +In metres/);
});

test("mapping show of a table shows that one only, and --json gives the checked mapping", async () => {
  await using cli = await lab({ things: THINGS });
  const { stdout } = await cli.run(["mapping", "show", "lab.part"]);
  expect(stdout).toContain("lab.part");
  expect(stdout).not.toContain("lab.thing:");
  const { data } = await cli.json(["mapping", "show", "lab/things"]);
  const { mapping } = checkMapping(readMapping(THINGS, "lab/things.yaml"));
  expect(data).toEqual(JSON.parse(toJson({ schema_version: 1, mapping })));
});

test("mapping show of an unknown name says what is near", async () => {
  await using cli = await lab({ things: THINGS });
  const { exit, stderr } = await cli.run(["mapping", "show", "lab/thing"]);
  expect(exit).toBe(2);
  expect(stderr).toContain("did you mean lab/things?");
});

test("mapping schema writes the JSON Schema of the language", async () => {
  await using cli = await SmallCli.open();
  expect(JSON.parse((await cli.run(["mapping", "schema"], false)).stdout)).toEqual(mappingJsonSchema());
  expect((await cli.json(["mapping", "schema"], false)).data).toEqual(mappingJsonSchema());
});
