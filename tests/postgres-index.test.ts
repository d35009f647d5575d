import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openIndex } from "../src/pipeline/open-index.ts";
import { compilePlan } from "../src/plan/compile-plan.ts";
import type { Plan } from "../src/plan/plan.ts";
import { Postgres } from "../src/postgres/postgres.ts";
import { BodyChecker } from "../src/raw/body.ts";
import type { CheckedCapture } from "../src/raw/capture.ts";
import { checkCapture } from "../src/raw/check-capture.ts";
import { OverlayRawStore } from "../src/raw/overlay-store.ts";
import { PostgresRawStore } from "../src/raw/postgres/postgres-raw-store.ts";
import type { RawStore } from "../src/raw/raw-store.ts";
import { SegmentStore } from "../src/raw/segment-store.ts";
import { readLeaf } from "../src/plan/leaf.ts";
import { rawKeyColumns } from "../src/sql/postgres-key-columns.ts";
import { type SqlRow, sqlText } from "../src/sql/sql-value.ts";
import { type TestDatabase, describeEachPostgres } from "./each-postgres.ts";
import { mappingOf, openDatabase } from "./small-platform.ts";

const plan = compilePlan(
  mappingOf(`
source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id], version: {json_path: $.v, pattern: '[a-z]'}, array_source: "$.things[*]", date: day, filter: parameters.part is null}
fields:
  - {name: id, type: BIGINT, json_path: $.id, description: Id}
  - {name: day, type: DATE, json_path: $.day, description: Day}
targets:
  - name: lab.thing
    description: One row per thing
    primary_key: [id]
    fields: [{name: n, type: INT, json_path: $.n, description: Number}]
`),
);

const checker = new BodyChecker();

function capture(body: unknown, parameters: Record<string, string> = {}): CheckedCapture {
  const bytes = Buffer.from(typeof body === "string" ? body : JSON.stringify(body), "utf8");
  const capturedAt = "2024-07-13T04:19:09.000000Z";
  return checkCapture(
    { endpoint: "lab", method: "things", parameters, url: null, status: 200, kind: "answer", body: bytes },
    checker,
    () => capturedAt,
  ).checked;
}

const CAPTURES = [
  capture({
    things: [
      { id: 1, v: "a", day: "2024-07-13" },
      { id: 2, v: "b" },
    ],
  }),
  capture({ things: [] }),
  capture("{"),
  capture({ things: [{ id: 3, v: "a" }] }, { part: "1" }),
  capture({
    things: [
      { id: "x", v: "a" },
      { id: 1, v: "B" },
      { id: 5, day: "2024-02-30" },
    ],
  }),
  capture({ other: 1 }),
];

/** The index as the engine has it. */
async function indexOf(raw: RawStore): Promise<SqlRow[]> {
  await using database = await openDatabase();
  const connection = await database.connect();
  await openIndex(plan, raw).load(connection, "document_index");
  return await connection.rows("SELECT * FROM document_index ORDER BY raw_id, position");
}

