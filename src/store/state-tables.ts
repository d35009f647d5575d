/** Raised when the state tables change: an older program refuses a newer store. A store of an older version gets the tables that it lacks. */
export const STATE_VERSION = 4;

type StateType = "text" | "texts" | "integer" | "bigint" | "instant";

interface StateColumn {
  readonly name: string;
  readonly type: StateType;
  /** Default: not null. */
  readonly nullable?: true;
  readonly default?: number;
}

export interface StateTable {
  readonly name: string;
  readonly comment: string;
  readonly columns: readonly StateColumn[];
  readonly primaryKey: readonly string[];
}

/** The state tables: name, columns, what they are for. `raw_id` is the id of a capture in its raw table. */
export const STATE_TABLES: readonly StateTable[] = [
  {
    name: "store",
    comment: "Version of the state tables. One row",
    columns: [{ name: "version", type: "integer" }],
    primaryKey: [],
  },
  {
    name: "as_of",
    comment: "The time as of which this store holds its tables: those of the captures until then. No row in a live store",
    columns: [{ name: "known_until", type: "instant" }],
    primaryKey: [],
  },
  {
    name: "targets",
    comment: "Which mapping fills which table: a target belongs to one mapping. One row per table",
    columns: [
      { name: "table_name", type: "text" },
      { name: "mapping", type: "text" },
    ],
    primaryKey: ["table_name"],
  },
  {
    name: "migrations",
    comment:
      "What was done to the tables of each mapping. kind transform, apply or rebuild: the command. schema_json: tables, columns and document key as they were left, schema_hash its SHA-256. Since version 3",
    columns: [
      { name: "number", type: "bigint" },
      { name: "mapping", type: "text" },
      { name: "kind", type: "text" },
      { name: "statements", type: "texts" },
      { name: "schema_json", type: "text" },
      { name: "schema_hash", type: "text" },
      { name: "applied_at", type: "instant" },
    ],
    primaryKey: ["number"],
  },
  {
    name: "documents",
    comment: "The state of each document that is applied, also when it has no rows. One row per mapping and document",
    columns: [
      { name: "mapping", type: "text" },
      { name: "document_key", type: "text" },
      { name: "version", type: "text", nullable: true },
      { name: "captured_at", type: "instant" },
      { name: "content_hash", type: "text" },
      { name: "request", type: "text" },
      { name: "raw_id", type: "bigint" },
      { name: "position", type: "text" },
      { name: "fingerprint", type: "text" },
      { name: "run_id", type: "text" },
      { name: "applied_at", type: "instant" },
    ],
    primaryKey: ["mapping", "document_key"],
  },
  {
    name: "runs",
    comment: "One row per run, with its counts of documents. Written with each slice",
    columns: [
      { name: "run_id", type: "text" },
      { name: "mapping", type: "text" },
      { name: "fingerprint", type: "text" },
      { name: "mode", type: "text" },
      { name: "engine", type: "text" },
      { name: "status", type: "text" },
      { name: "host", type: "text" },
      { name: "pid", type: "bigint" },
      { name: "started_at", type: "instant" },
      { name: "finished_at", type: "instant", nullable: true },
      { name: "options", type: "text" },
      { name: "selected", type: "bigint", default: 0 },
      { name: "applied", type: "bigint", default: 0 },
      { name: "unchanged", type: "bigint", default: 0 },
      { name: "stale", type: "bigint", default: 0 },
      { name: "quarantined", type: "bigint", default: 0 },
      { name: "failed_states", type: "bigint", default: 0 },
      { name: "failed_captures", type: "bigint", default: 0 },
      { name: "bad_values", type: "bigint", default: 0 },
      { name: "warnings", type: "bigint", default: 0 },
      { name: "exit", type: "integer", nullable: true },
      { name: "error", type: "text", nullable: true },
    ],
    primaryKey: ["run_id"],
  },
  {
    name: "run_targets",
    comment: "Counts of rows of each run and target: rows_in = inserted + updated + unchanged + stale + quarantined; deleted apart",
    columns: [
      { name: "run_id", type: "text" },
      { name: "target", type: "text" },
      { name: "rows_in", type: "bigint" },
      { name: "inserted", type: "bigint" },
      { name: "updated", type: "bigint" },
      { name: "unchanged", type: "bigint" },
      { name: "deleted", type: "bigint" },
      { name: "stale", type: "bigint" },
      { name: "quarantined", type: "bigint" },
    ],
    primaryKey: ["run_id", "target"],
  },
  {
    name: "run_slices",
    comment:
      "How many slices of each run are written: a slice whose commit was not heard of is written once. One row per run. Since version 4",
    columns: [
      { name: "run_id", type: "text" },
      { name: "slices", type: "bigint" },
    ],
    primaryKey: ["run_id"],
  },
  {
    name: "streams",
    comment:
      "How far each stream has come, and whose it is. position: of raw, null at the beginning. token goes up with each owner: who has an older one writes nothing. One row per mapping. Since version 4",
    columns: [
      { name: "name", type: "text" },
      { name: "fingerprint", type: "text", nullable: true },
      { name: "position", type: "text", nullable: true },
      { name: "captures", type: "bigint" },
      { name: "checkpoint_at", type: "instant", nullable: true },
      { name: "token", type: "bigint" },
      { name: "owner", type: "text", nullable: true },
      { name: "session", type: "text", nullable: true },
      { name: "lease_until", type: "instant", nullable: true },
    ],
    primaryKey: ["name"],
  },
  {
    name: "quarantine",
    comment:
      "Why states of documents failed. kind rule: a rule of severity error; fail: any other reason. status open: not tried again under the same fingerprint; retried: to be tried again; resolved: a newer or the same state was applied since",
    columns: [
      { name: "mapping", type: "text" },
      { name: "document_key", type: "text" },
      { name: "raw_id", type: "bigint" },
      { name: "position", type: "text" },
      { name: "version", type: "text", nullable: true },
      { name: "captured_at", type: "instant" },
      { name: "content_hash", type: "text" },
      { name: "request", type: "text" },
      { name: "fingerprint", type: "text" },
      { name: "kind", type: "text" },
      { name: "target", type: "text", nullable: true },
      { name: "rule", type: "text" },
      { name: "column_name", type: "text", nullable: true },
      { name: "pointer", type: "text" },
      { name: "value", type: "text", nullable: true },
      { name: "run_id", type: "text" },
      { name: "recorded_at", type: "instant" },
      { name: "status", type: "text" },
    ],
    primaryKey: [],
  },
  {
    name: "bad_values",
    comment: "Values of the applied states that their columns do not take: NULL in the row, the text here",
    columns: [
      { name: "mapping", type: "text" },
      { name: "document_key", type: "text" },
      { name: "raw_id", type: "bigint" },
      { name: "target", type: "text", nullable: true },
      { name: "rule", type: "text" },
      { name: "column_name", type: "text", nullable: true },
      { name: "pointer", type: "text" },
      { name: "value", type: "text", nullable: true },
      { name: "run_id", type: "text" },
      { name: "recorded_at", type: "instant" },
    ],
    primaryKey: [],
  },
  {
    name: "warnings",
    comment: "Rules of severity warn that the applied states do not keep",
    columns: [
      { name: "mapping", type: "text" },
      { name: "document_key", type: "text" },
      { name: "raw_id", type: "bigint" },
      { name: "target", type: "text", nullable: true },
      { name: "rule", type: "text" },
      { name: "pointer", type: "text" },
      { name: "value", type: "text", nullable: true },
      { name: "run_id", type: "text" },
      { name: "recorded_at", type: "instant" },
    ],
    primaryKey: [],
  },
];

