import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { EVERYTHING, mappingOf, openDatabase } from "../../tests/small-platform.ts";
import type { Connection } from "../duckdb/connection.ts";
import type { Database } from "../duckdb/database.ts";
import { compilePlan } from "../plan/compile-plan.ts";
import {
  type Candidate,
  type DocumentFilter,
  type SelectedCounts,
  type SelectedOfStream,
  capturesOf,
  newestCandidates,
  olderCandidates,
  selectBatch,
  selectStream,
} from "./selection.ts";

const plan = compilePlan(
  mappingOf(`
source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id, day], date: day}
fields: [{name: id, type: INT, json_path: $.id}, {name: day, type: DATE, json_path: $.day}]
targets: [{name: lab.thing, primary_key: [id, day], fields: [{name: size, type: INT, json_path: $.size}]}]
`),
);

/** A row of the document index. */
interface State {
  readonly key: string;
  readonly capture: number;
  readonly position?: string;
  readonly version?: string | null;
  readonly capturedAt?: string;
  readonly hash?: string;
  readonly request?: string;
  readonly date?: string | null;
  readonly problem?: Candidate["problem"];
}

const FIRST_TIME = "2024-07-13T00:00:00.000000Z";
const LATER = "2024-07-14T00:00:00.000000Z";

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
beforeEach(async () => {
  await connection.run(
    "CREATE OR REPLACE TABLE states (document_key VARCHAR, raw_id BIGINT, position VARCHAR, version VARCHAR, captured_at VARCHAR, content_hash VARCHAR, request VARCHAR, bytes BIGINT, problem VARCHAR, document_date VARCHAR)",
  );
  await connection.run(
    "CREATE OR REPLACE TABLE applied (mapping VARCHAR, fingerprint VARCHAR, document_key VARCHAR, version VARCHAR, captured_at TIMESTAMPTZ, content_hash VARCHAR, request VARCHAR, position VARCHAR)",
  );
  await connection.run(
    "CREATE OR REPLACE TABLE failed (mapping VARCHAR, fingerprint VARCHAR, document_key VARCHAR, raw_id BIGINT, position VARCHAR, status VARCHAR)",
  );
});

/** Captures with ids that are their place in raw; each is of another body unless it says so. */
async function index(states: readonly State[]): Promise<void> {
  await connection.append(
    "states",
    ["VARCHAR", "BIGINT", "VARCHAR", "VARCHAR", "VARCHAR", "VARCHAR", "VARCHAR", "BIGINT", "VARCHAR", "VARCHAR"],
    states.map((state) => [
      state.key,
      state.capture,
      state.position ?? "",
      state.version ?? null,
      state.capturedAt ?? FIRST_TIME,
      state.hash ?? `hash ${String(state.capture)}`,
      state.request ?? "{}",
      state.capture * 10,
      state.problem === undefined || state.problem === null ? null : JSON.stringify(state.problem),
      state.date ?? null,
    ]),
  );
}

async function apply(state: State, { mapping = plan.mapping, fingerprint = plan.fingerprint } = {}): Promise<void> {
  const { key, capture, position = "", version = null, capturedAt = FIRST_TIME, hash = `hash ${String(capture)}`, request = "{}" } = state;
  await connection.append(
    "applied",
    ["VARCHAR", "VARCHAR", "VARCHAR", "VARCHAR", "TIMESTAMPTZ", "VARCHAR", "VARCHAR", "VARCHAR"],
    [[mapping, fingerprint, key, version, capturedAt, hash, request, position]],
  );
}

async function fail(state: State, { mapping = plan.mapping, fingerprint = plan.fingerprint, status = "open" } = {}): Promise<void> {
  const { key, capture, position = "" } = state;
  await connection.append(
    "failed",
    ["VARCHAR", "VARCHAR", "VARCHAR", "BIGINT", "VARCHAR", "VARCHAR"],
    [[mapping, fingerprint, key, capture, position, status]],
  );
}

const select = (filter: Partial<DocumentFilter> = {}): Promise<SelectedCounts> =>
  selectBatch(connection, plan, "states", { ...EVERYTHING, ...filter }, { documents: "applied", quarantine: "failed" });

