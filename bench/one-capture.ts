/**
 * What one new capture of one document costs in a large store against a small one: `npx tsx bench/one-capture.ts [--documents 600,60000] [--homes DIR]`.
 * Small documents of an invented endpoint, ingested and loaded by the shipped program; then, round by round, a newer state of one document comes in:
 * `ingest` and `transform --save` as processes, and the same inside one process, split by step; and both again with nothing new.
 * `--homes` keeps the stores there for the next time; else they are removed.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { argv, cpuUsage, execPath, hrtime, stdout } from "node:process";
import { parseArgs } from "node:util";
import { packageRoot } from "../src/config/settings.ts";
import { Connection } from "../src/duckdb/connection.ts";
import { Database } from "../src/duckdb/database.ts";
import { sqlText } from "../src/sql/sql-value.ts";
import { DuckdbEngine } from "../src/engine/duckdb/duckdb-engine.ts";
import { requireMapping } from "../src/mapping/check-mapping.ts";
import { ingestRecordings } from "../src/pipeline/ingest.ts";
import { SidecarIndex } from "../src/pipeline/sidecar-index.ts";
import { transform } from "../src/pipeline/transform.ts";
import { compilePlan } from "../src/plan/compile-plan.ts";
import { BodyChecker } from "../src/raw/body.ts";
import { SegmentStore } from "../src/raw/segment-store.ts";
import type { RecordingFile } from "../src/statsapi/recording.ts";
import { Store } from "../src/store/store.ts";
import { DuckdbStore } from "../src/store/duckdb/duckdb-store.ts";

const ROUNDS = 5;
const CATALOGUE = `
endpoint: yard
description: A yard of parcels
methods:
  parcel:
    upstream_name: parcel
    description: One parcel
    path: /parcels/{parcel_id}
    path_parameters:
      parcel_id: { description: Key of the parcel }
`;
const MAPPING = `
source:
  {endpoint: yard, method: parcel, raw_table: yard.parcel, document_key: [parcel_id], version: {json_path: $.rev, pattern: '[0-9]{8}_[0-9]{6}'}, date: day}
fields:
  - {name: parcel_id, type: BIGINT, json_path: $.id, description: Key of the parcel}
  - {name: day, type: DATE, json_path: $.day, description: Day of the parcel}
targets:
  - name: yard.parcels
    description: One row per parcel
    primary_key: [parcel_id]
    fields:
      - {name: sender, type: TEXT, json_path: $.sender.name, description: Who sent it}
      - {name: city, type: VARCHAR(50), json_path: $.sender.city, description: Where from}
      - {name: weight, type: DOUBLE, json_path: $.weight, description: Kilogrammes}
      - {name: state, type: TEXT, json_path: $.state, description: State}
    data_quality:
      - {rule: weight > 0, severity: error}
  - name: yard.item
    description: One row per item of a parcel
    array_source: $.items[*]
    primary_key: [parcel_id, item_index]
    fields:
      - {name: item_index, type: INT, source_field: index, description: Position}
      - {name: name, type: TEXT, json_path: $.name, description: Name}
      - {name: count, type: INT, json_path: $.count, description: How many}
      - {name: price, type: "NUMERIC(10,2)", json_path: $.price, description: Price}
  - name: yard.scan
    description: One row per scan of a parcel
    array_source: $.scans[*]
    primary_key: [parcel_id, scan_no]
    fields:
      - {name: scan_no, type: INT, json_path: $.no, description: Number}
      - {name: place, type: TEXT, json_path: $.place, description: Place}
      - {name: at, type: TIMESTAMPTZ, json_path: $.at, description: When}
`;
const mapping = requireMapping(MAPPING, "yard/parcel.yaml");
const plan = compilePlan(mapping);

interface Run {
  readonly ms: number;
  readonly cpuMs: number;
  readonly peakMb: number;
}

/** By what was measured: the runs for one size. */
type Figures = Map<string, Run[]>;

