import type { RawStore } from "../raw/raw-store.ts";
import type { JsonType } from "../raw/shape.ts";
import { type Example, exampleValues } from "./example-values.ts";
import { type PathEntry, type PathTable, type ShapeScope, isLeafType, readShapes } from "./shape-captures.ts";

/**
 * `new_path`, `new_container`: the path was in no known capture (or always null, for a container). `new_type`: a leaf type
 * that was never there. `container_changed`: an object, an array or a single value where only others of these were.
 * `vanished`: a leaf path that nearly all known captures have and no new one.
 */
export const DRIFT_KINDS = ["new_path", "new_container", "new_type", "container_changed", "vanished"] as const;
export type DriftKind = (typeof DRIFT_KINDS)[number];

/** Which captures are known; the others are new. */
export type Known =
  | { readonly by: "time"; /** Captured before this instant. */ readonly before: string }
  | { readonly by: "capture"; /** With this id or a smaller one. */ readonly upTo: number }
  /** Captured more than a day before the newest. */
  | { readonly by: "last-day" };

export interface Seen {
  readonly capture: number;
  readonly captured_at: string;
}

export interface DriftFinding {
  readonly kind: DriftKind;
  readonly path: string;
  /** JSON types that are new there; those that were there, of a vanished path. */
  readonly types: readonly JsonType[];
  /** JSON types in known captures. */
  readonly known_types: readonly JsonType[];
  /** Captures that have it: new ones, or known ones of a vanished path. */
  readonly captures: number;
  /** The first and the last of them by time. */
  readonly first: Seen;
  readonly last: Seen;
  readonly example: Example | null;
}

export interface DriftResult {
  /** What divides known and new captures: a time or a capture's id. */
  readonly since: string;
  readonly known: number;
  readonly fresh: number;
  /** New captures with a body that is known: they say nothing new, and nothing vanishes because of them. */
  readonly repeated: number;
  readonly skipped: number;
  readonly failed: number;
  /** By kind, then by path. */
  readonly findings: readonly DriftFinding[];
}

export interface DriftOptions {
  readonly known: Known;
  /** A leaf path vanishes only where at least this share of the known captures has it: 0.95. */
  readonly vanishedShare: number;
}

/** Compares the shapes of new captures with those of known ones. Bodies are read for the examples only. */
export async function findDrift(scope: ShapeScope, options: DriftOptions, { raw }: { readonly raw: RawStore }): Promise<DriftResult> {
  const { paths, captures } = await readShapes(raw, scope);
  const known = new Sightings(paths);
  const fresh = new Sightings(paths);
  const counts = { skipped: 0, failed: 0 };
  const divide = options.known.by === "last-day" ? await lastDay(captures()) : options.known;
  for await (const read of captures()) {
    if (read.kind !== "taken") {
      counts[read.kind]++;
      continue;
    }
    const { capture, shape } = read;
    const isKnown = divide.by === "time" ? capture.capturedAt < divide.before : capture.id <= divide.upTo;
    (isKnown ? known : fresh).add(capture.id, capture.capturedAt, capture.contentHash, shape.ids());
  }
  const repeated = fresh.bodies.filter((hash) => known.hashes.has(hash)).length;
  const drafts: Draft[] = [];
  // Nothing can be new where nothing is known.
  if (known.captures > 0 && fresh.captures > repeated)
    for (const entry of paths.entries) drafts.push(...compare(entry, known, fresh, options.vanishedShare));
  return {
    since: divide.by === "time" ? divide.before : `capture ${String(divide.upTo)}`,
    known: known.captures,
    fresh: fresh.captures,
    repeated,
    ...counts,
    findings: await completed(drafts, scope.table, raw),
  };
}

const DAY_MS = 86_400_000;

async function lastDay(captures: AsyncIterable<{ readonly capture: { readonly capturedAt: string } }>): Promise<Known & { by: "time" }> {
  let newest = "0001-01-02T00:00:00.000000Z";
  for await (const { capture } of captures) if (capture.capturedAt > newest) newest = capture.capturedAt;
  const before = new Date(Date.parse(newest) - DAY_MS).toISOString();
  return { by: "time", before: `${before.slice(0, 19)}.${newest.slice(20, 26)}Z` };
}

/** How often and when the pairs of a dictionary were in some captures. */
class Sightings {
  readonly #paths: PathTable;
  readonly #leaf: Uint8Array;
  readonly #counts: Uint32Array;
  readonly #first: Int32Array;
  readonly #last: Int32Array;
  /** By path: the last capture that was counted, and how many have the path at all, or a leaf there. */
  readonly #anyStamp: Int32Array;
  readonly #anyCount: Uint32Array;
  readonly #leafStamp: Int32Array;
  readonly #leafCount: Uint32Array;
  /** By the number of a capture here, from 1. */
  readonly #seen: Seen[] = [];
  readonly #times: number[] = [];
  readonly bodies: string[] = [];
  readonly hashes: Set<string> = new Set<string>();

  constructor(paths: PathTable) {
    this.#paths = paths;
    this.#leaf = new Uint8Array(paths.size);
    for (const { types } of paths.entries) for (const { id, type } of types) this.#leaf[id] = isLeafType(type) ? 1 : 0;
    const each = paths.entries.length;
    this.#counts = new Uint32Array(paths.size);
    this.#first = new Int32Array(paths.size);
    this.#last = new Int32Array(paths.size);
    this.#anyStamp = new Int32Array(each);
    this.#anyCount = new Uint32Array(each);
    this.#leafStamp = new Int32Array(each);
    this.#leafCount = new Uint32Array(each);
  }

