import type { Session } from "../../postgres/session.ts";
import { sqlText } from "../../sql/sql-value.ts";
import { JSON_TYPES, type PathType } from "../shape.ts";

/** The entries of a raw table's dictionary from a number on, in order. */
export async function readDictionary(session: Session, table: string, from: number): Promise<readonly PathType[]> {
  const rows = await session.rows("SELECT path, type FROM mlb.shape_paths WHERE raw_table = $1 AND number >= $2 ORDER BY number", [
    table,
    from,
  ]);
  return rows.map((row) => {
    const type = JSON_TYPES.find((name) => name === row["type"]);
    if (type === undefined) throw new Error(`unknown JSON type ${sqlText(row["type"])} in mlb.shape_paths`);
    return { path: sqlText(row["path"]), type };
  });
}

/** Adds entries, numbered from `from` on. */
export async function writeEntries(session: Session, table: string, entries: readonly PathType[], from: number): Promise<void> {
  if (entries.length === 0) return;
  await session.run(
    "INSERT INTO mlb.shape_paths (raw_table, number, path, type) SELECT $1, $2 + n - 1, path, type FROM unnest($3::text[], $4::text[]) WITH ORDINALITY e (path, type, n)",
    [table, from, entries.map(({ path }) => path), entries.map(({ type }) => type)],
  );
}
