import type { Mapping } from "../../mapping/mapping.ts";
import { quoteName as name, quoteText as text } from "../../sql/quote.ts";
import { STATE_TABLES } from "../state-tables.ts";
import { STATE_SCHEMAS } from "./placement.ts";

/** The names of the roles that a script makes. */
export interface RoleNames {
  /** Owns schemas and tables; migrates and rebuilds. */
  readonly owner: string;
  /** Stores captures and fills the tables; changes no table, and no capture. */
  readonly loader: string;
  readonly reader: string;
}

const STATE = STATE_SCHEMAS.live;

/**
 * A script that makes the roles and gives each the least that it needs. It may be run again at any time, and must be after a `schema apply`
 * that made tables: rights are given on tables, by name.
 */
export function writeRoles(mappings: readonly Mapping[], { owner, loader, reader }: RoleNames): readonly string[] {
  const rawTables = [...new Set(mappings.map(({ source }) => `${source.endpoint}.${source.method}`))].toSorted();
  const targets = mappings.flatMap((mapping) => mapping.targets.map((target) => target.name));
  const schemas = [...new Set([STATE, ...[...rawTables, ...targets].map((table) => table.split(".")[0] ?? "")])];
  const place = (table: string): string => table.split(".").map(name).join(".");
  const all = [loader, reader].map(name).join(", ");
  const state = STATE_TABLES.map((table) => `${STATE}.${table.name}`);
  // A role that loads tells what it did; what migrations did is the owner's to tell.
  const written = state.filter((table) => !["store", "as_of", "targets", "migrations"].map((each) => `${STATE}.${each}`).includes(table));
  return [
    "-- Roles of the platform: run it by a superuser (or a role with CREATEROLE that owns the database), again after tables were made:",
    "--   mlb-etl schema roles | psql -v ON_ERROR_STOP=1 -1 DATABASE",
    "-- Give people and programs a role: GRANT mlb_reader TO somebody.",
    ...[owner, loader, reader].map(
      (role) =>
        `DO $do$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = ${text(role)}) THEN CREATE ROLE ${name(role)} NOLOGIN; END IF; END $do$;`,
    ),
    `DO $do$ BEGIN EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database()); END $do$;`,
    `DO $do$ BEGIN EXECUTE format('GRANT CONNECT, TEMPORARY, CREATE ON DATABASE %I TO ${name(owner)}', current_database()); END $do$;`,
    `DO $do$ BEGIN EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO ${name(loader)}', current_database()); END $do$;`,
    `DO $do$ BEGIN EXECUTE format('GRANT CONNECT ON DATABASE %I TO ${name(reader)}', current_database()); END $do$;`,
    "REVOKE CREATE ON SCHEMA public FROM PUBLIC;",
    ...schemas.flatMap((schema) => [
      `CREATE SCHEMA IF NOT EXISTS ${name(schema)} AUTHORIZATION ${name(owner)};`,
      `ALTER SCHEMA ${name(schema)} OWNER TO ${name(owner)};`,
      `GRANT USAGE ON SCHEMA ${name(schema)} TO ${all};`,
      ownAll(schema, owner),
      `REVOKE ALL ON ALL TABLES IN SCHEMA ${name(schema)} FROM PUBLIC, ${all};`,
      `GRANT SELECT ON ALL TABLES IN SCHEMA ${name(schema)} TO ${all};`,
      `ALTER DEFAULT PRIVILEGES FOR ROLE ${name(owner)} IN SCHEMA ${name(schema)} GRANT SELECT ON TABLES TO ${all};`,
    ]),
    ...grantWhereThere(
      "INSERT",
      [...rawTables, ...["shape_paths", "document_sources", "document_index"].map((table) => `${STATE}.${table}`)],
      place,
      loader,
    ),
    ...grantWhereThere(
      "UPDATE, DELETE",
      ["document_sources", "document_index"].map((table) => `${STATE}.${table}`),
      place,
      loader,
    ),
    ...grantWhereThere("INSERT, UPDATE, DELETE", [...targets, ...written], place, loader),
    ...schemas.flatMap((schema) => [
      `GRANT USAGE ON ALL SEQUENCES IN SCHEMA ${name(schema)} TO ${name(loader)};`,
      `GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ${name(schema)} TO ${name(loader)};`,
    ]),
  ];
}

/** Tables that another role made, the superuser mostly, become the owner's. Those that belong to a table, as partitions and sequences do, too. */
function ownAll(schema: string, owner: string): string {
  return (
    `DO $do$ DECLARE each record; BEGIN ` +
    `FOR each IN SELECT c.oid::regclass AS name FROM pg_class c WHERE c.relnamespace = ${text(name(schema))}::regnamespace AND c.relkind IN ('r', 'p') AND pg_get_userbyid(c.relowner) <> ${text(owner)} ` +
    `LOOP EXECUTE format('ALTER TABLE %s OWNER TO ${name(owner)}', each.name); END LOOP; ` +
    `FOR each IN SELECT p.oid::regprocedure AS name FROM pg_proc p WHERE p.pronamespace = ${text(name(schema))}::regnamespace AND pg_get_userbyid(p.proowner) <> ${text(owner)} ` +
    `LOOP EXECUTE format('ALTER FUNCTION %s OWNER TO ${name(owner)}', each.name); END LOOP; END $do$;`
  );
}

/** Tables are made by `schema apply` and by the first captures: a script may be run before. */
function grantWhereThere(rights: string, tables: readonly string[], place: (table: string) => string, role: string): readonly string[] {
  return tables.map(
    (table) =>
      `DO $do$ BEGIN IF to_regclass(${text(place(table))}) IS NOT NULL THEN GRANT ${rights} ON ${place(table)} TO ${name(role)}; END IF; END $do$;`,
  );
}