  get captures(): number {
    return this.#seen.length;
  }

  add(capture: number, capturedAt: string, contentHash: string, ids: readonly number[]): void {
    const number = this.#seen.push({ capture, captured_at: capturedAt });
    const time = Date.parse(capturedAt) * 1000 + Number(capturedAt.slice(23, 26));
    this.#times.push(time);
    this.bodies.push(contentHash);
    this.hashes.add(contentHash);
    for (const id of ids) {
      const path = this.#paths.pathOf[id] ?? 0;
      this.#counts[id] = (this.#counts[id] ?? 0) + 1;
      const first = this.#first[id] ?? 0;
      if (first === 0 || time < (this.#times[first - 1] ?? 0)) this.#first[id] = number;
      const last = this.#last[id] ?? 0;
      if (last === 0 || time >= (this.#times[last - 1] ?? 0)) this.#last[id] = number;
      if (this.#anyStamp[path] !== number) {
        this.#anyStamp[path] = number;
        this.#anyCount[path] = (this.#anyCount[path] ?? 0) + 1;
      }
      if (this.#leaf[id] === 1 && this.#leafStamp[path] !== number) {
        this.#leafStamp[path] = number;
        this.#leafCount[path] = (this.#leafCount[path] ?? 0) + 1;
      }
    }
  }

  has(id: number): boolean {
    return (this.#counts[id] ?? 0) > 0;
  }

  /** Captures with this pair. */
  count(id: number): number {
    return this.#counts[id] ?? 0;
  }

  /** Captures with the path, whatever is there; with a leaf there. */
  pathCount(entry: PathEntry): { readonly any: number; readonly leaf: number } {
    const path = this.#paths.pathOf[entry.types[0]?.id ?? -1] ?? -1;
    return { any: this.#anyCount[path] ?? 0, leaf: this.#leafCount[path] ?? 0 };
  }

  /** The first and the last capture with any of these pairs. */
  between(ids: readonly number[]): { readonly first: Seen; readonly last: Seen } {
    const numbers = ids.flatMap((id) => [this.#first[id] ?? 0, this.#last[id] ?? 0]).filter((number) => number > 0);
    const ordered = numbers.toSorted((a, b) => (this.#times[a - 1] ?? 0) - (this.#times[b - 1] ?? 0) || a - b);
    const first = this.#seen[(ordered[0] ?? 0) - 1];
    const last = this.#seen[(ordered.at(-1) ?? 0) - 1];
    if (first === undefined || last === undefined) throw new RangeError("these pairs were in no capture");
    return { first, last };
  }
}

type Draft = Omit<DriftFinding, "example">;

function compare(entry: PathEntry, known: Sightings, fresh: Sightings, vanishedShare: number): readonly Draft[] {
  const before = entry.types.filter(({ id }) => known.has(id));
  const added = entry.types.filter(({ id }) => fresh.has(id) && !known.has(id));
  const names = (types: PathEntry["types"]): readonly JsonType[] => types.map(({ type }) => type);
  const draft = (kind: DriftKind, types: PathEntry["types"], captures: number, sightings: Sightings): Draft => ({
    kind,
    path: entry.path,
    types: names(types),
    known_types: names(before),
    captures,
    ...sightings.between(types.map(({ id }) => id)),
  });
  if (added.length > 0) {
    if (before.length === 0)
      return [draft(added.some(({ type }) => !isLeafType(type)) ? "new_container" : "new_path", added, fresh.pathCount(entry).any, fresh)];
    return added.map((one) => draft(changeKind(one.type, names(before)), [one], fresh.count(one.id), fresh));
  }
  const { leaf } = known.pathCount(entry);
  const isVanished = leaf > 0 && leaf >= vanishedShare * known.captures && fresh.pathCount(entry).any === 0;
  if (!isVanished) return [];
  return [
    draft(
      "vanished",
      before.filter(({ type }) => isLeafType(type)),
      leaf,
      known,
    ),
  ];
}

/** What a type is to a path where other types were known. */
function changeKind(type: JsonType, before: readonly JsonType[]): DriftKind {
  const kinds = new Set(before.filter((known) => known !== "null").map(containerKind));
  if (type === "null") return "new_type";
  if (kinds.size === 0) return isLeafType(type) ? "new_type" : "new_container";
  return kinds.has(containerKind(type)) ? "new_type" : "container_changed";
}

function containerKind(type: JsonType): "object" | "array" | "leaf" {
  return type === "object" || type === "array" ? type : "leaf";
}

/** With an example each: a value of a new type out of the first capture that has it, or the last value of what vanished. */
async function completed(drafts: readonly Draft[], table: string, raw: RawStore): Promise<readonly DriftFinding[]> {
  const ordered = drafts.toSorted(
    (a, b) => DRIFT_KINDS.indexOf(a.kind) - DRIFT_KINDS.indexOf(b.kind) || (a.path < b.path ? -1 : a.path > b.path ? 1 : 0),
  );
  const examples = await exampleValues(
    raw,
    table,
    ordered.map(({ kind, path, types, first, last }) => ({ path, types, capture: (kind === "vanished" ? last : first).capture })),
  );
  return ordered.map((draft, at) => ({ ...draft, example: examples[at] ?? null }));
}
