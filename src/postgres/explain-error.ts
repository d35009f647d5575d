import { DatabaseError } from "pg";
import { EXIT, type ErrorText, type ExitCode, OutsideError, UserError } from "../core/errors.ts";
import { type ConnectionTarget, showTarget } from "./connection-target.ts";

interface Explanation {
  /** Behind `postgres.` in the code of the error. */
  readonly code: string;
  readonly message: (where: string) => string;
  readonly next: (target: ConnectionTarget) => string;
  readonly exit?: ExitCode;
  /** The same may succeed later, with nothing mended by hand. */
  readonly isPassing?: boolean;
}

/** A server may repeat a whole value in what it says. */
const MAX_GOT = 500;

const GO_ON = "the same command goes on where this one stopped";

const LOST: Explanation = {
  code: "connection-lost",
  message: (where) => `the connection to ${where} was lost`,
  next: () => `look whether the server runs; ${GO_ON}`,
  isPassing: true,
};

const STARTING: Explanation = {
  code: "starting",
  message: (where) => `${where} is starting up or shutting down`,
  next: () => `wait until it is up; ${GO_ON}`,
  isPassing: true,
};

const CONTENDED: Explanation = {
  code: "contended",
  message: (where) => `others kept changing the same rows of ${where}`,
  next: () => `see who else writes there (pg_stat_activity); ${GO_ON}`,
  exit: EXIT.lockHeld,
  isPassing: true,
};

const TLS_UNTRUSTED: Explanation = {
  code: "tls-untrusted",
  message: (where) => `the certificate of ${where} is signed by nobody who is trusted`,
  next: () => "name the certificate of its certification authority: sslrootcert=FILE",
};

const TLS_FAILED: Explanation = {
  code: "tls",
  message: (where) => `no encrypted connection to ${where} came about`,
  next: () => "let the server's administrator look at its certificate and its TLS settings",
};

/** What a server says of itself, by SQLSTATE. What is not here is a mistake in a statement: a bug of ours, or of who wrote the statement. */
const BY_SQLSTATE: Readonly<Record<string, Explanation>> = {
  "28P01": {
    code: "password",
    message: (where) => `${where} does not take the password`,
    next: ({ passwordFile }) => `look at PGPASSWORD, and at ${passwordFile}`,
  },
  "28000": {
    code: "access",
    message: (where) => `${where} does not let this role in from here`,
    next: ({ tls }) =>
      `let the server's administrator look at the role and at pg_hba.conf${tls === "disable" ? "; or it wants encryption: sslmode=verify-full" : ""}`,
  },
  "3D000": {
    code: "no-database",
    message: (where) => `${where}: there is no such database`,
    next: ({ database }) => `CREATE DATABASE ${JSON.stringify(database)} ENCODING 'UTF8' TEMPLATE template0, or name another one`,
  },
  "42501": {
    code: "privilege",
    message: (where) => `the role has not the right to do this on ${where}`,
    next: () => "as the owner: schema apply makes the tables, the script of schema roles gives this role its rights (docs/postgresql.md)",
  },
  "25006": {
    code: "read-only",
    message: (where) => `${where} takes no writes: it is a standby, or set to read only`,
    next: () => "name the primary server; or let the administrator look at default_transaction_read_only",
  },
  "53100": {
    code: "disk-full",
    message: (where) => `the disk of ${where} is full`,
    next: () => `make room on the server; nothing half done was kept, and ${GO_ON}`,
  },
  "53200": {
    code: "memory",
    message: (where) => `${where} has no memory left`,
    next: () => "less at a time with --slice-mb; or let the administrator look at work_mem and max_connections",
  },
  "53300": {
    code: "connections",
    message: (where) => `${where} has no connection left`,
    next: () => "close others, or raise max_connections on the server or the role's CONNECTION LIMIT",
    isPassing: true,
  },
  "57014": {
    code: "canceled",
    message: (where) => `a statement on ${where} took longer than it may, or somebody canceled it`,
    next: () => "look for what slows the server down (pg_stat_activity), then run the same command again",
  },
  "55P03": {
    code: "lock",
    message: (where) => `another session holds what is needed on ${where}`,
    next: () => "wait longer with --lock-wait, or see who holds it (pg_stat_activity, pg_blocking_pids)",
    exit: EXIT.lockHeld,
    isPassing: true,
  },
  "40001": CONTENDED,
  "40P01": CONTENDED,
  "57P01": LOST,
  "57P02": LOST,
  "57P05": LOST,
  "25P03": {
    code: "idle-too-long",
    message: (where) => `${where} ended a transaction in which nothing happened for too long`,
    next: () => GO_ON,
    isPassing: true,
  },
  "57P03": STARTING,
};

/** By the first two characters, for what is in no row above. */
const BY_CLASS: Readonly<Record<string, Explanation>> = {
  "08": LOST,
  "53": {
    code: "resources",
    message: (where) => `${where} has not enough of something`,
    next: () => "let the server's administrator look at it",
  },
  "58": {
    code: "server-failed",
    message: (where) => `${where} failed below the database: disk or operating system`,
    next: () => "let the server's administrator look at its log",
  },
  XX: {
    code: "server-failed",
    message: (where) => `${where} failed, or its data is damaged`,
    next: () => "let the server's administrator look at its log",
  },
};

