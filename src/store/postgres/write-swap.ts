import { UserError } from "../../core/errors.ts";
import { quoteName as name, quoteText as text } from "../../sql/quote.ts";
import { sqlText } from "../../sql/sql-value.ts";
import type { SqlRunner } from "../store-dialect.ts";
import { storedName, tableName } from "./placement.ts";

/**
 * The statements that put the tables of a rebuild in the place of the live ones: those are dropped, the new ones moved, no row is copied;
 * owner and rights stay as they were.
 * @throws UserError `rebuild.dependents`: views and other things of somebody else stand on the live tables.
 */
export async function writeSwap(
  runner: SqlRunner,
  { wanted, live }: { readonly wanted: readonly string[]; readonly live: readonly string[] },
): Promise<readonly string[]> {
  const tables = live.map((table) => `CAST(${text(tableName("live", table))} AS regclass)`);
  if (tables.length > 0) await refuseDependents(runner, tables.join(", "));
  const rights: string[] = [];
  for (const table of live.filter((each) => wanted.includes(each))) rights.push(...(await rightsOf(runner, table)));
  return [
    // All at once: they are tied to each other by foreign keys.
    ...(live.length === 0 ? [] : [`DROP TABLE ${live.map((table) => tableName("live", table)).join(", ")}`]),
    ...wanted
      .map((table) => `CREATE SCHEMA IF NOT EXISTS ${name(table.split(".")[0] ?? "")}`)
      .filter((sql, at, all) => all.indexOf(sql) === at && live.length === 0),
    ...wanted.map((table) => `ALTER TABLE ${tableName("beside", table)} SET SCHEMA ${name(table.split(".")[0] ?? "")}`),
    ...rights,
  ];
}

/** Views, functions and foreign keys of others that go by the tables. */
async function refuseDependents(runner: SqlRunner, tables: string): Promise<void> {
  const views = await runner.rows(
    `SELECT DISTINCT v.oid::regclass::text AS name FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_rewrite r ON r.oid = d.objid AND d.classid = 'pg_catalog.pg_rewrite'::regclass JOIN pg_catalog.pg_class v ON v.oid = r.ev_class WHERE d.refobjid IN (${tables}) AND v.oid NOT IN (${tables}) ORDER BY 1`,
  );
  const keys = await runner.rows(
    `SELECT p.conrelid::regclass::text || ' (' || p.conname || ')' AS name FROM pg_catalog.pg_constraint p WHERE p.contype = 'f' AND p.confrelid IN (${tables}) AND p.conrelid NOT IN (${tables}) ORDER BY 1`,
  );
  const found = [...views, ...keys].map((row) => sqlText(row["name"]));
  if (found.length === 0) return;
  throw new UserError({
    code: "rebuild.dependents",
    message: "views or foreign keys of others stand on the tables, which a rebuild replaces; nothing was changed",
    got: found.join(", "),
    next: "drop them, run the same command again (it goes on), and make them anew",
  });
}

/** The rights that others than the owner have on a live table, as statements for the table that takes its place. */
async function rightsOf(runner: SqlRunner, table: string): Promise<readonly string[]> {
  const place = tableName("live", table);
  const rows = await runner.rows(
    `SELECT pg_get_userbyid(c.relowner) AS owner, a.privilege_type AS privilege, a.is_grantable AS grantable, CASE WHEN a.grantee = 0 THEN NULL ELSE pg_get_userbyid(a.grantee) END AS grantee, a.grantee IS NOT NULL AND a.grantee <> c.relowner AS is_other ` +
      `FROM pg_catalog.pg_class c LEFT JOIN LATERAL aclexplode(c.relacl) a ON TRUE WHERE c.oid = CAST(${text(place)} AS regclass) ORDER BY 2, 4`,
  );
  const [first] = rows;
  if (first === undefined) throw new Error(`no table ${storedName("live", table)}`);
  const grants = rows
    .filter((row) => row["is_other"] === true)
    .map((row) => {
      const to = row["grantee"] === null ? "PUBLIC" : name(sqlText(row["grantee"]));
      return `GRANT ${sqlText(row["privilege"])} ON ${place} TO ${to}${row["grantable"] === true ? " WITH GRANT OPTION" : ""}`;
    });
  return [...grants, `ALTER TABLE ${place} OWNER TO ${name(sqlText(first["owner"]))}`];
}
