import { join } from "node:path";
import { EXIT, UserError } from "../../core/errors.ts";
import { EXAMPLES_SUFFIX, readExamples } from "../../mapping/read-examples.ts";
import { type ExampleResult, runExamples } from "../../pipeline/run-examples.ts";
import { compilePlan } from "../../plan/compile-plan.ts";
import { BodyChecker } from "../../raw/body.ts";
import type { CliContext } from "../context.ts";
import { counted } from "../counted.ts";
import { mappingNamed } from "../mapping-named.ts";
import { mappingsFolder, openDatabase, openRegistry } from "../platform.ts";

export interface MappingTestFlags {
  /** `game/live_game_v1`, or one of its tables; none: all mappings. */
  readonly name?: string;
}

/** Differences that are shown of one example. */
const MAX_SHOWN = 10;

/** Runs the examples that stand beside mappings: a document each, and the rows that it must give. Writes nothing. */
export async function runMappingTest(flags: MappingTestFlags, context: CliContext): Promise<number> {
  const { out, settings } = context;
  const registry = await openRegistry(settings.values);
  const mappings = flags.name === undefined ? registry.mappings : [mappingNamed(registry, flags.name).mapping];
  const folder = mappingsFolder(settings.values);
  const cases: (ExampleResult & { readonly mapping: string })[] = [];
  await using database = await openDatabase(settings.values);
  const checker = new BodyChecker({ maxBytes: settings.values.maxBodyMb * 1024 * 1024 });
  for (const mapping of mappings) {
    const examples = await readExamples(folder, mapping);
    if (examples.length === 0) continue;
    const results = await runExamples(compilePlan(mapping), examples, { database, checker });
    cases.push(...results.map((result) => ({ mapping: mapping.name, ...result })));
  }
  if (cases.length === 0)
    throw new UserError({
      code: "example.none",
      message: flags.name === undefined ? "no mapping has an example" : `${flags.name} has no example`,
      expected: `${join(folder, `${mappings[0]?.name ?? "endpoint/mapping"}${EXAMPLES_SUFFIX}`, "CASE")} with document.json and expected.yaml`,
      next: "docs/mapping-language.md shows one",
    });
  const differing = cases.filter(({ differences }) => differences.length > 0);
  const exit = differing.length === 0 ? EXIT.done : EXIT.someFailed;
  out.data({
    schema_version: 1,
    cases: cases.map(({ mapping, name, documents, differences }) => ({
      mapping,
      case: name,
      ok: differences.length === 0,
      documents,
      differences,
    })),
    exit,
  });
  for (const { mapping, name, differences } of cases) {
    out.text(`${differences.length === 0 ? "ok     " : "differs"}  ${mapping}  ${name}`);
    for (const { what, where, expected, got } of differences.slice(0, MAX_SHOWN)) {
      out.text(`  ${[what, where].filter((part) => part !== "").join("  ")}\n    expected: ${expected}\n    got:      ${got}`);
    }
    if (differences.length > MAX_SHOWN) out.text(`  … and ${counted(differences.length - MAX_SHOWN, "more difference")}`);
  }
  out.text(`${counted(cases.length, "example")}, ${String(differing.length)} of them ${differing.length === 1 ? "differs" : "differ"}`);
  return exit;
}
