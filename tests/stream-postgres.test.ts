import { afterEach, beforeEach, expect, test } from "vitest";
import { openIndex } from "../src/pipeline/open-index.ts";
import { type StreamOptions, type StreamResult, stream } from "../src/pipeline/stream.ts";
import { compilePlan } from "../src/plan/compile-plan.ts";
import { Postgres } from "../src/postgres/postgres.ts";
import { BodyChecker } from "../src/raw/body.ts";
import { checkCapture } from "../src/raw/check-capture.ts";
import { PostgresRawStore } from "../src/raw/postgres/postgres-raw-store.ts";
import type { HeldBack } from "../src/raw/raw-store.ts";
import type { SqlRow } from "../src/sql/sql-value.ts";
import { PostgresStore } from "../src/store/postgres/postgres-store.ts";
import { Store } from "../src/store/store.ts";
import { type TestDatabase, describeEachPostgres } from "./each-postgres.ts";
import { mappingOf, openDatabase } from "./small-platform.ts";

const MAPPING = mappingOf(`
source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id]}
fields: [{name: id, type: BIGINT, json_path: $.id}]
targets:
  - name: lab.thing
    description: One row per thing
    primary_key: [id]
    fields: [{name: size, type: INT, json_path: $.size}]
`);
const PLAN = compilePlan(MAPPING);
const IDS = "SELECT count(*)::int AS n, sum(id)::int AS sum FROM lab.thing";

describeEachPostgres((server) => {
  let database: TestDatabase;
  let postgres: Postgres;
  let raw: PostgresRawStore;
  beforeEach(async () => {
    database = await server.createDatabase();
    postgres = await connect();
    raw = new PostgresRawStore(await connect());
    await openIndex(PLAN, raw).prepare();
  });
  afterEach(async () => {
    await raw[Symbol.asyncDispose]();
    await postgres[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });

  const connect = (): Promise<Postgres> => Postgres.open({ url: database.url, environment: {}, waitMs: 10_000 });
  const rows = (sql: string): Promise<SqlRow[]> => postgres.withSession((session) => session.rows(sql));
  const checked = (id: number) =>
    checkCapture(
      {
        endpoint: "lab",
        method: "things",
        parameters: { id: String(id) },
        url: null,
        status: 200,
        kind: "answer",
        body: Buffer.from(JSON.stringify({ id, size: id })),
      },
      new BodyChecker(),
      () => "2024-07-13T04:19:09.000000Z",
    ).checked;
  const run = async (options: Partial<StreamOptions> = {}): Promise<StreamResult> => {
    await using engine = await openDatabase();
    await using access = new PostgresStore({ postgres: await connect(), waitMs: 10_000 });
    const defaults = {
      from: { kind: "checkpoint" },
      triggerMs: 50,
      untilIdle: true,
      waitMs: 0,
      processId: "one",
      sliceBytes: 1 << 20,
      connections: 1,
    } as const;
    return await stream(MAPPING, PLAN, { ...defaults, ...options }, { database: engine, store: new Store(access), raw });
  };

  test("a transaction with a low number that is held open while a thousand commit is waited for, said, and nothing of it is missing", async () => {
    await raw.append([checked(1)]);
    await run();
    const held: HeldBack[] = [];
    await postgres.withSession((late) =>
      late.transaction(async () => {
        // As a writer of its own does that takes no turns.
        await late.run(
          `INSERT INTO lab.things (captured_at, request, kind, content_hash, bytes, shape, body) SELECT captured_at, '[["id","2"]]', kind, repeat('b', 64), bytes, shape, body FROM lab.things WHERE id = 1`,
        );
        await raw.append(Array.from({ length: 1000 }, (_, n) => checked(n + 10)));
        // It would wait for them: what is held back is still to be taken.
        const stop = new AbortController();
        const onHeldBack = (each: HeldBack): void => {
          held.push(each);
          if (held.length > 1) stop.abort();
        };
        await run({ onHeldBack, signal: stop.signal });
        expect(held.length).toBeGreaterThan(1);
        expect(held.at(-1)).toMatchObject({ captures: 1000 });
        expect(held.at(-1)?.holder).toContain("mlb-etl");
        expect(await rows(IDS)).toEqual([{ n: 1, sum: 1 }]);
      }),
    );
    expect((await run()).captures).toBe(1001);
    expect(await rows(IDS)).toEqual([{ n: 1001, sum: 1 + (1000 * (10 + 1009)) / 2 }]);
    expect((await run()).captures).toBe(0);
  });

  test("an owner that is not heard of any more is replaced, its session is ended, and it writes nothing when it comes back", async () => {
    await raw.append([checked(1)]);
    const replacing: StreamResult[] = [];
    const old = run({
      untilIdle: false,
      // Between two slices it is replaced, as if it had slept for longer than its lease.
      check: async () => {
        if (replacing.length > 0) return;
        await rows("UPDATE mlb.streams SET lease_until = now() - INTERVAL '1 second'");
        replacing.push(await run({ processId: "two" }));
        await raw.append([checked(2)]);
      },
    }).catch((error: unknown) => error);
    expect(await old).toMatchObject({ code: "stream.lost", exit: 7 });
    expect(replacing).toMatchObject([{ captures: 1 }]);
    expect(await rows(IDS)).toEqual([{ n: 1, sum: 1 }]);
    expect((await run({ processId: "three" })).captures).toBe(1);
    expect(await rows("SELECT token::int AS token, owner FROM mlb.streams")).toEqual([{ token: 3, owner: null }]);
  });

  test("captures that come while it waits are told of, long before it would look", async () => {
    const stop = new AbortController();
    let isAsked = false;
    const result = await run({
      untilIdle: false,
      triggerMs: 600_000,
      signal: stop.signal,
      onProgress: ({ captures }) => {
        if (captures > 0) stop.abort();
        else if (!isAsked) {
          isAsked = true;
          void raw.append([checked(7)]);
        }
      },
    });
    expect(result.exit).toBe(0);
    expect(await rows(IDS)).toEqual([{ n: 1, sum: 7 }]);
  });
});
