import { readFile, stat } from "node:fs/promises";
import { UserError } from "../core/errors.ts";
import { isFileError } from "../core/file-error.ts";

/** For which connection a password is looked up. */
export interface PasswordKey {
  /** A name, an address or the folder of a socket. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

/** Folders that a server of PostgreSQL's own, or Debian's, has its socket in by default: files call them localhost. */
export const SOCKET_FOLDERS: readonly string[] = ["/var/run/postgresql", "/tmp"];

/**
 * The password of the first line that fits, `host:port:database:user:password` with `*` for any and `\` before `:` and `\`; null where
 * there is no file or no such line. As in libpq, nobody but the owner may have rights on the file; here it is refused, not passed over.
 * @throws UserError `postgres.password-file` (exit 2)
 */
export async function findPassword(file: string, key: PasswordKey): Promise<string | null> {
  const problem = (message: string, next: string, cause?: unknown): UserError =>
    new UserError({ code: "postgres.password-file", message: `the password file ${file} ${message}`, next, cause });
  let text: string;
  try {
    const { mode } = await stat(file);
    if (process.platform !== "win32" && (mode & 0o077) !== 0) {
      throw problem(`is open to others (mode ${(mode & 0o777).toString(8).padStart(4, "0")})`, `chmod 0600 ${file}`);
    }
    text = await readFile(file, "utf8");
  } catch (error) {
    if (isFileError(error, "ENOENT")) return null;
    if (error instanceof UserError) throw error;
    throw problem("cannot be read", "let its owner run this, or name another one by PGPASSFILE", error);
  }
  const host = SOCKET_FOLDERS.includes(key.host) ? "localhost" : key.host;
  const wanted = [host, String(key.port), key.database, key.user];
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith("#")) continue;
    const fields = splitFields(line);
    if (fields.length === 5 && wanted.every((value, at) => fields[at]?.raw === "*" || fields[at]?.text === value)) {
      return fields[4]?.text ?? null;
    }
  }
  return null;
}

/** The five fields; a `:` of the password needs no `\`. An escaped `\*` is a star, no wildcard. */
function splitFields(line: string): { readonly raw: string; readonly text: string }[] {
  const parts = /^((?:[^\\:]|\\.)*):((?:[^\\:]|\\.)*):((?:[^\\:]|\\.)*):((?:[^\\:]|\\.)*):(.*)$/.exec(line);
  return (parts ?? []).slice(1).map((raw) => ({ raw, text: raw.replaceAll(/\\(.)/g, "$1") }));
}
