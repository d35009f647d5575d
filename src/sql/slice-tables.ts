/** Names of the tables of one slice: temporary, private to one connection, filled stage by stage. */
export const SLICE_TABLES = {
  /** `capture BIGINT, body BLOB`: the bodies as they are, each once. */
  bodies: "slice_bodies",
  /** `$slot INTEGER, $capture BIGINT, $position VARCHAR, $captured_at TIMESTAMPTZ, $p0 VARCHAR …`: the documents to shred. */
  slots: "slice_slots",
  /** One row for each slot: all that is read at document level and above, the typed document columns, the flags. */
  documents: "slice_documents",
} as const;

/** The rows of one target, typed, with flags. */
export function targetTable(target: number): string {
  return `slice_target_${String(target)}`;
}

/** The entries of one lookup table: `$slot, $container, $is_first, $entry (key or position), $v… …`. */
export function lookupTable(table: number): string {
  return `slice_lookup_${String(table)}`;
}

/** Columns that slice tables have beside those of a mapping. `$` keeps them apart: no column of a mapping starts with it. */
export const SLICE_COLUMNS = {
  slot: "$slot",
  capture: "$capture",
  /** Where in its answer the document is: array positions and keys joined by `,`; empty where the answer is the document. */
  position: "$position",
  capturedAt: "$captured_at",
  /** A verdict of the row fails its document. */
  fails: "$fails",
  /** A bad value became NULL. */
  bads: "$bads",
  /** A rule of severity warn does not hold. */
  warns: "$warns",
} as const;

export function parameterColumn(parameter: number): string {
  return `$p${String(parameter)}`;
}

/** The array position or the object key at a level, counted from the answer's root (0). */
export function positionColumn(level: number): string {
  return `$at${String(level)}`;
}

/** One statement of a slice: what `explain` prints and the engine runs. */
export interface Stage {
  readonly name: string;
  readonly sql: string;
}

/** A statement that fills a table of the slice, which is made once and emptied after each slice. */
export interface TableStage extends Stage {
  readonly table: string;
  /** Its columns with their types, as SQL. */
  readonly columns: readonly string[];
}

/** The stage that fills a table by a select. */
export function tableStage(name: string, table: string, columns: readonly string[], select: string): TableStage {
  return { name, table, columns, sql: `INSERT INTO ${table} ${select}` };
}