/** A time so many seconds later. */
function version(state: number): string {
  const [day = "", time = ""] = new Date(Date.UTC(2024, 6, 13) + state * 1000).toISOString().split("T");
  return `${day.replaceAll("-", "")}_${time.slice(0, 8).replaceAll(":", "")}`;
}

/** About 1 kB. */
function bodyOf(id: number, state: number): string {
  return JSON.stringify({
    id,
    rev: version(state),
    day: `2024-${String(1 + (id % 12)).padStart(2, "0")}-${String(1 + (id % 28)).padStart(2, "0")}`,
    sender: { name: `Sender number ${String(id % 997)}`, city: `City ${String(id % 89)}`, note: `n${String((id * 7919) % 1_000_003)}` },
    weight: 1 + ((id * 31) % 500) / 10,
    state: `state ${String(state)}`,
    items: Array.from({ length: 6 }, (_, n) => ({
      name: `item ${String((id * 13 + n) % 701)}`,
      count: 1 + ((id + n) % 9),
      price: ((id * 17 + n * 101) % 100_000) / 100,
    })),
    scans: Array.from({ length: 6 }, (_, n) => ({
      no: n + 1,
      place: `depot ${String((id + n * 5) % 211)}`,
      at: `2024-07-13T${String(10 + n)}:${String(id % 60).padStart(2, "0")}:00Z`,
    })),
  });
}

function recording(id: number, state: number): RecordingFile {
  return {
    ok: true,
    recording: {
      file: `${String(id)}.json`,
      endpoint: "yard",
      method: "parcel",
      parameters: { parcel_id: String(id) },
      url: null,
      status: 200,
      body: Buffer.from(bodyOf(id, state), "utf8"),
      recordedAt: null,
      givenAt: null,
    },
  };
}

async function* recordings(ids: Iterable<number>, state: number): AsyncGenerator<RecordingFile> {
  for (const id of ids) yield await Promise.resolve(recording(id, state));
}

