import type { Parsed } from "./parse-fault.ts";
import { parseReference } from "./parse-path.ts";
import type { Reference } from "./path.ts";
import { quoted } from "./report.ts";

/** One level out of a row: an item of an array, a value of an object, or an object that is a row as such. */
export type RowLevel = "items" | "values" | "object";

/** What paths can reach from a row. */
export interface PathScope {
  /** From the outermost to the row's own. `parent` is the level before the last. Null where the row source is wrong and reported. */
  readonly levels: readonly RowLevel[] | null;
  /** False in the document's own columns, where `$` is the document. */
  readonly hasDocument: boolean;
  readonly lookups: readonly string[];
}

/** Parses a reference and sees that it does not go out further than there are levels. */
export function readReference(text: string, scope: PathScope): Parsed<Reference> {
  const { levels, hasDocument } = scope;
  const words = [...(levels?.length === 0 ? [] : ["parent"]), ...(hasDocument ? ["document"] : [])];
  const parsed = parseReference(text, scope.lookups, words);
  if (!parsed.ok) return parsed;
  const { root } = parsed.value;
  if (root.kind === "parent" && levels !== null && root.levels > levels.length) {
    const most = Array.from({ length: levels.length }, () => "parent").join(".");
    return {
      ok: false,
      fault: {
        offset: 0,
        message: `the path ${quoted(text)} goes out further than the row source has levels`,
        expected: levels.length === 0 ? "a path without parent (there is no level around this row)" : `at most ${most}`,
        got: quoted(Array.from({ length: root.levels }, () => "parent").join(".")),
      },
    };
  }
  if (root.kind === "document" && !hasDocument) {
    return {
      ok: false,
      fault: {
        offset: 0,
        message: `the path ${quoted(text)} starts at the document, which is $ here`,
        expected: "$",
        got: '"document"',
        didYouMean: text.replace(/^document/, "$"),
      },
    };
  }
  return parsed;
}
