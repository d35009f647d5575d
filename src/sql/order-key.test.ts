import { afterAll, beforeAll, expect, test } from "vitest";
import { openDatabase } from "../../tests/small-platform.ts";
import type { Connection } from "../duckdb/connection.ts";
import type { Database } from "../duckdb/database.ts";
import { sqlText } from "./sql-value.ts";
import { writeOrderKey, writeSameState, writeStateOrder } from "./order-key.ts";

/** A state of one document, as the document index keeps it. */
interface State {
  readonly version: string | null;
  readonly capturedAt: string;
  readonly hash: string;
  readonly request: string;
  readonly position: string;
  readonly rawId: number;
}

const FIRST: State = { version: null, capturedAt: "2024-07-13T01:00:00+02:00", hash: "a", request: "a", position: "0", rawId: 1 };

/** Oldest first: each is newer than the one before by the one part that is named, and older or equal by all later parts. */
const OLDEST_FIRST: readonly (readonly [by: string, state: State])[] = [
  ["nothing", { ...FIRST, hash: "z", request: "z" }],
  // As texts, these two stand the other way round.
  ["the instant, not its text", { ...FIRST, capturedAt: "2024-07-12T23:30:00Z", hash: "y", request: "y" }],
  ["a version, however small", { ...FIRST, version: "", capturedAt: "2024-07-12T00:00:00Z", hash: "y", request: "y" }],
  ["the version", { ...FIRST, version: "20240712_231041", capturedAt: "2024-07-12T00:00:00Z", hash: "x", request: "x" }],
  ["the version by code point", { ...FIRST, version: "\u{ff5e}", capturedAt: "2024-07-11T00:00:00Z", hash: "x", request: "x" }],
  // UTF-16 would have it before.
  ["the version beyond 16 bits", { ...FIRST, version: "\u{1f600}", capturedAt: "2024-07-10T00:00:00Z", hash: "x", request: "x" }],
  ["the time of capture", { ...FIRST, version: "\u{1f600}", capturedAt: "2024-07-10T00:00:00.000001Z", hash: "b", request: "x" }],
  ["the content", { ...FIRST, version: "\u{1f600}", capturedAt: "2024-07-10T00:00:00.000001Z", hash: "c", request: "b" }],
  ["the request", { ...FIRST, version: "\u{1f600}", capturedAt: "2024-07-10T00:00:00.000001Z", hash: "c", request: "c", rawId: 9 }],
];

let database: Database;
let connection: Connection;
beforeAll(async () => {
  database = await openDatabase();
  connection = await database.connect();
});
afterAll(async () => {
  connection.close();
  await database[Symbol.asyncDispose]();
});

/** The table `states`, one row for each state, with its place in the list as `n`. */
async function fill(states: readonly State[]): Promise<void> {
  await connection.run(
    "CREATE OR REPLACE TABLE states (n INTEGER, version VARCHAR, captured_at VARCHAR, content_hash VARCHAR, request VARCHAR, position VARCHAR, raw_id BIGINT)",
  );
  await connection.append(
    "states",
    ["INTEGER", "VARCHAR", "VARCHAR", "VARCHAR", "VARCHAR", "VARCHAR", "BIGINT"],
    states.map(({ version, capturedAt, hash, request, position, rawId }, n) => [n, version, capturedAt, hash, request, position, rawId]),
  );
}

/** All ordered pairs of `states` for which a condition over `l` and `r` is true. */
async function pairs(condition: string): Promise<readonly string[]> {
  const rows = await connection.rows(
    `SELECT l.n AS l, r.n AS r FROM states l CROSS JOIN states r WHERE l.n <> r.n AND ${condition} ORDER BY ALL`,
  );
  return rows.map((row) => `${sqlText(row["l"])} ${sqlText(row["r"])}`);
}

/** `0 1`, `0 2` … for so many: each before all that follow. */
const eachBeforeTheRest = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, l) =>
    Array.from({ length: count - l - 1 }, (__, more) => `${String(l)} ${String(l + more + 1)}`),
  ).flat();

test("a state is newer by version, then time, then content, then request; none is before any version", async () => {
  await fill(OLDEST_FIRST.map(([, state]) => state));
  expect(await pairs(`${writeOrderKey("l")} < ${writeOrderKey("r")}`)).toEqual(eachBeforeTheRest(OLDEST_FIRST.length));
});

test("one state in two captures is newer by neither", async () => {
  await fill([FIRST, { ...FIRST, rawId: 2, position: "1" }]);
  expect(await pairs(`${writeOrderKey("l")} < ${writeOrderKey("r")}`)).toEqual([]);
  expect(await pairs(`${writeOrderKey("l")} = ${writeOrderKey("r")}`)).toEqual(["0 1", "1 0"]);
});

test("states are listed in that order, those that tie by their capture and their place in it", async () => {
  const tied = [
    { ...FIRST, rawId: 1, position: "1" },
    { ...FIRST, rawId: 2, position: "0" },
    { ...FIRST, rawId: 2, position: "1" },
  ];
  const states = [{ ...FIRST, hash: "0" }, ...tied, ...OLDEST_FIRST.map(([, state]) => state)];
  await fill(states.toReversed());
  const listed = async (direction: "ASC" | "DESC"): Promise<readonly number[]> =>
    (await connection.rows(`SELECT n FROM states ORDER BY ${writeStateOrder(direction)}`)).map((row) => Number(row["n"]));
  expect(await listed("DESC")).toEqual([...states.keys()]);
  expect(await listed("ASC")).toEqual([...states.keys()].toReversed());
});

test("two captures hold the same state where body, request and place are the same, whatever their version and time", async () => {
  await fill([
    FIRST,
    { ...FIRST, version: "1", capturedAt: "2025-01-01T00:00:00Z", rawId: 2 },
    { ...FIRST, hash: "b" },
    { ...FIRST, request: "b" },
    { ...FIRST, position: "1" },
  ]);
  expect(await pairs(writeSameState("l", "r"))).toEqual(["0 1", "1 0"]);
  // As one condition among others.
  expect(await pairs(`${writeSameState("l", "r")} = FALSE AND l.n = 0`)).toEqual(["0 2", "0 3", "0 4"]);
});
