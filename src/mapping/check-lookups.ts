import { type CheckContext, faultAt } from "./check-context.ts";
import { isName } from "./check-name.ts";
import type { ExpandedTarget } from "./for-each.ts";
import type { Lookup, LookupPlace } from "./mapping.ts";
import { parseLookupPlace } from "./parse-lookup.ts";
import { ROOT_WORDS } from "./parse-path.ts";
import type { RowLevel } from "./path-scope.ts";
import { quoted } from "./report.ts";
import { KEYWORDS } from "./tokenize.ts";

/** Checks the lookups of a target. A lookup with a wrong place keeps its name, so that its uses are not reported too. */
export function checkLookups(
  context: CheckContext,
  target: ExpandedTarget,
  levels: readonly RowLevel[] | null,
  columns: ReadonlyMap<string, unknown>,
): readonly Lookup[] {
  const { lookups } = target;
  if (lookups === undefined) return [];
  return Object.entries(lookups).flatMap(([name, written]): readonly Lookup[] => {
    if (written === undefined) return [];
    checkLookupName(context, lookups, name, columns);
    const texts: readonly string[] = typeof written === "string" ? [written] : written;
    const places = texts.flatMap((text, position): readonly LookupPlace[] => {
      const parsed = parseLookupPlace(text, levels);
      if (parsed.ok) return [parsed.value];
      if (typeof written === "string") faultAt(context, lookups, name, "mapping.lookup", parsed.fault);
      else faultAt(context, written, position, "mapping.lookup", parsed.fault);
      return [];
    });
    return [{ name, places }];
  });
}

function checkLookupName(context: CheckContext, lookups: object, name: string, columns: ReadonlyMap<string, unknown>): void {
  const isWord = ROOT_WORDS.some((word) => word === name) || KEYWORDS.has(name);
  if (isName(name) && !isWord && !columns.has(name)) return;
  const message = columns.has(name)
    ? `the lookup ${quoted(name)} has the name of a column`
    : isWord
      ? `the lookup ${quoted(name)} has the name of a word of the language`
      : `${quoted(name)} is no name of a lookup`;
  context.report.add(context.positions.keyPlace(lookups, name), {
    code: "mapping.wrong-name",
    message,
    expected: "a name of its own, lower case letters, digits and _",
    got: quoted(name),
  });
}
