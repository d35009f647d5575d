import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type TestDatabase, administer, describeEachPostgres } from "../../../tests/each-postgres.ts";
import { urlOf } from "../../../tests/postgres-server.ts";
import { Postgres } from "../../postgres/postgres.ts";
import type { Session } from "../../postgres/session.ts";
import type { SqlRow } from "../../sql/sql-value.ts";
import { BodyChecker } from "../body.ts";
import type { CheckedCapture } from "../capture.ts";
import { checkCapture } from "../check-capture.ts";
import { PostgresRawStore } from "./postgres-raw-store.ts";

const TABLE = "game.feed";
const checker = new BodyChecker();

function capture(
  body: string,
  change: { readonly capturedAt?: string; readonly parameters?: Record<string, string> } = {},
): CheckedCapture {
  const { capturedAt = "2024-07-13T04:19:09.000000Z", parameters = { game_pk: "1" } } = change;
  return checkCapture(
    { endpoint: "game", method: "feed", parameters, url: null, status: 200, kind: "answer", body: Buffer.from(body, "utf8") },
    checker,
    () => capturedAt,
  ).checked;
}

async function idsOf(captures: AsyncIterable<{ readonly id: number }>): Promise<number[]> {
  const ids: number[] = [];
  for await (const { id } of captures) ids.push(id);
  return ids;
}

/** A capture as another program writes it, inside a transaction of its own. */
function insertByHand(session: Session, n: number, at = "2024-07-13 00:00:00+00"): Promise<number> {
  return session.run(
    `INSERT INTO game.feed (captured_at, request, kind, content_hash, bytes, shape, body) VALUES ('${at}', '[]', 'answer', lpad('${String(n)}', 64, '0'), 2, '', '\\x00')`,
  );
}

