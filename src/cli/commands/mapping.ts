import { EXIT, type Problem, renderProblem } from "../../core/errors.ts";
import { mappingJsonSchema } from "../../mapping/mapping-json-schema.ts";
import { checkMappingFiles } from "../check-mapping-files.ts";
import type { CliContext } from "../context.ts";
import { describeMapping } from "../describe-mapping.ts";
import { mappingNamed } from "../mapping-named.ts";
import { mappingsFolder, openRegistry } from "../platform.ts";

/** Checks all mappings of the folder, or the files named: all problems of all files at once. */
export async function runMappingCheck(flags: { readonly file?: readonly string[] }, { out, settings }: CliContext): Promise<number> {
  const { files, targets, problems } = await checkMappingFiles(mappingsFolder(settings.values), flags.file ?? []);
  const exit = problems.length === 0 ? EXIT.done : EXIT.usage;
  out.data({ schema_version: 1, files, problems, exit });
  for (const problem of problems) out.text(renderProblem(problem));
  const what = `${count(files, "mapping file")}, ${count(targets, "target")}`;
  out.text(
    problems.length === 0
      ? `${what}: no problem`
      : `${count(problems.length, "problem")} in ${String(filesWithProblems(problems))} of ${count(files, "mapping file")}`,
  );
  return exit;
}

function filesWithProblems(problems: readonly Problem[]): number {
  return new Set(problems.map(({ file }) => file)).size;
}

function count(number: number, noun: string): string {
  return `${String(number)} ${noun}${number === 1 ? "" : "s"}`;
}

export async function runMappingList(_flags: unknown, { out, settings }: CliContext): Promise<number> {
  const { mappings } = await openRegistry(settings.values);
  const rows = mappings.map((mapping) => ({
    name: mapping.name,
    captures: `${mapping.source.endpoint}.${mapping.source.method}`,
    targets: mapping.targets.length,
    columns: mapping.targets.reduce((sum, target) => sum + target.fields.length, 0),
    rules: mapping.targets.reduce((sum, target) => sum + target.rules.length, 0),
  }));
  out.data({
    schema_version: 1,
    mappings: rows.map((row, at) => ({ ...row, tables: mappings[at]?.targets.map((target) => target.name) ?? [] })),
  });
  if (rows.length === 0) out.text("no mappings");
  else out.table(rows);
  return EXIT.done;
}

/** One mapping by its name, or one table of it. `--json` gives the checked mapping; of a table, the mapping with that target only. */
export async function runMappingShow(flags: { readonly name: string }, { out, settings }: CliContext): Promise<number> {
  const { mapping, target } = mappingNamed(await openRegistry(settings.values), flags.name);
  out.data({ schema_version: 1, mapping: target === null ? mapping : { ...mapping, targets: [target] } });
  describeMapping(mapping, target, out);
  return EXIT.done;
}

export function runMappingSchema(_flags: unknown, { out }: CliContext): Promise<number> {
  const schema = mappingJsonSchema();
  out.data(schema);
  out.text(JSON.stringify(schema, null, 2));
  return Promise.resolve(EXIT.done);
}
