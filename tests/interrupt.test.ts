import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { type CliRun, SmallCli } from "./small-cli.ts";

const FILES = {
  "config/endpoints/lab.yaml":
    "endpoint: lab\ndescription: Invented\nmethods:\n  things: {upstream_name: things, description: Things, path: /api/v1/things}\n",
  "config/schemas/mappings/lab/things.yaml": `source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id]}
fields: [{name: id, type: INT, json_path: $.id}]
targets:
  - name: lab.thing
    primary_key: [id]
    fields: [{name: size, type: INT, json_path: $.size}]
`,
  "in/1.json": '{"id":1,"size":5}',
  "in/2.json": '{"id":2,"size":6}',
};
const SOURCE = ["--endpoint", "lab", "--method", "things"];
const ingest = (cli: SmallCli): readonly string[] => [
  "ingest",
  ...SOURCE,
  "--from-files",
  `${cli.folder}/in/*`,
  "--captured-at",
  "2024-07-13T04:19:09Z",
];

/** Runs a command that is told to stop as soon as it listens, as by Ctrl-C. */
async function interrupted(cli: SmallCli, words: readonly string[]): Promise<CliRun> {
  const before = process.listenerCount("SIGINT");
  const running = cli.run(words);
  while (process.listenerCount("SIGINT") === before) await setImmediate();
  process.listeners("SIGINT").at(-1)?.("SIGINT");
  return running;
}

test("a transform that is stopped says how far it came, and the same command goes on", async () => {
  await using cli = await SmallCli.open(FILES);
  await cli.run(ingest(cli));
  const stopped = await interrupted(cli, ["transform", ...SOURCE, "--save"]);
  expect(stopped.exit).toBe(130);
  expect(stopped.stderr).toContain("stopped after 0 of 2 documents: the same command goes on with the others");
  expect(stopped.stdout).not.toMatch(/nothing changed|no document matches/);
  const next = await cli.json(["transform", ...SOURCE, "--save"]);
  expect(next).toMatchObject({ exit: 0, data: { documents: { selected: 2, applied: 2 } } });
});

test("an ingest that is stopped says how far it came", async () => {
  await using cli = await SmallCli.open(FILES);
  const stopped = await interrupted(cli, ingest(cli));
  expect(stopped.exit).toBe(130);
  expect(stopped.stderr).toMatch(/stopped after \d files?: the same command goes on, and stores nothing twice/);
});

test("a question as of a time that is stopped has no answer", async () => {
  await using cli = await SmallCli.open(FILES);
  await cli.run(ingest(cli));
  const stopped = await interrupted(cli, ["sql", "--as-of", "2024-07-14", "SELECT * FROM lab.thing"]);
  expect(stopped).toMatchObject({ exit: 130, stdout: "" });
  expect(stopped.stderr).toContain("no answer; the same command begins anew");
});
