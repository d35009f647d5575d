import { Readable } from "node:stream";
import type { Connection } from "../../duckdb/connection.ts";
import type { Plan } from "../../plan/plan.ts";
import type { Session } from "../../postgres/session.ts";
import { quoteName as name, quoteText as text } from "../../sql/quote.ts";
import { SLICE_COLUMNS, SLICE_TABLES } from "../../sql/slice-tables.ts";
import { sqlText, sqlTextOrNull } from "../../sql/sql-value.ts";
import type { OpenStore } from "../open-store.ts";
import { LINEAGE, LINEAGE_VALUES, ownColumns } from "../row-columns.ts";
import type { SliceApplication, TriedState } from "../slice-application.ts";
import { INPUT_TABLES, inputRows, inputTables } from "../slice-input.ts";
import type { SettledSlice, StagedSlice, StoredRows } from "../staged-slice.ts";
import { copyLine } from "./copy-line.ts";
import { LineReader, type SliceLines } from "./read-lines.ts";
import type { SliceTable } from "./slice-tables.ts";
import { type RowsHash, type StoredDocuments, rowsHash, stateText } from "./stored-documents.ts";

/** Characters that are sent at a time. */
const CHUNK = 1 << 18;

const slot = name(SLICE_COLUMNS.slot);

interface CopierParts {
  readonly connection: Connection;
  readonly plan: Plan;
  readonly tables: readonly SliceTable[];
  /** Of the plan. */
  readonly stored: StoredDocuments;
}

/** Copies the slices of one connection of the engine to sessions of a server. */
export class SliceCopier {
  readonly #parts: CopierParts;
  #reader: LineReader | null = null;

  constructor(parts: CopierParts) {
    this.#parts = parts;
  }

  /** Fills the tables of the session, which are empty, but for those of targets. */
  async copy(session: Session, application: SliceApplication): Promise<StagedSlice> {
    const { tables } = this.#parts;
    const copyTable = async (of: string, lines: readonly string[]): Promise<void> => {
      const names = tables.find(({ table }) => table === of)?.names ?? [];
      await copyLines(session, of, names, lines);
    };
    const rows = inputRows(application);
    for (const input of inputTables()) await copyTable(INPUT_TABLES[input], rows[input].map(copyLine));
    const shredded = application.tried.filter(({ passed, confirms }) => passed && !confirms);
    const lines = await this.#read(shredded);
    await copyTable(SLICE_TABLES.documents, lines.documents);
    return new CopiedSlice(this.#parts, session, shredded, lines);
  }

  /** Where nothing was shredded there may be no tables. */
  async #read(shredded: readonly TriedState[]): Promise<SliceLines> {
    if (shredded.length === 0) return { documents: [], targets: new Map() };
    this.#reader ??= await LineReader.make(this.#parts.connection, this.#parts.tables);
    return await this.#reader.read();
  }
}

/** What is known of a state that is written, inside the transaction. */
interface WrittenState {
  readonly slot: number;
  /** The store has never had the document. */
  readonly isNew: boolean;
  /** The state that the store has now, under this plan; null for none. */
  readonly applied: string | null;
  /** The values of the lineage columns, as `COPY` reads them. */
  readonly lineage: string;
}

/** The rows of a slice, which go to the server once it is settled where: those of new documents to the targets, once and for all; others to be compared. */
class CopiedSlice implements StagedSlice {
  readonly #parts: CopierParts;
  readonly #session: Session;
  readonly #shredded: readonly TriedState[];
  readonly #lines: SliceLines;
  /** By slot: the rows of each target. Empty for a slice of more documents than are noted. */
  readonly #hashes: ReadonlyMap<number, readonly RowsHash[]>;
  /** Slots that are written. */
  #written: ReadonlySet<number> = new Set();

