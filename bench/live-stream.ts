import { ingestRecordings } from "../src/pipeline/ingest.ts";
import { type StreamProgress, stream } from "../src/pipeline/stream.ts";
import { BodyChecker } from "../src/raw/body.ts";
import { DuckdbEngine } from "../src/engine/duckdb/duckdb-engine.ts";
import { openIndex } from "../src/pipeline/open-index.ts";
import { PostgresIndex } from "../src/pipeline/postgres-index.ts";
import { SidecarIndex } from "../src/pipeline/sidecar-index.ts";
import { Store } from "../src/store/store.ts";
import { type Platform, recordingOf } from "./platform.ts";

const SLICE_BYTES = 16 << 20;

/** A stream that runs beside what is captured, in this process, and how long each capture took to its commit. */
export class LiveStream implements AsyncDisposable {
  /** Milliseconds from the end of `capture` to the commit of a later state, by capture. */
  readonly waited: number[] = [];
  /** Milliseconds that storing a capture took. */
  readonly stored: number[] = [];
  /** Captures of each step. */
  readonly steps: number[] = [];
  readonly #platform: Platform;
  readonly #checker = new BodyChecker();
  readonly #abort = new AbortController();
  readonly #running: Promise<unknown>;
  /** When captures were stored that are not yet behind the stream. */
  readonly #open: number[] = [];
  #settled = 0;
  #told: () => void = () => undefined;

  static async start(platform: Platform): Promise<LiveStream> {
    const { plan, raw } = platform;
    await openIndex(plan, raw).prepare();
    await platform.store.prepare(await platform.database.connect(), platform.mapping, null);
    return new LiveStream(platform);
  }

  private constructor(platform: Platform) {
    this.#platform = platform;
    this.#running = stream(
      platform.mapping,
      platform.plan,
      {
        from: { kind: "checkpoint" },
        triggerMs: 1000,
        untilIdle: false,
        waitMs: 60_000,
        processId: "bench",
        sliceBytes: SLICE_BYTES,
        connections: 1,
        signal: this.#abort.signal,
        onProgress: (progress) => {
          this.#take(progress);
        },
      },
      platform,
    );
    // It is awaited at the end.
    this.#running.catch(() => undefined);
  }

  /** Captures that were stored and are not behind the stream. */
  get lag(): number {
    return this.#open.length;
  }

  async capture(gamePk: number, body: string, capturedAt: string): Promise<void> {
    const from = performance.now();
    async function* one(): AsyncGenerator<ReturnType<typeof recordingOf>> {
      yield await Promise.resolve(recordingOf(gamePk, body, capturedAt));
    }
    const { plan, raw } = this.#platform;
    const { stored } = await ingestRecordings(one(), { raw, checker: this.#checker, plans: [plan] });
    if (stored !== 1) throw new Error("a state was not stored");
    const now = performance.now();
    this.stored.push(now - from);
    this.#open.push(now);
    this.#settle();
  }

  /** Waits until all is behind the stream. */
  async caughtUp(): Promise<void> {
    while (this.lag > 0)
      await Promise.race([
        this.#running,
        new Promise<void>((resolve) => {
          this.#told = resolve;
        }),
      ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  #take({ captures }: StreamProgress): void {
    if (captures === 0) return;
    this.steps.push(captures);
    this.#settled += captures;
    this.#settle();
    this.#told();
  }

  /** A commit may be heard of before who stored the capture hears of that. */
  #settle(): void {
    const now = performance.now();
    for (; this.#settled > 0 && this.#open.length > 0; this.#settled--) this.waited.push(now - (this.#open.shift() ?? now));
  }
}

type Method = (...args: unknown[]) => Promise<unknown>;

/** Measures the parts of a stream, wherever they are called: milliseconds by part. Parts may wait for each other. */
export function measureParts(): ReadonlyMap<string, number[]> {
  const parts = new Map<string, number[]>();
  const measure = (type: { readonly prototype: object }, method: string, part: string): void => {
    const prototype = type.prototype as Record<string, Method>;
    const original = prototype[method];
    if (original === undefined) throw new Error(`no method ${method}`);
    const times: number[] = [];
    parts.set(part, times);
    prototype[method] = async function (this: unknown, ...args: unknown[]): Promise<unknown> {
      const from = performance.now();
      try {
        return await original.apply(this, args);
      } finally {
        times.push(performance.now() - from);
      }
    };
  };
  measure(PostgresIndex, "catchUp", "index: catch up (PostgreSQL)");
  measure(SidecarIndex, "catchUp", "index: catch up (files)");
  measure(PostgresIndex, "load", "index: load (PostgreSQL)");
  measure(SidecarIndex, "load", "index: load (files)");
  measure(Store, "withState", "select");
  measure(DuckdbEngine, "run", "shred and check");
  measure(Store, "apply", "apply and commit");
  measure(DuckdbEngine, "clear", "clear");
  return parts;
}

/** `p` of 1: the greatest. */
export function quantile(values: readonly number[], p: number): number {
  return values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * p))] ?? Number.NaN;
}

export function printParts(parts: ReadonlyMap<string, readonly number[]>, write: (line: string) => void): void {
  for (const [part, times] of parts)
    if (times.length > 0)
      write(
        `  ${part.padEnd(32)} p50 ${quantile(times, 0.5).toFixed(0).padStart(5)} ms, p99 ${quantile(times, 0.99).toFixed(0).padStart(5)} ms, ${String(times.length)} times`,
      );
}
