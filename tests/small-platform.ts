import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SqlRow } from "../src/sql/sql-value.ts";
import { Database } from "../src/duckdb/database.ts";
import { requireMapping } from "../src/mapping/check-mapping.ts";
import type { Mapping } from "../src/mapping/mapping.ts";
import { type RebuildOptions, type RebuildResult, rebuild } from "../src/pipeline/rebuild.ts";
import type { DocumentFilter } from "../src/pipeline/selection.ts";
import { type TransformOptions, type TransformResult, transform } from "../src/pipeline/transform.ts";
import { compilePlan } from "../src/plan/compile-plan.ts";
import type { Plan } from "../src/plan/plan.ts";
import type { AppendResult } from "../src/raw/raw-store.ts";
import { BodyChecker } from "../src/raw/body.ts";
import { checkCapture } from "../src/raw/check-capture.ts";
import { DEFAULT_SEGMENT_LIMITS, SegmentStore } from "../src/raw/segment-store.ts";
import type { SegmentLimits } from "../src/raw/segment-writer.ts";
import { DuckdbStore } from "../src/store/duckdb/duckdb-store.ts";
import { type ApplyOptions, applySchemas } from "../src/store/prepare-schema.ts";
import { Store } from "../src/store/store.ts";
import type { SchemaPlan } from "../src/store/schema-changes.ts";

/** An answer of an endpoint that a test invented. */
export interface Answer {
  /** Text is taken as it is, anything else as JSON. */
  readonly body: unknown;
  readonly capturedAt?: string;
  readonly parameters?: Readonly<Record<string, string>>;
}

/** The filter that leaves nothing out. */
export const EVERYTHING: DocumentFilter = { documents: {}, startDate: null, endDate: null, asOf: null };

/** What differs from the program's own. */
interface Parts {
  /** File name. */
  readonly store?: string;
  readonly onWait?: (() => void) | undefined;
  readonly limits?: SegmentLimits;
}

/** The shipped parts put together as the program does, on a home of their own. */
export class SmallPlatform implements AsyncDisposable {
  readonly home: string;
  readonly raw: SegmentStore;
  readonly store: DuckdbStore;
  readonly #checker = new BodyChecker();
  readonly #isOwn: boolean;

  private constructor(home: string, isOwn: boolean, waitMs: number, parts: Parts = {}) {
    const { store = "platform.duckdb", onWait = (): void => undefined, limits = DEFAULT_SEGMENT_LIMITS } = parts;
    this.home = home;
    this.#isOwn = isOwn;
    this.raw = new SegmentStore({ root: join(home, "raw"), limits });
    this.store = new DuckdbStore({ file: join(home, store), waitMs, onWait });
  }

  /** A home that is removed at the end. */
  static async open(): Promise<SmallPlatform> {
    return new SmallPlatform(await mkdtemp(join(tmpdir(), "small-platform-")), true, 60_000);
  }

  /** The same, with raw in segments of so many captures. */
  static async withSegmentsOf(maxCaptures: number): Promise<SmallPlatform> {
    const home = await mkdtemp(join(tmpdir(), "small-platform-"));
    return new SmallPlatform(home, true, 60_000, { limits: { ...DEFAULT_SEGMENT_LIMITS, maxCaptures } });
  }

  /** On a home of somebody else, which stays. */
  static on(home: string, waitMs = 60_000, onWait?: () => void): SmallPlatform {
    return new SmallPlatform(home, false, waitMs, { onWait });
  }

  /** The same captures with another store, a file in the home. */
  withStore(file: string): SmallPlatform {
    return new SmallPlatform(this.home, false, 60_000, { store: file });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isOwn) await rm(this.home, { recursive: true, force: true });
  }

  /** Captures answers of a mapping's method, in order. */
  async capture(mapping: Mapping, answers: readonly Answer[]): Promise<AppendResult[]> {
    const { endpoint, method } = mapping.source;
    return this.raw.append(
      answers.map(({ body, capturedAt = "2024-07-13T04:19:09.000000Z", parameters = {} }) => {
        const bytes = Buffer.from(typeof body === "string" ? body : JSON.stringify(body), "utf8");
        return checkCapture(
          { endpoint, method, parameters, url: null, status: 200, kind: "answer", body: bytes },
          this.#checker,
          () => capturedAt,
        ).checked;
      }),
    );
  }

  /** One run, with an engine of its own as a process has it. */
  async transform(mapping: Mapping, plan: Plan = compilePlan(mapping), options: Partial<TransformOptions> = {}): Promise<TransformResult> {
    await using database = await openDatabase();
    return await transform(
      mapping,
      plan,
      {
        filter: EVERYTHING,
        mode: "batch",
        sliceBytes: 1 << 20,
        connections: 1,
        failedCaptures: 0,
        ...options,
      },
      { database, store: new Store(this.store), raw: this.raw },
    );
  }

  /** One rebuild, with an engine of its own. */
  async rebuild(mapping: Mapping, plan: Plan = compilePlan(mapping), options: Partial<RebuildOptions> = {}): Promise<RebuildResult> {
    await using database = await openDatabase();
    return await rebuild(
      mapping,
      plan,
      { sliceBytes: 1 << 20, connections: 1, ...options },
      { database, store: this.store, raw: this.raw },
    );
  }

  /** The tables as mappings want them, in one transaction. */
  async apply(mappings: readonly Mapping[], options: ApplyOptions): Promise<readonly SchemaPlan[]> {
    await using database = await openDatabase();
    const connection = await database.connect();
    return await this.store.open(connection, (store) => applySchemas(store, mappings, options));
  }

  /** Rows of the store, which queries call `store`. */
  async rows(sql: string): Promise<SqlRow[]> {
    const [rows] = await this.queries(sql);
    return rows ?? [];
  }

  /** The same for several queries, with the file opened once. */
  async queries(...queries: readonly string[]): Promise<SqlRow[][]> {
    await using database = await openDatabase();
    const connection = await database.connect();
    return await this.store.whileAttached(connection, async () => {
      const results: SqlRow[][] = [];
      for (const sql of queries) results.push(await connection.rows(sql));
      return results;
    });
  }

  /** Changes the store by hand. */
  async execute(sql: string): Promise<void> {
    await using database = await openDatabase();
    const connection = await database.connect();
    await this.store.whileAttached(connection, () => connection.run(sql));
  }
}

/** An engine in memory, small as the tests are. */
export async function openDatabase(): Promise<Database> {
  return Database.open({ memoryLimitBytes: 512 * 1024 * 1024, threads: 2, tempDirectory: null });
}

/** A mapping written in a test. `name` is what its file would be called. */
export function mappingOf(yaml: string, name = "lab/things"): Mapping {
  return requireMapping(yaml, `${name}.yaml`);
}
