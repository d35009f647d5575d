import { UserError } from "../../core/errors.ts";
import { lintCapturesOfFiles, lintCapturesOfRaw } from "../../pipeline/lint-captures.ts";
import { type LintResult, lintMapping } from "../../pipeline/lint-mapping.ts";
import { compilePlan } from "../../plan/compile-plan.ts";
import type { Plan } from "../../plan/plan.ts";
import { BodyChecker } from "../../raw/body.ts";
import { readCaptureFiles } from "../../statsapi/capture-files.ts";
import { parseGivenTime } from "../../statsapi/recording.ts";
import type { CliContext } from "../context.ts";
import { mappingNamed } from "../mapping-named.ts";
import { openCatalogue, openDatabase, openRaw, openRegistry } from "../platform.ts";

export interface LintFlags {
  /** `game/live_game_v1`, or one of its tables. */
  readonly name: string;
  readonly captures?: readonly string[];
  readonly capturedAt?: string;
  readonly strict?: boolean;
}

/** Scores every path of a mapping against captures. Writes nothing but its report. */
export async function runMappingLint(flags: LintFlags, context: CliContext): Promise<number> {
  const { out, settings } = context;
  if (flags.captures === undefined && flags.capturedAt !== undefined) {
    throw new UserError({ code: "usage.captured-at", message: "--captured-at is about files", next: "use it with --captures" });
  }
  const { mapping } = mappingNamed(await openRegistry(settings.values), flags.name);
  const plan = compilePlan(mapping, { strict: flags.strict ?? false });
  const started = performance.now();
  await using database = await openDatabase(settings.values);
  await using raw = flags.captures === undefined ? await openRaw(context) : null;
  const result = await lintMapping(
    mapping,
    plan,
    raw === null ? await lintFiles(plan, flags.captures ?? [], flags, context) : lintCapturesOfRaw(raw, plan),
    {
      sliceBytes: settings.values.sliceMb * 1024 * 1024,
      connections: settings.values.connections,
      signal: context.signal,
      onProgress: ({ captures, bytes }) => {
        const seconds = (performance.now() - started) / 1000;
        if (seconds > 1)
          out.progress(`lint: ${String(captures)} captures, ${(captures / seconds).toFixed(1)}/s, ${(bytes / 1e6).toFixed(0)} MB`);
      },
    },
    { database },
  );
  report(mapping.name, result, context);
  return result.exit;
}

async function lintFiles(
  plan: Plan,
  patterns: readonly string[],
  flags: LintFlags,
  { settings }: CliContext,
): Promise<ReturnType<typeof lintCapturesOfFiles>> {
  const catalogue = await openCatalogue(settings.values);
  const files = readCaptureFiles(catalogue.get(plan.source.endpoint, plan.source.method), catalogue, {
    patterns,
    folder: ".",
    parameters: {},
    capturedAt: flags.capturedAt === undefined ? null : parseGivenTime(flags.capturedAt),
  });
  return lintCapturesOfFiles(files, plan, new BodyChecker({ maxBytes: settings.values.maxBodyMb * 1024 * 1024 }));
}

function report(name: string, result: LintResult, { out }: CliContext): void {
  const { documents, captures, skipped, paths, coverage, problems, warnings, exit } = result;
  out.data({ schema_version: 1, mapping: name, captures, skipped, documents, paths, coverage, problems, warnings, exit });
  const found = problems.length === 0 ? "no problem" : counted(problems.length, "problem");
  const left = skipped === 0 ? "" : ` (${String(skipped)} more that it does not take)`;
  out.text(`${name}: ${found} in ${counted(documents, "document")} of ${counted(captures, "capture")}${left}`);
  out.text(`paths: ${String(paths.length)} of the mapping, ${String(paths.filter(({ hits }) => hits === 0).length)} without a hit`);
  out.text(
    `leaf paths: ${String(coverage.leaf_paths)} in the documents, ${String(coverage.mapped)} mapped, ${String(coverage.ignored)} ignored, ${String(coverage.unknown.length)} unknown`,
  );
  const others = problems.filter(({ code }) => code !== "lint.unknown-path");
  for (const { code, target, column, path, message } of others) {
    const whose = [target, column].filter((part) => part !== null).join(".");
    out.text(`\n${code}  ${[whose, path].filter((part) => part !== null && part !== "").join("  ")}\n  ${message}`);
  }
  if (coverage.unknown.length > 0) {
    out.text(`\nlint.unknown-path: map these leaf paths, or list them under ignore with a reason`);
    for (const { path, message } of problems.filter(({ code }) => code === "lint.unknown-path"))
      out.text(`  ${path ?? ""}  ${message.replace(/^neither mapped nor ignored /, "")}`);
  }
  if (warnings.length > 0) {
    out.text("\nrules of severity warn that do not hold:");
    out.table(
      warnings.map(({ target, rule, count, capture, path, value }) => ({ target, rule, rows: count, first_at: path, value, capture })),
    );
  }
}

function counted(number: number, noun: string): string {
  return `${String(number)} ${noun}${number === 1 ? "" : "s"}`;
}
