import { type CheckContext, faultAt, problemAt } from "./check-context.ts";
import type { Ignore } from "./mapping.ts";
import type { IgnoreSpec, PartialSpec } from "./mapping-spec.ts";
import { parseIgnorePath } from "./parse-path.ts";
import { quoted } from "./report.ts";

/** Checks the paths that are left out on purpose. */
export function checkIgnore(context: CheckContext, ignore: readonly PartialSpec<IgnoreSpec>[]): readonly Ignore[] {
  const seen = new Set<string>();
  return ignore.flatMap((spec): readonly Ignore[] => {
    const { path, reason } = spec;
    if (reason?.trim() === "")
      problemAt(context, spec, "reason", {
        code: "mapping.empty",
        message: "the reason is empty",
        expected: "why the path is left out",
        got: "an empty text",
      });
    if (path === undefined) return [];
    const parsed = parseIgnorePath(path);
    if (!parsed.ok) faultAt(context, spec, "path", "mapping.path", parsed.fault);
    if (seen.has(path))
      problemAt(context, spec, "path", {
        code: "mapping.double-name",
        message: `the path ${quoted(path)} is ignored already`,
        expected: "each path once",
        got: `${quoted(path)} again`,
      });
    seen.add(path);
    return reason === undefined ? [] : [{ path, reason }];
  });
}
