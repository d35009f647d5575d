import { sha256Hex } from "../../core/hash.ts";
import type { Session } from "../../postgres/session.ts";
import type { RawKeyColumn } from "../../sql/postgres-key-columns.ts";
import { quoteName, quoteText } from "../../sql/quote.ts";
import { sqlText } from "../../sql/sql-value.ts";
import { prepareRawSchema } from "./raw-schema.ts";

/** The columns of a raw table, in the order of `INSERT`. `id` and `xid` come with them. */
const COLUMNS: readonly (readonly [name: string, definition: string, comment: string])[] = [
  ["captured_at", "TIMESTAMPTZ NOT NULL", "When the answer was captured"],
  ["request", `TEXT COLLATE "C" NOT NULL`, "The effective parameters as one text, sorted: which request of the method it was"],
  ["parameters", "JSONB", "The same, to be asked. NULL where JSONB does not take them"],
  ["url", "TEXT", "What was called; NULL where nobody knows it"],
  ["status", "INTEGER", "HTTP status; NULL where nobody knows it"],
  ["kind", "TEXT NOT NULL CHECK (kind IN ('answer', 'derived'))", "answer: what the API said; derived: made of captured patches"],
  ["content_hash", `TEXT COLLATE "C" NOT NULL CHECK (content_hash ~ '^[0-9a-f]{64}$')`, "SHA-256 of the bytes received"],
  ["bytes", "BIGINT NOT NULL", "Size of the body as received"],
  ["shape", "TEXT", "Which paths of mlb.shape_paths are in the body; NULL for a failed capture"],
  ["failure_code", "TEXT", "Why the body is no document; NULL where it may become one"],
  ["failure_message", "TEXT", "The same in words"],
  ["failure_place", "TEXT", "Where, as JSON: {pointer, offset}"],
  ["body", "BYTEA", "The bytes received, gzip; NULL where body_of has them"],
  ["body_of", "BIGINT", "Id of the first capture with the same bytes, which has them"],
  [
    "data",
    "JSONB",
    "The body, to be asked: key order and number texts are not kept. NULL for a failed capture, and where data_problem says why",
  ],
  ["data_problem", "TEXT", "Why JSONB does not take the body, which is a document all the same"],
];

/** The columns that hold a capture, without its body, as `captureOf` reads them. */
export const INSERT_COLUMNS: readonly string[] = COLUMNS.map(([name]) => name);

const RESERVED: ReadonlySet<string> = new Set(["id", "xid", ...INSERT_COLUMNS]);

/** `"game"."live_game_v1"` of a checked name. */
export function quoteTable(table: string): string {
  return table.split(".").map(quoteName).join(".");
}

/** The name of a key column in its raw table, which has columns of its own. */
function columnName({ name }: RawKeyColumn): string {
  return RESERVED.has(name) ? `key_${name}` : name;
}

/**
 * Makes a raw table with its default partition, where it is not there, and the columns of keys that it lacks as long as it is empty: later they would rewrite
 * all of it. Inside a transaction.
 */
export async function prepareRawTable(session: Session, table: string, keyColumns: readonly RawKeyColumn[]): Promise<void> {
  await prepareRawSchema(session);
  const [known] = await session.rows("SELECT 1 FROM mlb.raw_tables WHERE name = $1", [table]);
  if (known === undefined) await createRawTable(session, table);
  const lacking = await missingKeyColumns(session, table, keyColumns);
  if (lacking.length === 0) return;
  const name = quoteTable(table);
  const [captured] = await session.rows(`SELECT 1 FROM ${name} LIMIT 1`);
  if (captured !== undefined) return;
  for (const column of lacking) await session.run(writeKeyColumn(table, column));
  await session.run(`CREATE INDEX ON ${name} (${lacking.map((column) => quoteName(column.name)).join(", ")}, captured_at)`);
}

/** The statement that adds a column of a key. It rewrites the table. */
export function writeKeyColumn(table: string, { name, type, expression }: RawKeyColumn): string {
  return `ALTER TABLE ${quoteTable(table)} ADD COLUMN ${quoteName(name)} ${type} GENERATED ALWAYS AS (${expression}) STORED`;
}

/** The columns of keys that a raw table lacks, by the names that they have there. */
export async function missingKeyColumns(
  session: Session,
  table: string,
  keyColumns: readonly RawKeyColumn[],
): Promise<readonly RawKeyColumn[]> {
  const rows = await session.rows(
    "SELECT attname::text AS name FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped",
    [quoteTable(table)],
  );
  const known = new Set(rows.map((row) => sqlText(row["name"])));
  return keyColumns.map((column) => ({ ...column, name: columnName(column) })).filter(({ name }) => !known.has(name));
}

async function createRawTable(session: Session, table: string): Promise<void> {
  const name = quoteTable(table);
  const [schema = "", method = ""] = table.split(".");
  await session.run(`CREATE SCHEMA IF NOT EXISTS ${quoteName(schema)}`);
  await session.run(
    `CREATE TABLE ${name} (id BIGSERIAL, ${COLUMNS.map(([column, definition]) => `${column} ${definition}`).join(", ")}, ` +
      `xid XID8 NOT NULL DEFAULT pg_current_xact_id(), PRIMARY KEY (id, captured_at), CHECK ((body IS NULL) <> (body_of IS NULL)), ` +
      `CHECK ((failure_code IS NULL) = (shape IS NOT NULL))) PARTITION BY RANGE (captured_at)`,
  );
  // gzip cannot be compressed; lz4 is there in most servers and takes JSONB several times faster than pglz.
  await session.run(`ALTER TABLE ${name} ALTER COLUMN body SET STORAGE EXTERNAL`);
  await session.run(
    `DO $do$ BEGIN ALTER TABLE ${name} ALTER COLUMN data SET COMPRESSION lz4; EXCEPTION WHEN feature_not_supported THEN NULL; END $do$`,
  );
  // A request may be longer than an index takes.
  await session.run(`CREATE UNIQUE INDEX ON ${name} (content_hash, captured_at, hashtextextended(request, 0))`);
  await session.run(`CREATE INDEX ON ${name} (xid)`);
  await session.run(
    `COMMENT ON TABLE ${name} IS ${quoteText(`Captures of ${table}, as received. Append-only; partitioned by the month of captured_at, UTC`)}`,
  );
  for (const [column, , comment] of COLUMNS) await session.run(`COMMENT ON COLUMN ${name}.${column} IS ${quoteText(comment)}`);
  await session.run(
    `COMMENT ON COLUMN ${name}.xid IS 'Transaction that stored it: readers that come again wait for those that are under way'`,
  );
  // Rows' triggers are partitions' too, those of statements are not.
  await session.run(`CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ${name} FOR EACH ROW EXECUTE FUNCTION mlb.refuse_change()`);
  const byDefault = `${quoteName(schema)}.${quoteName(defaultPartition(method))}`;
  await session.run(`CREATE TABLE ${byDefault} PARTITION OF ${name} DEFAULT`);
  for (const each of [name, byDefault])
    await session.run(
      `CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON ${each} FOR EACH STATEMENT EXECUTE FUNCTION mlb.refuse_change()`,
    );
  await session.run("INSERT INTO mlb.raw_tables (name) VALUES ($1)", [table]);
}

/** A method's name may be as long as a table's: 63 characters. */
function defaultPartition(method: string): string {
  return `${method.length <= 55 ? method : `${method.slice(0, 46)}_${sha256Hex(method).slice(0, 8)}`}_default`;
}
