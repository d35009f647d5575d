import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { mappingOf, openDatabase } from "../../tests/small-platform.ts";
import type { Connection } from "../duckdb/connection.ts";
import type { Database } from "../duckdb/database.ts";
import { type SqlRow, sqlText } from "../sql/sql-value.ts";
import { DuckdbEngine } from "../engine/duckdb/duckdb-engine.ts";
import { compilePlan } from "../plan/compile-plan.ts";
import { DuckdbStore } from "./duckdb/duckdb-store.ts";
import { type Step, armFault } from "../core/faults.ts";
import { OpenStore } from "./open-store.ts";
import { Store, type StoreAccess } from "./store.ts";

const mapping = mappingOf(`
source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id], version: $.v}
fields: [{name: id, type: INT, json_path: $.id}]
targets:
  - name: lab.thing
    primary_key: [id]
    fields: [{name: size, type: INT, json_path: $.size}, {name: note, type: TEXT, json_path: $.note}]
    data_quality: [{rule: size >= 0, severity: error}, {rule: size < 100, severity: warn}]
  - name: lab.part
    array_source: $.parts[*]
    optional: true
    primary_key: [id, n]
    fields: [{name: n, type: INT, json_path: $.n}, {name: weight, type: INT, json_path: $.weight}]
  - name: lab.tag # nothing but its key
    array_source: $.tags[*]
    optional: true
    primary_key: [id, tag]
    fields: [{name: tag, type: TEXT, json_path: $}]
`);
const live = compilePlan(mapping);
/** The same mapping under another plan. */
const strict = compilePlan(mapping, { strict: true });

interface State {
  readonly id: number;
  readonly v: number;
  readonly capture: number;
  readonly size?: unknown;
  readonly note?: string;
  readonly parts?: readonly object[];
  readonly tags?: readonly string[];
  readonly capturedAt?: string;
  /** Not shredded: the applied state again. */
  readonly confirms?: boolean;
  readonly last?: boolean;
}

let database: Database;
let connection: Connection;
let access: DuckdbStore;
let store: Store;
/** What the store was asked by the last slice. */
let statements: string[];

beforeEach(async () => {
  database = await openDatabase();
  connection = await database.connect();
  // In memory: a dry run beside no file.
  access = new DuckdbStore({ file: join(import.meta.dirname, "none.duckdb"), waitMs: 0, isDryRun: true });
  statements = [];
  store = new Store(listening(access));
  await store.prepare(connection, mapping, null);
  await store.prepareConnection(connection, live);
  await startRun("run");
});
afterEach(async () => {
  connection.close();
  await database[Symbol.asyncDispose]();
});

/** The same store, which notes the statements that are run on it. */
function listening(inner: DuckdbStore): StoreAccess {
  const noted = (open: OpenStore): OpenStore =>
    new OpenStore(
      {
        run: (sql) => {
          statements.push(sql);
          return open.run(sql);
        },
        rows: (sql) => open.rows(sql),
        batches: (sql) => open.batches(sql),
        transaction: (work) => open.transaction(work),
      },
      open.dialect,
      open.placement,
    );
  return {
    dialect: inner.dialect,
    isDryRun: inner.isDryRun,
    exists: inner.exists.bind(inner),
    open: (on, work, how) => inner.open(on, (open) => work(noted(open)), how),
    keeping: inner.keeping.bind(inner),
    withState: inner.withState.bind(inner),
    prepareConnection: inner.prepareConnection.bind(inner),
    prepareApply: inner.prepareApply.bind(inner),
    stage: inner.stage.bind(inner),
    ask: inner.ask.bind(inner),
    lockRebuild: inner.lockRebuild.bind(inner),
    [Symbol.asyncDispose]: inner[Symbol.asyncDispose].bind(inner),
  };
}

const startRun = (runId: string): Promise<void> =>
  store.startRun(connection, live, { runId, mode: "batch", engine: "duckdb", options: "{}", failedCaptures: 0 });

const timeOf = (state: State): string => state.capturedAt ?? `2024-07-13T00:00:0${String(state.v)}.000000Z`;

