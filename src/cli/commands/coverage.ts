import { EXIT, UserError } from "../../core/errors.ts";
import type { Mapping } from "../../mapping/mapping.ts";
import {
  type CoverageBy,
  columnByDocument,
  documentColumn,
  groupsByCapture,
  groupsByValue,
  groupsByYear,
  parseCoverageBy,
} from "../../pipeline/coverage-groups.ts";
import { type CoverageResult, type GroupsOf, measureCoverage } from "../../pipeline/measure-coverage.ts";
import { compilePlan } from "../../plan/compile-plan.ts";
import type { Plan } from "../../plan/plan.ts";
import type { RawStore } from "../../raw/raw-store.ts";
import type { CliContext } from "../context.ts";
import { counted } from "../counted.ts";
import { mappingNamed } from "../mapping-named.ts";
import { openDatabase, openRaw, openRegistry, readStore } from "../platform.ts";

export interface CoverageFlags {
  /** `game/live_game_v1`, or one of its tables. */
  readonly name: string;
  readonly by?: string;
}

/** Which leaf paths of raw's captures a mapping maps, ignores, or does not know. Reads no body. */
export async function runCoverage(flags: CoverageFlags, context: CliContext): Promise<number> {
  const { out, settings } = context;
  const by = parseCoverageBy(flags.by);
  const { mapping } = mappingNamed(await openRegistry(settings.values), flags.name);
  const plan = compilePlan(mapping);
  await using raw = await openRaw(context);
  const result = await measureCoverage(plan, mapping.ignore, await groupsOf(by, mapping, plan, raw, context), { raw });
  if (result.captures === 0)
    throw new UserError({
      code: "coverage.no-captures",
      message: `raw has no captures that ${mapping.name} takes`,
      next: "mlb-etl ingest --help",
    });
  out.data({
    schema_version: 1,
    mapping: mapping.name,
    by: flags.by ?? null,
    captures: result.captures,
    skipped: result.skipped,
    failed: result.failed,
    groups: result.groups.map(({ group, captures, leafPaths, mapped, ignored, unknown }) => ({
      group,
      captures,
      leaf_paths: leafPaths,
      mapped,
      ignored,
      unknown,
    })),
    exit: EXIT.done,
  });
  describe(mapping.name, result, context);
  return EXIT.done;
}

async function groupsOf(by: CoverageBy, mapping: Mapping, plan: Plan, raw: RawStore, context: CliContext): Promise<GroupsOf> {
  if (by.kind === "none" || by.kind === "captured" || by.kind === "parameter") return groupsByCapture(by);
  if (by.kind === "document-year") {
    await using database = await openDatabase(context.settings.values);
    return await groupsByYear(plan, raw, await database.connect());
  }
  const target = documentColumn(mapping, by.name);
  return readStore(context, async (store, connection) =>
    groupsByValue(plan, raw, connection, await columnByDocument(store, target, mapping.source.documentKey, by.name)),
  );
}

function describe(name: string, { captures, skipped, failed, groups }: CoverageResult, { out }: CliContext): void {
  const left = [
    ...(skipped === 0 ? [] : [`${String(skipped)} more that it does not take`]),
    ...(failed === 0 ? [] : [`${String(failed)} more that are no documents`]),
  ];
  out.text(`${name}: ${counted(captures, "capture")}${left.length === 0 ? "" : ` (${left.join(", ")})`}`);
  out.table(
    groups.map(({ group, captures: of, leafPaths, mapped, ignored, unknown }) => ({
      ...(group === null ? {} : { group }),
      captures: of,
      leaf_paths: leafPaths,
      mapped,
      ignored,
      unknown: unknown.length,
    })),
  );
  const unknown = groups.flatMap(({ group, unknown: paths }) =>
    paths.map(({ path, types }) => ({
      ...(group === null ? {} : { group }),
      path,
      captures_with_type: Object.entries(types)
        .map(([type, count]) => `${type} ${String(count)}`)
        .join(", "),
    })),
  );
  if (unknown.length === 0) return;
  out.text("\nunknown: map these leaf paths, or list them under ignore with a reason");
  out.table(unknown);
}
