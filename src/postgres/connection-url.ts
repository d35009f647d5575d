import { UserError } from "../core/errors.ts";
import { withoutPassword } from "../core/url-password.ts";
import { nearestSpelling } from "../mapping/nearest-spelling.ts";

/** The parameters of a connection that are taken, by libpq's names, each with libpq's variable; a closed list. */
export const PARAMETERS = {
  host: "PGHOST",
  port: "PGPORT",
  dbname: "PGDATABASE",
  user: "PGUSER",
  password: "PGPASSWORD",
  passfile: "PGPASSFILE",
  service: "PGSERVICE",
  sslmode: "PGSSLMODE",
  sslrootcert: "PGSSLROOTCERT",
  connect_timeout: "PGCONNECT_TIMEOUT",
  application_name: "PGAPPNAME",
} as const;

export type ParameterName = keyof typeof PARAMETERS;
export type Parameters = Partial<Record<ParameterName, string>>;

export function isParameter(name: string): name is ParameterName {
  return Object.hasOwn(PARAMETERS, name);
}

/** What to say of a parameter that is not taken. */
export function adviceFor(name: string): string {
  const near = nearestSpelling(name, Object.keys(PARAMETERS));
  return near === null ? "leave it out" : `did you mean ${near}?`;
}

const FORM = /^postgres(?:ql)?:\/\/(?:([^@/?#]*)@)?(\[[^\]]*\]|[^@:/?#[\],]*)(?::([0-9]*))?(?:\/([^/?#]*))?(?:\?([^#]*))?$/;
const EXPECTED = "postgresql://[USER@][HOST][:PORT][/DATABASE][?NAME=VALUE&…], with %40 for @, %2F for / and so on inside of a part";

/**
 * Reads `postgresql://…` as what it says, without defaults. What is said twice, empty parameters and unknown ones are refused.
 * @throws UserError `postgres.url`, `postgres.parameter` (exit 2); no password is in their text.
 */
export function parseConnectionUrl(url: string): Parameters {
  const problem = (message: string, next?: string): UserError =>
    new UserError({
      code: "postgres.url",
      message: `the URL of the database ${message}`,
      expected: EXPECTED,
      got: withoutPassword(url),
      ...(next === undefined ? {} : { next }),
    });
  const decode = (text: string): string => {
    try {
      const decoded = decodeURIComponent(text);
      if (!/[\u0000-\u001f\u007f]/.test(decoded)) return decoded;
    } catch (error) {
      if (!(error instanceof URIError)) throw error;
    }
    throw problem("has a part that is wrongly encoded, or holds a control character");
  };
  const parts = FORM.exec(url);
  if (parts === null) {
    const why = /^[^?]*,/.test(url) ? "names several hosts" : "cannot be read";
    throw problem(why, why === "cannot be read" ? "encode special characters of the password, or set it by PGPASSWORD" : "name one");
  }
  const found: Parameters = {};
  const say = (name: ParameterName, value: string | undefined): void => {
    if (value === undefined || value === "") return;
    if (found[name] !== undefined) throw problem(`says ${name} twice`);
    found[name] = decode(value);
  };
  const [, login, host, port, database, query] = parts;
  const colon = login?.indexOf(":") ?? -1;
  say("user", colon === -1 ? login : login?.slice(0, colon));
  say("password", colon === -1 ? undefined : login?.slice(colon + 1));
  say("host", host?.startsWith("[") === true ? host.slice(1, -1) : host);
  say("port", port);
  say("dbname", database);
  for (const pair of query === undefined || query === "" ? [] : query.split("&")) {
    const equals = pair.indexOf("=");
    const name = decode(equals === -1 ? pair : pair.slice(0, equals));
    if (!isParameter(name)) {
      throw new UserError({
        code: "postgres.parameter",
        message: `the URL of the database has a parameter ${JSON.stringify(name)}, which is not known`,
        expected: Object.keys(PARAMETERS).join(", "),
        next: adviceFor(name),
      });
    }
    if (equals === -1 || equals === pair.length - 1) throw problem(`gives no value to ${name}`);
    say(name, pair.slice(equals + 1));
  }
  return found;
}