/** What Node says of sockets and certificates. */
const BY_SYSTEM_CODE: Readonly<Record<string, Explanation>> = {
  ECONNREFUSED: {
    code: "refused",
    message: (where) => `nobody listens at ${where}`,
    next: () => "look whether the server runs, and at host and port",
    isPassing: true,
  },
  ENOENT: {
    code: "refused",
    message: (where) => `there is no socket of a server at ${where}`,
    next: () => "look whether the server runs, and at host (the folder of its socket) and port",
    isPassing: true,
  },
  EACCES: {
    code: "socket-access",
    message: (where) => `the socket of ${where} may not be opened`,
    next: () => "run this as a user who may, or connect over TCP with a host name",
  },
  ENOTFOUND: {
    code: "host-unknown",
    message: (where) => `the host of ${where} is not known`,
    next: () => "look at the spelling of the host, and at the name server",
  },
  EAI_AGAIN: {
    code: "host-unknown",
    message: (where) => `the host of ${where} cannot be looked up now`,
    next: () => "look at the name server, then run the same command again",
    isPassing: true,
  },
  ETIMEDOUT: {
    code: "unreachable",
    message: (where) => `no answer from ${where}`,
    next: ({ connectTimeoutMs }) =>
      `look at host, port and firewall; or wait longer than ${String(connectTimeoutMs / 1000)} s: connect_timeout=60`,
  },
  EHOSTUNREACH: {
    code: "unreachable",
    message: (where) => `no way to ${where}`,
    next: () => "look at host, network and firewall",
  },
  ECONNRESET: LOST,
  EPIPE: LOST,
  ECONNABORTED: LOST,
  SELF_SIGNED_CERT_IN_CHAIN: TLS_UNTRUSTED,
  DEPTH_ZERO_SELF_SIGNED_CERT: TLS_UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: TLS_UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: TLS_UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: TLS_UNTRUSTED,
  CERT_HAS_EXPIRED: {
    code: "tls-expired",
    message: (where) => `the certificate of ${where} has expired`,
    next: () => "let the server's administrator renew it",
  },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    code: "tls-name",
    message: (where) => `the certificate of ${where} is made out to another host`,
    next: () => "name the host as its certificate does; or sslmode=verify-ca where any host of that authority will do",
  },
};

/** What pg says in words only. */
const BY_WORDS: readonly (readonly [RegExp, Explanation])[] = [
  [
    /^The server does not support SSL connections/,
    {
      code: "tls-none",
      message: (where) => `${where} does not encrypt connections`,
      next: () => "switch ssl on at the server; or sslmode=disable in a network that you trust",
    },
  ],
  [/^There was an error establishing an SSL connection/, TLS_FAILED],
  [/^timeout expired/, BY_SYSTEM_CODE["ETIMEDOUT"] as Explanation],
  [/^(?:Connection terminated|Client (?:has encountered a connection error|was closed))/, LOST],
];

/** The code of Node's errors; where several addresses of one name were tried, that of the first: they mostly failed alike. */
function systemCodeOf(error: Error): string {
  if ("code" in error && typeof error.code === "string") return error.code;
  const [first] = error instanceof AggregateError ? (error.errors as readonly unknown[]) : [];
  return first instanceof Error ? systemCodeOf(first) : "";
}

function explanationOf(error: Error): Explanation | null {
  if (error instanceof DatabaseError) {
    const state = error.code ?? "";
    return BY_SQLSTATE[state] ?? BY_CLASS[state.slice(0, 2)] ?? null;
  }
  const code = systemCodeOf(error);
  return (
    BY_SYSTEM_CODE[code] ??
    (/^(?:ERR_SSL|ERR_TLS|CERT_|EPROTO)/.test(code) ? TLS_FAILED : null) ??
    BY_WORDS.find(([words]) => words.test(error.message))?.[1] ??
    null
  );
}

/** An error of server or network with a next step; every other one as it is. */
export function explainError(error: unknown, target: ConnectionTarget): unknown {
  const explanation = error instanceof Error && !isExplained(error) ? explanationOf(error) : null;
  if (explanation === null || !(error instanceof Error)) return error;
  return outsideError(explanation, error, target);
}

/** The same while connecting, where nothing can be a bug of a statement. */
export function explainConnectError(error: unknown, target: ConnectionTarget): unknown {
  if (!(error instanceof Error) || isExplained(error)) return error;
  const unknown: Explanation = {
    code: "connect-failed",
    message: (where) => `no connection to ${where} came about`,
    next: () => "let the server's administrator look at its log",
  };
  return outsideError(explanationOf(error) ?? unknown, error, target);
}

/** The commit was sent and no answer came: it may have been done or not. Only who wrote knows how to find out. */
export function commitUnknown(cause: unknown, target: ConnectionTarget): OutsideError {
  const text: ErrorText = {
    code: "postgres.commit-unknown",
    message: `the connection to ${showTarget(target)} was lost while a transaction was being committed: it is unknown whether it was`,
    next: `run the same command again: it finds out, and goes on where this one stopped`,
    cause,
  };
  return new OutsideError(text, EXIT.storeUnreachable, true);
}

/** The SQLSTATE that an error, or what it was made of, came with. */
export function sqlStateOf(error: unknown): string | null {
  if (error instanceof DatabaseError) return error.code ?? null;
  return error instanceof Error && error.cause !== undefined ? sqlStateOf(error.cause) : null;
}

function isExplained(error: Error): boolean {
  return error instanceof UserError || error instanceof OutsideError;
}

function outsideError(explanation: Explanation, cause: Error, target: ConnectionTarget): OutsideError {
  const { code, message, next, exit = EXIT.storeUnreachable, isPassing = false } = explanation;
  const [got = ""] = (cause.message === "" ? systemCodeOf(cause) : cause.message).split("\n");
  const state = cause instanceof DatabaseError && cause.code !== undefined ? ` (SQLSTATE ${cause.code})` : "";
  return new OutsideError(
    { code: `postgres.${code}`, message: message(showTarget(target)), got: `${got.slice(0, MAX_GOT)}${state}`, next: next(target), cause },
    exit,
    isPassing,
  );
}
