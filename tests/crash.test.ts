import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SqlRow } from "../src/sql/sql-value.ts";
import { SmallPlatform, mappingOf, without } from "./small-platform.ts";
import { StartedProcess } from "./started-process.ts";
import { homes, isOnServer } from "./test-home.ts";
import type { ProcessOrder } from "./transform-process.ts";

/** Kills at random moments beside those at named steps: `CRASH_RUNS=100 npx vitest run tests/crash.test.ts`. */
const RANDOM_KILLS = Number(process.env["CRASH_RUNS"] ?? 1);

type Step = readonly [where: string, at: Omit<NonNullable<ProcessOrder["stopAt"]>, "how">];
/** The nth commit of a slice: the store's own are counted on the engine's connection where it is embedded, on the session where it is a server. */
const SLICE_COMMIT = 5;
const SHORT_STEPS: readonly Step[] = [
  ["while it prepares the tables", { when: "before", statement: "^COMMIT", nth: 1 }],
  ["while a slice is shredded", { when: "after", statement: "^INSERT INTO slice_target_0", nth: 3 }],
  ["between two tables of a slice", { when: "after", statement: '^DELETE FROM (store\\.)?"', nth: 3 }],
  ["before the commit of a slice", { when: "before", statement: "^COMMIT", nth: SLICE_COMMIT }],
  ["after the commit of a slice", { when: "after", statement: "^COMMIT", nth: SLICE_COMMIT }],
  ...(isOnServer ? ([["while a slice is brought to the server", { when: "after", statement: "^COPY slice_", nth: 5 }]] as const) : []),
];
const LONG_STEPS: readonly Step[] = [
  ["when the run is begun", { when: "after", statement: "^INSERT INTO store.mlb.runs", nth: 1 }],
  ["between the rows and the documents", { when: "before", statement: "^INSERT INTO store.mlb.documents", nth: 2 }],
  ["before it ends the run", { when: "before", statement: "^UPDATE store.mlb.runs SET status", nth: 1 }],
  ...(isOnServer
    ? ([
        ["before a slice is brought to the server", { when: "before", statement: "^COPY slice_", nth: 2 }],
        ["before it waits for other writers", { when: "before", statement: "^SELECT pg_advisory_xact_lock", nth: 4 }],
        ["when it is the only writer", { when: "after", statement: "^SELECT pg_advisory_xact_lock", nth: 4 }],
      ] as const)
    : ([["before it lets go of the file", { when: "before", statement: "^DETACH", nth: 3 }]] as const)),
];
const STEPS = RANDOM_KILLS > 1 ? [...SHORT_STEPS, ...LONG_STEPS] : SHORT_STEPS;

const MAPPING = `
source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id], version: $.v}
fields: [{name: id, type: INT, json_path: $.id}]
targets:
  - name: lab.thing
    primary_key: [id]
    fields:
      - {name: size, type: INT, json_path: $.size}
    data_quality:
      - {rule: size >= 0, severity: error}
  - name: lab.item
    array_source: $.items[*]
    primary_key: [id, n]
    fields:
      - {name: n, type: INT, source_field: index}
      - {name: word, type: TEXT, json_path: $}
`;
const mapping = mappingOf(MAPPING);
const SLICE_BYTES = 200;
const DOCUMENTS = 24;

/** Items appear and vanish from state to state; some newest states fail, some sizes are bad. */
function bodyOf(id: number, version: number): object {
  const size = version === 2 && id % 7 === 3 ? -1 : id % 5 === 0 ? "bad" : id + version;
  return { id, v: String(version), size, items: Array.from({ length: (id * version) % 6 }, (_, n) => `w${String(n * version)}`) };
}

let root: string;
let before: string;
let expected: Readonly<Record<string, readonly SqlRow[]>>;

const BY_RUN = ["run_id", "recorded_at"] as const;

