import type { Session } from "../../postgres/session.ts";
import { quoteText } from "../../sql/quote.ts";

/** What all raw tables of a database share, in the state schema. The owner of a database makes it; rights are granted by a script of roles. */

/** Rows of months that have no partition; each text is one statement. */
const TABLES: readonly { readonly name: string; readonly comment: string; readonly columns: string }[] = [
  {
    name: "raw_tables",
    comment: "Tables of captures: schema and name as <endpoint>.<method>",
    columns: `name TEXT COLLATE "C" PRIMARY KEY, created_at TIMESTAMPTZ NOT NULL DEFAULT now()`,
  },
  {
    name: "shape_paths",
    comment:
      "Dictionaries of the shapes: paths and JSON types that were met in the bodies of a raw table. A number means the same for ever; `shape` of a capture is a bitset of them",
    columns: `raw_table TEXT COLLATE "C" NOT NULL REFERENCES mlb.raw_tables, number INTEGER NOT NULL, path TEXT COLLATE "C" NOT NULL, type TEXT COLLATE "C" NOT NULL, PRIMARY KEY (raw_table, number)`,
  },
  {
    name: "document_sources",
    comment:
      "What document indexes are of. fingerprint: what a mapping reads of a capture to name its documents; every capture of a transaction before complete_before is indexed",
    columns: `id INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY, fingerprint TEXT COLLATE "C" NOT NULL UNIQUE, mapping TEXT COLLATE "C" NOT NULL, raw_table TEXT COLLATE "C" NOT NULL REFERENCES mlb.raw_tables, complete_before XID8 NOT NULL DEFAULT '0'`,
  },
  {
    name: "document_index",
    comment:
      "Which capture holds which document, with version and date. A capture without documents has one row without a key. Derived from raw: rows may be removed with those of document_sources, and are made again",
    columns:
      `source INTEGER NOT NULL REFERENCES mlb.document_sources ON DELETE CASCADE, raw_id BIGINT NOT NULL, position TEXT COLLATE "C" NOT NULL, document_key TEXT COLLATE "C", ` +
      `version TEXT COLLATE "C", captured_at TIMESTAMPTZ NOT NULL, content_hash TEXT COLLATE "C" NOT NULL, request TEXT COLLATE "C" NOT NULL, bytes BIGINT NOT NULL, document_date DATE, problem TEXT, ` +
      `xid XID8 NOT NULL DEFAULT pg_current_xact_id(), PRIMARY KEY (source, raw_id, position)`,
  },
];

const FUNCTIONS: readonly { readonly signature: string; readonly comment: string; readonly text: string }[] = [
  {
    signature: "read_jsonb(text)",
    comment: "A JSON text as JSONB, or why JSONB does not take it",
    text: `CREATE OR REPLACE FUNCTION mlb.read_jsonb(body text, OUT data jsonb, OUT problem text)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  data := body::jsonb;
EXCEPTION WHEN OTHERS THEN -- whatever it is: the body is stored
  problem := SQLERRM;
END $$`,
  },
  {
    signature: "read_date(text)",
    comment: "A day as YYYY-MM-DD; NULL for anything else",
    text: `CREATE OR REPLACE FUNCTION mlb.read_date(value text) RETURNS date
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF value !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' THEN RETURN NULL; END IF;
  RETURN make_date(substr(value, 1, 4)::int, substr(value, 6, 2)::int, substr(value, 9, 2)::int);
EXCEPTION WHEN data_exception THEN
  RETURN NULL;
END $$`,
  },
  {
    signature: "refuse_change()",
    comment: "Captures are append-only",
    text: `CREATE OR REPLACE FUNCTION mlb.refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION '% of %.% is refused: captures are append-only', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$`,
  },
  {
    signature: "make_raw_partition(text, date)",
    comment:
      "Makes the partition of a raw table for a month, with the owner's rights. Where rows of that month lie in the default partition already, they and those to come stay there",
    text: `CREATE OR REPLACE FUNCTION mlb.make_raw_partition(raw_table text, month date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  parent_schema text := split_part(raw_table, '.', 1);
  parent text := split_part(raw_table, '.', 2);
  first_day date := make_date(extract(year FROM month)::int, extract(month FROM month)::int, 1);
  part text := CASE WHEN length(parent) <= 55 THEN parent ELSE left(parent, 46) || '_' || to_hex(hashtext(parent)) END || to_char(first_day, '_YYYY_MM');
BEGIN
  IF NOT EXISTS (SELECT FROM mlb.raw_tables WHERE name = raw_table) THEN
    RAISE EXCEPTION '% is no raw table', raw_table USING ERRCODE = 'undefined_table';
  END IF;
  IF first_day < DATE '0001-01-01' OR first_day > DATE '9999-12-01' THEN
    RAISE EXCEPTION '% is no month of a capture', month USING ERRCODE = 'datetime_field_overflow';
  END IF;
  IF to_regclass(format('%I.%I', parent_schema, part)) IS NOT NULL THEN RETURN; END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('mlb raw partitions ' || raw_table, 0));
  IF to_regclass(format('%I.%I', parent_schema, part)) IS NOT NULL THEN RETURN; END IF;
  -- Attaching a table takes a weaker lock of the parent than making a partition does: readers go on.
  EXECUTE format('CREATE TABLE %I.%I (LIKE %I.%I INCLUDING ALL)', parent_schema, part, parent_schema, parent);
  EXECUTE format('ALTER TABLE %I.%I ATTACH PARTITION %I.%I FOR VALUES FROM (%L) TO (%L)', parent_schema, parent, parent_schema, part,
    to_char(first_day, 'YYYY-MM-DD') || ' 00:00:00+00', to_char(first_day + INTERVAL '1 month', 'YYYY-MM-DD') || ' 00:00:00+00');
  EXECUTE format('CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON %I.%I FOR EACH STATEMENT EXECUTE FUNCTION mlb.refuse_change()', parent_schema, part);
EXCEPTION WHEN check_violation THEN
  -- What was made is undone; the default partition is watched.
  RETURN;
END $$`,
  },
];

/** Whether this database has captures, or had some made ready for it. */
export async function hasRawSchema(session: Session): Promise<boolean> {
  const [row] = await session.rows(
    "SELECT to_regclass('mlb.raw_tables') IS NOT NULL AND to_regclass('mlb.document_index') IS NOT NULL AS known",
  );
  return row?.["known"] === true;
}

/** Makes what all raw tables share where it is not there. Inside a transaction. */
export async function prepareRawSchema(session: Session): Promise<void> {
  await session.run("SELECT pg_advisory_xact_lock(hashtextextended('mlb state', 0))");
  if (await hasRawSchema(session)) return;
  await session.run("CREATE SCHEMA IF NOT EXISTS mlb");
  for (const { name, comment, columns } of TABLES) {
    await session.run(`CREATE TABLE IF NOT EXISTS mlb.${name} (${columns})`);
    await session.run(`COMMENT ON TABLE mlb.${name} IS ${quoteText(comment)}`);
  }
  for (const { signature, comment, text } of FUNCTIONS) {
    await session.run(text);
    await session.run(`COMMENT ON FUNCTION mlb.${signature} IS ${quoteText(comment)}`);
    await session.run(`REVOKE ALL ON FUNCTION mlb.${signature} FROM PUBLIC`);
  }
}
