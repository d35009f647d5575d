import type { SideOfDifference } from "../pipeline/explain-difference.ts";
import type { StoreDifference } from "../pipeline/compare-stores.ts";
import type { CanonicalRow } from "../quality/first-difference.ts";
import type { CanonicalValue } from "../store/read-rows.ts";
import type { Output } from "./output.ts";
import { printable } from "./printable.ts";

const LONGEST_VALUE = 160;

/** The first row that two stores do not have alike, as JSON. `names` are those of the two sides. */
export function differenceJson({ row, left, right }: StoreDifference, names: readonly [string, string]): Readonly<Record<string, unknown>> {
  return {
    target: row.target.name,
    key: row.key,
    document: row.document,
    columns: row.columns,
    sides: [left, right].map(({ row: cells, capture, pointer, reads }, at) => ({
      name: names[at] ?? "",
      row: cells,
      capture:
        capture === null
          ? null
          : { id: capture.id, captured_at: capture.capturedAt, version: capture.version, content_hash: capture.contentHash },
      pointer,
      reads,
    })),
  };
}

/** The same for people. */
export function describeDifference({ row, left, right }: StoreDifference, names: readonly [string, string], out: Output): void {
  out.text(`first row that differs: ${row.target.name}  ${cellsText(row.key)}`);
  for (const [at, side] of [left, right].entries()) describeSide(names[at] ?? "", side, row.columns, out);
}

function describeSide(name: string, { row, capture, pointer, reads }: SideOfDifference, columns: readonly string[], out: Output): void {
  const origin =
    capture === null
      ? "no state of its document is applied"
      : `capture ${String(capture.id)} of ${capture.capturedAt}, version ${capture.version ?? "none"}, ${capture.contentHash.slice(0, 16)}…`;
  out.text(`${name}: ${origin}`);
  if (row === null) {
    out.text(`  no such row${pointer === null ? "" : `, although the capture has it at ${printable(pointer)}`}`);
    return;
  }
  out.text(`  element ${pointer === null ? "none: the capture has no such row" : printable(pointer === "" ? '""' : pointer)}`);
  for (const column of columns.length > 0 ? columns : Object.keys(row)) {
    out.text(`  ${column} = ${valueText(row[column] ?? null)}`);
    for (const read of reads.filter((candidate) => candidate.column === column))
      out.text(
        `      ${printable(read.pointer ?? "no entry")}  ${read.text === null ? "nothing there" : printable(read.text, LONGEST_VALUE)}`,
      );
  }
}

function cellsText(row: CanonicalRow): string {
  return Object.entries(row)
    .map(([column, value]) => `${column} ${valueText(value)}`)
    .join(", ");
}

function valueText(value: CanonicalValue): string {
  return value === null ? "NULL" : printable(typeof value === "string" ? JSON.stringify(value) : String(value), LONGEST_VALUE);
}