/** All that a store says of the data: no times, no runs. */
async function stateOf(platform: SmallPlatform): Promise<Readonly<Record<string, readonly SqlRow[]>>> {
  const sum = (name: string): string => `CAST(sum(${name}) AS BIGINT) AS ${name}`;
  const sums = (...names: readonly string[]): string => names.map(sum).join(", ");
  const queries = {
    things: "SELECT * FROM store.lab.thing ORDER BY id",
    items: "SELECT * FROM store.lab.item ORDER BY id, n",
    documents: "SELECT * FROM store.mlb.documents ORDER BY document_key",
    quarantine: "SELECT * FROM store.mlb.quarantine ORDER BY document_key, raw_id, rule, pointer",
    bad_values: "SELECT * FROM store.mlb.bad_values ORDER BY document_key, target, column_name, pointer",
    // What is counted is counted once, in whichever run it was done.
    counts: `SELECT ${sums("applied", "stale", "quarantined", "failed_states", "bad_values")} FROM store.mlb.runs`,
    row_counts: `SELECT target, ${sums("rows_in", "inserted", "updated", "unchanged", "deleted")} FROM store.mlb.run_targets GROUP BY target ORDER BY target`,
    unbalanced: "SELECT * FROM store.mlb.runs WHERE selected <> applied + unchanged + stale + quarantined",
  };
  const results = await platform.queries(...Object.values(queries));
  return Object.fromEntries(
    Object.keys(queries).map((name, at) => [name, without(results[at] ?? [], "transformed_at", "applied_at", ...BY_RUN)]),
  );
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "crash-"));
  before = join(root, "before");
  await writeFile(join(root, "things.yaml"), MAPPING);
  const ids = Array.from({ length: DOCUMENTS }, (_, at) => at + 1);
  const captures = (version: number, from: readonly number[]): { body: object; capturedAt: string }[] =>
    from.map((id) => ({ body: bodyOf(id, version), capturedAt: `2024-07-13T0${String(version)}:00:00.000000Z` }));
  // Half of the documents are stored in a first state; then all have a second one.
  await using platform = await SmallPlatform.on(before);
  await platform.capture(
    mapping,
    captures(
      1,
      ids.filter((id) => id % 2 === 0),
    ),
  );
  await platform.transform(mapping);
  await platform.capture(mapping, captures(2, ids));
  await platform[Symbol.asyncDispose]();
  await homes.copy(before, join(root, "undisturbed"));
  await using undisturbed = await SmallPlatform.on(join(root, "undisturbed"));
  await undisturbed.transform(mapping, undefined, { sliceBytes: SLICE_BYTES, connections: 2 });
  expected = await stateOf(undisturbed);
});
afterAll(async () => {
  for (const home of [before, join(root, "undisturbed")]) await homes.remove(home);
  await rm(root, { recursive: true, force: true });
});

/** As a process of its own does it: nothing of it is open afterwards. */
async function run(home: string): Promise<void> {
  await using platform = await SmallPlatform.on(home);
  await platform.transform(mapping, undefined, { sliceBytes: SLICE_BYTES, connections: 2 });
}

/** Starts on a fresh copy, lets `end` end it, runs again, and compares. */
async function expectRecovery(
  where: string,
  stopAt: ProcessOrder["stopAt"],
  end: (started: StartedProcess) => Promise<void>,
): Promise<void> {
  const home = await mkdtemp(join(root, "work-"));
  await homes.copy(before, home);
  await using started = new StartedProcess({
    home,
    mapping: join(root, "things.yaml"),
    waitMs: 10_000,
    sliceBytes: SLICE_BYTES,
    connections: 2,
    work: "transform",
    stopAt,
  });
  await end(started);
  await started.ended();
  await run(home);
  await using platform = await SmallPlatform.on(home);
  expect({ where, ...(await stateOf(platform)) }).toEqual({ where, ...expected });
  expect(await platform.leftovers()).toEqual([]);
  await homes.remove(home);
}

describe("a transform that is killed and run again gives what an undisturbed one gives", () => {
  test("the data that it is tried on have everything in them", () => {
    expect(expected["counts"]).toEqual([{ applied: 32n, stale: 0n, quarantined: 4n, failed_states: 4n, bad_values: 5n }]);
    expect(expected["row_counts"]?.every((row) => Number(row["updated"]) > 0 && Number(row["inserted"]) > 0)).toBe(true);
    expect(expected["unbalanced"]).toEqual([]);
  });

  test.each(STEPS)("%s", async (where, at) => {
    await expectRecovery(where, { how: "die", ...at }, async (started) => {
      expect(await started.until("done")).not.toMatchObject({ said: "done" });
      expect(await started.ended()).toBe("SIGKILL");
    });
  });

  test.each(Array.from({ length: RANDOM_KILLS }, (_, at) => at + 1))("at some moment, time %i", async () => {
    // A moment of its own each time: after some slices, or at once.
    const slices = Math.floor(Math.random() * 8);
    await expectRecovery(`killed after ${String(slices)} slices`, undefined, async (started) => {
      await started.until("started");
      for (let slice = 0; slice < slices; slice++) await started.next();
      started.kill();
    });
  });
});

describe("a transform that is asked to stop", () => {
  test("finishes the slices at hand, says so, and the next run goes on", async () => {
    const home = await mkdtemp(join(root, "stopped-"));
    await homes.copy(before, home);
    await using platform = await SmallPlatform.on(home);
    const stop = new AbortController();
    const { exit, record, left } = await platform.transform(mapping, undefined, {
      sliceBytes: SLICE_BYTES,
      connections: 2,
      signal: stop.signal,
      onProgress: ({ documents }) => {
        if (documents > 5) stop.abort();
      },
    });
    expect(exit).toBe(130);
    expect(record.run).toMatchObject({ status: "interrupted", exit: 130 });
    expect(Number(record.run["selected"])).toBeGreaterThan(5);
    expect(Number(record.run["selected"])).toBeLessThan(DOCUMENTS);
    expect(left).toBe(DOCUMENTS - Number(record.run["selected"]));
    const next = await platform.transform(mapping, undefined, { sliceBytes: SLICE_BYTES, connections: 2 });
    expect(next.record.run).toMatchObject({ status: "done" });
    expect(await stateOf(platform)).toEqual(expected);
  });
});
