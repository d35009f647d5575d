import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Settings } from "../../config/settings.ts";
import { EXIT, type Problem, renderProblem } from "../../core/errors.ts";
import { mappingJsonSchema } from "../../mapping/mapping-json-schema.ts";
import { checkMappingFiles } from "../check-mapping-files.ts";
import type { CliContext } from "../context.ts";
import { counted } from "../counted.ts";
import { describeMapping } from "../describe-mapping.ts";
import { mappingNamed } from "../mapping-named.ts";
import { mappingsFolder, openCatalogue, openRegistry } from "../platform.ts";

/** Checks all mappings of the folder, or the files named: all problems of all files at once. */
export async function runMappingCheck(flags: { readonly file?: readonly string[] }, { out, settings }: CliContext): Promise<number> {
  const { files, targets, problems: found } = await checkMappingFiles(mappingsFolder(settings.values), flags.file ?? []);
  const isWhole = flags.file === undefined || flags.file.length === 0;
  const problems = found.length > 0 || !isWhole ? found : await methodProblems(settings.values);
  const exit = problems.length === 0 ? EXIT.done : EXIT.usage;
  out.data({ schema_version: 1, files, problems, exit });
  for (const problem of problems) out.text(renderProblem(problem));
  const what = `${counted(files, "mapping file")}, ${counted(targets, "target")}`;
  out.text(
    problems.length === 0
      ? `${what}: no problem`
      : `${counted(problems.length, "problem")} in ${String(filesWithProblems(problems))} of ${counted(files, "mapping file")}`,
  );
  return exit;
}

function filesWithProblems(problems: readonly Problem[]): number {
  return new Set(problems.map(({ file }) => file)).size;
}

/** Mappings of methods that the catalogue does not have. @throws ProblemsError with what is wrong in the catalogue. */
async function methodProblems(settings: Settings): Promise<readonly Problem[]> {
  // A folder of mappings alone can be checked, too.
  if (!existsSync(join(settings.configDir, "endpoints"))) return [];
  const catalogue = await openCatalogue(settings);
  const { mappings } = await openRegistry(settings);
  return mappings.flatMap(({ file, source: { endpoint, method } }): Problem[] =>
    catalogue.find(endpoint, method) === null
      ? [
          {
            code: "mapping.unknown-method",
            file: join(mappingsFolder(settings), file),
            line: 1,
            column: 1,
            message: `the catalogue has no ${endpoint}.${method}`,
            expected: `an entry for it in ${join(settings.configDir, "endpoints")}`,
            got: "none",
          },
        ]
      : [],
  );
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
  for (const { name, targets } of mappings) out.text(`\n${name} fills\n${targets.map((target) => `  ${target.name}`).join("\n")}`);
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
