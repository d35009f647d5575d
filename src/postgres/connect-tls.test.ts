import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasOpenssl, makeCertificates } from "../../tests/certificates.ts";
import { startOwnServer } from "../../tests/each-postgres.ts";
import { PROGRAMS, type ServerPlace, stopServer } from "../../tests/postgres-server.ts";
import { Postgres } from "./postgres.ts";

const newest = Object.values(PROGRAMS)[0] ?? null;

describe.skipIf(newest === null || !hasOpenssl())("a server that encrypts (needs openssl)", () => {
  let folder: string;
  let place: ServerPlace;
  let expired: ServerPlace;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "connect-tls-"));
    const made = makeCertificates();
    const stranger = makeCertificates();
    await writeFile(join(folder, "root.crt"), made.root);
    await writeFile(join(folder, "stranger.crt"), stranger.root);
    await writeFile(join(folder, "empty.crt"), "");
    const options = {
      programs: newest!,
      settings: ["ssl = on"],
      // Unencrypted connections have no entry.
      access: ["local all all trust", "hostssl all all 127.0.0.1/32 trust"],
    };
    place = await startOwnServer({ ...options, files: { "server.crt": made.certificate, "server.key": made.key } });
    expired = await startOwnServer({ ...options, files: { "server.crt": made.expired, "server.key": made.key } });
  });
  afterAll(async () => {
    await stopServer(place);
    await stopServer(expired);
    await rm(folder, { recursive: true });
  });

  const isEncrypted = async (host: string, query: string, { port } = place): Promise<unknown> => {
    await using postgres = await Postgres.open({
      url: `postgresql://postgres@${host}:${String(port)}/postgres?${query.replace("FOLDER", folder)}`,
      environment: { HOME: folder },
      waitMs: 0,
    });
    const [row] = await postgres.withSession((session) => session.rows("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"));
    return row?.["ssl"];
  };

  test.each([
    ["with its name and its authority", "localhost", "sslmode=verify-full&sslrootcert=FOLDER/root.crt"],
    ["by its authority alone", "127.0.0.1", "sslmode=verify-ca&sslrootcert=FOLDER/root.crt"],
    ["without a look at its certificate", "127.0.0.1", "sslmode=require"],
  ])("is taken %s", async (_, host, query) => {
    expect(await isEncrypted(host, query)).toBe(true);
  });

  test.each([
    ["under another name than its certificate's", "127.0.0.1", "sslmode=verify-full&sslrootcert=FOLDER/root.crt", "postgres.tls-name", 5],
    ["signed by a stranger", "localhost", "sslmode=verify-full&sslrootcert=FOLDER/stranger.crt", "postgres.tls-untrusted", 5],
    [
      "signed by a stranger, in the mode that looks at nothing else",
      "localhost",
      "sslmode=verify-ca&sslrootcert=FOLDER/stranger.crt",
      "postgres.tls-untrusted",
      5,
    ],
    [
      "signed by a stranger, where a file makes require look",
      "localhost",
      "sslmode=require&sslrootcert=FOLDER/stranger.crt",
      "postgres.tls-untrusted",
      5,
    ],
    ["with no authority named: the public ones did not sign it", "localhost", "sslmode=verify-full", "postgres.tls-untrusted", 5],
    [
      "with a file of certificates that is not there",
      "localhost",
      "sslmode=verify-full&sslrootcert=FOLDER/none.crt",
      "postgres.sslrootcert",
      2,
    ],
    ["with a file that holds no certificate", "localhost", "sslmode=verify-full&sslrootcert=FOLDER/empty.crt", "postgres.tls-untrusted", 5],
    ["unencrypted, which it does not allow", "127.0.0.1", "sslmode=disable", "postgres.access", 5],
  ])("is refused %s", async (_, host, query, code, exit) => {
    await expect(isEncrypted(host, query)).rejects.toMatchObject({ code, exit });
  });

  test("is refused with a certificate that has expired", async () => {
    const work = isEncrypted("localhost", "sslmode=verify-full&sslrootcert=FOLDER/root.crt", expired);
    await expect(work).rejects.toMatchObject({ code: "postgres.tls-expired", exit: 5 });
  });
});
