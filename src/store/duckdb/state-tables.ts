/** Raised when the state tables change: an older program refuses a newer store. A store of an older version gets the tables that it lacks. */
export const STATE_VERSION = 3;

/** The state tables: name, columns, what they are for. `raw_id` is the id of a capture in its raw table. */
export const STATE_TABLES: readonly { readonly name: string; readonly comment: string; readonly columns: string }[] = [
  {
    name: "store",
    comment: "Version of the state tables. One row",
    columns: "version INTEGER NOT NULL",
  },
  {
    name: "as_of",
    comment: "The time as of which this store holds its tables: those of the captures until then. No row in a live store",
    columns: "known_until TIMESTAMPTZ NOT NULL",
  },
  {
    name: "targets",
    comment: "Which mapping fills which table: a target belongs to one mapping. One row per table",
    columns: "table_name VARCHAR PRIMARY KEY, mapping VARCHAR NOT NULL",
  },
  {
    name: "migrations",
    comment:
      "What was done to the tables of each mapping. kind transform, apply or rebuild: the command. schema_json: tables, columns and document key as they were left, schema_hash its SHA-256. Since version 3",
    columns:
      "number BIGINT PRIMARY KEY, mapping VARCHAR NOT NULL, kind VARCHAR NOT NULL, statements VARCHAR[] NOT NULL, schema_json VARCHAR NOT NULL, schema_hash VARCHAR NOT NULL, applied_at TIMESTAMPTZ NOT NULL",
  },
  {
    name: "documents",
    comment: "The state of each document that is applied, also when it has no rows. One row per mapping and document",
    columns:
      "mapping VARCHAR NOT NULL, document_key VARCHAR NOT NULL, version VARCHAR, captured_at TIMESTAMPTZ NOT NULL, content_hash VARCHAR NOT NULL, request VARCHAR NOT NULL, " +
      "raw_id BIGINT NOT NULL, position VARCHAR NOT NULL, fingerprint VARCHAR NOT NULL, run_id VARCHAR NOT NULL, applied_at TIMESTAMPTZ NOT NULL, PRIMARY KEY (mapping, document_key)",
  },
  {
    name: "runs",
    comment: "One row per run, with its counts of documents. Written with each slice",
    columns:
      "run_id VARCHAR PRIMARY KEY, mapping VARCHAR NOT NULL, fingerprint VARCHAR NOT NULL, mode VARCHAR NOT NULL, engine VARCHAR NOT NULL, status VARCHAR NOT NULL, " +
      "host VARCHAR NOT NULL, pid BIGINT NOT NULL, started_at TIMESTAMPTZ NOT NULL, finished_at TIMESTAMPTZ, options VARCHAR NOT NULL, selected BIGINT NOT NULL DEFAULT 0, applied BIGINT NOT NULL DEFAULT 0, " +
      "unchanged BIGINT NOT NULL DEFAULT 0, stale BIGINT NOT NULL DEFAULT 0, quarantined BIGINT NOT NULL DEFAULT 0, failed_states BIGINT NOT NULL DEFAULT 0, " +
      "failed_captures BIGINT NOT NULL DEFAULT 0, bad_values BIGINT NOT NULL DEFAULT 0, warnings BIGINT NOT NULL DEFAULT 0, exit INTEGER, error VARCHAR",
  },
  {
    name: "run_targets",
    comment: "Counts of rows of each run and target: rows_in = inserted + updated + unchanged + stale + quarantined; deleted apart",
    columns:
      "run_id VARCHAR NOT NULL, target VARCHAR NOT NULL, rows_in BIGINT NOT NULL, inserted BIGINT NOT NULL, updated BIGINT NOT NULL, unchanged BIGINT NOT NULL, " +
      "deleted BIGINT NOT NULL, stale BIGINT NOT NULL, quarantined BIGINT NOT NULL, PRIMARY KEY (run_id, target)",
  },
  {
    name: "quarantine",
    comment:
      "Why states of documents failed. kind rule: a rule of severity error; fail: any other reason. status open: not tried again under the same fingerprint; retried: to be tried again; resolved: a newer or the same state was applied since",
    columns:
      "mapping VARCHAR NOT NULL, document_key VARCHAR NOT NULL, raw_id BIGINT NOT NULL, position VARCHAR NOT NULL, version VARCHAR, captured_at TIMESTAMPTZ NOT NULL, " +
      "content_hash VARCHAR NOT NULL, request VARCHAR NOT NULL, fingerprint VARCHAR NOT NULL, kind VARCHAR NOT NULL, target VARCHAR, rule VARCHAR NOT NULL, column_name VARCHAR, pointer VARCHAR NOT NULL, value VARCHAR, " +
      "run_id VARCHAR NOT NULL, recorded_at TIMESTAMPTZ NOT NULL, status VARCHAR NOT NULL",
  },
  {
    name: "bad_values",
    comment: "Values of the applied states that their columns do not take: NULL in the row, the text here",
    columns:
      "mapping VARCHAR NOT NULL, document_key VARCHAR NOT NULL, raw_id BIGINT NOT NULL, target VARCHAR, rule VARCHAR NOT NULL, column_name VARCHAR, pointer VARCHAR NOT NULL, " +
      "value VARCHAR, run_id VARCHAR NOT NULL, recorded_at TIMESTAMPTZ NOT NULL",
  },
  {
    name: "warnings",
    comment: "Rules of severity warn that the applied states do not keep",
    columns:
      "mapping VARCHAR NOT NULL, document_key VARCHAR NOT NULL, raw_id BIGINT NOT NULL, target VARCHAR, rule VARCHAR NOT NULL, pointer VARCHAR NOT NULL, value VARCHAR, " +
      "run_id VARCHAR NOT NULL, recorded_at TIMESTAMPTZ NOT NULL",
  },
];
