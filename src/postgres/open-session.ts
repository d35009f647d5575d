import { onFault } from "../core/faults.ts";
import type { Client } from "pg";
import { EXIT, OutsideError } from "../core/errors.ts";
import { connect } from "./connect.ts";
import { type ConnectionTarget, showTarget } from "./connection-target.ts";
import { explainConnectError } from "./explain-error.ts";
import { Session, type SessionOptions } from "./session.ts";

const OLDEST_VERSION = 14;

/** The statements of a slice take seconds, an index over all rows minutes; what takes longer says so by `SET LOCAL`. A statement that hangs must not keep its locks for ever. */
const STATEMENT_TIMEOUT_MS = 15 * 60_000;
/** Inside of a transaction we copy rows that are there: a process that does nothing for so long hangs, and holds locks and dead rows. */
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 5 * 60_000;
/** A server looks so often, while a statement runs, whether the process that wants it is alive: else a killed one keeps its locks until the statement ends. */
const CLIENT_CHECK_MS = 10_000;

/** A session that is ready for work. @throws OutsideError, UserError, each with the next step */
export async function openSession(options: SessionOptions): Promise<Session> {
  const { target, waitMs } = options;
  let client: Client | null = null;
  try {
    client = await connect(target);
    cutOnFault(client);
    await client.query(settings(waitMs));
    const { rows } = await client.query<{ version: number; encoding: string }>(
      "SELECT current_setting('server_version_num')::int AS version, current_setting('server_encoding') AS encoding",
    );
    const [server] = rows;
    if (server !== undefined) checkServer(server, target);
    return new Session(client, options);
  } catch (error) {
    void client?.end();
    throw explainConnectError(error, target);
  }
}

/** What its types do not say: the socket. */
function cutOnFault(client: Client): void {
  onFault("disconnect", () => {
    (client as unknown as { readonly connection: { readonly stream: { destroy(): void } } }).connection.stream.destroy();
  });
}

/** @throws OutsideError `postgres.version`, `postgres.encoding` (exit 5) */
export function checkServer(
  { version, encoding }: { readonly version: number; readonly encoding: string },
  target: ConnectionTarget,
): void {
  if (version < OLDEST_VERSION * 10_000) {
    throw new OutsideError(
      {
        code: "postgres.version",
        message: `${showTarget(target)} is too old`,
        expected: `PostgreSQL ${String(OLDEST_VERSION)} or newer`,
        got: `PostgreSQL ${String(Math.floor(version / 10_000))}`,
        next: "upgrade the server, or name another one",
      },
      EXIT.storeUnreachable,
      false,
    );
  }
  if (encoding !== "UTF8") {
    throw new OutsideError(
      {
        code: "postgres.encoding",
        message: `the database ${showTarget(target)} cannot hold every text`,
        expected: "the encoding UTF8",
        got: encoding,
        next: `CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0, and name that one`,
      },
      EXIT.storeUnreachable,
      false,
    );
  }
}

function settings(waitMs: number): string {
  return [
    "SET client_encoding = 'UTF8'",
    "SET TimeZone = 'UTC'",
    "SET DateStyle = 'ISO, YMD'",
    "SET bytea_output = 'hex'",
    // Numbers are written so that they are read as the same.
    "SET extra_float_digits = 1",
    "SET standard_conforming_strings = on",
    // Who may make objects in a schema of the path could otherwise put his own in the place of ours.
    "SET search_path = pg_catalog, pg_temp",
    // All rows of a cursor are read.
    "SET cursor_tuple_fraction = 1",
    `SET statement_timeout = ${String(STATEMENT_TIMEOUT_MS)}`,
    // 0 would be for ever.
    `SET lock_timeout = ${String(Math.max(1, waitMs))}`,
    `SET idle_in_transaction_session_timeout = ${String(IDLE_IN_TRANSACTION_TIMEOUT_MS)}`,
    // A server on a system that cannot look refuses the setting.
    `DO $$ BEGIN SET client_connection_check_interval = ${String(CLIENT_CHECK_MS)}; EXCEPTION WHEN OTHERS THEN NULL; END $$`,
  ].join("; ");
}
