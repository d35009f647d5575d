import { fileURLToPath } from "node:url";
import { format, resolveConfig } from "prettier";
import { describe, expect, test } from "vitest";
import { SmallCli } from "../../tests/small-cli.ts";
import { OUTPUT_NAMES, OUTPUT_SCHEMAS, type OutputName, outputJsonSchema } from "./output-schemas.ts";

test.each(OUTPUT_NAMES)(
  "the published JSON Schema of %s is the one of the code (npx vitest run src/cli/output-schemas.test.ts -u writes it)",
  async (name) => {
    const file = fileURLToPath(new URL(`../../config/schemas/output/${name}.schema.json`, import.meta.url));
    const text = await format(JSON.stringify(outputJsonSchema(name)), { ...(await resolveConfig(file)), parser: "json" });
    await expect(text).toMatchFileSnapshot(file);
  },
);

const MAPPING = `source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id]}
fields: [{name: id, type: INT, json_path: $.id}]
targets:
  - name: lab.thing
    primary_key: [id]
    fields:
      - {name: size, type: INT, json_path: $.size}
      - {name: colour, type: TEXT, json_path: $.colour}
    data_quality: [{rule: size < 100, severity: error}, {rule: size > 1, severity: warn}]
`;
const FILES = {
  "config/endpoints/lab.yaml":
    "endpoint: lab\ndescription: Invented\nmethods:\n  things: {upstream_name: things, description: Things, path: /api/v1/things}\n",
  "config/schemas/mappings/lab/things.yaml": MAPPING,
  "in/1.json": '{"id":1,"size":5,"colour":"red","other":true}',
  "in/2.json": '{"id":2,"size":"big"}',
  "in/3.json": '{"id":3,"size":200}',
  "in/4.json": '{"id":4,"size":1}',
  "in/5.json": '{"id":5',
  "in/6.json": '{"endpoint":"lab","method":"nothing","response":{"id":6}}',
};

const source = ["--endpoint", "lab", "--method", "things"];

describe("what a command really writes is what its schema says", () => {
  const valid = (name: OutputName, data: unknown): void => {
    expect(OUTPUT_SCHEMAS[name].safeParse(data).error?.issues ?? []).toEqual([]);
  };

  test("ingest, transform, quarantine list, verify digest, mapping lint", async () => {
    await using cli = await SmallCli.open(FILES);
    const ingested = await cli.json(["ingest", ...source, "--from-files", `${cli.folder}/in/*`, "--captured-at", "2024-07-13T04:19:09Z"]);
    valid("ingest", ingested.data);
    expect(ingested.data).toMatchObject({ files: 6, failed: 1, refused: 1, exit: 1 });

    const dry = await cli.json(["transform", ...source]);
    valid("transform", dry.data);
    const transformed = await cli.json(["transform", ...source, "--save"]);
    valid("transform", transformed.data);
    expect(transformed).toMatchObject({ exit: 3, data: { saved: true, bad_values: 1, documents: { quarantined: 1 }, exit: 3 } });

    const quarantined = await cli.json(["quarantine", "list"]);
    valid("quarantine-list", quarantined.data);
    expect(quarantined.data).toHaveLength(1);

    const digest = await cli.json(["verify", "digest"]);
    valid("verify-digest", digest.data);
    expect(digest.data).toMatchObject({ targets: [{ name: "lab.thing" }] });

    const linted = await cli.json(["mapping", "lint", "lab/things"]);
    valid("mapping-lint", linted.data);
    const codes = (linted.data as { problems: { code: string }[] }).problems.map(({ code }) => code);
    expect(codes).toEqual(expect.arrayContaining(["lint.bad-value", "lint.document-failed", "lint.unknown-path"]));
    expect(linted.data).toMatchObject({ warnings: [{ count: 1 }], exit: 1 });
    valid("mapping-lint", (await cli.json(["mapping", "lint", "lab/things", "--captures", `${cli.folder}/in/*`])).data);
  });

  test("errors, with and without problems of files", async () => {
    await using cli = await SmallCli.open({ ...FILES, "config/schemas/mappings/lab/things.yaml": MAPPING.replace("INT", "INTT") });
    const unchecked = await cli.json(["transform", ...source]);
    valid("error", unchecked.data);
    expect(unchecked.data).toMatchObject({ error: { problems: [{ code: "mapping.unknown-type", didYouMean: "INT" }] }, exit: 2 });
    valid("error", (await cli.json(["mapping", "show", "nothing"])).data);
    valid("error", (await cli.json(["ingest", ...source, "--from-files", "none/*"])).data);
  });
});
