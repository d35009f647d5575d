import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TableSchema } from "../src/store/mapping-schema.ts";
import type { SqlRow } from "../src/sql/sql-value.ts";
import { SmallPlatform, mappingOf, without } from "./small-platform.ts";
import { StartedProcess } from "./started-process.ts";
import { type Moment, momentsOf } from "./store-moments.ts";
import { homes, isOnServer } from "./test-home.ts";
import type { ProcessOrder } from "./transform-process.ts";

/** A kill at any step of `rebuild` and `schema apply` leaves the old tables or the new ones: what it would leave is looked at after every statement. Some kills are real. */

/** Of the moments before the new tables are there, so many are gone on with: `CRASH_RUNS=1000 npx vitest run tests/schema-crash.test.ts` takes all. */
const RERUNS = Number(process.env["CRASH_RUNS"] ?? 3);

const HEAD = `source: {endpoint: lab, method: things, raw_table: lab.things, document_key: [id], version: $.v}
fields: [{name: id, type: INT, json_path: $.id}]
targets:
`;
const thing = (fields: string): string => `${HEAD}  - name: lab.thing
    primary_key: [id]
    fields: [${fields}]
    data_quality: [{rule: id <> 7, severity: error}]
`;
const part = (name: string): string => `  - name: lab.${name}
    array_source: $.parts[*]
    primary_key: [id, n]
    fields: [{name: n, type: INT, source_field: index}, {name: word, type: TEXT, json_path: $}]
`;
const OLD = thing("{name: size, type: INT, json_path: $.size}, {name: label, type: TEXT, json_path: $.label}") + part("part");
/** A column less, one more, a table less, one more. */
const APPLIED = thing("{name: size, type: INT, json_path: $.size}, {name: title, type: TEXT, json_path: $.label}") + part("piece");
/** The same, and a column of another type. */
const REBUILT = APPLIED.replace("size, type: INT", "size, type: TEXT");

const SLICE_BYTES = 150;
const DOCUMENTS = 8;

let root: string;
let before: string;
let old: State;

interface State {
  readonly tables: readonly TableSchema[];
  readonly rows: Readonly<Record<string, readonly SqlRow[]>>;
}

/** All tables of the mappings, by their keys. */
const KEYS: Readonly<Record<string, string>> = { "lab.thing": "id", "lab.part": "id, n", "lab.piece": "id, n" };

/** All that readers see: columns, rows, applied documents, what failed, what was counted, what was migrated. */
async function stateOf(platform: SmallPlatform): Promise<State> {
  const tables = await platform.inStore((store) => store.readTables(Object.keys(KEYS)));
  const sum = (name: string): string => `CAST(sum(${name}) AS BIGINT) AS ${name}`;
  const queries: Record<string, string> = {
    owners: "SELECT * FROM store.mlb.targets ORDER BY table_name",
    documents: "SELECT * FROM store.mlb.documents ORDER BY document_key",
    quarantine: "SELECT * FROM store.mlb.quarantine ORDER BY document_key, raw_id, rule, status, fingerprint",
    bad_values: "SELECT * FROM store.mlb.bad_values ORDER BY document_key, target, column_name",
    counts: `SELECT mode, ${["applied", "quarantined", "bad_values"].map(sum).join(", ")} FROM store.mlb.runs GROUP BY mode ORDER BY mode`,
    row_counts: `SELECT target, ${["inserted", "updated", "deleted"].map(sum).join(", ")} FROM store.mlb.run_targets GROUP BY target ORDER BY target`,
    migrations: "SELECT number, kind, schema_hash FROM store.mlb.migrations ORDER BY number",
    ...Object.fromEntries(tables.map(({ name }) => [name, `SELECT * FROM store.${name} ORDER BY ${KEYS[name] ?? ""}`])),
  };
  const results = await platform.queries(...Object.values(queries));
  const rows = Object.keys(queries).map((what, at) => [
    what,
    without(results[at] ?? [], "transformed_at", "applied_at", "recorded_at", "run_id"),
  ]);
  return { tables: tables.toSorted((a, b) => (a.name < b.name ? -1 : 1)), rows: Object.fromEntries(rows) as State["rows"] };
}