/** A state table by its name. */
function stateTable(name: string): StateTable {
  const table = STATE_TABLES.find((candidate) => candidate.name === name);
  if (table === undefined) throw new Error(`no state table ${name}`);
  return table;
}

/** The columns of a state table, as SQL. */
export function columnList(table: string): string {
  return stateTable(table)
    .columns.map(({ name }) => name)
    .join(", ");
}

/** SQL after an INSERT: a row whose key is there is written over. */
export function writeReplace(table: string): string {
  const { columns, primaryKey } = stateTable(table);
  const others = columns.filter(({ name }) => !primaryKey.includes(name)).map(({ name }) => `${name} = excluded.${name}`);
  return `ON CONFLICT (${primaryKey.join(", ")}) DO UPDATE SET ${others.join(", ")}`;
}

/** The columns of a CREATE TABLE, as SQL. `textType`: of a text that compares by code point. */
export function writeStateColumns({ columns, primaryKey }: StateTable, textType: string): string {
  const types: Readonly<Record<StateType, string>> = {
    text: textType,
    texts: "VARCHAR[]",
    integer: "INTEGER",
    bigint: "BIGINT",
    instant: "TIMESTAMPTZ",
  };
  const parts = columns.map(
    ({ name, type, nullable, default: byDefault }) =>
      `${name} ${types[type]}${nullable === true ? "" : " NOT NULL"}${byDefault === undefined ? "" : ` DEFAULT ${String(byDefault)}`}`,
  );
  return [...parts, ...(primaryKey.length === 0 ? [] : [`PRIMARY KEY (${primaryKey.join(", ")})`])].join(", ");
}