/** Shreds and applies states as one slice. */
async function apply(states: readonly State[], { plan = live, runId = "run", number = 0 } = {}): Promise<void> {
  const bodies = states.map(({ id, v, size, note, parts, tags }) => JSON.stringify({ id, v: String(v), size, note, parts, tags }));
  const shredded = [...states.entries()].filter(([, state]) => state.confirms !== true);
  const { rows, findings } = await new DuckdbEngine(plan).run(
    connection,
    shredded.map(([slot]) => ({ capture: slot, body: Buffer.from(bodies[slot] ?? "") })),
    shredded.map(([slot, state]) => ({ slot, capture: slot, position: "", capturedAt: timeOf(state), parameters: {} })),
  );
  const failed = new Set(findings.filter(({ kind }) => kind === "rule" || kind === "fail").map(({ slot }) => slot));
  statements = [];
  await store.apply(connection, plan, {
    runId,
    number,
    stream: null,
    tried: states.map((state, slot) => ({
      slot,
      state: {
        documentKey: `[${String(state.id)}]`,
        capture: state.capture,
        position: "",
        version: String(state.v),
        capturedAt: timeOf(state),
        contentHash: bodies[slot] ?? "",
        request: "{}",
      },
      passed: !failed.has(slot),
      confirms: state.confirms === true,
      last: state.last ?? true,
    })),
    findings,
    rows,
  });
}

const rows = (sql: string): Promise<SqlRow[]> => access.whileAttached(connection, () => connection.rows(sql), "read");
/** The rows of a table with the capture that last changed each, as text. */
async function stored(table: string, columns: string, order = columns): Promise<readonly string[]> {
  const found = await rows(`SELECT concat_ws(' ', ${columns}, source_raw_id) AS line FROM store.lab.${table} ORDER BY ${order}`);
  return found.map(({ line }) => sqlText(line));
}

/** Counts of the run, by target `in ins upd unch del stale quar`. */
async function counts(runId = "run"): Promise<Readonly<Record<string, string>>> {
  const [run] = await rows(
    `SELECT concat_ws(' ', selected, applied, stale, quarantined, failed_states) AS n, concat_ws(' ', bad_values, warnings) AS told FROM store.mlb.runs WHERE run_id = '${runId}'`,
  );
  const targets = await rows(
    `SELECT target, concat_ws(' ', rows_in, inserted, updated, unchanged, deleted, stale, quarantined) AS n FROM store.mlb.run_targets WHERE run_id = '${runId}'`,
  );
  const entries = targets.map(({ target, n }): [string, string] => [sqlText(target).slice(4), sqlText(n)]);
  return { documents: sqlText(run?.["n"]), told: sqlText(run?.["told"]), ...Object.fromEntries(entries) };
}

const quarantine = async (): Promise<readonly string[]> =>
  (await rows("SELECT concat_ws(' ', document_key, raw_id, status) AS line FROM store.mlb.quarantine ORDER BY raw_id, status")).map(
    ({ line }) => sqlText(line),
  );

/** Statements that a slice had on the tables of targets, or to compare their rows: their first word and the table. */
const asked = (): readonly string[] =>
  statements.flatMap((sql) => {
    const [, verb = "", table = ""] = /^(INSERT|UPDATE|DELETE) (?:INTO |FROM )?(\S+)/.exec(sql) ?? [];
    return /"lab"|slice_changes/.test(table) ? [`${verb} ${table.replaceAll('"', "").replace("store.lab.", "")}`] : [];
  });

const FIRST: State = {
  id: 1,
  v: 2,
  capture: 20,
  size: 5,
  note: "a",
  parts: [
    { n: 1, weight: 10 },
    { n: 2, weight: 20 },
  ],
  tags: ["x", "y"],
};

