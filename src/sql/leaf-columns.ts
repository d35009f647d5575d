/** Names for the values read at each level of a slice: the same place has the same column, in the order of asking. */
export class LeafColumns {
  readonly #byPlace = new Map<string, LeafColumn>();

  /** The column of a value, made at the first asking. `level` counts from the answer's root (0). */
  at(level: number, keys: readonly string[], kind: "text" | "json"): LeafColumn {
    const place = `${String(level)} ${kind} ${keys.join("\u0000")}`;
    const known = this.#byPlace.get(place);
    if (known !== undefined) return known;
    const made = { name: `$v${String(level)}_${String(this.#byPlace.size)}`, level, keys, kind };
    this.#byPlace.set(place, made);
    return made;
  }

  ofLevel(level: number, kind?: "text" | "json"): readonly LeafColumn[] {
    return [...this.#byPlace.values()].filter((leaf) => leaf.level === level && (kind === undefined || leaf.kind === kind));
  }
}

export interface LeafColumn {
  readonly name: string;
  readonly level: number;
  readonly keys: readonly string[];
  readonly kind: "text" | "json";
}
