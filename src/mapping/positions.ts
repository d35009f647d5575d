/** From 1, both. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** How a text stands in the file, so that an offset inside its value can be found again. */
export interface WrittenText {
  readonly style: "plain" | "single" | "double" | "literal" | "folded";
  /** As it stands in the file, quotes and block header included. */
  readonly source: string;
  readonly value: string;
}

export interface WrittenEntry {
  readonly key: Place;
  readonly value: Place;
  /** Null where the value is no single value. */
  readonly text: WrittenText | null;
}

/** Where a list or a group of keys stands, and each of its parts. */
export interface WrittenContainer {
  readonly place: Place;
  readonly entries: ReadonlyMap<string | number, WrittenEntry>;
  /** What `for_each` put in for placeholders; empty outside of one. */
  readonly bindings: Bindings;
}

export type Bindings = Readonly<Record<string, string>>;
export const PLACEHOLDER: RegExp = /<([a-z_][a-z0-9_]*)>/g;

/** Remembers for every list and every group of keys of a spec where it was written; known by identity, so that it holds through `for_each`. */
export class Positions {
  readonly #written = new WeakMap<object, WrittenContainer>();

  record(container: object, written: WrittenContainer): void {
    this.#written.set(container, written);
  }

  /** Says that `copy` was made of `original` with these bindings. */
  derive(copy: object, original: object, bindings: Bindings): void {
    const written = this.#written.get(original);
    if (written !== undefined) this.#written.set(copy, { ...written, bindings });
  }

  /** Takes items out of a list, so that what follows keeps its place. */
  removeItems(list: unknown[], positions: ReadonlySet<number>): void {
    const written = this.#written.get(list);
    const kept = [...list.keys()].filter((position) => !positions.has(position));
    const entries = kept.flatMap((old, position): [number, WrittenEntry][] => {
      const entry = written?.entries.get(old);
      return entry === undefined ? [] : [[position, entry]];
    });
    if (written !== undefined) this.#written.set(list, { ...written, entries: new Map(entries) });
    list.splice(0, list.length, ...kept.map((position) => list[position]));
  }

  place(container: object): Place {
    return this.#written.get(container)?.place ?? { line: 1, column: 1 };
  }

  keyPlace(container: object, key: string | number): Place {
    return this.#written.get(container)?.entries.get(key)?.key ?? this.place(container);
  }

  /** Of a value, or of the character at `offset` inside its text. */
  valuePlace(container: object, key: string | number, offset = 0): Place {
    const written = this.#written.get(container);
    const entry = written?.entries.get(key);
    if (written === undefined || entry === undefined) return this.place(container);
    return entry.text === null
      ? entry.value
      : placeInside(entry.value, entry.text, offsetBefore(entry.text.value, written.bindings, offset));
  }

  /** The text of a value exactly as it stands in the file; null where it is no single value. */
  sourceText(container: object, key: string | number): string | null {
    return this.#written.get(container)?.entries.get(key)?.text?.source ?? null;
  }
}

/** The offset in the written text of a character of the text that placeholders were replaced in. */
function offsetBefore(written: string, bindings: Bindings, offset: number): number {
  let shift = 0;
  for (const match of written.matchAll(PLACEHOLDER)) {
    const [, name = ""] = match;
    // Of one that is unknown, and reported, the name stays without its brackets.
    const value = Object.hasOwn(bindings, name) ? (bindings[name] ?? "") : name;
    const start = match.index + shift;
    if (offset < start) break;
    if (offset < start + value.length) return match.index;
    shift += value.length - match[0].length;
  }
  return offset - shift;
}

function placeInside(start: Place, text: WrittenText, offset: number): Place {
  if (offset <= 0 && text.style !== "literal") return start;
  if (text.style === "literal") return placeInLiteral(start, text, offset);
  if (text.style === "folded" || text.source.includes("\n")) return start;
  return { line: start.line, column: start.column + sourceOffset(text, offset) };
}

function placeInLiteral(start: Place, text: WrittenText, offset: number): Place {
  const before = text.value.slice(0, offset).split("\n");
  const lines = text.source.split("\n").slice(1);
  const indentation = /^ */.exec(lines.find((line) => line.trim() !== "") ?? "")?.[0].length ?? 0;
  return { line: start.line + before.length, column: indentation + (before.at(-1)?.length ?? 0) + 1 };
}

function sourceOffset(text: WrittenText, offset: number): number {
  if (text.style === "plain") return offset;
  let at = 1;
  for (let value = 0; value < offset; value++) {
    if (text.style === "single") at += text.source[at] === "'" ? 2 : 1;
    else if (text.source[at] !== "\\") at += 1;
    else at += { x: 4, u: 6, U: 10 }[text.source[at + 1] ?? ""] ?? 2;
  }
  return at;
}
