import { UserError } from "../core/errors.ts";

const NAME = "[a-z][a-z0-9_]{0,62}";
const TABLE = new RegExp(`^${NAME}\\.${NAME}$`);

/**
 * `<endpoint>.<method>`, as it is used for folders and tables.
 * @throws UserError `raw.bad-name` for a name that is not of `[a-z][a-z0-9_]*`, at most 63 characters: it could lead out of the folder, or mean another one on
 * a file system that does not tell capitals.
 */
export function rawTableName(endpoint: string, method: string): string {
  return checkTableName(`${endpoint}.${method}`);
}

/** Gives the name back. @throws UserError `raw.bad-name`. */
export function checkTableName(table: string): string {
  if (!isTableName(table)) {
    throw new UserError({
      code: "raw.bad-name",
      message: "not a name of a raw table",
      expected: "<endpoint>.<method>, each of a-z, 0-9 and _, starting with a letter, at most 63 characters",
      got: JSON.stringify(table.slice(0, 200)),
      next: "use the names of config/endpoints (win_probability, not winProbability)",
    });
  }
  return table;
}

export function isTableName(table: string): boolean {
  return TABLE.test(table);
}
