import { Readable } from "node:stream";
import type { Connection } from "../../duckdb/connection.ts";
import type { Plan } from "../../plan/plan.ts";
import type { Session } from "../../postgres/session.ts";
import { quoteName as name, quoteText as text } from "../../sql/quote.ts";
import { SLICE_COLUMNS, SLICE_TABLES } from "../../sql/slice-tables.ts";
import { sqlText } from "../../sql/sql-value.ts";
import type { OpenStore } from "../open-store.ts";
import type { SliceApplication, TriedState } from "../slice-application.ts";
import { INPUT_TABLES, inputRows, inputTables } from "../slice-input.ts";
import type { StagedSlice, StoredRows } from "../staged-slice.ts";
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

  /** Fills the tables of the session, which are empty; but for rows that the store should have already. */
  async copy(session: Session, application: SliceApplication): Promise<StagedSlice> {
    const rows = inputRows(application);
    for (const input of inputTables()) await this.#copyTable(session, INPUT_TABLES[input], rows[input].map(copyLine));
    const shredded = application.tried.filter(({ passed, confirms }) => passed && !confirms);
    const lines = await this.#read(shredded);
    await this.#copyTable(session, SLICE_TABLES.documents, lines.documents);
    const staged = new CopiedSlice(this.#parts, shredded, lines);
    await this.#copyTargets(session, lines, (of, target) => !staged.isLeftOut(of, target));
    return {
      settle: async (store, go) => {
        const { missing, stored } = await staged.settle(store, go);
        if (missing.size > 0) await this.#copyTargets(session, lines, (of, target) => missing.has(of) && staged.isLeftOut(of, target));
        return stored;
      },
      committed: () => {
        staged.note();
      },
    };
  }

  /** Where nothing was shredded there may be no tables. */
  async #read(shredded: readonly TriedState[]): Promise<SliceLines> {
    if (shredded.length === 0) return { documents: [], targets: new Map() };
    this.#reader ??= await LineReader.make(this.#parts.connection, this.#parts.tables);
    return await this.#reader.read();
  }

  async #copyTargets(session: Session, { targets }: SliceLines, isWanted: (slot: number, target: number) => boolean): Promise<void> {
    for (const { table, target } of this.#parts.tables) {
      if (target === null) continue;
      const lines: string[] = [];
      for (const [of, ofSlot] of targets)
        if (isWanted(of, target)) for (const line of ofSlot.get(target) ?? []) lines.push(`${String(of)}\t${line}`);
      await this.#copyTable(session, table, lines);
    }
  }

  async #copyTable(session: Session, table: string, lines: readonly string[]): Promise<void> {
    const names = this.#parts.tables.find((each) => each.table === table)?.names ?? [];
    if (lines.length > 0) await session.copyIn(`COPY ${table} (${names.join(", ")}) FROM STDIN`, Readable.from(chunks(lines)));
  }
}

/** What of a slice was left out, and whether the store has it. */
class CopiedSlice {
  readonly #parts: CopierParts;
  readonly #shredded: readonly TriedState[];
  /** By slot: the rows of each target. Empty for a slice of more documents than are noted. */
  readonly #hashes: ReadonlyMap<number, readonly RowsHash[]>;
  /** By slot: the targets whose rows were left out. */
  readonly #leftOut = new Map<number, ReadonlySet<number>>();
  /** Slots that are written. */
  #written: ReadonlySet<number> = new Set();

  constructor(parts: CopierParts, shredded: readonly TriedState[], { targets }: SliceLines) {
    this.#parts = parts;
    this.#shredded = shredded;
    const { plan, stored } = parts;
    const isNoted = stored.hasRoomFor(shredded.length);
    this.#hashes = new Map(
      (isNoted ? shredded : []).map((tried) => [tried.slot, plan.targets.map((_, at) => rowsHash(targets.get(tried.slot)?.get(at) ?? []))]),
    );
    for (const tried of shredded) {
      const hashes = this.#hashes.get(tried.slot) ?? [];
      const before = stored.of(tried.state.documentKey)?.targets;
      const same = hashes.flatMap(({ hash }, at) => (hash === before?.[at]?.hash ? [at] : []));
      if (same.length > 0) this.#leftOut.set(tried.slot, new Set(same));
    }
  }

  isLeftOut(of: number, target: number): boolean {
    return this.#leftOut.get(of)?.has(target) === true;
  }

  /** `missing`: slots of which the store has not what was left out; `stored`: what it has. */
  async settle(store: OpenStore, go: string): Promise<{ readonly missing: ReadonlySet<number>; readonly stored: StoredRows }> {
    const missing = new Set<number>();
    const stored = new Map<number, Map<number, number>>();
    if (this.#hashes.size === 0) return { missing, stored };
    const applied = await this.#applied(store, go);
    this.#written = new Set(applied.keys());
    for (const { slot: of, state } of this.#shredded) {
      const targets = this.#leftOut.get(of);
      if (targets === undefined || !applied.has(of)) continue;
      if (applied.get(of) !== this.#parts.stored.of(state.documentKey)?.state) missing.add(of);
      else
        for (const target of targets) {
          const slots = stored.get(target) ?? new Map<number, number>();
          stored.set(target, slots.set(of, this.#hashes.get(of)?.[target]?.rows ?? 0));
        }
    }
    return { missing, stored };
  }

  note(): void {
    for (const { slot: of, state } of this.#shredded) {
      const hashes = this.#hashes.get(of);
      if (hashes !== undefined && this.#written.has(of)) this.#parts.stored.note(state, hashes);
    }
  }

  /** By slot that is written: the state that the store has now, under this plan; null for none. */
  async #applied(store: OpenStore, go: string): Promise<ReadonlyMap<number, string | null>> {
    const { plan } = this.#parts;
    const rows = await store.rows(
      `SELECT g.${slot} AS slot, d.document_key IS NULL AS is_none, d.version, d.captured_at, d.content_hash, d.request, d.raw_id, d.position FROM ${go} g ` +
        `LEFT JOIN ${store.state("documents")} d ON d.mapping = ${text(plan.mapping)} AND d.document_key = g.document_key AND d.fingerprint = ${text(plan.fingerprint)} WHERE NOT g.confirms`,
    );
    return new Map(
      rows.map((row) => {
        const state = {
          version: row["version"] === null ? null : sqlText(row["version"]),
          capturedAt: sqlText(row["captured_at"]),
          contentHash: sqlText(row["content_hash"]),
          request: sqlText(row["request"]),
          capture: Number(row["raw_id"]),
          position: sqlText(row["position"]),
        };
        return [Number(row["slot"]), row["is_none"] === true ? null : stateText(state)];
      }),
    );
  }
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