describe("a slice of documents that the store has never had", () => {
  test("is inserted, and compared with nothing", async () => {
    await apply([FIRST, { id: 2, v: 1, capture: 21, size: 6, tags: ["z"] }]);
    expect(await stored("thing", "id, size, note")).toEqual(["1 5 a 20", "2 6 21"]);
    expect(await stored("part", "id, n, weight")).toEqual(["1 1 10 20", "1 2 20 20"]);
    expect(await stored("tag", "id, tag")).toEqual(["1 x 20", "1 y 20", "2 z 21"]);
    expect(await counts()).toEqual({
      documents: "2 2 0 0 0",
      told: "0 0",
      thing: "2 2 0 0 0 0 0",
      part: "2 2 0 0 0 0 0",
      tag: "3 3 0 0 0 0 0",
    });
    expect(asked()).toEqual(["INSERT thing", "INSERT part", "INSERT tag"]);
  });

  test("that is written already is not written again", async () => {
    await apply([FIRST]);
    await apply([FIRST]);
    await apply([{ ...FIRST, id: 2 }], { number: 1 });
    await apply([{ ...FIRST, id: 3 }], { number: 1 });
    expect(await counts()).toMatchObject({ documents: "2 2 0 0 0", thing: "2 2 0 0 0 0 0" });
    expect(await stored("thing", "id, size, note")).toEqual(["1 5 a 20", "2 5 a 20"]);
    await startRun("other");
    await apply([{ ...FIRST, id: 3 }], { runId: "other" });
    expect(await counts("other")).toMatchObject({ documents: "1 1 0 0 0", thing: "1 1 0 0 0 0 0" });
  });

  test("is not written by a store that nobody prepared for its mapping", async () => {
    store = new Store(access);
    await expect(apply([FIRST])).rejects.toThrow("lab/things was not prepared");
  });
});

describe("a newer state of a known document", () => {
  test("changes what differs, takes away what it no longer has, and leaves the rest as it was", async () => {
    await apply([FIRST]);
    const newer = {
      ...FIRST,
      v: 3,
      capture: 30,
      note: "b",
      parts: [
        { n: 1, weight: 10 },
        { n: 2, weight: 21 },
        { n: 3, weight: 30 },
      ],
      tags: ["y"],
    };
    await apply([newer], { number: 1 });
    expect(await stored("thing", "id, size, note")).toEqual(["1 5 b 30"]);
    expect(await stored("part", "id, n, weight")).toEqual(["1 1 10 20", "1 2 21 30", "1 3 30 30"]);
    expect(await stored("tag", "id, tag")).toEqual(["1 y 20"]);
    expect(await counts()).toEqual({
      documents: "2 2 0 0 0",
      told: "0 0",
      thing: "2 1 1 0 0 0 0",
      part: "5 3 1 1 0 0 0",
      tag: "3 2 0 1 1 0 0",
    });
    expect(asked()).toEqual([
      "INSERT slice_changes_0",
      "INSERT slice_changes_1",
      "INSERT slice_changes_2",
      "UPDATE thing",
      "DELETE slice_changes_0",
      "UPDATE part",
      "INSERT part",
      "DELETE slice_changes_1",
      "DELETE tag",
      "DELETE slice_changes_2",
    ]);
  });

  test("with the same rows asks for no change", async () => {
    await apply([FIRST]);
    await apply([{ ...FIRST, v: 3, capture: 30 }], { number: 1 });
    expect(asked().filter((line) => !line.includes("slice_changes"))).toEqual([]);
    expect(await stored("part", "id, n, weight")).toEqual(["1 1 10 20", "1 2 20 20"]);
    expect(await counts()).toMatchObject({ thing: "2 1 0 1 0 0 0", part: "4 2 0 2 0 0 0", tag: "4 2 0 2 0 0 0" });
    expect(await rows("SELECT raw_id, version FROM store.mlb.documents")).toEqual([{ raw_id: 30n, version: "3" }]);
  });

  test("that has no rows any more takes all of them away, and stays a document", async () => {
    await apply([FIRST]);
    await apply([{ id: 1, v: 3, capture: 30 }], { number: 1 });
    expect(await stored("part", "id, n, weight")).toEqual([]);
    expect(await counts()).toMatchObject({ part: "2 2 0 0 2 0 0", tag: "2 2 0 0 2 0 0" });
    // NULL is a value like others: the same again is no change.
    await apply([{ id: 1, v: 4, capture: 40 }], { number: 2 });
    expect(await stored("thing", "id, size, note")).toEqual(["1 30"]);
  });

  test("stands beside new documents in one slice", async () => {
    await apply([FIRST]);
    await apply(
      [
        { ...FIRST, v: 3, capture: 30, size: 7 },
        { ...FIRST, id: 2, capture: 31 },
      ],
      { number: 1 },
    );
    expect(await stored("thing", "id, size, note")).toEqual(["1 7 a 30", "2 5 a 31"]);
    expect(await counts()).toMatchObject({ documents: "3 3 0 0 0", thing: "3 2 1 0 0 0 0", tag: "6 4 0 2 0 0 0" });
  });
});

