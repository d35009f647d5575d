import { UserError } from "../core/errors.ts";
import { parseInstantOrDay } from "../core/instant.ts";
import { renderColumnType } from "../mapping/column-type.ts";
import type { Mapping } from "../mapping/mapping.ts";
import { nearestSpelling } from "../mapping/nearest-spelling.ts";
import type { DocumentFilter } from "../pipeline/selection.ts";
import type { TransformResult } from "../pipeline/transform.ts";
import { readLeaf } from "../plan/leaf.ts";
import type { Output } from "./output.ts";

export interface DocumentFlags {
  readonly asOf?: string;
  readonly gamePks?: string;
  readonly documents?: readonly string[];
  readonly startDate?: string;
  readonly endDate?: string;
}

/** The filter that the flags say. `--game-pks` is `--documents game_pk=…`. @throws UserError `usage.documents`, `usage.date`, `usage.as-of`. */
export function readFilter(flags: DocumentFlags, mappings: readonly Mapping[]): DocumentFilter {
  const documents: Record<string, string[]> = {};
  const add = (column: string, list: string): void => {
    documents[column] = [...(documents[column] ?? []), ...readValues(column, list, mappings)];
  };
  if (flags.gamePks !== undefined) add("game_pk", flags.gamePks);
  for (const text of flags.documents ?? []) {
    const at = text.indexOf("=");
    if (at < 1) throw new UserError({ code: "usage.documents", message: "--documents is column=value,value", got: JSON.stringify(text) });
    add(text.slice(0, at), text.slice(at + 1));
  }
  const startDate = readDay("--start-date", flags.startDate, mappings);
  const endDate = readDay("--end-date", flags.endDate, mappings);
  if (startDate !== null && endDate !== null && startDate > endDate) {
    throw new UserError({
      code: "usage.date",
      message: "--start-date is after --end-date",
      got: `${startDate} and ${endDate}`,
      next: "change them round",
    });
  }
  return { documents, startDate, endDate, asOf: flags.asOf === undefined ? null : readAsOf(flags.asOf) };
}

/** The instant that `--as-of` says; a day alone is meant to its end, as with --end-date. @throws UserError `usage.as-of`. */
export function readAsOf(time: string): string {
  const instant = parseInstantOrDay(time, "last");
  if (instant !== null) return instant;
  throw new UserError({
    code: "usage.as-of",
    message: "--as-of is no time",
    expected: "a time with its zone, like 2024-07-12T20:15:00Z or 2024-07-12T16:15:00-04:00, or a day, 2024-07-12: to its end, UTC",
    got: JSON.stringify(time.slice(0, 200)),
  });
}

/** Says which of the values that were asked for raw does not have, or did not have then. */
export function sayMissing({ missing }: Pick<TransformResult, "missing">, asOf: string | null, out: Output): void {
  const had = asOf === null ? "raw has" : `as of ${asOf} raw had`;
  for (const [column, values] of Object.entries(missing)) out.say(`${had} no document with ${column} ${values.join(", ")}`);
}

/** The values of one key column, each as a document's name spells it. */
function readValues(column: string, list: string, mappings: readonly Mapping[]): readonly string[] {
  return list.split(",").map((written) => {
    const text = written.trim();
    for (const mapping of mappings) {
      const field = mapping.fields.find(({ name }) => name === column);
      if (field === undefined || !mapping.source.documentKey.includes(column)) throw noKeyColumn(column, mapping);
      const reading = readLeaf(field.type, text);
      if (text === "" || !reading.ok) {
        throw new UserError({
          code: "usage.documents",
          message: `the list of ${column} holds what ${column} cannot be`,
          expected: `${renderColumnType(field.type)} values separated by commas`,
          got: JSON.stringify(text.slice(0, 100)),
        });
      }
      if (typeof reading.value === "bigint") return reading.value.toString();
    }
    return text;
  });
}

function noKeyColumn(column: string, mapping: Mapping): UserError {
  const near = nearestSpelling(column, mapping.source.documentKey);
  return new UserError({
    code: "usage.documents",
    message: `${column} is no column of the document key of ${mapping.name}`,
    expected: mapping.source.documentKey.join(", "),
    got: column,
    ...(near === null ? {} : { next: `did you mean ${near}?` }),
  });
}

function readDay(flag: string, day: string | undefined, mappings: readonly Mapping[]): string | null {
  if (day === undefined) return null;
  if (!readLeaf({ name: "DATE" }, day).ok)
    throw new UserError({ code: "usage.date", message: `${flag} is no day`, expected: "YYYY-MM-DD", got: JSON.stringify(day) });
  const dateless = mappings.find((mapping) => mapping.source.date === null);
  if (dateless === undefined) return day;
  throw new UserError({
    code: "usage.date",
    message: `${dateless.name} has no date (source.date): ${flag} means nothing`,
    next: "leave it away",
  });
}
