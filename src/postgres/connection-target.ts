import { existsSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { isIP } from "node:net";
import { join } from "node:path";
import { UserError } from "../core/errors.ts";
import { nearestSpelling } from "../mapping/nearest-spelling.ts";
import { type ParameterName, type Parameters, PARAMETERS, isParameter, parseConnectionUrl } from "./connection-url.ts";
import { SOCKET_FOLDERS } from "./password-file.ts";
import { readService } from "./service-file.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** libpq's modes that say what they protect from. `allow` and `prefer` protect from nothing and are refused. */
export const TLS_MODES = ["disable", "require", "verify-ca", "verify-full"] as const;
export type TlsMode = (typeof TLS_MODES)[number];

/** Where to connect, and as whom: everything settled. */
export interface ConnectionTarget {
  /** A name, an address, or the folder of a socket. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** Null: looked up in the password file when the server asks for one. */
  readonly password: string | null;
  readonly passwordFile: string;
  readonly tls: TlsMode;
  /** File with the certificates of those who may sign the server's; `system`: whom Node trusts. */
  readonly rootCertificate: string;
  readonly connectTimeoutMs: number;
  readonly applicationName: string;
}

/** Long enough for a server far away that is busy, short enough to be told of a wrong address. */
const CONNECT_TIMEOUT_S = 10;

/**
 * Settles a URL: what it says, else the service that it or the environment names, else libpq's variables, else defaults.
 * A server on another machine is verified (`verify-full`) where nothing else is said; on this machine nothing is encrypted.
 * @throws UserError `postgres.*` (exit 2)
 */
export async function resolveTarget(url: string, environment: Environment): Promise<ConnectionTarget> {
  const home = environment["HOME"] ?? homedir();
  const said = parseConnectionUrl(url);
  const fromEnvironment = readEnvironment(environment);
  const service = said.service ?? fromEnvironment.service;
  const fromService = service === undefined ? {} : await readService(service, serviceFiles(environment, home));
  const all: Parameters = { ...fromEnvironment, ...fromService, ...said };
  const port = wholeNumber("port", all.port ?? "5432", 1, 65_535);
  const host = all.host ?? defaultHost(port);
  if (host.includes(",") || /\s/.test(host)) {
    throw new UserError({ code: "postgres.host", message: "the host of the database is no name of one", got: JSON.stringify(host) });
  }
  const user = all.user ?? userInfo().username;
  const tls = tlsMode(all.sslmode, host);
  const ownRoots = join(home, ".postgresql", "root.crt");
  const rootCertificate = all.sslrootcert ?? (existsSync(ownRoots) ? ownRoots : "system");
  return {
    host,
    port,
    database: all.dbname ?? user,
    user,
    password: all.password ?? null,
    passwordFile: all.passfile ?? join(home, ".pgpass"),
    // As libpq: who names a certificate wants it checked.
    tls: tls === "require" && all.sslrootcert !== undefined ? "verify-ca" : tls,
    rootCertificate,
    connectTimeoutMs: wholeNumber("connect_timeout", all.connect_timeout ?? String(CONNECT_TIMEOUT_S), 1, 3600) * 1000,
    applicationName: all.application_name ?? "mlb-etl",
  };
}

/** A target as a URL for people: without password. */
export function showTarget({ host, port, database, user }: ConnectionTarget): string {
  const name = encodeURIComponent(database);
  const login = encodeURIComponent(user);
  if (host.startsWith("/")) return `postgresql://${login}@/${name}?host=${host}&port=${String(port)}`;
  return `postgresql://${login}@${isIP(host) === 6 ? `[${host}]` : host}:${String(port)}/${name}`;
}

function readEnvironment(environment: Environment): Parameters {
  const found: Parameters = {};
  for (const [name, variable] of Object.entries(PARAMETERS)) {
    const value = environment[variable];
    if (isParameter(name) && value !== undefined && value !== "") found[name] = value;
  }
  return found;
}

function serviceFiles(environment: Environment, home: string): readonly string[] {
  const folder = environment["PGSYSCONFDIR"];
  return [
    environment["PGSERVICEFILE"] ?? join(home, ".pg_service.conf"),
    ...(folder === undefined ? [] : [join(folder, "pg_service.conf")]),
  ];
}

/** The folder of a socket of this machine's server, else localhost. */
function defaultHost(port: number): string {
  return SOCKET_FOLDERS.find((folder) => existsSync(join(folder, `.s.PGSQL.${String(port)}`))) ?? "localhost";
}

function tlsMode(said: string | undefined, host: string): TlsMode {
  if (host.startsWith("/")) return "disable";
  if (said === undefined) return /^(?:localhost|127\.[0-9.]+|::1)$/.test(host) ? "disable" : "verify-full";
  const known = TLS_MODES.find((mode) => mode === said);
  if (known !== undefined) return known;
  const isWeak = said === "prefer" || said === "allow";
  const near = nearestSpelling(said, TLS_MODES);
  throw new UserError({
    code: "postgres.sslmode",
    message: isWeak
      ? `sslmode=${said} protects from nothing: whoever sits between can have the connection unencrypted`
      : "the sslmode is not known",
    expected: `one of ${TLS_MODES.join(", ")}`,
    got: JSON.stringify(said),
    next: isWeak
      ? "sslmode=verify-full with sslrootcert=FILE; or sslmode=disable in a network that you trust"
      : near === null
        ? "sslmode=verify-full"
        : `did you mean ${near}?`,
  });
}

function wholeNumber(name: ParameterName, text: string, min: number, max: number): number {
  const value = Number(text);
  if (/^[0-9]{1,6}$/.test(text) && value >= min && value <= max) return value;
  throw new UserError({
    code: `postgres.${name.replace("_", "-")}`,
    message: `${name} (${PARAMETERS[name]}) is out of range`,
    expected: `a whole number from ${String(min)} to ${String(max)}`,
    got: JSON.stringify(text.slice(0, 100)),
  });
}