/** The next older state of a document; undefined where there is none. */
async function olderThan(candidate: Candidate): Promise<Candidate | undefined> {
  for await (const older of olderCandidates(connection, [candidate])) return older;
  return undefined;
}

/** Of each document, in the order of raw, the captures that are tried, newest first. */
async function tried(): Promise<readonly (readonly number[])[]> {
  const all: number[][] = [];
  const newest: Candidate[] = [];
  for await (const candidate of newestCandidates(connection)) newest.push(candidate);
  for (const first of newest) {
    const captures: number[] = [];
    for (let next: Candidate | undefined = first; next !== undefined; next = await olderThan(next)) captures.push(next.state.capture);
    all.push(captures);
  }
  return all;
}

const A = '["1","2024-07-12"]';
const B = '["2","2024-07-12"]';

describe("of a document that the store does not have", () => {
  test("all states are tried, newest first, documents in the order of raw", async () => {
    await index([
      { key: B, capture: 1, version: "2" },
      { key: A, capture: 2, version: "1" },
      { key: A, capture: 3, version: "3" },
      { key: A, capture: 4, version: "2" },
      { key: B, capture: 5, version: "1" },
    ]);
    expect(await select()).toEqual({ documents: 2, unchanged: 0, missing: {} });
    expect(await tried()).toEqual([
      [1, 5],
      [3, 4, 2],
    ]);
  });

  test("the older states of several documents come together, in the order of raw", async () => {
    await index([
      { key: B, capture: 1, version: "1" },
      { key: A, capture: 2, version: "1" },
      { key: B, capture: 3, version: "2" },
      { key: A, capture: 4, version: "2" },
      { key: '["3","2024-07-12"]', capture: 5 },
    ]);
    await select();
    const newest: Candidate[] = [];
    for await (const candidate of newestCandidates(connection)) newest.push(candidate);
    const older: Candidate[] = [];
    for await (const candidate of olderCandidates(connection, newest.toReversed())) older.push(candidate);
    expect(older.map(({ state, rank }) => [state.documentKey, state.capture, rank])).toEqual([
      [B, 1, 2],
      [A, 2, 2],
    ]);
  });

  test("a candidate says all that is known of its state", async () => {
    const problem = { rule: "id is not null", pointer: "/days/0", value: null };
    await index([
      { key: A, capture: 7, position: "0,1", version: "v", hash: "h", request: '{"x":"y"}' },
      { key: A, capture: 6, capturedAt: LATER, problem },
    ]);
    await select();
    const candidates: Candidate[] = [];
    for await (const candidate of newestCandidates(connection)) candidates.push(candidate);
    expect(candidates).toEqual([
      {
        state: {
          documentKey: A,
          capture: 7,
          position: "0,1",
          version: "v",
          capturedAt: FIRST_TIME,
          contentHash: "h",
          request: '{"x":"y"}',
        },
        rank: 1,
        total: 2,
        bytes: 70,
        isAppliedAgain: false,
        problem: null,
      },
    ]);
    expect(await olderThan(candidates[0]!)).toEqual({
      state: { documentKey: A, capture: 6, position: "", version: null, capturedAt: LATER, contentHash: "hash 6", request: "{}" },
      rank: 2,
      total: 2,
      bytes: 60,
      isAppliedAgain: false,
      problem,
    });
  });
});

