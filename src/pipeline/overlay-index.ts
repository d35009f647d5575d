import type { Connection } from "../duckdb/connection.ts";
import type { Plan } from "../plan/plan.ts";
import type { Capture } from "../raw/capture.ts";
import type { OverlayRawStore } from "../raw/overlay-store.ts";
import { type DocumentIndex, IndexTable, indexRow, rawTableOf, readDocuments } from "./document-index.ts";

/** The document index of raw as it would be: that of the base is read and not written, what it lacks is indexed while it is loaded. */
export class OverlayIndex implements DocumentIndex {
  readonly #plan: Plan;
  readonly #raw: OverlayRawStore;
  readonly #base: DocumentIndex;

  /** `base`: the index of the base. */
  constructor(plan: Plan, raw: OverlayRawStore, base: DocumentIndex) {
    this.#plan = plan;
    this.#raw = raw;
    this.#base = base;
  }

  prepare(): Promise<void> {
    return Promise.resolve();
  }

  add(): Promise<void> {
    return Promise.resolve();
  }

  catchUp(): Promise<number> {
    return Promise.resolve(0);
  }

  async *missing(): AsyncGenerator<Capture> {
    const last = await this.#raw.lastIdOfBase(rawTableOf(this.#plan));
    for await (const capture of this.#base.missing()) if (capture.id <= last) yield capture;
    yield* this.#raw.added(rawTableOf(this.#plan));
  }

  async load(connection: Connection, view: string): Promise<void> {
    const added = await IndexTable.create(connection, `${view}_added`);
    for await (const { capture, documents } of readDocuments(this.#plan, this.#raw, this.missing()))
      await added.add(documents.map((document) => indexRow(capture, document)));
    await added.flush();
    await this.#base.load(connection, `${view}_base`);
    const last = String(await this.#raw.lastIdOfBase(rawTableOf(this.#plan)));
    // What somebody has indexed or captured meanwhile is in the base, too.
    await connection.run(
      `CREATE OR REPLACE VIEW ${view} AS SELECT * FROM ${view}_base WHERE raw_id <= ${last}
       UNION ALL SELECT * FROM ${added.name} WHERE raw_id > ${last} OR raw_id NOT IN (SELECT raw_id FROM ${view}_base)`,
    );
  }
}
