import type { Connection } from "../duckdb/connection.ts";
import { sourceFingerprint } from "../plan/compile-plan.ts";
import type { Plan } from "../plan/plan.ts";
import type { Capture } from "../raw/capture.ts";
import type { RawStore, Sidecar, SidecarLine } from "../raw/raw-store.ts";
import { type IndexedDocument, indexDocuments } from "./index-document.ts";

/** The raw table of a plan's source, as raw stores name it. */
export function rawTableOf(plan: Pick<Plan, "source">): string {
  return `${plan.source.endpoint}.${plan.source.method}`;
}

/**
 * The document index of one mapping's source: which capture holds which document. Derived from raw, kept beside it, keyed by
 * what the mapping reads of a capture to name its documents: a changed source has a new index.
 */
export class DocumentIndex {
  readonly #plan: Plan;
  readonly #raw: RawStore;
  readonly #sidecar: Sidecar;

  constructor(plan: Plan, raw: RawStore) {
    this.#plan = plan;
    this.#raw = raw;
    this.#sidecar = raw.sidecar(rawTableOf(plan), sourceFingerprint(plan).slice(0, 32));
  }

  /** Id of the last capture that is indexed. */
  lastId(): Promise<number> {
    return this.#sidecar.lastId();
  }

  /** The documents of a capture on its way in: `add` takes them once the capture has an id. */
  documentsOf(capture: Pick<Capture, "capturedAt" | "parameters">, body: unknown): readonly IndexedDocument[] {
    return indexDocuments(this.#plan, capture, body);
  }

  /** Adds captures that were just stored, in order of ids. What a crash leaves out, `catchUp` adds. */
  async add(captures: readonly { readonly capture: number; readonly documents: readonly IndexedDocument[] }[]): Promise<void> {
    const next = (await this.#sidecar.lastId()) + 1;
    // A gap would hide the captures in it: those are indexed from raw.
    if (captures[0] !== undefined && captures[0].capture <= next)
      await this.#sidecar.append(captures.map(({ capture, documents }) => ({ capture, documents })));
  }

  /** Indexes the captures of raw that are not yet, reading their bodies. Gives how many. */
  async catchUp(onProgress?: (captures: number) => void): Promise<number> {
    const from = await this.#sidecar.lastId();
    let done = 0;
    let lines: SidecarLine[] = [];
    const flush = async (): Promise<void> => {
      await this.#sidecar.append(lines);
      done += lines.length;
      lines = [];
      onProgress?.(done);
    };
    for await (const { capture, body } of this.#raw.readBodies(this.#raw.captures(rawTableOf(this.#plan), from))) {
      lines.push(this.#line(capture, capture.failure === null ? JSON.parse(body.toString("utf8")) : null));
      if (lines.length >= 500) await flush();
    }
    if (lines.length > 0) await flush();
    return done;
  }

  /** Loads the index, with what selection needs of the captures, into a table of the engine. */
  async load(connection: Connection, table: string): Promise<void> {
    await connection.run(
      `CREATE OR REPLACE TABLE ${table} (document_key VARCHAR, raw_id BIGINT, position VARCHAR, version VARCHAR, captured_at VARCHAR, content_hash VARCHAR, request VARCHAR, bytes BIGINT, document_date VARCHAR, problem VARCHAR)`,
    );
    const captures = this.#raw.captures(rawTableOf(this.#plan))[Symbol.asyncIterator]();
    let capture: IteratorResult<Capture> = await captures.next();
    let rows: (readonly (string | number | null)[])[] = [];
    const flush = async (): Promise<void> => {
      await connection.append(
        table,
        ["VARCHAR", "BIGINT", "VARCHAR", "VARCHAR", "VARCHAR", "VARCHAR", "VARCHAR", "BIGINT", "VARCHAR", "VARCHAR"],
        rows,
      );
      rows = [];
    };
    try {
      for await (const { line } of this.#sidecar.lines(0)) {
        while (capture.done !== true && capture.value.id < line.capture) capture = await captures.next();
        if (capture.done === true || capture.value.id !== line.capture) continue;
        const { id, capturedAt, contentHash, parameters, bytes } = capture.value;
        const request = JSON.stringify(Object.entries(parameters).toSorted(([a], [b]) => (a < b ? -1 : 1)));
        for (const document of line["documents"] as readonly IndexedDocument[]) {
          // A document without a name stands for itself alone, so that it can be quarantined.
          const key = document.key ?? `capture ${String(id)}${document.position === "" ? "" : ` at ${document.position}`}`;
          rows.push([
            key,
            id,
            document.position,
            document.version,
            capturedAt,
            contentHash,
            request,
            bytes,
            document.date,
            document.problem === null ? null : JSON.stringify(document.problem),
          ]);
        }
        if (rows.length >= 2000) await flush();
      }
      await flush();
    } finally {
      await captures.return?.();
    }
  }

  #line(capture: Capture, body: unknown): SidecarLine {
    return { capture: capture.id, documents: capture.failure === null ? this.documentsOf(capture, body) : [] };
  }
}
