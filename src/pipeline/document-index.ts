import { EXIT, OutsideError } from "../core/errors.ts";
import type { Connection } from "../duckdb/connection.ts";
import { sourceFingerprint } from "../plan/compile-plan.ts";
import type { Plan } from "../plan/plan.ts";
import type { Capture } from "../raw/capture.ts";
import type { RawStore, Sidecar, SidecarLine, SidecarPart } from "../raw/raw-store.ts";
import { type IndexedDocument, indexDocuments } from "./index-document.ts";
import { requestText } from "../raw/request-text.ts";
import { duckdbDialect } from "../sql/duckdb-dialect.ts";

const text = duckdbDialect.text.bind(duckdbDialect);

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
  async add(captures: readonly { readonly capture: Capture; readonly documents: readonly IndexedDocument[] }[]): Promise<void> {
    const next = (await this.#sidecar.lastId()) + 1;
    // A gap would hide the captures in it: those are indexed from raw.
    if (captures[0] !== undefined && captures[0].capture.id <= next)
      await this.#sidecar.append(captures.map(({ capture, documents }) => lineOf(capture, documents)));
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

  /**
   * Makes the index, with what selection needs of the captures, a view of the engine: over a Parquet file for each settled part of raw, which is written
   * where there is none, and a table of the rest. An index that does not fit raw (lines lost, raw restored from elsewhere) is derived anew: it is never
   * believed against raw.
   * @throws OutsideError `index.damaged`.
   */
  async load(connection: Connection, view: string): Promise<void> {
    if (await this.#tryLoad(connection, view)) return;
    await this.#sidecar.remove();
    await this.catchUp();
    if (await this.#tryLoad(connection, view)) return;
    const next = "remove the files documents-* of the raw table: they are derived anew";
    throw new OutsideError(
      { code: "index.damaged", message: `the document index of ${this.#plan.mapping} does not fit raw`, next },
      EXIT.storeUnreachable,
      false,
    );
  }

  /** False where a line is not the next capture's, or not of its body, or a part cannot be read. */
  async #tryLoad(connection: Connection, view: string): Promise<boolean> {
    const rest = `${view}_rest`;
    await connection.run(createRows(rest));
    const files: string[] = [];
    let settled = 0;
    for (const part of await this.#sidecar.parts(PART_KIND)) {
      if (part.file !== null) files.push(part.file);
      else {
        const last = await this.#loadRows(connection, rest, part.firstId - 1, part.lastId);
        if (last === null) return false;
        const kept = last < part.lastId ? null : await this.#keep(connection, rest, part);
        if (kept !== null) files.push(kept);
      }
      settled = part.lastId;
    }
    if ((await this.#loadRows(connection, rest, settled, Number.POSITIVE_INFINITY)) === null) return false;
    if (!(await areReadable(connection, files))) return false;
    const parts = files.length === 0 ? "" : `SELECT * FROM ${readParts(files)} UNION ALL `;
    await connection.run(`CREATE OR REPLACE VIEW ${view} AS ${parts}SELECT * FROM ${rest}`);
    return true;
  }

  /** Moves the rows of a part into its file; null where raw keeps none. Where it keeps one it has kept those before: `rest` holds no others. */
  async #keep(connection: Connection, rest: string, part: SidecarPart): Promise<string | null> {
    const kept = await this.#sidecar.keepPart(PART_KIND, part, async (file) => {
      await connection.run(`COPY ${rest} TO ${text(file)} (FORMAT parquet)`);
    });
    if (kept !== null) await connection.run(createRows(rest));
    return kept;
  }

  /** Appends what the index says of the captures after `afterId`, up to `lastId`. Gives the last one; null where the index does not fit raw. */
  async #loadRows(connection: Connection, table: string, afterId: number, lastId: number): Promise<number | null> {
    const captures = this.#raw.captures(rawTableOf(this.#plan), afterId)[Symbol.asyncIterator]();
    const kinds = INDEX_COLUMNS.map(([, kind]) => kind);
    let rows: (readonly (string | number | null)[])[] = [];
    let last = afterId;
    try {
      for await (const line of this.#sidecar.lines(afterId)) {
        const capture = await captures.next();
        if (capture.done === true || !isLineOf(line, capture.value)) return null;
        last = line.capture;
        for (const document of line.documents) rows.push(indexRow(capture.value, document));
        if (rows.length >= 2000) {
          await connection.append(table, kinds, rows);
          rows = [];
        }
        if (last === lastId) break;
      }
      await connection.append(table, kinds, rows);
      return last;
    } finally {
      await captures.return?.();
    }
  }

  #line(capture: Capture, body: unknown): SidecarLine {
    return lineOf(capture, capture.failure === null ? this.documentsOf(capture, body) : []);
  }
}

/** The files of parts. The number goes up with each change of what their columns hold. */
const PART_KIND = "v1.parquet";

function readParts(files: readonly string[]): string {
  return `read_parquet([${files.map(text).join(", ")}])`;
}

/** Whether the files are whole: what a power cut leaves has no foot. */
async function areReadable(connection: Connection, files: readonly string[]): Promise<boolean> {
  if (files.length === 0) return true;
  try {
    await connection.rows(`SELECT sum(num_rows) FROM parquet_file_metadata([${files.map(text).join(", ")}])`);
    return true;
  } catch {
    // Whatever is wrong with them, they are made again, and that says what stands in the way.
    return false;
  }
}

const INDEX_COLUMNS = [
  ["document_key", "VARCHAR"],
  ["raw_id", "BIGINT"],
  ["position", "VARCHAR"],
  ["version", "VARCHAR"],
  ["captured_at", "VARCHAR"],
  ["content_hash", "VARCHAR"],
  ["request", "VARCHAR"],
  ["bytes", "BIGINT"],
  ["document_date", "VARCHAR"],
  ["problem", "VARCHAR"],
] as const;

function createRows(table: string): string {
  return `CREATE OR REPLACE TABLE ${table} (${INDEX_COLUMNS.map(([name, kind]) => `${name} ${kind}`).join(", ")})`;
}

interface IndexLine extends SidecarLine {
  readonly documents: readonly IndexedDocument[];
}

function lineOf(capture: Capture, documents: readonly IndexedDocument[]): IndexLine {
  return { capture: capture.id, content_hash: capture.contentHash, documents };
}

function isLineOf(line: SidecarLine, capture: Capture): line is IndexLine {
  return line.capture === capture.id && line["content_hash"] === capture.contentHash && Array.isArray(line["documents"]);
}

function indexRow(capture: Capture, document: IndexedDocument): readonly (string | number | null)[] {
  const { id, capturedAt, contentHash, parameters, bytes } = capture;
  const { position, version, date, problem } = document;
  // A document without a name stands for itself alone, so that it can be quarantined.
  const key = document.key ?? `capture ${String(id)}${position === "" ? "" : ` at ${position}`}`;
  const request = requestText(parameters);
  return [key, id, position, version, capturedAt, contentHash, request, bytes, date, problem === null ? null : JSON.stringify(problem)];
}