describe("of a document that the store has", () => {
  const states: readonly State[] = [
    { key: A, capture: 1, version: "1" },
    { key: A, capture: 2, version: "2" },
    { key: A, capture: 3, version: "3" },
    { key: B, capture: 4, version: "1" },
  ];

  test("newer states are tried, not the applied one and not older ones", async () => {
    await index(states);
    await apply(states[1]!);
    expect(await select()).toEqual({ documents: 2, unchanged: 0, missing: {} });
    expect(await tried()).toEqual([[3], [4]]);
    await apply(states[3]!);
    expect(await select()).toEqual({ documents: 2, unchanged: 1, missing: {} });
    expect(await tried()).toEqual([[3]]);
  });

  test("all states are tried where another plan applied it, and where only another mapping did", async () => {
    await index(states);
    await apply(states[2]!, { fingerprint: "another" });
    await apply(states[3]!, { mapping: "lab/other" });
    expect(await select()).toEqual({ documents: 2, unchanged: 0, missing: {} });
    expect(await tried()).toEqual([[3, 2, 1], [4]]);
  });

  test("a state that failed under this plan is not tried again", async () => {
    await index(states);
    await fail(states[2]!);
    await fail(states[3]!);
    expect(await select()).toEqual({ documents: 2, unchanged: 1, missing: {} });
    expect(await tried()).toEqual([[2, 1]]);
  });

  test("a state that failed twice is left out once, and leaves the others alone", async () => {
    await index(states);
    await fail(states[1]!);
    await fail(states[1]!);
    await select();
    expect(await tried()).toEqual([[3, 1], [4]]);
  });

  test.each([
    ["under another plan", { fingerprint: "another" }],
    ["under another mapping", { mapping: "lab/other" }],
    ["and is to be tried again", { status: "retried" }],
    ["and is settled", { status: "resolved" }],
  ])("a state that failed %s is tried", async (_, options) => {
    await index(states);
    await fail(states[2]!, options);
    await select();
    expect(await tried()).toEqual([[3, 2, 1], [4]]);
  });

  test("only that document, capture and place has failed which says so", async () => {
    const twoInOne: readonly State[] = [
      { key: A, capture: 1, position: "0" },
      { key: A, capture: 1, position: "1", hash: "other" },
      { key: B, capture: 1, position: "2" },
      { key: A, capture: 2, position: "0" },
    ];
    await index(twoInOne);
    await fail(twoInOne[0]!);
    await select();
    expect((await tried()).map((captures) => captures.length).toSorted((a, b) => a - b)).toEqual([1, 2]);
  });
});

describe("the applied state captured again", () => {
  const applied: State = { key: A, capture: 1 };
  const again: State = { key: A, capture: 2, capturedAt: LATER, hash: "hash 1" };
  const isAppliedAgain = async (): Promise<boolean | undefined> => {
    await select();
    for await (const candidate of newestCandidates(connection)) return candidate.isAppliedAgain;
    return undefined;
  };

  test("is known as such", async () => {
    await index([applied, again]);
    await apply(applied);
    expect(await isAppliedAgain()).toBe(true);
  });

  test.each<[string, Partial<State>]>([
    ["another body", { hash: "hash 2" }],
    ["another request", { request: '{"x":"y"}' }],
    ["another place", { position: "1" }],
    ["a problem", { problem: { rule: "r", pointer: "", value: "v" } }],
  ])("is not one with %s", async (_, change) => {
    await index([applied, { ...again, ...change }]);
    await apply(applied);
    expect(await isAppliedAgain()).toBe(false);
  });

  test("is not one of another plan", async () => {
    await index([applied, again]);
    await apply(applied, { fingerprint: "another" });
    expect(await isAppliedAgain()).toBe(false);
  });
});

