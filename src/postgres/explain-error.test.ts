import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, type Server, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestDatabase, describeEachPostgres, startOwnServer } from "../../tests/each-postgres.ts";
import { PROGRAMS, type ServerPlace, stopServer, urlOf } from "../../tests/postgres-server.ts";
import { OutsideError, UserError } from "../core/errors.ts";
import { resolveTarget } from "./connection-target.ts";
import { checkServer } from "./open-session.ts";
import { Postgres } from "./postgres.ts";
import type { Session } from "./session.ts";

/** What opening, and then working, fails with. */
async function failureOf(
  url: string,
  environment: Readonly<Record<string, string>> = {},
  work: (session: Session) => Promise<unknown> = () => Promise.resolve(),
): Promise<OutsideError | UserError> {
  try {
    await using postgres = await Postgres.open({ url, environment: { HOME: "/nonexistent", ...environment }, waitMs: 0 });
    await postgres.withSession(work);
  } catch (error) {
    if (error instanceof OutsideError || error instanceof UserError) return error;
    throw error;
  }
  throw new Error("nothing failed");
}

const oldest = Object.values(PROGRAMS).findLast((programs) => programs !== null) ?? null;

describe.skipIf(oldest === null)("a server that does not let everybody in says why", () => {
  let place: ServerPlace;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "explain-error-"));
    place = await startOwnServer({
      programs: oldest!,
      settings: ["max_connections = 5", "superuser_reserved_connections = 3", "max_wal_senders = 0"],
      access: ["host all postgres 127.0.0.1/32 trust", "host all ann 127.0.0.1/32 scram-sha-256", "host all guest 127.0.0.1/32 trust"],
    });
    await using postgres = await Postgres.open({ url: urlOf(place, "postgres"), environment: {}, waitMs: 0 });
    await postgres.withSession((session) =>
      session.run("CREATE ROLE ann LOGIN PASSWORD 'geheim'; CREATE ROLE guest LOGIN; CREATE ROLE stranger LOGIN"),
    );
  });
  afterAll(async () => {
    await stopServer(place);
    await rm(folder, { recursive: true });
  });
  const passwordFile = async (mode: number): Promise<string> => {
    const file = join(folder, "pass");
    await writeFile(file, `127.0.0.1:${String(place.port)}:postgres:ann:geheim\n`);
    await chmod(file, mode);
    return file;
  };

  test("to a wrong password, which is not repeated", async () => {
    const failure = await failureOf(urlOf(place, "postgres", "ann"), { PGPASSWORD: "verkehrt" });
    expect(failure).toMatchObject({ code: "postgres.password", exit: 5, retryable: false });
    expect(failure.message).toContain(`postgresql://ann@127.0.0.1:${String(place.port)}/postgres does not take the password`);
    expect(failure.message).toContain("PGPASSWORD");
    expect(`${failure.message} ${String(failure.stack)} ${JSON.stringify(failure)}`).not.toContain("verkehrt");
  });

  test("to no password", async () => {
    const failure = await failureOf(urlOf(place, "postgres", "ann"));
    expect(failure).toMatchObject({ code: "postgres.no-password", exit: 2 });
    expect(failure.text.next).toContain("set PGPASSWORD");
  });

  test("but takes one from each place that may hold it", async () => {
    const url = urlOf(place, "postgres", "ann");
    const services = join(folder, "services");
    await writeFile(services, `[mlb]\nhost=127.0.0.1\nport=${String(place.port)}\ndbname=postgres\nuser=ann\npassword=geheim\n`);
    for (const [named, environment] of [
      [url, { PGPASSWORD: "geheim" }],
      [url, { PGPASSFILE: await passwordFile(0o600) }],
      [`${url}?passfile=${await passwordFile(0o600)}`, {}],
      [`${url}?password=geheim`, {}],
      [url.replace("ann@", "ann:geheim@"), {}],
      ["postgresql://?service=mlb", { PGSERVICEFILE: services }],
      ["postgresql://", { PGSERVICEFILE: services, PGSERVICE: "mlb" }],
    ] as const) {
      await using postgres = await Postgres.open({ url: named, environment, waitMs: 0 });
      expect(await postgres.withSession((session) => session.rows("SELECT current_user AS name"))).toEqual([{ name: "ann" }]);
    }
  });

  test("to a password file that others may read", async () => {
    const failure = await failureOf(urlOf(place, "postgres", "ann"), { PGPASSFILE: await passwordFile(0o644) });
    expect(failure).toMatchObject({ code: "postgres.password-file", exit: 2 });
    expect(failure.text.next).toContain("chmod 0600");
  });

  test("to a role without an entry", async () => {
    const failure = await failureOf(urlOf(place, "postgres", "stranger"));
    expect(failure).toMatchObject({ code: "postgres.access", exit: 5, retryable: false });
    expect(failure.text.next).toContain("pg_hba.conf");
    expect(failure.text.next).toContain("sslmode=verify-full");
  });

  test("to one connection too many", async () => {
    await using guests = await Postgres.open({ url: urlOf(place, "postgres", "guest"), environment: {}, waitMs: 0 });
    const failure = await guests.withSession(() => guests.withSession(() => failureOf(urlOf(place, "postgres", "guest"))));
    expect(failure).toMatchObject({ code: "postgres.connections", exit: 5, retryable: true });
  });
});

