import { atStep } from "../core/faults.ts";
import { EXIT, OutsideError } from "../core/errors.ts";
import type { Connection } from "../duckdb/connection.ts";
import { sourceFingerprint } from "../plan/compile-plan.ts";
import type { Plan } from "../plan/plan.ts";
import type { Capture } from "../raw/capture.ts";
import type { SegmentStore } from "../raw/segment-store.ts";
import type { SidecarFile, SidecarLine, SidecarPart } from "../raw/sidecar-file.ts";
import { duckdbDialect } from "../sql/duckdb-dialect.ts";
import { type CaptureDocuments, type DocumentIndex, IndexTable, indexRow, rawTableOf, readDocuments } from "./document-index.ts";
import type { IndexedDocument } from "./index-document.ts";

const text = duckdbDialect.text.bind(duckdbDialect);

/** The document index of the embedded raw store: lines in a sidecar of the raw table, in the order of its ids. */
export class SidecarIndex implements DocumentIndex {
  readonly #plan: Plan;
  readonly #raw: SegmentStore;
  readonly #sidecar: SidecarFile;
  readonly #isReadOnly: boolean;

  /** `isReadOnly`: it is loaded as it is, and nothing is written beside raw. */
  constructor(plan: Plan, raw: SegmentStore, isReadOnly = false) {
    this.#plan = plan;
    this.#raw = raw;
    this.#sidecar = raw.sidecar(rawTableOf(plan), sourceFingerprint(plan).slice(0, 32));
    this.#isReadOnly = isReadOnly;
  }

  prepare(): Promise<void> {
    return Promise.resolve();
  }

  async add(captures: readonly CaptureDocuments[]): Promise<void> {
    const next = (await this.#sidecar.lastId()) + 1;
    // A gap would hide the captures in it: those are indexed from raw.
    if (captures[0] !== undefined && captures[0].capture.id <= next) await this.#append(captures.map(lineOf));
  }

  async catchUp(): Promise<number> {
    let done = 0;
    let lines: SidecarLine[] = [];
    const flush = async (): Promise<void> => {
      await this.#append(lines);
      done += lines.length;
      lines = [];
    };
    for await (const read of readDocuments(this.#plan, this.#raw, this.missing())) {
      lines.push(lineOf(read));
      if (lines.length >= 500) await flush();
    }
    if (lines.length > 0) await flush();
    return done;
  }

  async #append(lines: readonly SidecarLine[]): Promise<void> {
    await atStep("index.begin");
    await this.#sidecar.append(lines);
    await atStep("index.done");
  }

  async *missing(): AsyncGenerator<Capture> {
    yield* this.#raw.captures(rawTableOf(this.#plan), await this.#sidecar.lastId());
  }

  /**
   * A view over a Parquet file for each settled part of raw, which is written where there is none, and a table of the rest. An index that does not fit raw
   * (lines lost, raw restored from elsewhere) is derived anew: it is never believed against raw.
   */
  async load(connection: Connection, view: string): Promise<void> {
    if (await this.#tryLoad(connection, view)) return;
    if (!this.#isReadOnly) {
      await this.#sidecar.remove();
      await this.catchUp();
      if (await this.#tryLoad(connection, view)) return;
    }
    const next = "remove the files documents-* of the raw table: they are derived anew";
    throw new OutsideError(
      { code: "index.damaged", message: `the document index of ${this.#plan.mapping} does not fit raw`, next },
      EXIT.storeUnreachable,
      false,
    );
  }

  /** False where a line is not the next capture's, or not of its body, or a part cannot be read. */
  async #tryLoad(connection: Connection, view: string): Promise<boolean> {
    let rest = await IndexTable.create(connection, `${view}_rest`);
    const files: string[] = [];
    let settled = 0;
    for (const part of await this.#sidecar.parts(PART_KIND)) {
      if (part.file !== null) files.push(part.file);
      else {
        const last = await this.#loadRows(rest, part.firstId - 1, part.lastId);
        if (last === null) return false;
        const kept = last < part.lastId || this.#isReadOnly ? null : await this.#keep(connection, rest, part);
        if (kept !== null) {
          files.push(kept);
          rest = await IndexTable.create(connection, rest.name);
        }
      }
      settled = part.lastId;
    }
    if ((await this.#loadRows(rest, settled, Number.POSITIVE_INFINITY)) === null) return false;
    if (!(await areReadable(connection, files))) return false;
    const parts = files.length === 0 ? "" : `SELECT * FROM ${readParts(files)} UNION ALL `;
    await connection.run(`CREATE OR REPLACE VIEW ${view} AS ${parts}SELECT * FROM ${rest.name}`);
    return true;
  }

  /** Writes the rows of a part into its file; null where raw has no such part any more. Those before were kept: `rest` holds no others. */
  async #keep(connection: Connection, rest: IndexTable, part: SidecarPart): Promise<string | null> {
    return await this.#sidecar.keepPart(PART_KIND, part, async (file) => {
      await connection.run(`COPY ${rest.name} TO ${text(file)} (FORMAT parquet)`);
    });
  }

  /** Appends what the index says of the captures after `afterId`, up to `lastId`. Gives the last one; null where the index does not fit raw. */
  async #loadRows(table: IndexTable, afterId: number, lastId: number): Promise<number | null> {
    const captures = this.#raw.captures(rawTableOf(this.#plan), afterId)[Symbol.asyncIterator]();
    let last = afterId;
    try {
      for await (const line of this.#sidecar.lines(afterId)) {
        const capture = await captures.next();
        if (capture.done === true || !isLineOf(line, capture.value)) return null;
        last = line.capture;
        await table.add(line.documents.map((document) => indexRow(capture.value, document)));
        if (last === lastId) break;
      }
      await table.flush();
      return last;
    } finally {
      await captures.return?.();
    }
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

interface IndexLine extends SidecarLine {
  readonly documents: readonly IndexedDocument[];
}

function lineOf({ capture, documents }: CaptureDocuments): IndexLine {
  return { capture: capture.id, content_hash: capture.contentHash, documents };
}

function isLineOf(line: SidecarLine, capture: Capture): line is IndexLine {
  return line.capture === capture.id && line["content_hash"] === capture.contentHash && Array.isArray(line["documents"]);
}
