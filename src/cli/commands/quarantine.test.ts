import { expect, test } from "vitest";
import { SmallCli } from "../../../tests/small-cli.ts";

const SOURCE = ["--endpoint", "lab", "--method", "things"];

test("quarantine list ends with what failed of each document, and what the tables have of it", async () => {
  await using cli = await SmallCli.open({
    "config/endpoints/lab.yaml":
      "endpoint: lab\ndescription: Invented\nmethods:\n  things: {upstream_name: things, description: Things, path: /api/v1/things}\n",
    "config/schemas/mappings/lab/things.yaml": `source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id], version: $.v}
fields: [{name: id, type: INT, json_path: $.id}]
targets:
  - name: lab.thing
    primary_key: [id]
    fields: [{name: size, type: INT, json_path: $.size}]
    data_quality: [{rule: size > 0, severity: error}, {rule: size <> -1, severity: error}]
`,
    "in/1.json": '{"id":1,"v":"a","size":5}',
    "in/2.json": '{"id":1,"v":"b","size":-1}',
    "in/3.json": '{"id":1,"v":"c","size":0}',
    "in/4.json": '{"id":2,"v":"a","size":-1}',
  });
  await cli.run(["ingest", ...SOURCE, "--from-files", `${cli.folder}/in/*`, "--captured-at", "2024-07-13T04:19:09Z"]);
  expect((await cli.run(["quarantine", "list"])).exit).toBe(5);
  await cli.run(["transform", ...SOURCE, "--save"]);
  const listed = await cli.run(["quarantine", "list", "--limit", "3"]);
  const [, summary = ""] = listed.stdout.split("\n\n");
  expect(summary.split("\n").map((line) => line.replaceAll(/ {2,}/g, " | "))).toEqual([
    "the newest 3 of 5 failures, of 2 documents:",
    "mapping | document | states | failures | in the tables",
    expect.stringMatching(/^-/),
    expect.stringMatching(/^lab\/things \| \[[12]\]/),
    expect.stringMatching(/^lab\/things \| \[[12]\]/),
    "",
  ]);
  expect(summary).toMatch(/\[1\] +2 +3 {2}capture 1\n/);
  expect(summary).toMatch(/\[2\] +1 +2 {2}nothing of it\n/);
  expect((await cli.json(["quarantine", "list"])).data).toHaveLength(5);
});
