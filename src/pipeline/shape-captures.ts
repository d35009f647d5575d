import type { Expression } from "../mapping/expression.ts";
import type { Capture } from "../raw/capture.ts";
import type { RawStore } from "../raw/raw-store.ts";
import { type JsonType, type ShapeDictionary, type ShapeSet, decodeShape } from "../raw/shape.ts";
import { holdsFilter } from "./source-filter.ts";

/** Which captures are looked at: all of a raw table, or those that a mapping takes. */
export interface ShapeScope {
  readonly table: string;
  /** A mapping's `source.filter`; null takes all. */
  readonly filter: Expression | null;
}

/** A capture with its shape; `shape` is null where the body failed. `skipped`: the mapping does not take it. */
export type ShapedCapture =
  | { readonly kind: "taken"; readonly capture: Capture; readonly shape: ShapeSet }
  | { readonly kind: "failed" | "skipped"; readonly capture: Capture };

/** The captures that there are now, without their bodies, and the paths that their shapes refer to. */
export interface ShapeReading {
  readonly paths: PathTable;
  readonly captures: () => AsyncGenerator<ShapedCapture>;
}

export async function readShapes(raw: RawStore, scope: ShapeScope): Promise<ShapeReading> {
  // The dictionary is read after the last capture that refers to it.
  const lastId = await raw.lastId(scope.table);
  const dictionary = await raw.dictionary(scope.table);
  return { paths: new PathTable(dictionary), captures: () => shapedCaptures(raw, scope, lastId) };
}

async function* shapedCaptures(raw: RawStore, { table, filter }: ShapeScope, lastId: number): AsyncGenerator<ShapedCapture> {
  for await (const capture of raw.captures(table)) {
    if (capture.id > lastId) return;
    if (filter !== null && !holdsFilter(filter, capture.parameters)) yield { kind: "skipped", capture };
    else if (capture.shape === null || capture.failure !== null) yield { kind: "failed", capture };
    else yield { kind: "taken", capture, shape: decodeShape(capture.shape) };
  }
}

/** One path of a dictionary with the types that were ever met there. */
export interface PathEntry {
  readonly path: string;
  readonly types: readonly { readonly id: number; readonly type: JsonType }[];
}

/** A dictionary by path: which numbers are of one path. */
export class PathTable {
  readonly entries: readonly PathEntry[];
  /** Number of pairs. */
  readonly size: number;
  /** For each pair, the position of its path in `entries`. */
  readonly pathOf: Int32Array;

  constructor(dictionary: ShapeDictionary) {
    this.size = dictionary.size;
    this.pathOf = new Int32Array(dictionary.size);
    const positions = new Map<string, number>();
    const entries: { path: string; types: { id: number; type: JsonType }[] }[] = [];
    for (const [id, { path, type }] of dictionary.entries.entries()) {
      const position = positions.get(path) ?? entries.push({ path, types: [] }) - 1;
      positions.set(path, position);
      entries[position]?.types.push({ id, type });
      this.pathOf[id] = position;
    }
    this.entries = entries;
  }
}

/** A leaf is what is neither object nor array: an empty container is none. */
export function isLeafType(type: JsonType): boolean {
  return type !== "object" && type !== "array";
}
