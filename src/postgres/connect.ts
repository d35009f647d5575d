import { readFile } from "node:fs/promises";
import { type ConnectionOptions, checkServerIdentity } from "node:tls";
import { Client } from "pg";
import { UserError } from "../core/errors.ts";
import { type ConnectionTarget, showTarget } from "./connection-target.ts";
import { findPassword } from "./password-file.ts";

/** A vanished server or network is noticed after about this long, also while a statement runs. */
const KEEP_ALIVE_MS = 10_000;

/** Opens one connection. What goes wrong is what pg and Node say of it: `explainError`. @throws UserError for files of ours */
export async function connect(target: ConnectionTarget): Promise<Client> {
  const client = new Client({
    // All that pg would take from variables and files by its own rules is given.
    host: target.host,
    port: target.port,
    database: target.database,
    user: target.user,
    password: () => passwordOf(target),
    ssl: await tlsOptions(target),
    sslnegotiation: "postgres",
    application_name: target.applicationName,
    connectionTimeoutMillis: target.connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
  });
  // What ends a connection between two statements is told by the next statement.
  client.on("error", () => undefined);
  try {
    await client.connect();
  } catch (error) {
    // The socket may be open: a server that refuses a role closes it only by and by.
    void client.end();
    throw error;
  }
  return client;
}

async function passwordOf(target: ConnectionTarget): Promise<string> {
  const { host, port, database, user, passwordFile } = target;
  const password = target.password ?? (await findPassword(passwordFile, { host, port, database, user }));
  if (password !== null) return password;
  throw new UserError({
    code: "postgres.no-password",
    message: `${showTarget(target)} asks for a password, and none is given`,
    next: `set PGPASSWORD, or write a line ${host.startsWith("/") ? "localhost" : host}:${String(port)}:${database}:${user}:… into ${passwordFile} (chmod 0600)`,
  });
}

async function tlsOptions({ tls, host, rootCertificate }: ConnectionTarget): Promise<ConnectionOptions | false> {
  if (tls === "disable") return false;
  if (tls === "require") return { rejectUnauthorized: false };
  return {
    rejectUnauthorized: true,
    ...(rootCertificate === "system" ? {} : { ca: await readRoots(rootCertificate) }),
    checkServerIdentity: (_, certificate) => (tls === "verify-full" ? checkServerIdentity(host, certificate) : undefined),
  };
}

async function readRoots(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new UserError({
      code: "postgres.sslrootcert",
      message: `the certificates of sslrootcert cannot be read: ${file}`,
      next: "name the file of your server's certification authority, or sslrootcert=system for the public ones",
      cause,
    });
  }
}