describe("a filter", () => {
  const states: readonly State[] = [
    { key: A, capture: 1, date: "2024-07-12" },
    { key: A, capture: 2, date: "2024-07-20", capturedAt: LATER },
    { key: B, capture: 3, date: "2024-07-12" },
    { key: '["10","2024-07-13"]', capture: 4, date: "2024-07-13" },
    // Without a name.
    { key: "/things/3", capture: 5, date: null },
  ];

  test("by key columns takes the documents that have one of the values, and names those that none has", async () => {
    await index(states);
    expect(await select({ documents: { id: ["1", "10", "3"] } })).toEqual({ documents: 2, unchanged: 0, missing: { id: ["3"] } });
    expect(await tried()).toEqual([[2, 1], [4]]);
    expect(await select({ documents: { day: ["2024-07-12"] } })).toEqual({ documents: 2, unchanged: 0, missing: {} });
    expect(await tried()).toEqual([[2, 1], [3]]);
    expect(await select({ documents: { id: ["2"], day: ["2024-07-12", "2024-07-14"] } })).toEqual({
      documents: 1,
      unchanged: 0,
      missing: { day: ["2024-07-14"] },
    });
    expect(await tried()).toEqual([[3]]);
    expect(await select({ documents: { id: ["it's"] } })).toEqual({ documents: 0, unchanged: 0, missing: { id: ["it's"] } });
    await expect(select({ documents: { size: ["1"] } })).rejects.toThrow("size is no column of the document key");
  });

  test("by days looks at the newest state: an old state of a document that moved does not come back", async () => {
    await index(states);
    expect(await select({ startDate: "2024-07-12", endDate: "2024-07-12" })).toMatchObject({ documents: 1 });
    expect(await tried()).toEqual([[3]]);
    expect(await select({ startDate: "2024-07-13" })).toMatchObject({ documents: 2 });
    expect(await tried()).toEqual([[2, 1], [4]]);
    expect(await select({ endDate: "2024-07-13" })).toMatchObject({ documents: 2 });
    expect(await tried()).toEqual([[3], [4]]);
    expect(await select({ startDate: "2024-07-13", documents: { id: ["1"] } })).toMatchObject({ documents: 1 });
  });

  test("tells the captures that hold its documents, in the order of raw", async () => {
    await index([...states.toReversed(), { key: B, capture: 2, position: "/1", date: "2024-07-12" }]);
    const captures = (filter: Partial<DocumentFilter>): Promise<readonly number[]> =>
      capturesOf(connection, plan, "states", { ...EVERYTHING, ...filter });
    expect(await captures({})).toEqual([1, 2, 3, 4, 5]);
    expect(await captures({ documents: { id: ["1", "2"] }, endDate: "2024-07-20" })).toEqual([1, 2, 3]);
    expect(await captures({ documents: { id: ["7"] } })).toEqual([]);
  });

  test("by a time knows of no capture that was made after it", async () => {
    await index(states);
    expect(await select({ asOf: FIRST_TIME, startDate: "2024-07-12", endDate: "2024-07-12" })).toMatchObject({ documents: 2 });
    expect(await tried()).toEqual([[1], [3]]);
    await connection.run(`UPDATE states SET captured_at = '${LATER}' WHERE raw_id = 4`);
    expect(await select({ asOf: FIRST_TIME, documents: { id: ["1", "10"] } })).toEqual({
      documents: 1,
      unchanged: 0,
      missing: { id: ["10"] },
    });
    expect(await tried()).toEqual([[1]]);
    expect(await select({ asOf: LATER })).toMatchObject({ documents: 4 });
  });
});

describe("a stream", () => {
  const take = (...captures: readonly number[]): Promise<SelectedOfStream> =>
    selectStream(connection, plan, "states", captures, { documents: "applied", quarantine: "failed" });

  test("tries the documents of the captures it takes, with all their states that are newer than the applied one", async () => {
    await index([
      { key: A, capture: 1, version: "1" },
      { key: A, capture: 2, version: "3" },
      { key: A, capture: 3, version: "2" },
      { key: B, capture: 4, version: "1" },
    ]);
    await apply({ key: A, capture: 1, version: "1" });
    expect(await take(3)).toEqual({ documents: 1, open: 1, stale: 0 });
    expect(await tried()).toEqual([[2, 3]]);
    expect(await take(3, 4)).toEqual({ documents: 2, open: 2, stale: 0 });
    expect(await take()).toEqual({ documents: 0, open: 0, stale: 0 });
    expect(await tried()).toEqual([]);
  });

  test("counts as stale where all that came is older than what is applied, not where it is that", async () => {
    await index([
      { key: A, capture: 1, version: "1" },
      { key: A, capture: 2, version: "2" },
      { key: A, capture: 3, version: "3" },
      { key: B, capture: 4, version: "1" },
    ]);
    await apply({ key: A, capture: 3, version: "3" });
    await apply({ key: B, capture: 4, version: "1" });
    expect(await take(1, 2, 4)).toEqual({ documents: 2, open: 0, stale: 1 });
    expect(await take(2, 3)).toEqual({ documents: 1, open: 0, stale: 0 });
    await connection.run("UPDATE applied SET fingerprint = 'another'");
    expect(await take(1)).toEqual({ documents: 1, open: 1, stale: 0 });
  });
});
