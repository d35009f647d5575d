import { createHash } from "node:crypto";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { Connection } from "../src/duckdb/connection.ts";
import { type SqlRow, sqlText } from "../src/sql/sql-value.ts";
import { SmallPlatform, mappingOf, openDatabase } from "./small-platform.ts";
import { StartedProcess } from "./started-process.ts";

/**
 * A kill at any step of `rebuild` and `schema apply` leaves the old tables or the new ones. What a kill leaves is in the files: they
 * are copied before and after every statement, and each copy is opened. Some kills are real.
 */

/** Of the copies that differ, so many are gone on with: `CRASH_RUNS=1000 npx vitest run tests/schema-crash.test.ts` takes all. */
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

type State = Readonly<Record<string, readonly SqlRow[]>>;

/** All that readers see: columns, rows, applied documents, what failed, what was counted, what was migrated. */
async function stateOf(home: string): Promise<State> {
  const platform = SmallPlatform.on(home);
  const tables = "database_name = 'store' AND schema_name = 'lab' AND NOT ends_with(table_name, '$rebuild')";
  const queries: Record<string, string> = {
    columns: `SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE ${tables} ORDER BY table_name, column_index`,
    keys: `SELECT table_name, constraint_column_names FROM duckdb_constraints() WHERE ${tables} AND constraint_type = 'PRIMARY KEY' ORDER BY table_name`,
    owners: "SELECT * FROM store.mlb.targets ORDER BY table_name",
    documents: "SELECT * EXCLUDE (run_id, applied_at) FROM store.mlb.documents ORDER BY document_key",
    quarantine: "SELECT * EXCLUDE (run_id, recorded_at) FROM store.mlb.quarantine ORDER BY ALL",
    bad_values: "SELECT * EXCLUDE (run_id, recorded_at) FROM store.mlb.bad_values ORDER BY ALL",
    counts:
      "SELECT mode, sum(applied) AS applied, sum(quarantined) AS quarantined, sum(bad_values) AS bad FROM store.mlb.runs GROUP BY mode ORDER BY mode",
    row_counts:
      "SELECT target, sum(inserted) AS inserted, sum(updated) AS updated, sum(deleted) AS deleted FROM store.mlb.run_targets GROUP BY target ORDER BY target",
    migrations: "SELECT number, kind, schema_hash FROM store.mlb.migrations ORDER BY number",
  };
  await using database = await openDatabase();
  const connection = await database.connect();
  return await platform.store.whileAttached(connection, async () => {
    const state: Record<string, readonly SqlRow[]> = {};
    for (const [what, sql] of Object.entries(queries)) state[what] = await connection.rows(sql);
    for (const name of new Set(state["columns"]?.map((row) => sqlText(row["table_name"]))))
      state[name] = await connection.rows(`SELECT * EXCLUDE (transformed_at) FROM store.lab.${name} ORDER BY ALL`);
    return state;
  });
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "schema-crash-"));
  before = join(root, "before");
  const platform = SmallPlatform.on(before);
  await platform.capture(
    mappingOf(OLD),
    Array.from({ length: DOCUMENTS }, (_, id) => ({
      body: { id, v: "1", size: id % 4 === 3 ? "big" : id, label: `thing ${String(id)}`, parts: ["a", "b", "c"].slice(0, id % 4) },
    })),
  );
  await platform.transform(mappingOf(OLD));
  old = await stateOf(before);
});
afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

async function copied(): Promise<string> {
  const home = await mkdtemp(join(root, "work-"));
  await cp(before, home, { recursive: true });
  return home;
}

const FILES = ["platform.duckdb", "platform.duckdb.wal"];

/** The store's files at one moment, as a process that is killed leaves them. */
interface Moment {
  /** The statement before or after which it is. */
  readonly where: string;
  readonly home: string;
}

async function writeOrRemove(file: string, content: Buffer | null): Promise<void> {
  await (content === null ? rm(file, { force: true }) : writeFile(file, content));
}

