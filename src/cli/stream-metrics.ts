import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { EXIT, OutsideError } from "../core/errors.ts";
import type { StreamProgress } from "../pipeline/stream.ts";

/** Seconds; a live state takes a fraction of one, a slice of many documents some. */
const BUCKETS = [0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30];

/** What a stream says of itself to Prometheus, and whether it is alive and ready. */
export class StreamMetrics {
  readonly #registry = new Registry();
  readonly #lag: Gauge<"mapping">;
  readonly #lagSeconds: Gauge<"mapping">;
  readonly #captures: Counter<"mapping">;
  readonly #documents: Gauge<"mapping" | "outcome">;
  readonly #rows: Gauge<"mapping" | "outcome">;
  readonly #quarantine: Gauge<"mapping">;
  readonly #seconds: Histogram<"mapping">;
  readonly #success: Gauge<"mapping">;
  readonly #mappings: readonly string[];
  readonly #behindSince = new Map<string, number | null>();
  #server: Server | null = null;

  constructor(mappings: readonly string[]) {
    this.#mappings = mappings;
    const registers = [this.#registry];
    const labelNames = ["mapping"] as const;
    this.#lag = new Gauge({ name: "mlb_stream_lag_captures", help: "Captures that are still to be taken", labelNames, registers });
    this.#lagSeconds = new Gauge({
      name: "mlb_stream_lag_seconds",
      help: "For how long there has been something to be taken",
      labelNames,
      registers,
      collect: () => {
        for (const [mapping, since] of this.#behindSince)
          this.#lagSeconds.set({ mapping }, since === null ? 0 : (performance.now() - since) / 1000);
      },
    });
    this.#captures = new Counter({ name: "mlb_stream_captures_total", help: "Captures taken", labelNames, registers });
    const outcomes = { labelNames: ["mapping", "outcome"] as const, registers };
    this.#documents = new Gauge({ name: "mlb_stream_documents", help: "Documents of this run by what became of them", ...outcomes });
    this.#rows = new Gauge({ name: "mlb_stream_rows", help: "Rows of this run by what became of them", ...outcomes });
    this.#quarantine = new Gauge({
      name: "mlb_quarantine_states",
      help: "States of documents that are in quarantine",
      labelNames,
      registers,
    });
    this.#seconds = new Histogram({
      name: "mlb_stream_slice_seconds",
      help: "From taking captures to their commit",
      labelNames,
      buckets: BUCKETS,
      registers,
    });
    this.#success = new Gauge({
      name: "mlb_stream_last_success_timestamp_seconds",
      help: "When it last wrote, or found nothing to do",
      labelNames,
      registers,
    });
  }

  /** After a step, or a look that found nothing. */
  step(mapping: string, { captures, ms, behind, behindSince }: StreamProgress): void {
    this.#lag.set({ mapping }, behind);
    this.#behindSince.set(mapping, behindSince);
    this.#success.set({ mapping }, Date.now() / 1000);
    if (captures === 0) return;
    this.#captures.inc({ mapping }, captures);
    this.#seconds.observe({ mapping }, ms / 1000);
  }

  /** The counts of the run, as the store has them. */
  counts(
    mapping: string,
    counts: {
      readonly documents: Readonly<Record<string, number>>;
      readonly rows: Readonly<Record<string, number>>;
      readonly quarantine: number;
    },
  ): void {
    for (const [outcome, count] of Object.entries(counts.documents)) this.#documents.set({ mapping, outcome }, count);
    for (const [outcome, count] of Object.entries(counts.rows)) this.#rows.set({ mapping, outcome }, count);
    this.#quarantine.set({ mapping }, counts.quarantine);
  }

  /**
   * Listens on this machine's port: `/metrics`, `/health` (the process is at work), `/ready` (every stream has its lease and has looked at raw).
   * @throws OutsideError `metrics.port`.
   */
  async listen(port: number): Promise<number> {
    const server = createServer((request, response) => {
      void this.#answer(request, response);
    });
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", (cause: NodeJS.ErrnoException) => {
        const next = "name another one with --metrics-port";
        reject(
          new OutsideError(
            { code: "metrics.port", message: `port ${String(port)} cannot be listened on`, got: cause.message, next, cause },
            EXIT.usage,
            false,
          ),
        );
      });
      server.listen(port, resolve);
    });
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : port;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    if (path === "/metrics") {
      response.setHeader("content-type", this.#registry.contentType);
      response.end(await this.#registry.metrics());
      return;
    }
    const isReady = this.#mappings.every((mapping) => this.#behindSince.has(mapping));
    if (path === "/health" || path === "/ready") {
      const isWell = path === "/health" || isReady;
      response.statusCode = isWell ? 200 : 503;
      response.setHeader("content-type", "application/json");
      response.end(`${JSON.stringify({ ok: isWell })}\n`);
      return;
    }
    response.statusCode = 404;
    response.end();
  }

  async close(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    server.closeAllConnections();
    await new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
    });
  }
}
