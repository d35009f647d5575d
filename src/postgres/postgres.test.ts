import { Readable } from "node:stream";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type TestDatabase, describeEachPostgres, startOwnServer } from "../../tests/each-postgres.ts";
import { PROGRAMS, type ServerPlace, controlServer, stopServer, urlOf } from "../../tests/postgres-server.ts";
import { TcpProxy } from "../../tests/tcp-proxy.ts";
import type { OutsideError } from "../core/errors.ts";
import { systemBackOff } from "./back-off.ts";
import { Postgres } from "./postgres.ts";

describeEachPostgres((server) => {
  let database: TestDatabase;
  let direct: Postgres;
  beforeAll(async () => {
    database = await server.createDatabase();
    direct = await Postgres.open({ url: database.url, environment: {}, waitMs: 20_000 });
  });
  afterAll(async () => {
    await direct[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    await direct.withSession((session) => session.run("DROP TABLE IF EXISTS public.n; CREATE TABLE public.n (n int8)"));
  });
  const stored = async (): Promise<unknown> =>
    (await direct.withSession((session) => session.rows("SELECT count(*) AS n FROM public.n")))[0]?.["n"];

  test("no more sessions are open at a time than are allowed, and all who wait get one", async () => {
    await using two = await Postgres.open({ url: database.url, environment: {}, waitMs: 0, maxSessions: 2 });
    const pids = await Promise.all(
      Array.from({ length: 10 }, () =>
        two.withSession(async (session) => (await session.rows("SELECT pg_backend_pid() AS pid"))[0]?.["pid"]),
      ),
    );
    expect(pids).toHaveLength(10);
    expect(new Set(pids).size).toBeLessThanOrEqual(2);
  });

  test("a session whose work failed is not used again", async () => {
    await using one = await Postgres.open({ url: database.url, environment: {}, waitMs: 0, maxSessions: 1 });
    const work = one.withSession(async (session) => {
      await session.run("SET search_path = public");
      throw new Error("no");
    });
    await expect(work).rejects.toThrow("no");
    const [row] = await one.withSession((session) => session.rows("SELECT current_setting('search_path') AS path"));
    expect(row).toEqual({ path: "pg_catalog, pg_temp" });
  });

  test("a session that the administrator ends is a lost connection", async () => {
    const work = direct.withSession((session) => session.rows("SELECT pg_terminate_backend(pg_backend_pid())"));
    await expect(work).rejects.toMatchObject({ code: "postgres.connection-lost", exit: 5, retryable: true });
  });

  describe("where the connection is cut", () => {
    let proxy: TcpProxy;
    let postgres: Postgres;
    beforeEach(async () => {
      proxy = await TcpProxy.start((await server.place()).port);
      const url = database.url.replace(/:[0-9]+\//, `:${String(proxy.port)}/`);
      postgres = await Postgres.open({ url, environment: {}, waitMs: 20_000 });
    });
    afterEach(async () => {
      await postgres[Symbol.asyncDispose]();
      await proxy[Symbol.asyncDispose]();
    });

    test("in the middle of work, the work fails and may be tried later", async () => {
      const work = postgres.withSession(async (session) => {
        proxy.cut();
        await session.rows("SELECT 1");
      });
      await expect(work).rejects.toMatchObject({ code: "postgres.connection-lost", exit: 5, retryable: true });
      expect(await postgres.withSession((session) => session.rows("SELECT 1 AS n"))).toEqual([{ n: 1 }]);
    });

    test("in the middle of a transaction, work that may be repeated is, with another session", async () => {
      let runs = 0;
      await postgres.withSession(
        (session) =>
          session.transaction(async () => {
            runs += 1;
            await session.run("INSERT INTO public.n VALUES (1)");
            if (runs < 3) proxy.cut();
            await session.run("INSERT INTO public.n VALUES (2)");
          }),
        { repeats: true },
      );
      expect(runs).toBe(3);
      expect(proxy.accepted).toBe(3);
      expect(await stored()).toBe(2n);
    });

    test("again and again, work is given up", async () => {
      let runs = 0;
      const work = postgres.withSession(
        async (session) => {
          runs += 1;
          proxy.cut();
          await session.rows("SELECT 1");
        },
        { repeats: true },
      );
      await expect(work).rejects.toMatchObject({ code: "postgres.connection-lost" });
      expect(runs).toBe(6);
    });

    test.each([
      ["before the server gets it", 0n, (): void => void (proxy.onClientData = (data) => !data.includes("COMMIT"))],
      ["after the server has done it", 1n, (): void => void (proxy.onServerData = (data) => !data.includes("COMMIT"))],
    ])("at a COMMIT, %s, nothing is repeated and the doubt is told", async (_, expected, spoil) => {
      let runs = 0;
      const work = postgres.withSession(
        (session) =>
          session.transaction(async () => {
            runs += 1;
            await session.run("INSERT INTO public.n VALUES (1)");
            spoil();
          }),
        { repeats: true },
      );
      await expect(work).rejects.toMatchObject({ code: "postgres.commit-unknown", exit: 5, retryable: true });
      expect(runs).toBe(1);
      expect(await stored()).toBe(expected);
    });

    test("in the middle of a copy, the source is stopped and nothing is kept", async () => {
      function* endless(): Generator<string> {
        for (let n = 0; ; n++) {
          if (n === 1000) proxy.cut();
          yield `${String(n)}\n`.repeat(100);
        }
      }
      const source = Readable.from(endless());
      const work = postgres.withSession((session) => session.copyIn("COPY public.n FROM STDIN", source));
      await expect(work).rejects.toMatchObject({ code: "postgres.connection-lost" });
      expect(source.destroyed).toBe(true);
      expect(await stored()).toBe(0n);
    });

    test("in the middle of batches, they end with the error", async () => {
      let count = 0;
      const work = postgres.withSession(async (session) => {
        for await (const rows of session.batches("SELECT generate_series(1, 5000)")) {
          count += rows.length;
          if (count === 2000) proxy.cut();
        }
      });
      await expect(work).rejects.toMatchObject({ code: "postgres.connection-lost" });
      expect(count).toBe(2000);
    });
  });
});

const newest = Object.values(PROGRAMS)[0] ?? null;

describe.skipIf(newest === null)("a server that goes and comes", () => {
  let place: ServerPlace;
  beforeAll(async () => {
    place = await startOwnServer({ programs: newest! });
  });
  afterAll(async () => {
    await stopServer(place);
  });

  test.each(["restart", "kill"] as const)("after a %s, work that may be repeated goes on", async (how) => {
    await using postgres = await Postgres.open({ url: urlOf(place, "postgres"), environment: {}, waitMs: 30_000 });
    let runs = 0;
    const rows = await postgres.withSession(
      async (session) => {
        runs += 1;
        await session.rows("SELECT 1");
        if (runs === 1) {
          await controlServer(place, how);
          if (how === "kill") await controlServer(place, "start");
        }
        return await session.rows("SELECT 2 AS n");
      },
      { repeats: true },
    );
    expect(rows).toEqual([{ n: 2 }]);
    expect(runs).toBe(2);
  });

  test("is waited for, which is told once", async () => {
    await controlServer(place, "stop");
    const told: OutsideError[] = [];
    let pauses = 0;
    const sleep = async (): Promise<void> => {
      pauses += 1;
      if (pauses === 3) await controlServer(place, "start");
    };
    const options = {
      url: urlOf(place, "postgres"),
      environment: {},
      waitMs: 600_000,
      onWait: (error: OutsideError): void => void told.push(error),
    };
    await using postgres = await Postgres.open(options, { ...systemBackOff, sleep });
    expect(pauses).toBe(3);
    expect(told.map((error) => error.code)).toEqual(["postgres.refused"]);
    expect(await postgres.withSession((session) => session.rows("SELECT 1 AS n"))).toEqual([{ n: 1 }]);
  });
});
