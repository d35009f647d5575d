import { Readable } from "node:stream";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type TestDatabase, describeEachPostgres } from "../../tests/each-postgres.ts";
import type { SqlValue } from "../sql/sql-value.ts";
import { sqlStateOf } from "./explain-error.ts";
import { Postgres } from "./postgres.ts";
import type { Session } from "./session.ts";
import type { SqlParameter } from "./values.ts";

describeEachPostgres((server) => {
  let database: TestDatabase;
  let postgres: Postgres;
  beforeAll(async () => {
    database = await server.createDatabase();
    postgres = await Postgres.open({ url: database.url, environment: {}, waitMs: 20_000 });
  });
  afterAll(async () => {
    await postgres[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });
  const withSession = <T>(work: (session: Session) => Promise<T>): Promise<T> => postgres.withSession(work);
  const valueOf = (sql: string, values: readonly SqlParameter[] = []): Promise<SqlValue | undefined> =>
    withSession(async (session) => (await session.rows(sql, values))[0]?.["v"]);

  describe("a value goes in and comes out", () => {
    test.each<[string, SqlParameter, SqlValue]>([
      ["bool", true, true],
      ["bool", false, false],
      ["int2", -32_768, -32_768],
      ["int4", 2_147_483_647, 2_147_483_647],
      ["int8", 9_223_372_036_854_775_807n, 9_223_372_036_854_775_807n],
      ["int8", -9_223_372_036_854_775_808n, -9_223_372_036_854_775_808n],
      ["int8", 7, 7n],
      ["float8", -0, -0],
      ["float8", 5e-324, 5e-324],
      ["float8", 2.225_073_858_507_201_4e-308, 2.225_073_858_507_201_4e-308],
      ["float8", 1.797_693_134_862_315_7e308, 1.797_693_134_862_315_7e308],
      ["float8", 0.1 + 0.2, 0.300_000_000_000_000_04],
      ["numeric(10,3)", "1.5", "1.500"],
      ["numeric", "123456789012345678901234567890.10", "123456789012345678901234567890.10"],
      ["text", "", ""],
      ["text", "Ünïcode 🧢 \\ ' \" \n", "Ünïcode 🧢 \\ ' \" \n"],
      ["date", "0001-01-01", "0001-01-01"],
      ["date", "9999-12-31", "9999-12-31"],
      ["timestamptz", "2024-07-13T04:19:09.123456Z", "2024-07-13T04:19:09.123456Z"],
      ["timestamptz", "2024-07-13T04:19:09.5+05:30", "2024-07-12T22:49:09.500000Z"],
      ["timestamptz", "1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"],
      ["timestamptz", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"],
      ["jsonb", '{"b":1e2,"a":[null,"x"]}', '{"a": [null, "x"], "b": 100}'],
      ["bytea", new Uint8Array([0, 255, 10]), String.raw`\x00ff0a`],
      ["int8[]", [1n, null, -2n], [1n, null, -2n]],
      [
        "int4[]",
        [
          [1, 2],
          [3, 4],
        ],
        [
          [1, 2],
          [3, 4],
        ],
      ],
      ["text[]", ["a,b", 'c"d', "\\", "", "NULL", null], ["a,b", 'c"d', "\\", "", "NULL", null]],
      ["text[]", [], []],
      ["float8[]", [-0, 0.5], [-0, 0.5]],
      ["timestamptz[]", ["2024-07-13T04:19:09Z"], ["2024-07-13T04:19:09.000000Z"]],
      ["jsonb[]", ['{"a":1}'], ['{"a": 1}']],
      ["int4", null, null],
    ])("as %s: %o", async (type, given, expected) => {
      expect(await valueOf(`SELECT $1::${type} AS v`, [given])).toStrictEqual(expected);
    });

    test("as the id of a transaction", async () => {
      expect(await valueOf("SELECT '18446744073709551615'::xid8 AS v")).toBe(18_446_744_073_709_551_615n);
    });

    test("as bytes where they are asked for", async () => {
      const [row] = await withSession((session) =>
        session.byteRows("SELECT $1::bytea AS body, NULL::bytea AS none, 7::int8 AS id", [Buffer.from([0, 255])]),
      );
      expect(row).toStrictEqual({ body: Buffer.from([0, 255]), none: null, id: 7n });
    });

    test.each([Infinity, -Infinity, Number.NaN])("but not %s", async (value) => {
      await expect(valueOf("SELECT $1::float8 AS v", [value])).rejects.toThrow(RangeError);
    });

    test.each(["'infinity'::timestamptz", "'-infinity'::date", "'0044-03-15 BC'::date", "'10000-01-01'::timestamptz"])(
      "and is refused: %s",
      async (sql) => {
        await expect(valueOf(`SELECT ${sql} AS v`)).rejects.toMatchObject({ code: "postgres.value", exit: 5 });
      },
    );

    test("under names that come twice, and odd ones", async () => {
      const [row] = await withSession((session) => session.rows('SELECT 1 AS n, 2 AS n, 3 AS "__proto__"'));
      expect(Object.entries(row ?? {})).toEqual([
        ["n", 1],
        ["n:1", 2],
        ["__proto__", 3],
      ]);
    });
  });

  describe("a session", () => {
    test("has its settings whatever the role and the database say", async () => {
      await withSession((session) =>
        session.run(
          `ALTER DATABASE ${database.name} SET TimeZone = 'Asia/Tokyo'; ALTER DATABASE ${database.name} SET DateStyle = 'German'; ALTER DATABASE ${database.name} SET extra_float_digits = 0`,
        ),
      );
      await using fresh = await Postgres.open({ url: database.url, environment: {}, waitMs: 0 });
      const [row] = await fresh.withSession((session) =>
        session.rows(
          "SELECT '2024-07-13T00:00:00Z'::timestamptz AS t, '2024-07-13'::date AS d, 0.1::float8 + 0.2::float8 AS f, current_setting('application_name') AS name, current_setting('lock_timeout') AS lock",
        ),
      );
      expect(row).toEqual({ t: "2024-07-13T00:00:00.000000Z", d: "2024-07-13", f: 0.300_000_000_000_000_04, name: "mlb-etl", lock: "1ms" });
      await withSession((session) => session.run(`ALTER DATABASE ${database.name} RESET ALL`));
    });

    test("counts the rows that it changed, over several statements too", async () => {
      await withSession(async (session) => {
        expect(await session.run("CREATE TEMP TABLE n (n int)")).toBe(0);
        expect(await session.run("INSERT INTO n SELECT * FROM generate_series(1, $1)", [5])).toBe(5);
        expect(await session.run("UPDATE n SET n = 0 WHERE n > 2; DELETE FROM n WHERE n = 0")).toBe(6);
      });
    });

    test("runs one statement at a time", async () => {
      await withSession(async (session) => {
        const first = session.rows("SELECT 1");
        await expect(session.rows("SELECT 2")).rejects.toThrow("one statement at a time");
        await first;
      });
    });

    test("leaves no temporary table and no lock behind for the next work", async () => {
      await using one = await Postgres.open({ url: database.url, environment: {}, waitMs: 0, maxSessions: 1 });
      const first = await one.withSession(async (session) => {
        await session.run("CREATE TEMP TABLE mine (n int); SELECT pg_advisory_lock(1)");
        return (await session.rows("SELECT pg_backend_pid() AS pid"))[0]?.["pid"];
      });
      const [second] = await one.withSession((session) =>
        session.rows(
          "SELECT pg_backend_pid() AS pid, to_regclass('mine') AS mine, (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()) AS locks",
        ),
      );
      expect(second).toEqual({ pid: first, mine: null, locks: 0n });
    });
  });

  describe("batches", () => {
    test("hold a thousand rows at most, and all rows together", async () => {
      await withSession(async (session) => {
        const sizes: number[] = [];
        let sum = 0n;
        for await (const rows of session.batches("SELECT n FROM generate_series(1::int8, $1) AS n", [2500])) {
          sizes.push(rows.length);
          for (const row of rows) sum += row["n"] as bigint;
        }
        expect(sizes).toEqual([1000, 1000, 500]);
        expect(sum).toBe(3_126_250n);
      });
    });

    test("are made as they are wanted: the server does not go on before", async () => {
      await withSession(async (session) => {
        await session.run("CREATE TEMP SEQUENCE made");
        await session.transaction(async () => {
          for await (const _rows of session.batches("SELECT nextval('made') FROM generate_series(1, 1000000)")) break;
          expect(await session.rows("SELECT last_value AS v FROM made")).toEqual([{ v: 1000n }]);
        });
      });
    });

    test("let other statements of the transaction run in between", async () => {
      await withSession(async (session) => {
        await session.run("CREATE TEMP TABLE seen (n int8)");
        await session.transaction(async () => {
          for await (const rows of session.batches("SELECT n FROM generate_series(1::int8, 2000) AS n"))
            await session.run("INSERT INTO seen SELECT unnest($1::int8[])", [rows.map((row) => row["n"] as bigint)]);
        });
        expect(await session.rows("SELECT count(*) AS v FROM seen")).toEqual([{ v: 2000n }]);
      });
    });

    test("leave the session as it was where nobody wants more, and after an error", async () => {
      await withSession(async (session) => {
        for await (const _rows of session.batches("SELECT 1")) break;
        await expect(session.batches("SELECT 1 / 0").next()).rejects.toThrow("division by zero");
        expect(session.isUsable).toBe(true);
        expect(await session.transaction(() => session.rows("SELECT 1 AS v"))).toEqual([{ v: 1 }]);
      });
    });
  });

  describe("a copy", () => {
    test("takes a stream of many pieces and counts its rows", async () => {
      await withSession(async (session) => {
        await session.run("CREATE TEMP TABLE lines (n int8, t text)");
        function* lines(): Generator<string> {
          for (let n = 0; n < 50_000; n++) yield `${String(n)}\t${"x".repeat(100)}\n`;
        }
        expect(await session.copyIn("COPY lines FROM STDIN", Readable.from(lines()))).toBe(50_000);
        expect(await session.rows("SELECT count(*) AS n, sum(n)::int8 AS s FROM lines")).toEqual([{ n: 50_000n, s: 1_249_975_000n }]);
      });
    });

    test("of nothing is no row", async () => {
      await withSession(async (session) => {
        await session.run("CREATE TEMP TABLE lines (n int8)");
        expect(await session.copyIn("COPY lines FROM STDIN", Readable.from([]))).toBe(0);
      });
    });

    test("takes nothing where the source fails, whose error is thrown; the session goes on", async () => {
      await withSession(async (session) => {
        await session.run("CREATE TEMP TABLE lines (n int8)");
        async function* failing(): AsyncGenerator<string> {
          yield "1\n";
          await Promise.resolve();
          throw new Error("the source is broken");
        }
        await expect(session.copyIn("COPY lines FROM STDIN", Readable.from(failing()))).rejects.toThrow("the source is broken");
        expect(await session.rows("SELECT count(*) AS n FROM lines")).toEqual([{ n: 0n }]);
        expect(await session.copyIn("COPY lines FROM STDIN", Readable.from(["2\n"]))).toBe(1);
      });
    });

    test.each([
      ["a row is wrong", "COPY lines FROM STDIN", "22P02"],
      ["a table is not there", "COPY pg_temp.nowhere FROM STDIN", "42P01"],
    ])("stops the source where %s", async (_, sql, state) => {
      await withSession(async (session) => {
        await session.run("CREATE TEMP TABLE lines (n int8)");
        function* endless(): Generator<string> {
          for (;;) yield `x${"0".repeat(10_000)}\n`;
        }
        const source = Readable.from(endless());
        const failure: unknown = await session.copyIn(sql, source).catch((error: unknown) => error);
        expect(sqlStateOf(failure)).toBe(state);
        expect(source.destroyed).toBe(true);
        expect(await session.rows("SELECT count(*) AS n FROM lines")).toEqual([{ n: 0n }]);
      });
    });
  });

  describe("a transaction", () => {
    beforeEach(async () => {
      await withSession((session) =>
        session.run(
          "DROP SCHEMA IF EXISTS t CASCADE; CREATE SCHEMA t; CREATE TABLE t.n (id int PRIMARY KEY, n int); INSERT INTO t.n VALUES (1, 0), (2, 0)",
        ),
      );
    });
    const stored = async (): Promise<SqlValue | undefined> => valueOf("SELECT array_agg(n ORDER BY id) AS v FROM t.n");

    test("gives what its work gives, and keeps what it did", async () => {
      expect(await withSession((session) => session.transaction(async () => session.run("UPDATE t.n SET n = 1")))).toBe(2);
      expect(await stored()).toEqual([1, 1]);
    });

    test("is rolled back where its work throws, and the session goes on", async () => {
      await withSession(async (session) => {
        const work = session.transaction(async () => {
          await session.run("UPDATE t.n SET n = 1");
          throw new Error("no");
        });
        await expect(work).rejects.toThrow("no");
        expect(await session.transaction(() => session.run("UPDATE t.n SET n = n + 1"))).toBe(2);
      });
      expect(await stored()).toEqual([1, 1]);
    });

    test("is not committed where its work passed over the error of a statement", async () => {
      await withSession(async (session) => {
        const work = session.transaction(async () => {
          await session.run("UPDATE t.n SET n = 1");
          await session.run("SELECT 1 / 0").catch(() => 0);
        });
        await expect(work).rejects.toThrow("nothing was committed");
      });
      expect(await stored()).toEqual([0, 0]);
    });

    test("is rolled back where a deferred constraint fails at the commit", async () => {
      await withSession(async (session) => {
        await session.run("CREATE TABLE t.child (id int REFERENCES t.n DEFERRABLE INITIALLY DEFERRED)");
        const failure: unknown = await session
          .transaction(() => session.run("INSERT INTO t.child VALUES (3)"))
          .catch((error: unknown) => error);
        expect(sqlStateOf(failure)).toBe("23503");
        expect(session.isUsable).toBe(true);
        expect(await session.rows("SELECT * FROM t.child")).toEqual([]);
      });
    });

    test("inside another one is refused", async () => {
      const work = withSession((session) => session.transaction(() => session.transaction(() => Promise.resolve())));
      await expect(work).rejects.toThrow("a transaction inside a transaction");
    });

    /** Both works come here before either goes on, the first time. */
    const meeting = (): (() => Promise<void>) => {
      let here = 0;
      let open: () => void = () => undefined;
      const all = new Promise<void>((resolve) => (open = resolve));
      return async () => {
        here += 1;
        if (here === 2) open();
        await all;
      };
    };

    test("that loses a deadlock is run again as a whole", async () => {
      const meet = meeting();
      let runs = 0;
      const move = (first: number, second: number): Promise<void> =>
        withSession((session) =>
          session.transaction(async () => {
            runs += 1;
            await session.run("SET LOCAL deadlock_timeout = '10ms'");
            await session.run("UPDATE t.n SET n = n + 1 WHERE id = $1", [first]);
            await meet();
            await session.run("UPDATE t.n SET n = n + 1 WHERE id = $1", [second]);
          }),
        );
      await Promise.all([move(1, 2), move(2, 1)]);
      expect(runs).toBe(3);
      expect(await stored()).toEqual([2, 2]);
    });

    test("that cannot be serialized is run again as a whole, with a new snapshot", async () => {
      const meet = meeting();
      let runs = 0;
      const add = (): Promise<void> =>
        withSession((session) =>
          session.transaction(async () => {
            runs += 1;
            await session.run("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE");
            const [row] = await session.rows("SELECT n FROM t.n WHERE id = 1");
            await meet();
            await session.run("UPDATE t.n SET n = $1 WHERE id = 1", [Number(row?.["n"]) + 1]);
          }),
        );
      await Promise.all([add(), add()]);
      expect(runs).toBe(3);
      expect(await stored()).toEqual([2, 0]);
    });

    test("is given up where it loses again and again, with exit code 7", async () => {
      await using impatient = await Postgres.open({ url: database.url, environment: {}, waitMs: 0 });
      let runs = 0;
      const work = impatient.withSession((session) =>
        session.transaction(async () => {
          runs += 1;
          await session.run("DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '40001'; END $$");
        }),
      );
      await expect(work).rejects.toMatchObject({ code: "postgres.contended", exit: 7, retryable: true });
      expect(runs).toBe(1);
    });
  });
});