  constructor(parts: CopierParts, session: Session, shredded: readonly TriedState[], lines: SliceLines) {
    this.#parts = parts;
    this.#session = session;
    this.#shredded = shredded;
    this.#lines = lines;
    const isNoted = parts.stored.hasRoomFor(shredded.length);
    this.#hashes = new Map(
      (isNoted ? shredded : []).map((tried) => [tried.slot, parts.plan.targets.map((_, at) => rowsHash(this.#linesOf(tried.slot, at)))]),
    );
  }

  async settle(store: OpenStore, go: string): Promise<SettledSlice> {
    const written = this.#shredded.length === 0 ? [] : await this.#writtenStates(store, go);
    this.#written = new Set(written.map((state) => state.slot));
    const fresh = written.filter(({ isNew }) => isNew);
    const known = written.filter(({ isNew }) => !isNew);
    const stored = this.#storedRows(known);
    for (const { table, names, target } of this.#parts.tables) {
      if (target === null) continue;
      const compared = known.filter((state) => stored.get(target)?.has(state.slot) !== true);
      const lines = compared.flatMap((state) => this.#linesOf(state.slot, target).map((line) => `${String(state.slot)}\t${line}`));
      await copyLines(this.#session, table, names, lines);
    }
    return {
      stored,
      insertFresh: async (target, at) => {
        const columns = [...ownColumns(this.#parts.plan, target), ...LINEAGE];
        const lines = fresh.flatMap((state) => this.#linesOf(state.slot, at).map((line) => `${line}\t${state.lineage}`));
        return await copyLines(this.#session, store.table(target.name), columns, lines);
      },
    };
  }

  committed(): void {
    for (const { slot: of, state } of this.#shredded) {
      const hashes = this.#hashes.get(of);
      if (hashes !== undefined && this.#written.has(of)) this.#parts.stored.note(state, hashes);
    }
  }

  #linesOf(of: number, target: number): readonly string[] {
    return this.#lines.targets.get(of)?.get(target) ?? [];
  }

  /** What the store has already: what this process noted of a document, as long as its state there is still the one that it was noted with. */
  #storedRows(known: readonly WrittenState[]): StoredRows {
    const stored = new Map<number, Map<number, number>>();
    const keys = new Map(this.#shredded.map((tried) => [tried.slot, tried.state.documentKey]));
    for (const { slot: of, applied } of known) {
      const before = this.#parts.stored.of(keys.get(of) ?? "");
      if (before === null || before.state !== applied) continue;
      for (const [target, { hash, rows }] of (this.#hashes.get(of) ?? []).entries()) {
        if (hash !== before.targets[target]?.hash) continue;
        const slots = stored.get(target) ?? new Map<number, number>();
        stored.set(target, slots.set(of, rows));
      }
    }
    return stored;
  }

  async #writtenStates(store: OpenStore, go: string): Promise<readonly WrittenState[]> {
    const { plan } = this.#parts;
    const lineage = LINEAGE_VALUES.map((value, at) => `${value} AS lineage_${String(at)}`);
    const rows = await store.rows(
      `SELECT g.${slot} AS slot, g.is_new, ${lineage.join(", ")}, d.document_key IS NULL AS is_none, d.version, d.captured_at, d.content_hash, d.request, d.raw_id, d.position FROM ${go} g ` +
        `LEFT JOIN ${store.state("documents")} d ON d.mapping = ${text(plan.mapping)} AND d.document_key = g.document_key AND d.fingerprint = ${text(plan.fingerprint)} WHERE NOT g.confirms`,
    );
    return rows.map((row) => {
      const applied = {
        version: sqlTextOrNull(row["version"]),
        capturedAt: sqlText(row["captured_at"]),
        contentHash: sqlText(row["content_hash"]),
        request: sqlText(row["request"]),
        capture: Number(row["raw_id"]),
        position: sqlText(row["position"]),
      };
      return {
        slot: Number(row["slot"]),
        isNew: row["is_new"] === true,
        applied: row["is_none"] === true ? null : stateText(applied),
        lineage: copyLine(LINEAGE_VALUES.map((_, at) => sqlTextOrNull(row[`lineage_${String(at)}`]))),
      };
    });
  }
}

/** Gives the number of rows, as the server counted them. */
async function copyLines(session: Session, table: string, columns: readonly string[], lines: readonly string[]): Promise<number> {
  if (lines.length === 0) return 0;
  return await session.copyIn(`COPY ${table} (${columns.join(", ")}) FROM STDIN`, Readable.from(chunks(lines)));
}

function* chunks(lines: readonly string[]): Generator<string> {
  let chunk = "";
  for (const line of lines) {
    chunk += `${line}\n`;
    if (chunk.length < CHUNK) continue;
    yield chunk;
    chunk = "";
  }
  if (chunk !== "") yield chunk;
}