describe("a state that is not newer than the applied one", () => {
  test("changes nothing and is counted as stale", async () => {
    await apply([FIRST]);
    await apply([{ ...FIRST, v: 1, capture: 10, size: 9, parts: [{ n: 9 }] }], { number: 1 });
    expect(await stored("thing", "id, size, note")).toEqual(["1 5 a 20"]);
    expect(await counts()).toMatchObject({ documents: "2 1 1 0 0", thing: "2 1 0 0 0 1 0", part: "3 2 0 0 0 1 0", tag: "4 2 0 0 0 2 0" });
    expect(asked()).toEqual([]);
  });

  test("is applied where another plan applied that one", async () => {
    await apply([FIRST]);
    await apply([{ ...FIRST, v: 1, capture: 10, size: 9 }], { plan: strict, number: 1 });
    expect(await stored("thing", "id, size, note")).toEqual(["1 9 a 10"]);
    expect(await rows("SELECT raw_id, fingerprint FROM store.mlb.documents")).toEqual([{ raw_id: 10n, fingerprint: strict.fingerprint }]);
  });
});

describe("the applied state captured again", () => {
  const bad: State = { ...FIRST, size: 500, parts: [{ n: 1, weight: "heavy" }] };
  /** The same body at a later time. */
  const again: State = { ...bad, capture: 30, capturedAt: "2024-07-14T00:00:00.000000Z", confirms: true };

  test("has its rows, bad values and warnings counted, and is asked for nothing more", async () => {
    await apply([bad]);
    expect(await counts()).toMatchObject({ documents: "1 1 0 0 0", told: "1 1" });
    await startRun("later");
    await apply([again], { runId: "later" });
    expect(await counts("later")).toEqual({
      documents: "1 1 0 0 0",
      told: "1 1",
      thing: "1 0 0 1 0 0 0",
      part: "1 0 0 1 0 0 0",
      tag: "2 0 0 2 0 0 0",
    });
    expect(asked()).toEqual([]);
    expect(await stored("thing", "id, size")).toEqual(["1 500 20"]);
    expect(await rows("SELECT raw_id FROM store.mlb.documents")).toEqual([{ raw_id: 30n }]);
    expect(await rows("SELECT raw_id, value FROM store.mlb.bad_values")).toEqual([{ raw_id: 30n, value: "heavy" }]);
    expect(await rows("SELECT raw_id FROM store.mlb.warnings")).toEqual([{ raw_id: 30n }]);
  });

  test("is left to the next run where another state or another plan was faster", async () => {
    await apply([bad]);
    await apply([{ ...FIRST, v: 3, capture: 25 }], { number: 1 });
    await apply([{ ...again, v: 4 }], { number: 2 });
    expect(await counts()).toMatchObject({ documents: "3 2 1 0 0" });
    await apply([{ ...FIRST, v: 5, capture: 40 }], { plan: strict, number: 3 });
    await apply([{ ...FIRST, v: 5, capture: 41, capturedAt: "2024-07-14T00:00:00.000000Z", confirms: true }], { number: 4 });
    expect(await counts()).toMatchObject({ documents: "5 3 2 0 0" });
    expect(await rows("SELECT raw_id FROM store.mlb.documents")).toEqual([{ raw_id: 40n }]);
  });
});

