import type { Connection } from "../duckdb/connection.ts";
import type { SqlRow } from "../sql/sql-value.ts";
import { DuckdbEngine } from "../engine/duckdb/duckdb-engine.ts";
import type { Finding } from "../engine/slice.ts";
import type { Plan } from "../plan/plan.ts";
import type { Capture } from "../raw/capture.ts";
import type { RawStore } from "../raw/raw-store.ts";
import { ShapeDictionary } from "../raw/shape.ts";
import { rawTableOf } from "./document-index.ts";
import { type IndexedDocument, concernsDocument } from "./index-document.ts";
import { ContainerCheck } from "./wrong-containers.ts";

/** Where one state of a document is. */
export interface StatePlace {
  readonly capture: number;
  readonly position: string;
  /** What the document index found wrong with it. */
  readonly problem: IndexedDocument["problem"];
}

/** One state of a document, gone through the engine as in a transform: its rows are in the slice tables of the connection. */
export interface ShreddedState {
  readonly capture: Capture;
  readonly body: Buffer;
  readonly findings: readonly Finding[];
  /** What keeps it out of the store: the first finding that fails it, null where it passes. */
  readonly failure: Finding | null;
  /** False where it failed before it could be shredded: there are no rows to look at. */
  readonly hasRows: boolean;
}

/** The slot of the one document. */
export const SLOT = 0;

/** Shreds single states on one connection, each replacing the one before. */
export class StateShredder {
  readonly plan: Plan;
  readonly #engine: DuckdbEngine;
  readonly #containers: ContainerCheck;
  readonly #raw: RawStore;
  readonly #connection: Connection;

  constructor(plan: Plan, raw: RawStore, connection: Connection) {
    this.plan = plan;
    this.#engine = new DuckdbEngine(plan);
    this.#containers = new ContainerCheck(plan, new ShapeDictionary());
    this.#raw = raw;
    this.#connection = connection;
  }

  /** @throws OutsideError `raw.capture-missing`, `raw.damaged`. */
  async shred(place: StatePlace): Promise<ShreddedState> {
    const capture = await this.#capture(place.capture);
    const body = await this.#raw.readBody(capture);
    const findings: Finding[] = [];
    const fail = { slot: SLOT, kind: "fail", target: null, column: null } as const;
    if (place.problem !== null) findings.push({ ...fail, ...place.problem });
    else {
      for (const wrong of this.#containers.find(JSON.parse(body.toString("utf8")), Number.POSITIVE_INFINITY)) {
        if (concernsDocument(this.plan, place.position, wrong.pointer))
          findings.push({
            ...fail,
            rule: `the value is ${wrong.expected === "scalar" ? "a" : "an"} ${wrong.expected}`,
            pointer: wrong.pointer,
            value: wrong.value,
          });
      }
    }
    const hasRows = findings.length === 0;
    if (hasRows) {
      const { capturedAt, parameters } = capture;
      const document = { slot: SLOT, capture: capture.id, position: place.position, capturedAt, parameters };
      findings.push(...(await this.#engine.run(this.#connection, [{ capture: capture.id, body }], [document])).findings);
    }
    const failing = findings.filter(({ kind }) => kind === "rule" || kind === "fail");
    return { capture, body, findings, failure: failing.find(({ kind }) => kind === "rule") ?? failing[0] ?? null, hasRows };
  }

  rows(sql: string): Promise<SqlRow[]> {
    return this.#connection.rows(sql);
  }

  async #capture(id: number): Promise<Capture> {
    for await (const capture of this.#raw.capturesByIds(rawTableOf(this.plan), [id])) return capture;
    throw new Error(`capture ${String(id)} was not read`);
  }
}