describeEachPostgres((server) => {
  let database: TestDatabase;
  let postgres: Postgres;
  let store: PostgresRawStore;

  beforeEach(async () => {
    database = await server.createDatabase();
    postgres = await Postgres.open({ url: database.url, environment: {}, waitMs: 30_000 });
    store = new PostgresRawStore(postgres);
  });

  afterEach(async () => {
    await postgres[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });

  const query = (sql: string): Promise<SqlRow[]> => postgres.withSession((session) => session.rows(sql));
  const run = (sql: string): Promise<number> => postgres.withSession((session) => session.run(sql));

  describe("a raw table", () => {
    test("can be asked by SQL: the answer, its parameters, the key of its document", async () => {
      await store.prepareTable(TABLE, [{ name: "game_pk", type: "BIGINT", expression: "(data #>> ARRAY['gamePk'])::bigint" }]);
      await store.append([capture('{"gamePk":7,"teams":{"home":"Ü"}}'), capture('{"gamePk":7,'), capture('{"other":1}')]);
      expect(await query("SELECT id, game_pk, data, parameters, failure_code FROM game.feed ORDER BY id")).toEqual([
        { id: 1n, game_pk: 7n, data: '{"teams": {"home": "Ü"}, "gamePk": 7}', parameters: '{"game_pk": "1"}', failure_code: null },
        { id: 2n, game_pk: null, data: null, parameters: '{"game_pk": "1"}', failure_code: "body.not-json" },
        { id: 3n, game_pk: null, data: '{"other": 1}', parameters: '{"game_pk": "1"}', failure_code: null },
      ]);
    });

    test("gets columns of keys while it is empty, and none later", async () => {
      const column = (name: string): { name: string; type: string; expression: string } => ({
        name,
        type: "TEXT",
        expression: `data ->> '${name}'`,
      });
      await store.prepareTable(TABLE, [column("a")]);
      await store.prepareTable(TABLE, [column("a"), column("b"), column("id")]);
      await store.append([capture('{"a":"x","b":"y","id":"z"}')]);
      await store.prepareTable(TABLE, [column("c")]);
      expect(await query("SELECT a, b, key_id FROM game.feed")).toEqual([{ a: "x", b: "y", key_id: "z" }]);
      expect(await store.missingKeyColumns(TABLE, [column("a"), column("c"), column("id")])).toEqual([column("c")]);
    });

    test.each([
      ['{"a":1e-400000}', "value overflows numeric format"],
      [`{"a":0.${"0".repeat(17_000)}1}`, "value overflows numeric format"],
      [`{"a":1.${"0".repeat(20_000)}}`, "value overflows numeric format"],
    ])("keeps a document that JSONB does not take, and says why it has no copy: %#", async (body, problem) => {
      const [, result] = await store.append([capture('{"a":1}'), capture(body)]);
      expect(result!.capture).toMatchObject({ failure: null });
      expect((await store.readBody(result!.capture)).toString("utf8")).toBe(body);
      expect(await query("SELECT data, data_problem FROM game.feed ORDER BY id")).toEqual([
        { data: '{"a": 1}', data_problem: null },
        { data: null, data_problem: problem },
      ]);
    });

    test("has its copy of all else that strict JSON allows", async () => {
      const bodies = [
        '{"a":1e308}',
        '{"a":-0.0}',
        '{"":{"":[]}}',
        `${"[".repeat(199)}[1]${"]".repeat(199)}`,
        '["\\ud83d\\ude00","\\u0001"]',
        `{"${"k".repeat(4000)}":1}`,
      ];
      const results = await store.append(bodies.map((body) => capture(body)));
      expect(results.map(({ capture: { failure } }) => failure)).toEqual(bodies.map(() => null));
      expect(await query("SELECT count(*) AS n FROM game.feed WHERE data IS NOT NULL AND data_problem IS NULL")).toEqual([
        { n: BigInt(bodies.length) },
      ]);
    });

    test("is append-only, and so are its partitions", async () => {
      await store.append([capture('{"a":1}')]);
      for (const table of ["game.feed", "game.feed_2024_07"])
        for (const sql of [`UPDATE ${table} SET status = 500`, `DELETE FROM ${table}`, `TRUNCATE ${table}`])
          await expect(run(sql)).rejects.toThrow(/append-only/);
      await expect(run("TRUNCATE game.feed_default")).rejects.toThrow(/append-only/);
      expect(await query("SELECT status FROM game.feed")).toEqual([{ status: 200 }]);
    });

    test("has a partition for each month in UTC, made when it is needed", async () => {
      await store.append([
        capture('{"a":1}', { capturedAt: "2024-07-31T23:59:59.999999Z" }),
        capture('{"a":2}', { capturedAt: "2024-08-01T00:00:00.000000Z" }),
      ]);
      await store.append([capture('{"a":3}', { capturedAt: "2023-12-31T12:00:00.000000Z" })]);
      expect(await query("SELECT id, tableoid::regclass::text AS part FROM game.feed ORDER BY id")).toEqual([
        { id: 1n, part: "game.feed_2024_07" },
        { id: 2n, part: "game.feed_2024_08" },
        { id: 3n, part: "game.feed_2023_12" },
      ]);
      expect(await store.capturesInDefault(TABLE)).toBe(0);
    });

    test("whose default partition has captures of a month goes on there, and says how many", async () => {
      await store.append([capture('{"a":1}')]);
      await postgres.withSession((session) => insertByHand(session, 1, "2025-03-03 00:00:00+00"));
      await store.append([capture('{"a":2}', { capturedAt: "2025-03-04T00:00:00.000000Z" })]);
      expect(await store.capturesInDefault(TABLE)).toBe(2);
      expect(await idsOf(store.captures(TABLE))).toHaveLength(3);
    });

    test("makes no partition for what is no raw table or no month", async () => {
      await store.append([capture('{"a":1}')]);
      for (const call of [
        "'game.other', '2024-07-01'",
        "'game.feed; DROP TABLE game.feed', '2024-07-01'",
        "'game.feed', '0044-03-15 BC'",
        "'game.feed', 'infinity'",
      ])
        await expect(query(`SELECT mlb.make_raw_partition(${call})`)).rejects.toThrow(/no raw table|no month|infinity|out of range/);
      expect(await idsOf(store.captures(TABLE))).toEqual([1]);
    });

    test("takes captures of a role that may only add them", async () => {
      await store.append([capture('{"a":1}')]);
      const role = `loader_${database.name}`;
      const place = await server.place();
      await administer(place, `CREATE ROLE ${role} LOGIN`);
      try {
        await run(
          `GRANT USAGE ON SCHEMA game, mlb TO ${role}; GRANT SELECT, INSERT ON game.feed, mlb.shape_paths TO ${role}; GRANT SELECT ON mlb.raw_tables TO ${role};
           GRANT USAGE ON SEQUENCE game.feed_id_seq TO ${role}; GRANT EXECUTE ON FUNCTION mlb.read_jsonb(text), mlb.make_raw_partition(text, date) TO ${role}`,
        );
        await using session = await Postgres.open({ url: urlOf(place, database.name, role), environment: {}, waitMs: 30_000 });
        const loader = new PostgresRawStore(session);
        await loader.append([capture('{"b":1}', { capturedAt: "2031-01-01T00:00:00.000000Z" })]);
        expect(await query("SELECT tableoid::regclass::text AS part FROM game.feed ORDER BY id DESC LIMIT 1")).toEqual([
          { part: "game.feed_2031_01" },
        ]);
        await expect(session.withSession((one) => one.run("DELETE FROM game.feed"))).rejects.toThrow(/feed/);
        await expect(session.withSession((one) => one.run("DROP TABLE game.feed_2031_01"))).rejects.toThrow(/feed/);
        await expect(session.withSession((one) => one.run("INSERT INTO game.feed_2031_01 SELECT * FROM game.feed"))).rejects.toThrow(
          /feed/,
        );
      } finally {
        await run(`DROP OWNED BY ${role}`);
        await administer(place, `DROP ROLE ${role}`);
      }
    });
  });

  describe("reading on from a position", () => {
    test("misses no capture whose transaction commits late", async () => {
      await store.append([capture('{"a":1}')]);
      const seen: number[] = [];
      let position: string | null = null;
      const readOn = async (): Promise<void> => {
        for await (const one of store.capturesFrom(TABLE, position)) {
          seen.push(one.capture.id);
          ({ position } = one);
        }
      };
      await using other = await Postgres.open({ url: database.url, environment: {}, waitMs: 30_000 });
      await other.withSession((session) =>
        session.transaction(async () => {
          await insertByHand(session, 2);
          await store.append([capture('{"a":3}')]);
          await readOn();
          // The one that came after it waits for it.
          expect(seen.filter((id) => id > 1)).toEqual([]);
          expect(await store.lastId(TABLE)).toBe(3);
        }),
      );
      await expect
        .poll(
          async () => {
            await readOn();
            return seen;
          },
          { timeout: 30_000 },
        )
        .toEqual([1, 2, 3]);
      await readOn();
      expect(seen).toEqual([1, 2, 3]);
    });

    test("refuses captures that were restored from another server, whose transactions it cannot tell", async () => {
      await store.append([capture('{"a":1}')]);
      await run(
        "INSERT INTO game.feed (captured_at, request, kind, content_hash, bytes, shape, body, xid) VALUES (now(), '[]', 'answer', repeat('a', 64), 0, '', '', '99999999999')",
      );
      await expect(idsOf(positioned(store.capturesFrom(TABLE, null)))).rejects.toMatchObject({ code: "raw.other-server" });
      expect(await idsOf(store.captures(TABLE))).toHaveLength(2);
    });
  });

  describe("a backend that is killed", () => {
    test("in the middle of an append leaves nothing of it: another one, or the same batch again, completes it", async () => {
      await store.append([capture('{"a":0}')]);
      const batches = Array.from({ length: 6 }, (_, n) => [0, 1, 2].map((at) => capture(`{"b${String(n)}":${String(at)}}`)));
      for (const [n, batch] of batches.entries()) {
        await using victim = new PostgresRawStore(await Postgres.open({ url: database.url, environment: {}, waitMs: 30_000 }));
        // It waits for what is locked here, before or after its first rows, and is killed there: so often that it gives up, or less.
        const lock = n % 2 === 0 ? "game.feed_2024_07" : "mlb.shape_paths";
        const givesUp = n % 3 === 0;
        const appended = await postgres.withSession((session) =>
          session.transaction(async () => {
            await session.run(`LOCK TABLE ${lock} IN SHARE MODE`);
            const outcome = victim.append(batch).then(
              (results) => results.map((result) => result.outcome),
              (error: unknown) => error,
            );
            const killed = new Set<bigint>();
            while (killed.size < (givesUp ? 6 : 2)) await postgres.withSession((other) => killOneThatWaits(other, killed));
            return { outcome };
          }),
        );
        const outcome = await appended.outcome;
        expect(outcome).toMatchObject(givesUp ? { code: "postgres.connection-lost" } : ["stored", "stored", "stored"]);
        const again = await store.append(batch);
        expect(new Set(again.map((result) => result.outcome))).toEqual(new Set([givesUp ? "stored" : "duplicate"]));
      }
      const texts: string[] = [];
      for await (const { body } of store.readBodies(store.captures(TABLE))) texts.push(body.toString("utf8"));
      expect(texts).toEqual(['{"a":0}', ...batches.flat().map(({ body }) => body.toString("utf8"))]);
      expect((await store.dictionary(TABLE)).entries.map(({ path }) => path)).toEqual([
        "$",
        "$.a",
        ...batches.map((_, n) => `$.b${String(n)}`),
      ]);
    });
  });

  test("a body that is damaged or gone is said, not passed on", async () => {
    const [good] = await store.append([capture('{"a":"a body that is longer than a few bytes"}')]);
    await run(
      "INSERT INTO game.feed (captured_at, request, kind, content_hash, bytes, shape, body) VALUES (now(), '[]', 'answer', repeat('a', 64), 9, '', '\\x1f8b00')",
    );
    for await (const torn of store.captures(TABLE, good!.capture.id))
      await expect(store.readBody(torn)).rejects.toMatchObject({ code: "raw.damaged" });
    await expect(store.readBody({ ...good!.capture, bytes: 10 })).rejects.toMatchObject({ code: "raw.damaged" });
    await expect(store.readBody({ ...good!.capture, bytes: 1000 })).rejects.toMatchObject({ code: "raw.damaged" });
    await expect(store.readBody({ ...good!.capture, place: { capture: 999 } })).rejects.toMatchObject({ code: "raw.damaged" });
  });
});

async function* positioned(read: AsyncIterable<{ readonly capture: { readonly id: number } }>): AsyncGenerator<{ readonly id: number }> {
  for await (const { capture: one } of read) yield one;
}

/** Waits until another session of the database waits for a lock, and ends it. */
async function killOneThatWaits(session: Session, killed: Set<bigint>): Promise<void> {
  const waiting =
    "SELECT pid::bigint AS pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()";
  for (;;) {
    for (const { pid } of await session.rows(waiting)) {
      if (typeof pid !== "bigint" || killed.has(pid)) continue;
      killed.add(pid);
      await session.run("SELECT pg_terminate_backend($1::int)", [pid]);
      return;
    }
  }
}
