import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { resolveTarget, showTarget } from "./connection-target.ts";
import { findPassword } from "./password-file.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "connection-target-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

describe("a target", () => {
  test("has a default for everything", async () => {
    expect(await resolveTarget("postgresql://db.example", { HOME: folder, PGUSER: "ann" })).toEqual({
      host: "db.example",
      port: 5432,
      database: "ann",
      user: "ann",
      password: null,
      passwordFile: join(folder, ".pgpass"),
      tls: "verify-full",
      rootCertificate: "system",
      connectTimeoutMs: 10_000,
      applicationName: "mlb-etl",
    });
  });

  test("takes the URL before the service, the service before variables", async () => {
    const file = join(folder, "services");
    await writeFile(
      file,
      "# ours\n[other]\nport=1\nwhat=ever\n[mlb]\nhost=service.example\nport = 2\npassword=from service\n[more]\nport=3\n",
    );
    const target = await resolveTarget("postgresql://url.example?service=mlb", {
      PGSERVICEFILE: file,
      PGHOST: "variable.example",
      PGPORT: "4",
      PGDATABASE: "variable",
      PGPASSWORD: "from variable",
    });
    expect(target).toMatchObject({ host: "url.example", port: 2, database: "variable", password: "from service" });
    await expect(resolveTarget("postgresql://", { PGSERVICEFILE: file, PGSERVICE: "mlb" })).resolves.toMatchObject({
      host: "service.example",
    });
  });

  test.each([
    ["localhost", "", "disable"],
    ["127.0.0.1", "", "disable"],
    ["[::1]", "", "disable"],
    ["%2Ftmp", "?sslmode=require", "disable"],
    ["db.example", "", "verify-full"],
    ["10.0.0.1", "", "verify-full"],
    ["db.example", "?sslmode=require", "require"],
    ["db.example", "?sslmode=require&sslrootcert=/a.crt", "verify-ca"],
    ["localhost", "?sslmode=verify-full", "verify-full"],
  ])("at %s with '%s' has sslmode %s", async (host, query, expected) => {
    expect((await resolveTarget(`postgresql://${host}/m${query}`, { HOME: folder })).tls).toBe(expected);
  });

  test.each([
    ["sslmode=prefer", "postgres.sslmode", /protects from nothing/],
    ["sslmode=verify_full", "postgres.sslmode", /did you mean verify-full\?/],
    ["port=0", "postgres.port", /from 1 to 65535/],
    ["port=1e3", "postgres.port", /from 1 to 65535/],
    ["connect_timeout=0", "postgres.connect-timeout", /from 1 to 3600/],
    ["host=a%20b", "postgres.host", /no name/],
    ["service=none", "postgres.service", /no service file describes the service "none"/],
  ])("with %s is refused", async (query, code, message) => {
    await expect(resolveTarget(`postgresql:///m?${query}`, { HOME: folder })).rejects.toMatchObject({ code, exit: 2, message });
  });

  test("with a service line that is not known is refused with its place, and without its value", async () => {
    const file = join(folder, "wrong");
    await writeFile(file, "[mlb]\nhost=h\npasword=geheim\n");
    const refused = resolveTarget("postgresql://?service=mlb", { PGSERVICEFILE: file });
    await expect(refused).rejects.toThrow(/wrong:3 sets "pasword"[^]*did you mean password\?/);
    await expect(refused).rejects.not.toThrow(/geheim/);
  });

  test("is shown as a URL without its password", async () => {
    const shown = async (url: string): Promise<string> => showTarget(await resolveTarget(url, { HOME: folder }));
    expect(await shown("postgresql://ann:geheim@[::1]:1/m%20l")).toBe("postgresql://ann@[::1]:1/m%20l");
    expect(await shown("postgresql://ann:geheim@/m?host=/run/pg")).toBe("postgresql://ann@/m?host=/run/pg&port=5432");
  });
});

describe("the password file", () => {
  const key = { host: "db.example", port: 5432, database: "mlb", user: "ann" };
  const write = async (text: string, mode = 0o600): Promise<string> => {
    const file = join(folder, "pass");
    await writeFile(file, text);
    await chmod(file, mode);
    return file;
  };

  test.each([
    ["the first line that fits", "other:5432:mlb:ann:no\n*:*:mlb:ann:one\ndb.example:5432:mlb:ann:two\n", "one"],
    ["a password with colons and escapes", String.raw`db.example:5432:mlb:ann:a:b\:c\\d`, String.raw`a:b:c\d`],
    ["none where no line fits", "db.example:5433:mlb:ann:no\n# db.example:5432:mlb:ann:no\n", null],
    ["none of a line that is too short", "db.example:5432:mlb:ann", null],
    ["none for a star that is escaped", String.raw`\*:5432:mlb:ann:no`, null],
    ["a line with the ends of Windows", "db.example:5432:mlb:ann:one\r\n", "one"],
  ])("gives %s", async (_, text, expected) => {
    expect(await findPassword(await write(text), key)).toBe(expected);
  });

  test("calls the socket of a default folder localhost", async () => {
    expect(await findPassword(await write("localhost:5432:mlb:ann:one"), { ...key, host: "/var/run/postgresql" })).toBe("one");
  });

  test("gives none where it is not there", async () => {
    expect(await findPassword(join(folder, "nowhere"), key)).toBeNull();
  });

  test.each([0o640, 0o604, 0o666])("is refused with mode %o", async (mode) => {
    const file = await write("*:*:*:*:geheim", mode);
    await expect(findPassword(file, key)).rejects.toMatchObject({ code: "postgres.password-file", exit: 2, message: /chmod 0600/ });
  });
});