describe("what the gate found", () => {
  test("stays with the applied state: a newer one brings its own", async () => {
    await apply([
      { ...FIRST, size: 500, parts: [{ n: 1, weight: "heavy" }] },
      { ...FIRST, id: 2, size: "big" },
    ]);
    expect(await counts()).toMatchObject({ told: "2 1" });
    await apply([{ ...FIRST, v: 3, capture: 30, parts: [{ n: 1, weight: "light" }] }], { number: 1 });
    expect(await rows("SELECT document_key, raw_id, value FROM store.mlb.bad_values ORDER BY document_key")).toEqual([
      { document_key: "[1]", raw_id: 30n, value: "light" },
      { document_key: "[2]", raw_id: 20n, value: "big" },
    ]);
    expect(await rows("SELECT raw_id FROM store.mlb.warnings")).toEqual([]);
    expect(await counts()).toMatchObject({ told: "3 1" });
  });

  test("fails a document, which is counted once it has no further state to try", async () => {
    await apply([
      { ...FIRST, size: -1, last: false },
      { ...FIRST, id: 2, capture: 21, size: -2 },
      { ...FIRST, id: 3, capture: 22 },
    ]);
    expect(await counts()).toEqual({
      documents: "2 1 0 1 2",
      told: "0 0",
      thing: "3 1 0 0 0 0 2",
      part: "6 2 0 0 0 0 4",
      tag: "6 2 0 0 0 0 4",
    });
    expect(await quarantine()).toEqual(["[1] 20 open", "[2] 21 open"]);
    expect(await stored("thing", "id, size")).toEqual(["3 5 22"]);
  });

  test("is settled by a newer state that passes, and by no older one", async () => {
    await apply([{ ...FIRST, size: -1 }]);
    await apply([{ ...FIRST, v: 1, capture: 10 }], { number: 1 });
    expect(await quarantine()).toEqual(["[1] 20 open"]);
    await apply([{ ...FIRST, v: 3, capture: 30 }], { number: 2 });
    expect(await quarantine()).toEqual(["[1] 20 resolved"]);
  });

  test("is told anew where a state is tried again, under another plan or because somebody asked", async () => {
    const failing = { ...FIRST, size: -1 };
    await apply([failing]);
    await apply([failing], { plan: strict, number: 1 });
    expect(await quarantine()).toEqual(["[1] 20 open", "[1] 20 resolved"]);
    await access.whileAttached(connection, () =>
      connection.run("UPDATE store.mlb.quarantine SET status = 'retried' WHERE status = 'open'"),
    );
    await apply([failing], { plan: strict, number: 2 });
    expect(await quarantine()).toEqual(["[1] 20 open", "[1] 20 resolved", "[1] 20 resolved"]);
  });
});

describe("the steps at which a fault may be", () => {
  let slices = 0;
  /** Whether a slice comes to a step. If so the fault took back what was done, otherwise it is written. */
  const comesTo = async (step: Step, state: State): Promise<boolean> => {
    armFault({ kind: "enospc", step, nth: 1 });
    try {
      await apply([state], { number: slices++ });
      return false;
    } catch (error) {
      expect(error).toMatchObject({ code: "ENOSPC" });
      return true;
    } finally {
      armFault(null);
    }
  };
  beforeEach(() => {
    slices = 0;
  });

  test("of a new document: rows are inserted, nothing is compared", async () => {
    expect(await comesTo("apply.inserted", FIRST)).toBe(true);
    expect(await comesTo("apply.compared", { ...FIRST, id: 1 })).toBe(false);
    expect(await comesTo("apply.deleted", { ...FIRST, id: 2 })).toBe(false);
    expect(await comesTo("apply.updated", { ...FIRST, id: 3 })).toBe(false);
  });

  test("of a known one: those at which it has something to do", async () => {
    expect(await comesTo("apply.compared", FIRST)).toBe(false);
    const newer = { ...FIRST, v: 3, capture: 30, parts: [{ n: 1, weight: 11 }, { n: 3 }], tags: ["x"] };
    for (const step of ["apply.compared", "apply.deleted", "apply.updated", "apply.inserted"] as const)
      expect(await comesTo(step, newer)).toBe(true);
    expect(await stored("part", "id, n, weight")).toEqual(["1 1 10 20", "1 2 20 20"]);
    expect(await comesTo("apply.compared", { ...FIRST, v: 4 })).toBe(true);
    expect(await comesTo("apply.deleted", { ...FIRST, v: 4 })).toBe(false);
    expect(await comesTo("apply.updated", { ...FIRST, v: 5 })).toBe(false);
    expect(await comesTo("apply.inserted", { ...FIRST, v: 6 })).toBe(false);
  });
});