describeEachPostgres((server) => {
  let database: TestDatabase;
  let postgres: Postgres;
  let raw: PostgresRawStore;
  let folder: string;

  beforeEach(async () => {
    database = await server.createDatabase();
    postgres = await Postgres.open({ url: database.url, environment: {}, waitMs: 30_000 });
    raw = new PostgresRawStore(postgres);
    folder = await mkdtemp(join(tmpdir(), "postgres-index-"));
  });

  afterEach(async () => {
    await postgres[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const query = (sql: string): Promise<SqlRow[]> => postgres.withSession((session) => session.rows(sql));

  async function embeddedIndex(): Promise<SqlRow[]> {
    const embedded = new SegmentStore({ root: folder });
    await embedded.append(CAPTURES);
    await openIndex(plan, embedded).catchUp();
    return await indexOf(embedded);
  }

  test("an index in the server is what the embedded store makes of the same captures", async () => {
    await raw.append(CAPTURES);
    expect(await openIndex(plan, raw).catchUp()).toBe(CAPTURES.length);
    const rows = await indexOf(raw);
    expect(rows).toHaveLength(6);
    expect(rows).toEqual(await embeddedIndex());
  });

  test("captures are read once for it, also those without documents", async () => {
    await raw.append(CAPTURES);
    const [first, again] = [openIndex(plan, raw), openIndex(plan, raw)];
    // Two at the same time say the same.
    await Promise.all([first.catchUp(), again.catchUp()]);
    expect(await openIndex(plan, raw).catchUp()).toBe(0);
    expect(await query("SELECT count(*) AS n, count(document_key) AS named FROM mlb.document_index")).toEqual([{ n: 9n, named: 6n }]);
    await raw.append([capture({ things: [{ id: 9, v: "a" }] })]);
    expect(await openIndex(plan, raw).catchUp()).toBe(1);
    expect(await indexOf(raw)).toHaveLength(7);
  });

  test("a capture that is committed after later ones were indexed is indexed when it is there", async () => {
    await raw.append(CAPTURES.slice(0, 1));
    await openIndex(plan, raw).catchUp();
    await using other = await Postgres.open({ url: database.url, environment: {}, waitMs: 30_000 });
    await other.withSession((session) =>
      session.transaction(async () => {
        await session.run(
          `INSERT INTO lab.things (captured_at, request, parameters, kind, content_hash, bytes, shape, body_of)
           SELECT captured_at + INTERVAL '1 hour', request, parameters, kind, content_hash, bytes, shape, id FROM lab.things`,
        );
        await raw.append(CAPTURES.slice(1));
        expect(await openIndex(plan, raw).catchUp()).toBe(CAPTURES.length - 1);
        expect(await indexOf(raw)).toHaveLength(6);
      }),
    );
    expect(await openIndex(plan, raw).catchUp()).toBe(1);
    expect((await indexOf(raw)).filter((row) => row["raw_id"] === 2n).map((row) => row["document_key"])).toEqual(["[1]", "[2]"]);
  });

  test("a dry run indexes for itself what is missing, and writes nothing", async () => {
    await raw.append(CAPTURES.slice(0, 1));
    await openIndex(plan, raw).catchUp();
    await raw.append(CAPTURES.slice(1));
    const overlay = new OverlayRawStore(raw, new SegmentStore({ root: folder }), { [Symbol.asyncDispose]: () => Promise.resolve() });
    await overlay.append([CAPTURES[0]!, capture({ things: [{ id: 11, v: "a" }] })]);
    await openIndex(plan, overlay).catchUp();
    const rows = await indexOf(overlay);
    expect(rows).toHaveLength(7);
    expect(rows.at(-1)).toMatchObject({ document_key: "[11]", raw_id: 7n });
    // Somebody else goes on meanwhile: the dry run sees what it saw.
    await raw.append([capture({ things: [{ id: 12, v: "a" }] })]);
    await openIndex(plan, raw).catchUp();
    expect(await indexOf(overlay)).toEqual(rows);
    expect(await query("SELECT count(*) AS n FROM lab.things")).toEqual([{ n: 7n }]);
  });

  test("columns of keys hold what the index names documents by, and NULL where a type does not take the value", async () => {
    const types = ["BIGINT", "INT", "BOOLEAN", "DATE", "TEXT", "VARCHAR(3)"];
    const keys = types.map(
      (type, at) => `{name: k${String(at)}, type: ${type}, json_path: '$.a["odd key"].k${String(at)}', description: Key}`,
    );
    const one: Plan = compilePlan(
      mappingOf(`
source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [${keys.map((_, at) => `k${String(at)}`).join(", ")}, part]}
null_values: ['-']
fields:
${keys.map((key) => `  - ${key}`).join("\n")}
  - {name: part, type: INT, source_field: parameters.part, default: 1, description: Part}
targets:
  - name: lab.thing
    description: One row per thing
    primary_key: [${keys.map((_, at) => `k${String(at)}`).join(", ")}, part]
    fields: [{name: n, type: INT, json_path: $.n, description: Number}]
`),
    );
    const texts = [
      "1",
      "-7",
      "+7",
      "2147483648",
      "9223372036854775807",
      "9223372036854775808",
      "true",
      "TRUE",
      "2024-02-29",
      "2023-02-29",
      "0000-01-01",
      "abc",
      "abcd",
      "äöü",
      "",
      "-",
      "1.0",
      "1e3",
      "'",
      "\\",
    ];
    await openIndex(one, raw).prepare();
    await raw.append([
      ...texts.map((text) =>
        capture({ a: { "odd key": Object.fromEntries(types.map((_, at) => [`k${String(at)}`, text])) } }, { part: text }),
      ),
      capture({ a: null }),
      capture("{"),
    ]);
    const rows = await query(
      `SELECT ${rawKeyColumns(one)
        .map(({ name }) => name)
        .join(", ")} FROM lab.things ORDER BY id`,
    );
    const expected = texts.map((text) =>
      Object.fromEntries(
        one.fields.map(({ name, type, default: byDefault }) => {
          const isNone = text === "-" && type.name !== "TEXT" && type.name !== "VARCHAR";
          const reading = isNone ? (byDefault === null ? null : readLeaf(type, byDefault)) : readLeaf(type, text);
          return [name, reading?.ok === true ? String(reading.value) : null];
        }),
      ),
    );
    const nothing = Object.fromEntries(one.fields.map(({ name }) => [name, name === "part" ? "1" : null]));
    expect(
      rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value === null ? null : sqlText(value)]))),
    ).toEqual([...expected, nothing, nothing]);
  });
});
