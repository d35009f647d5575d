import { UserError } from "../core/errors.ts";
import type { Ignore } from "../mapping/mapping.ts";
import type { Plan } from "../plan/plan.ts";
import type { Capture } from "../raw/capture.ts";
import type { RawStore } from "../raw/raw-store.ts";
import type { JsonType } from "../raw/shape.ts";
import { rawTableOf } from "./document-index.ts";
import { PathStatuses } from "./path-status.ts";
import { type PathTable, isLeafType, readShapes } from "./shape-captures.ts";

export interface CoverageGroup {
  /** What the captures have in common; null where they are not grouped. */
  readonly group: string | null;
  readonly captures: number;
  readonly leafPaths: number;
  /** A leaf that is null in all captures of the group counts as mapped above a mapped path, and as ignored above an ignored one. */
  readonly mapped: number;
  readonly ignored: number;
  /** Sorted by path; types with the number of captures that have them there. */
  readonly unknown: readonly { readonly path: string; readonly types: Readonly<Partial<Record<JsonType, number>>> }[];
}

export interface CoverageResult {
  /** Captures that were looked at. */
  readonly captures: number;
  /** Captures that the mapping does not take. */
  readonly skipped: number;
  /** Captures whose body is no document. */
  readonly failed: number;
  readonly groups: readonly CoverageGroup[];
}

/** The groups of a capture. One that holds several documents may be in several; one in none is left out. */
export type GroupsOf = (capture: Capture) => readonly (string | null)[];

/** Each group counts every path: more of them are no summary. */
const MAX_GROUPS = 500;

/**
 * Which leaf paths of the captures a mapping maps, ignores, or does not know: from the shapes alone, no body is read.
 * @throws UserError `coverage.too-many-groups`.
 */
export async function measureCoverage(
  plan: Plan,
  ignore: readonly Ignore[],
  groupsOf: GroupsOf,
  { raw }: { readonly raw: RawStore },
): Promise<CoverageResult> {
  const { paths, captures } = await readShapes(raw, { table: rawTableOf(plan), filter: plan.source.filter });
  const counts = { captures: 0, skipped: 0, failed: 0 };
  const groups = new Map<string | null, { captures: number; readonly pairs: Uint32Array }>();
  for await (const read of captures()) {
    if (read.kind !== "taken") {
      counts[read.kind]++;
      continue;
    }
    counts.captures++;
    const ids = read.shape.ids();
    for (const name of new Set(groupsOf(read.capture))) {
      let group = groups.get(name);
      if (group === undefined) {
        if (groups.size === MAX_GROUPS) throw tooManyGroups();
        group = { captures: 0, pairs: new Uint32Array(paths.size) };
        groups.set(name, group);
      }
      group.captures++;
      for (const id of ids) group.pairs[id] = (group.pairs[id] ?? 0) + 1;
    }
  }
  const statuses = new PathStatuses(
    plan,
    ignore,
    paths.entries.map(({ path }) => path),
  );
  const ordered = [...groups].toSorted(([a], [b]) => ((a ?? "") < (b ?? "") ? -1 : 1));
  return { ...counts, groups: ordered.map(([name, { captures: of, pairs }]) => groupOf(name, of, pairs, paths, statuses)) };
}

function groupOf(group: string | null, captures: number, pairs: Uint32Array, paths: PathTable, statuses: PathStatuses): CoverageGroup {
  const counts = { mapped: 0, ignored: 0 };
  const unknown: { path: string; types: Partial<Record<JsonType, number>> }[] = [];
  for (const entry of paths.entries) {
    const leaves = entry.types.filter(({ id, type }) => isLeafType(type) && (pairs[id] ?? 0) > 0);
    if (leaves.length === 0) continue;
    const status = statuses.of(
      entry.path,
      leaves.every(({ type }) => type === "null"),
    );
    if (status === "unknown")
      unknown.push({ path: entry.path, types: Object.fromEntries(leaves.map(({ id, type }) => [type, pairs[id]])) });
    else counts[status]++;
  }
  return {
    group,
    captures,
    leafPaths: counts.mapped + counts.ignored + unknown.length,
    ...counts,
    unknown: unknown.toSorted((a, b) => (a.path < b.path ? -1 : 1)),
  };
}

function tooManyGroups(): UserError {
  return new UserError({
    code: "coverage.too-many-groups",
    message: "--by makes too many groups",
    expected: `at most ${String(MAX_GROUPS)}`,
    next: "group by something coarser: --by month",
  });
}
