import { mkdtemp } from "node:fs/promises";
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
import type { AppendResult, RawStore } from "../src/raw/raw-store.ts";
import { BodyChecker } from "../src/raw/body.ts";
import { checkCapture } from "../src/raw/check-capture.ts";
import type { OpenStore } from "../src/store/open-store.ts";
import { type ApplyOptions, applySchemas } from "../src/store/prepare-schema.ts";
import { Store, type StoreAccess } from "../src/store/store.ts";
import type { SchemaPlan } from "../src/store/schema-changes.ts";
import { type HomeOptions, MAIN_STORE, type OpenHome } from "./homes.ts";
import { homes } from "./test-home.ts";

/** An answer of an endpoint that a test invented. */
export interface Answer {
  /** Text is taken as it is, anything else as JSON. */
  readonly body: unknown;
  readonly capturedAt?: string;
  readonly parameters?: Readonly<Record<string, string>>;
}

/** The filter that leaves nothing out. */
export const EVERYTHING: DocumentFilter = { documents: {}, startDate: null, endDate: null, asOf: null };

/**
 * The shipped parts put together as the program does, on a home of their own: a folder, or a database of a server (`test-home.ts`). Statements
 * call the store `store` at both.
 */
export class SmallPlatform implements AsyncDisposable {
  readonly home: string;
  readonly #checker = new BodyChecker();
  readonly #options: HomeOptions;
  readonly #parts: OpenHome;
  readonly #isOwn: boolean;
  /** The engine of what is asked and done by hand. */
  #looking: Promise<Database> | null = null;

  private constructor(home: string, options: HomeOptions, parts: OpenHome, isOwn: boolean) {
    this.home = home;
    this.#options = options;
    this.#parts = parts;
    this.#isOwn = isOwn;
  }

  /** A home that is removed at the end. */
  static async open(): Promise<SmallPlatform> {
    return await SmallPlatform.#open(await newHome(), {}, true);
  }

  /** The same, with raw in segments of so many captures. */
  static async withSegmentsOf(maxCaptures: number): Promise<SmallPlatform> {
    return await SmallPlatform.#open(await newHome(), { maxCaptures }, true);
  }

  /** On a home of somebody else, which stays. */
  static async on(home: string, waitMs = 60_000, onWait = (): void => undefined): Promise<SmallPlatform> {
    return await SmallPlatform.#open(home, { waitMs, onWait }, false);
  }

  static async #open(home: string, change: Partial<HomeOptions>, isOwn: boolean): Promise<SmallPlatform> {
    const options = { store: MAIN_STORE, waitMs: 60_000, onWait: (): void => undefined, isDryRun: false, ...change };
    return new SmallPlatform(home, options, await homes.open(home, options), isOwn);
  }

  /** The same captures with another store of the home. */
  async withStore(store: string): Promise<SmallPlatform> {
    return await SmallPlatform.#open(this.home, { ...this.#options, store }, false);
  }

  /** The same home, of which nothing is changed. */
  async asDryRun(): Promise<SmallPlatform> {
    return await SmallPlatform.#open(this.home, { ...this.#options, isDryRun: true }, false);
  }

  get raw(): RawStore {
    return this.#parts.raw;
  }

  get store(): StoreAccess {
    return this.#parts.store;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#looking)?.[Symbol.asyncDispose]();
    this.#looking = null;
    await this.#parts[Symbol.asyncDispose]();
    if (this.#isOwn) await homes.remove(this.home);
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
    return await this.inStore((store) => applySchemas(store, mappings, options));
  }

  /** Rows of the store, which queries call `store`. */
  async rows(sql: string): Promise<SqlRow[]> {
    const [rows] = await this.queries(sql);
    return rows ?? [];
  }

  /** The same for several queries, with the store opened once. */
  queries(...queries: readonly string[]): Promise<SqlRow[][]> {
    return this.inStore(async (store) => {
      const results: SqlRow[][] = [];
      for (const sql of queries) results.push(await store.rows(homes.sql(sql)));
      return results;
    });
  }

  /** Changes the store by hand. */
  async execute(sql: string): Promise<void> {
    await this.inStore((store) => store.run(homes.sql(sql)));
  }

  /** Tables that a slice or a rebuild made and nobody needs any more. */
  leftovers(): Promise<readonly string[]> {
    return this.inStore((store) => homes.leftovers(store));
  }

  /** Works on the store. */
  async inStore<T>(work: (store: OpenStore) => Promise<T>): Promise<T> {
    this.#looking ??= openDatabase();
    const connection = await (await this.#looking).connect();
    return await this.store.open(connection, work);
  }
}

async function newHome(): Promise<string> {
  return await mkdtemp(join(tmpdir(), "small-platform-"));
}

/** Rows without some of their columns. */
export function without(rows: readonly SqlRow[], ...columns: readonly string[]): readonly SqlRow[] {
  return rows.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => !columns.includes(name))));
}

/** Rows with the values of a JSONB column, which stores spell each in its way. */
export function withJson(rows: readonly SqlRow[], column: string): readonly Readonly<Record<string, unknown>>[] {
  return rows.map((row) => {
    const text = row[column];
    return typeof text === "string" ? { ...row, [column]: JSON.parse(text) as unknown } : row;
  });
}

/** An engine in memory, small as the tests are. */
export async function openDatabase(): Promise<Database> {
  return Database.open({ memoryLimitBytes: 512 * 1024 * 1024, threads: 2, tempDirectory: null });
}

/** A mapping written in a test. `name` is what its file would be called. */
export function mappingOf(yaml: string, name = "lab/things"): Mapping {
  return requireMapping(yaml, `${name}.yaml`);
}