describeEachPostgres((server) => {
  let database: TestDatabase;
  let owner: Postgres;
  beforeAll(async () => {
    database = await server.createDatabase();
    owner = await Postgres.open({ url: database.url, environment: {}, waitMs: 0 });
  });
  afterAll(async () => {
    await owner[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });

  test("a database that is not there", async () => {
    const failure = await failureOf(database.url.replace(database.name, "nowhere"));
    expect(failure).toMatchObject({ code: "postgres.no-database", exit: 5, retryable: false });
  });

  test("a database of another encoding", async () => {
    await using ascii = await server.createDatabase("ENCODING 'SQL_ASCII' TEMPLATE template0");
    const failure = await failureOf(ascii.url);
    expect(failure).toMatchObject({ code: "postgres.encoding", exit: 5 });
    expect(failure.text).toMatchObject({ expected: "the encoding UTF8", got: "SQL_ASCII" });
  });

  test("a role without the right, with the name of the object", async () => {
    const role = `reader_of_${database.name}`;
    await owner.withSession((session) =>
      session.run(`CREATE SCHEMA game; CREATE TABLE game.plays (n int); CREATE ROLE ${role} LOGIN; GRANT USAGE ON SCHEMA game TO ${role}`),
    );
    const failure = await failureOf(database.url.replace("postgres@", `${role}@`), {}, (session) =>
      session.run("INSERT INTO game.plays VALUES (1)"),
    );
    await owner.withSession((session) => session.run(`DROP OWNED BY ${role}; DROP ROLE ${role}`));
    expect(failure).toMatchObject({ code: "postgres.privilege", exit: 5, retryable: false });
    expect(failure.text.got).toContain("permission denied for table plays");
    expect(failure.text.next).toContain("schema roles");
  });

  test("a server that takes no writes", async () => {
    const failure = await failureOf(database.url, {}, async (session) => {
      await session.run("SET default_transaction_read_only = on");
      await session.run("CREATE TABLE public.mine (n int)");
    });
    expect(failure).toMatchObject({ code: "postgres.read-only", exit: 5, retryable: false });
  });

  test("a statement that takes too long", async () => {
    const failure = await failureOf(database.url, {}, async (session) => {
      await session.run("SET statement_timeout = 10");
      await session.run("SELECT pg_sleep(600)");
    });
    expect(failure).toMatchObject({ code: "postgres.canceled", exit: 5 });
  });

  test("a lock that another session holds", async () => {
    const failure = await owner.withSession((session) =>
      session.transaction(async () => {
        await session.run("SELECT pg_advisory_xact_lock(7)");
        return await failureOf(database.url, {}, (other) => other.run("SELECT pg_advisory_lock(7)"));
      }),
    );
    expect(failure).toMatchObject({ code: "postgres.lock", exit: 7, retryable: true });
  });

  test.each([
    ["53100", "postgres.disk-full", 5, false],
    ["53200", "postgres.memory", 5, false],
    ["53400", "postgres.resources", 5, false],
    ["58030", "postgres.server-failed", 5, false],
    ["XX001", "postgres.server-failed", 5, false],
    ["40P01", "postgres.contended", 7, true],
  ])("a server that says %s is %s", async (state, code, exit, retryable) => {
    const failure = await failureOf(database.url, {}, (session) =>
      session.run(`DO $$ BEGIN RAISE EXCEPTION 'said so' USING ERRCODE = '${state}'; END $$`),
    );
    expect(failure).toMatchObject({ code, exit, retryable });
    expect(failure.text.got).toBe(`said so (SQLSTATE ${state})`);
  });

  test("a mistake in a statement is passed on as it is", async () => {
    await expect(failureOf(database.url, {}, (session) => session.run("SELEC 1"))).rejects.toMatchObject({ name: "error", code: "42601" });
  });
});

describe("where there is no server", () => {
  let silent: Server;
  let talking: Server;
  beforeAll(async () => {
    silent = createServer();
    talking = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    for (const server of [silent, talking]) await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterAll(() => {
    silent.close();
    talking.close();
  });
  const portOf = (server: Server): string => String((server.address() as AddressInfo).port);

  test("nobody listens", async () => {
    const failure = await failureOf("postgresql://postgres@127.0.0.1:1/postgres");
    expect(failure).toMatchObject({ code: "postgres.refused", exit: 5, retryable: true });
    expect(failure.text.got).toContain("ECONNREFUSED");
  });

  test("the folder has no socket", async () => {
    const failure = await failureOf("postgresql://postgres@/postgres?host=/nonexistent");
    expect(failure).toMatchObject({ code: "postgres.refused", exit: 5, retryable: true });
    expect(failure.text.next).toContain("the folder of its socket");
  });

  test("the host is not known", async () => {
    const failure = await failureOf("postgresql://postgres@nowhere.invalid/postgres");
    expect(failure).toMatchObject({ code: "postgres.host-unknown", exit: 5 });
  });

  test("nobody answers", async () => {
    const failure = await failureOf(`postgresql://postgres@127.0.0.1:${portOf(silent)}/postgres?connect_timeout=1`);
    expect(failure).toMatchObject({ code: "postgres.unreachable", exit: 5, retryable: false });
    expect(failure.text.next).toContain("connect_timeout");
  });

  test("somebody else answers", async () => {
    expect(await failureOf(`postgresql://postgres@127.0.0.1:${portOf(talking)}/postgres?connect_timeout=5`)).toMatchObject({ exit: 5 });
    const encrypted = `postgresql://postgres@127.0.0.1:${portOf(talking)}/postgres?sslmode=require`;
    expect(await failureOf(encrypted)).toMatchObject({ code: "postgres.tls", exit: 5 });
  });
});

describeEachPostgres((server) => {
  test("a server that does not encrypt", async () => {
    await using database = await server.createDatabase();
    const failure = await failureOf(`${database.url}?sslmode=require`);
    expect(failure).toMatchObject({ code: "postgres.tls-none", exit: 5 });
  });
});

test("a server that is too old is named with its version", async () => {
  const target = await resolveTarget("postgresql://ann@db.example/mlb", {});
  expect(() => {
    checkServer({ version: 130_022, encoding: "UTF8" }, target);
  }).toThrow(/too old[^]*PostgreSQL 14 or newer[^]*PostgreSQL 13/);
  checkServer({ version: 140_000, encoding: "UTF8" }, target);
});
