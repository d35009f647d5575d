/** Paths of the mapping language, parsed. */

/** One step of a path: a named key, every item of an array (`[*]`), or every value of an object (`.*`). */
export type Step = { readonly kind: "key"; readonly key: string } | { readonly kind: "items" } | { readonly kind: "values" };

/** Where a reference starts: the row's element (`$`), n wildcard levels out (`parent`, `parent.parent`), the document, or a lookup by name. */
export type Root =
  | { readonly kind: "element" }
  | { readonly kind: "parent"; readonly levels: number }
  | { readonly kind: "document" }
  | { readonly kind: "lookup"; readonly name: string };

/** A reference to one JSON value as seen from a row: `$.about.inning`, `parent.parent.about.atBatIndex`, `player.fullName`. Keys only, no wildcard. */
export interface Reference {
  readonly root: Root;
  readonly keys: readonly string[];
}

/** A row source or an ignore path, always from a document's root (or an answer's, for `source.array_source`): `$.liveData.plays.allPlays[*].runners[*]`. */
export type Path = readonly Step[];
