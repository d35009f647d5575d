/** What a URL may hold that nobody else may read. */

interface UrlParts {
  readonly scheme: string;
  readonly user: string;
  readonly password: string | undefined;
  readonly rest: string;
}

/** `scheme://user:password@rest`; `scheme` may be one behind another (`delta:s3`). Null for what has another form, or may have one. */
function split(url: string): UrlParts | null {
  const parts = /^([a-z][a-z0-9+.:-]*):\/\/(?:([^:@/?#\s]*)(?::([^@/?#\s]*))?@)?([^@\s]*)$/i.exec(url);
  if (parts === null) return null;
  const [, scheme = "", user = "", password, rest = ""] = parts;
  return { scheme, user, password, rest };
}

/** Names of parameters with a secret: `password`, `sslpassword`; `passfile` is the name of a file. */
const SECRET_NAME = /(?:pass(?!file)|pwd|secret|token)/i;

/** Paths have no scheme of two letters and more. */
const isFileName = (url: string): boolean => url.startsWith("duckdb:") || !/^[a-z][a-z0-9+.-]+:/i.test(url);

/** A URL without the secrets in it, for whatever people read. Of what cannot be taken apart for sure, nothing behind the scheme is shown. */
export function withoutPassword(url: string): string {
  if (isFileName(url)) return url;
  const parts = split(url);
  if (parts === null) return url.replace(/:.*$/s, ":***");
  const { scheme, user, password, rest } = parts;
  // `user:secret/database`: the host was forgotten, and the password stands where a port should.
  const host = rest.replace(/^([^[:/?#]*:)(?![0-9]*(?:[/?#,]|$))[^/?#]*/, "$1***");
  const login = user === "" && password === undefined ? "" : `${user}${password === undefined ? "" : ":***"}@`;
  return `${scheme}://${login}${host.replaceAll(/([?&])([^=&#]*)=[^&#]*/g, hideParameter)}`;
}

function hideParameter(parameter: string, sign: string, name: string): string {
  // Encoded names are names: whatever can hide in one makes it a secret.
  const isSecret = SECRET_NAME.test(
    name.replaceAll(/%([0-9a-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16))),
  );
  return isSecret ? `${sign}${name}=***` : parameter;
}

/** Whether a URL holds a secret, or may: what is shown of it differs. */
export function hasPassword(url: string): boolean {
  return withoutPassword(url) !== url;
}