/** Writes on file descriptor 3, when the process ends, what it took. */
const REPORT = `data:text/javascript,${encodeURIComponent(
  `import { readFileSync, writeSync } from "node:fs";
   process.on("exit", () => {
     const { userCPUTime, systemCPUTime } = process.resourceUsage();
     writeSync(3, JSON.stringify([(userCPUTime + systemCPUTime) / 1000, Number(/VmHWM:\\s+([0-9]+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) / 1024]));
   });`,
)}`;

function program(home: string, ...words: readonly string[]): Run {
  const from = hrtime.bigint();
  const run = spawnSync(
    execPath,
    [
      "--import",
      REPORT,
      join(packageRoot(), "dist", "cli", "main.js"),
      ...words,
      "--home",
      home,
      "--config-dir",
      join(home, "config"),
      "--no-progress",
    ],
    { stdio: ["ignore", "pipe", "pipe", "pipe"], encoding: "utf8" },
  );
  const ms = Number(hrtime.bigint() - from) / 1e6;
  if (run.status !== 0) throw new Error(`${words.join(" ")}: exit ${String(run.status)}\n${run.stdout}${run.stderr}`);
  const [cpuMs = Number.NaN, peakMb = Number.NaN] = JSON.parse(run.output[3] ?? "[]") as number[];
  return { ms, cpuMs, peakMb };
}

const TRANSFORM = ["transform", "--endpoint", "yard", "--method", "parcel", "--save"];

async function makeHome(home: string, documents: number, figures: Figures): Promise<void> {
  await mkdir(join(home, "config", "endpoints"), { recursive: true });
  await mkdir(join(home, "config", "schemas", "mappings", "yard"), { recursive: true });
  await writeFile(join(home, "config", "endpoints", "yard.yaml"), CATALOGUE);
  await writeFile(join(home, "config", "schemas", "mappings", "yard", "parcel.yaml"), MAPPING);
  const ids = Array.from({ length: documents }, (_, at) => at + 1);
  const since = new Since();
  await ingestRecordings(recordings(ids, 0), {
    raw: new SegmentStore({ root: join(home, "raw") }),
    checker: new BodyChecker(),
    plans: [plan],
  });
  note(figures, "all: ingest inside", since.run);
  note(figures, "all: first load", program(home, ...TRANSFORM));
  await writeFile(join(home, "made"), "");
}

/** Time and processors of this process since. */
class Since {
  readonly #from = hrtime.bigint();
  readonly #cpu = cpuUsage();

  get run(): Run {
    const { user, system } = cpuUsage(this.#cpu);
    return { ms: Number(hrtime.bigint() - this.#from) / 1e6, cpuMs: (user + system) / 1000, peakMb: Number.NaN };
  }
}

function note(figures: Figures, name: string, run: Run): void {
  figures.set(name, [...(figures.get(name) ?? []), run]);
}

/** One new state of one document, by processes. */
async function byProcesses(home: string, id: number, state: number, figures: Figures): Promise<void> {
  const file = join(home, "new.json");
  await writeFile(file, bodyOf(id, state));
  const ingest = ["ingest", "--endpoint", "yard", "--method", "parcel", "--from-files", file, "--parameter", `parcel_id=${String(id)}`];
  const steps = [
    ["one capture: ingest", ingest],
    ["one capture: transform", TRANSFORM],
    ["nothing new: ingest", ingest],
    ["nothing new: transform", TRANSFORM],
  ] as const;
  for (const [name, words] of steps) note(figures, name, program(home, ...words));
}

let current: Map<string, Run> | null = null;
type Method = (...args: unknown[]) => Promise<unknown>;
/** Measures a method of a class wherever it is called. */
function timed(type: { readonly prototype: object }, method: string, label: (args: readonly unknown[]) => string): void {
  const prototype = type.prototype as Record<string, Method>;
  const original = prototype[method];
  if (original === undefined) throw new Error(`no method ${method}`);
  prototype[method] = async function (this: unknown, ...args: unknown[]): Promise<unknown> {
    const since = new Since();
    try {
      return await original.apply(this, args);
    } finally {
      const name = label(args);
      const { ms, cpuMs } = since.run;
      const before = current?.get(name) ?? { ms: 0, cpuMs: 0 };
      current?.set(name, { ms: before.ms + ms, cpuMs: before.cpuMs + cpuMs, peakMb: Number.NaN });
    }
  };
}

/** The same inside one process, split by step. Steps may hold others. */
async function inside(home: string, id: number, state: number, figures: Figures): Promise<void> {
  const keep = (name: string, since: Since, steps: ReadonlyMap<string, Run>): void => {
    note(figures, name, since.run);
    for (const [step, run] of steps) note(figures, `${name} · ${step}`, run);
  };
  for (const isNew of [true, false]) {
    const what = isNew ? "one capture" : "nothing new";
    const raw = new SegmentStore({ root: join(home, "raw") });
    let since = new Since();
    current = new Map();
    await ingestRecordings(recordings([id], state), { raw, checker: new BodyChecker(), plans: [plan] });
    keep(`${what}: ingest inside`, since, current);
    since = new Since();
    current = new Map();
    await using database = await Database.open({ memoryLimitBytes: 336 * 1024 * 1024, threads: 2, tempDirectory: null });
    const store = new Store(new DuckdbStore({ file: join(home, "platform.duckdb"), waitMs: 1000 }));
    const { record } = await transform(
      mapping,
      plan,
      {
        filter: { documents: {}, startDate: null, endDate: null, asOf: null },
        mode: "batch",
        sliceBytes: 8 << 20,
        connections: 2,
        failedCaptures: 0,
      },
      { database, store, raw: new SegmentStore({ root: join(home, "raw") }) },
    );
    keep(`${what}: transform inside`, since, current);
    current = null;
    if (Number(record.run["applied"]) !== (isNew ? 1 : 0)) throw new Error(`applied ${sqlText(record.run["applied"])}`);
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[values.length >> 1] ?? Number.NaN;
}

const { values } = parseArgs({ args: argv.slice(2), options: { documents: { type: "string" }, homes: { type: "string" } } });
const sizes = (values.documents ?? "600,60000").split(",").map(Number);
const root = values.homes ?? (await mkdtemp(join(tmpdir(), "bench-one-capture-")));
const built = spawnSync(execPath, [join(packageRoot(), "scripts", "setup.mjs"), "--build"], { stdio: "inherit" });
if (built.status !== 0) throw new Error("the program could not be built");

try {
  const bySize = new Map<number, Figures>();
  for (const size of sizes) {
    const figures: Figures = new Map();
    bySize.set(size, figures);
    const home = join(root, String(size));
    if (!existsSync(join(home, "made"))) await makeHome(home, size, figures);
  }
  // Time goes on from one use of kept homes to the next.
  const begin = Math.floor(Date.now() / 1000) - 1_700_000_000;
  const rounds = Array.from({ length: ROUNDS }, (_, at) => at);
  for (const round of rounds)
    for (const [size, figures] of bySize)
      await byProcesses(join(root, String(size)), Math.ceil((size * (round + 1)) / (ROUNDS + 1)), begin + round, figures);
  timed(SidecarIndex, "catchUp", () => "index: catch up");
  timed(SidecarIndex, "load", () => "index: load");
  timed(SidecarIndex, "add", () => "index: add");
  timed(SegmentStore, "append", () => "raw: append");
  timed(Store, "prepare", () => "store: prepare");
  timed(Store, "startRun", () => "store: start run");
  timed(Store, "apply", () => "store: apply");
  timed(Store, "finishRun", () => "store: finish run");
  timed(DuckdbEngine, "run", () => "engine: shred and check");
  timed(Connection, "run", ([sql]) => {
    const [statement = ""] = /^(?:ATTACH|DETACH|COMMIT)/.exec(String(sql)) ?? ["other statements"];
    return `sql: ${statement}`;
  });
  // The first round warms up and does not count.
  for (const round of [-1, ...rounds])
    for (const [size, figures] of bySize)
      await inside(
        join(root, String(size)),
        Math.ceil((size * (round + 2)) / (ROUNDS + 2)),
        begin + ROUNDS + 1 + round,
        round < 0 ? new Map() : figures,
      );

  const names = [...new Set([...bySize.values()].flatMap((figures) => [...figures.keys()]))];
  const [small, large] = [sizes[0] ?? 0, sizes.at(-1) ?? 0];
  const cell = (text: string): string => text.padStart(14);
  const shown = (value: number, unit: string): string => (Number.isNaN(value) ? "" : `${value.toFixed(unit === "MB" ? 0 : 1)} ${unit}`);
  const of = (size: number, name: string, part: keyof Run): number => median((bySize.get(size)?.get(name) ?? []).map((run) => run[part]));
  stdout.write(`${"median".padEnd(52)}${sizes.map((size) => cell(String(size))).join("")}${cell("ratio")}\n`);
  for (const name of names) {
    for (const [part, unit] of [
      ["ms", "ms"],
      ["cpuMs", "ms CPU"],
      ["peakMb", "MB"],
    ] as const) {
      if (sizes.every((size) => Number.isNaN(of(size, name, part)))) continue;
      const label = part === "ms" ? name : `  ${part === "cpuMs" ? "of the processors" : "peak memory"}`;
      stdout.write(
        `${label.padEnd(52)}${sizes.map((size) => cell(shown(of(size, name, part), unit))).join("")}${cell((of(large, name, part) / of(small, name, part)).toFixed(2))}\n`,
      );
    }
  }
} finally {
  if (values.homes === undefined) await rm(root, { recursive: true, force: true });
}
