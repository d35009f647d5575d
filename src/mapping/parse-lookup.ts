import type { LookupPlace } from "./mapping.ts";
import { FaultError, type Parsed, parsedBy } from "./parse-fault.ts";
import { type PathScope, readReference } from "./path-scope.ts";
import { quoted } from "./report.ts";

const EXPECTED = 'a place in the document with one reference in braces, as "document.players.ID{$.id}" or "document.plays[{$}]"';

/**
 * Parses a lookup's place: `document.a.b.ID{$.x}` (by object key, which is the text before the brace and the reference's),
 * `document.a.{$.x}`, or `document.a[{$}]` (by array position, from 0).
 */
export function parseLookupPlace(text: string, levels: PathScope["levels"]): Parsed<LookupPlace> {
  return parsedBy(() => {
    const match = /^(?<container>[^{]*?)(?:\.(?<prefix>[A-Za-z0-9_]*)|(?<position>\[))\{(?<inside>[^}]*)\}(?<rest>.*)$/s.exec(text);
    const { container = "", prefix, position, inside = "", rest = "" } = match?.groups ?? {};
    if (match === null)
      throw new FaultError({ offset: 0, message: `the lookup ${quoted(text)} does not parse`, expected: EXPECTED, got: quoted(text) });
    const end = position === undefined ? "" : "]";
    if (rest !== end) {
      const offset = text.indexOf("}") + 1;
      throw new FaultError({
        offset,
        message: `the lookup ${quoted(text)} goes on after its brace`,
        expected: end === "" ? "nothing (the rest of the path stands where the lookup is used)" : '"]" and nothing more',
        got: quoted(rest),
      });
    }
    const root = referenceAt(container, 0, levels);
    if (root.root.kind !== "document")
      throw new FaultError({
        offset: 0,
        message: `the lookup ${quoted(text)} does not start at the document`,
        expected: EXPECTED,
        got: quoted(container),
      });
    return {
      container: root.keys,
      by: position === undefined ? "key" : "position",
      prefix: prefix ?? "",
      reference: referenceAt(inside, text.indexOf("{") + 1, levels),
    };
  });
}

function referenceAt(part: string, offset: number, levels: PathScope["levels"]): LookupPlace["reference"] {
  const parsed = readReference(part, { levels, hasDocument: true, lookups: [] });
  if (parsed.ok) return parsed.value;
  throw new FaultError({ ...parsed.fault, offset: offset + parsed.fault.offset });
}