/** Runs `work` and keeps the store's files before and after each of its statements; those that are as they were before once. */
async function momentsOf(home: string, work: () => Promise<unknown>): Promise<readonly Moment[]> {
  const moments: Moment[] = [];
  let last = "";
  const keep = async (where: string): Promise<void> => {
    const bytes = await Promise.all(FILES.map((file) => readFile(join(home, file)).catch(() => null)));
    const hash = bytes.map((content) => (content === null ? "" : createHash("sha256").update(content).digest("hex"))).join();
    if (hash === last) return;
    last = hash;
    const copy = await copied();
    for (const [at, file] of FILES.entries()) await writeOrRemove(join(copy, file), bytes[at] ?? null);
    moments.push({ where, home: copy });
  };
  // oxlint-disable-next-line typescript/unbound-method -- called with its own connection below
  const run = Connection.prototype.run;
  const spy = vi.spyOn(Connection.prototype, "run").mockImplementation(async function (this: Connection, sql: string) {
    await keep(`before ${sql}`);
    const changed = await run.call(this, sql);
    await keep(`after ${sql}`);
    return changed;
  });
  try {
    await work();
  } finally {
    spy.mockRestore();
  }
  return moments;
}

/** What is killed for real: where, and what it leaves. */
const KILLS = {
  rebuild: { when: "after", statement: "^ALTER TABLE .* RENAME", nth: 1 },
  apply: { when: "before", statement: "^COMMIT", nth: 1 },
} as const;

describe.each([
  ["rebuild", REBUILT],
  ["apply", APPLIED],
] as const)("%s", (work, yaml) => {
  const mapping = mappingOf(yaml);
  const run = async (home: string): Promise<unknown> => {
    const platform = SmallPlatform.on(home);
    return work === "rebuild"
      ? platform.rebuild(mapping, undefined, { sliceBytes: SLICE_BYTES })
      : platform.apply([mapping], { allowDrop: true, planId: null });
  };
  let moments: readonly Moment[];
  let done: State;

  beforeAll(async () => {
    await writeFile(join(root, `${work}.yaml`), yaml);
    const home = await copied();
    moments = await momentsOf(home, () => run(home));
    done = await stateOf(home);
  });

  const expectNothingBeside = async (home: string): Promise<void> => {
    const beside = "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'mlb_rebuild' OR ends_with(table_name, '$rebuild')";
    expect(await SmallPlatform.on(home).rows(beside)).toEqual([]);
  };
  const goOn = async (home: string): Promise<void> => {
    await run(home);
    expect(await stateOf(home)).toEqual(done);
    await expectNothingBeside(home);
  };

  test("changes something of everything that is looked at", () => {
    const changed = Object.keys(old).filter((what) => text(old[what]) !== text(done[what]));
    expect(changed).toEqual(
      expect.arrayContaining(["columns", "keys", "owners", "documents", "row_counts", "migrations", "thing", "part"]),
    );
    expect(done["quarantine"]).not.toEqual([]);
    expect(done["piece"]).toHaveLength(work === "rebuild" ? 9 : 0);
    expect(moments.length).toBeGreaterThan(work === "rebuild" ? 10 : 1);
  });

  test("leaves the old tables or the new ones at each statement, and goes on from there", async () => {
    const isNew: boolean[] = [];
    for (const { where, home } of moments) {
      const seen = text(await stateOf(home));
      isNew.push(seen === text(done));
      expect({ where, isOldOrNew: seen === text(done) || seen === text(old) }).toEqual({ where, isOldOrNew: true });
    }
    // The new ones stay once they are there.
    const begun = moments.slice(0, isNew.indexOf(true));
    expect(isNew).toEqual(moments.map((_, at) => at >= begun.length));
    expect(begun.length).toBeGreaterThan(0);
    const every = Math.max(1, Math.floor(begun.length / RERUNS));
    for (const { home } of begun.filter((_, at) => (begun.length - 1 - at) % every === 0)) await goOn(home);
  });

  test("is killed in the middle of its last transaction, and nothing of it is seen", async () => {
    const home = await copied();
    const file = join(root, `${work}.yaml`);
    const stopAt = { how: "die", ...KILLS[work] } as const;
    await using started = new StartedProcess({
      home,
      mapping: file,
      waitMs: 10_000,
      sliceBytes: SLICE_BYTES,
      connections: 1,
      work,
      stopAt,
    });
    expect(await started.until("done")).not.toMatchObject({ said: "done" });
    expect(await started.ended()).toBe("SIGKILL");
    expect(await stateOf(home)).toEqual(old);
    await goOn(home);
  });
});

/** Bigints, which JSON has not. */
function text(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === "bigint" ? Number(inner) : inner));
}