async function stateAt(home: string): Promise<State> {
  await using platform = await SmallPlatform.on(home);
  return await stateOf(platform);
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "schema-crash-"));
  before = join(root, "before");
  await using platform = await SmallPlatform.on(before);
  await platform.capture(
    mappingOf(OLD),
    Array.from({ length: DOCUMENTS }, (_, id) => ({
      body: { id, v: "1", size: id % 4 === 3 ? "big" : id, label: `thing ${String(id)}`, parts: ["a", "b", "c"].slice(0, id % 4) },
    })),
  );
  await platform.transform(mappingOf(OLD));
  old = await stateOf(platform);
});
afterAll(async () => {
  for (const home of [before, ...copies]) await homes.remove(home);
  await rm(root, { recursive: true, force: true });
});

const copies: string[] = [];
async function copied(): Promise<string> {
  const home = await mkdtemp(join(root, "work-"));
  copies.push(home);
  await homes.copy(before, home);
  return home;
}

/** What is killed for real: where, and what it leaves. */
const KILLS = {
  rebuild: { when: "after", statement: isOnServer ? "^ALTER TABLE .* SET SCHEMA" : "^ALTER TABLE .* RENAME", nth: 1 },
  apply: { when: "before", statement: "^COMMIT", nth: 1 },
} as const;

describe.each([
  ["rebuild", REBUILT],
  ["apply", APPLIED],
] as const)("%s", (work, yaml) => {
  const mapping = mappingOf(yaml);
  const run = async (home: string): Promise<void> => {
    await using platform = await SmallPlatform.on(home);
    if (work === "rebuild") await platform.rebuild(mapping, undefined, { sliceBytes: SLICE_BYTES });
    else await platform.apply([mapping], { allowDrop: true, planId: null });
  };
  /** What a process that is killed there leaves. */
  const killed = async (stopAt: Omit<NonNullable<ProcessOrder["stopAt"]>, "how">): Promise<string> => {
    const home = await copied();
    const order = { home, mapping: join(root, `${work}.yaml`), waitMs: 10_000, sliceBytes: SLICE_BYTES, connections: 1, work };
    await using started = new StartedProcess({ ...order, stopAt: { how: "die", ...stopAt } });
    expect(await started.until("done")).not.toMatchObject({ said: "done" });
    expect(await started.ended()).toBe("SIGKILL");
    return home;
  };
  let moments: readonly Moment<State>[];
  let done: State;

  beforeAll(async () => {
    await writeFile(join(root, `${work}.yaml`), yaml);
    const home = await copied();
    moments = await momentsOf(home, { work: () => run(home), look: stateOf, copied, killed });
    done = await stateAt(home);
  });

  const goOn = async (home: string): Promise<void> => {
    await run(home);
    expect(await stateAt(home)).toEqual(done);
    await using platform = await SmallPlatform.on(home);
    expect(await platform.leftovers()).toEqual([]);
  };

  test("changes something of everything that is looked at", () => {
    const changed = Object.keys(old.rows).filter((what) => text(old.rows[what]) !== text(done.rows[what]));
    expect(changed).toEqual(expect.arrayContaining(["owners", "documents", "row_counts", "migrations", "lab.thing", "lab.part"]));
    expect(done.tables).not.toEqual(old.tables);
    expect(done.rows["quarantine"]).not.toEqual([]);
    expect(done.rows["lab.piece"]).toHaveLength(work === "rebuild" ? 9 : 0);
    expect(moments.length).toBeGreaterThan(work === "rebuild" ? 10 : 1);
  });

  test("leaves the old tables or the new ones at each statement, and goes on from there", async () => {
    const isNew: boolean[] = [];
    for (const { where, state } of moments) {
      const seen = text(state);
      isNew.push(seen === text(done));
      expect({ where, isOldOrNew: seen === text(done) || seen === text(old) }).toEqual({ where, isOldOrNew: true });
    }
    // The new ones stay once they are there.
    const begun = moments.slice(0, isNew.indexOf(true));
    expect(isNew).toEqual(moments.map((_, at) => at >= begun.length));
    expect(begun.length).toBeGreaterThan(0);
    const every = Math.max(1, Math.floor(begun.length / RERUNS));
    for (const { left } of begun.filter((_, at) => (begun.length - 1 - at) % every === 0)) await goOn(await left());
  }, 600_000);

  test("is killed in the middle of its last transaction, and nothing of it is seen", async () => {
    const home = await killed(KILLS[work]);
    expect(await stateAt(home)).toEqual(old);
    await goOn(home);
  });
});

/** Bigints, which JSON has not. */
function text(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === "bigint" ? Number(inner) : inner));
}
