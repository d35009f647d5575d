import type { AppendKind, Connection, Statement } from "../../duckdb/connection.ts";
import { type SqlRow, sqlText, sqlTextOrNull } from "../../sql/sql-value.ts";
import type { Plan } from "../../plan/plan.ts";
import { TypedLeaves } from "../../plan/typed-leaves.ts";
import { duckdbDialect } from "../../sql/duckdb-dialect.ts";
import { SLICE_COLUMNS, SLICE_TABLES, type Stage, parameterColumn } from "../../sql/slice-tables.ts";
import {
  type DocumentRelationship,
  type RelationshipCheck,
  type RuleCheck,
  writeDocumentRelationships,
  writeDoubleKeys,
  writeRelationshipChecks,
  writeRuleChecks,
  writeVerdicts,
} from "../../sql/write-gate.ts";
import { type ShredSql, writeShred } from "../../sql/write-shred.ts";
import { Findings } from "../findings.ts";
import { FINDING_KINDS, type Finding, type SliceDocument, type SliceRows, type SliceVerdict } from "../slice.ts";

interface Body {
  readonly capture: number;
  readonly body: Uint8Array;
}
type Bodies = Iterable<Body> | AsyncIterable<Body>;

/** Bytes of the bodies that are taken apart together: what is parsed of them stays in memory until all of them are. */
const BATCH_BYTES = 1 << 20;
/** Bytes of bodies after which the memory that parsing them took is given back. */
const PARSED_BYTES = 1 << 22;

const NOTHING: ReadonlySet<number> = new Set();

/** Which engine's tables a connection has: the names of slice tables are the same for every plan. */
const owners = new WeakMap<Connection, Session>();

/**
 * Runs a plan over slices on DuckDB connections: the rows of a slice stay in temporary tables of its connection, for a store to
 * apply. Tables are made and statements planned once for each connection: planning costs more than shredding a document.
 */
export class DuckdbEngine {
  readonly #plan: Plan;
  readonly #leaves: TypedLeaves;
  readonly #shred: ShredSql;
  readonly #verdicts: string;
  readonly #documentRelationships: readonly DocumentRelationship[];
  readonly #relationships: readonly RelationshipCheck[];
  readonly #rules: readonly RuleCheck[];

  constructor(plan: Plan) {
    this.#plan = plan;
    this.#leaves = new TypedLeaves(plan);
    this.#shred = writeShred(plan, duckdbDialect);
    this.#verdicts = writeVerdicts(plan, duckdbDialect);
    this.#documentRelationships = writeDocumentRelationships(plan, duckdbDialect);
    this.#relationships = writeRelationshipChecks(plan, duckdbDialect);
    this.#rules = writeRuleChecks(plan, duckdbDialect);
  }

  /** What `run` executes, in order. */
  stages(): readonly Stage[] {
    return [
      this.#shred.documents,
      ...this.#shred.stages,
      { name: "gate: flags and keys of all targets", sql: this.#verdicts },
      ...[...this.#relationships, ...this.#rules].map(({ name, sql }) => ({ name, sql })),
    ];
  }

  /**
   * Shreds and checks one slice. What the slice before left on the connection is gone then.
   * @param proven leaves (positions in `TypedLeaves.leaves`) of which all values in these bodies are known to be of their type.
   */
  async run(
    connection: Connection,
    bodies: Bodies,
    documents: readonly SliceDocument[],
    proven: ReadonlySet<number> = NOTHING,
  ): Promise<SliceVerdict> {
    const session = await this.#sessionOf(connection, proven);
    await session.clear();
    session.fill();
    await this.#loadSlots(connection, documents);
    for await (const batch of batched(bodies)) await session.takeApart(batch);
    if (!session.isSmall) await session.makeRoom();
    for (const statement of session.parts.stages) await statement.run();
    if (!session.isSmall) await connection.giveMemoryBack();
    return this.#verdict(session, documents);
  }

  /** Whether what the last slice holds is little enough to wait for the next one. */
  holdsLittle(connection: Connection): boolean {
    return owners.get(connection)?.isSmall !== false;
  }

  /** Frees the rows of the last slice; the tables and what is planned for them stay. */
  async clear(connection: Connection): Promise<void> {
    await owners.get(connection)?.clear();
  }

  /** Frees what slices left on a connection, rows and plans: a database has the connections of many runs. */
  async release(connection: Connection): Promise<void> {
    const session = owners.get(connection);
    owners.delete(connection);
    await session?.clear();
    session?.close();
  }

  /** The tables and statements of a connection. A session goes by leaves that are proven for every slice it has seen: they only get fewer. */
  async #sessionOf(connection: Connection, proven: ReadonlySet<number>): Promise<Session> {
    const known = owners.get(connection);
    const mine = known?.parts.engine === this ? known.parts.proven : null;
    if (known !== undefined && mine !== null && [...mine].every((leaf) => proven.has(leaf))) return known;
    known?.close();
    owners.delete(connection);
    const common = new Set([...proven].filter((leaf) => mine?.has(leaf) !== false));
    const shred = common.size === 0 ? this.#shred : writeShred(this.#leaves.read(common), duckdbDialect);
    await connection.run(`CREATE OR REPLACE TEMP TABLE ${SLICE_TABLES.bodies} (capture BIGINT, body BLOB)`);
    await connection.run(`CREATE OR REPLACE TEMP TABLE ${SLICE_TABLES.slots} (${this.#slotColumns().join(", ")})`);
    for (const { table, columns } of [shred.documents, ...shred.stages])
      await connection.run(`CREATE OR REPLACE TEMP TABLE ${table} (${columns.join(", ")})`);
    const documents = await connection.prepare(shred.documents.sql);
    const stages: Statement[] = [];
    for (const { sql } of shred.stages) stages.push(await connection.prepare(sql));
    const session = new Session({ engine: this, connection, proven: common, shred, documents, stages });
    owners.set(connection, session);
    return session;
  }

  #slotColumns(): readonly string[] {
    const name = duckdbDialect.name.bind(duckdbDialect);
    return [
      `${name(SLICE_COLUMNS.slot)} INTEGER`,
      `${name(SLICE_COLUMNS.capture)} BIGINT`,
      `${name(SLICE_COLUMNS.position)} VARCHAR`,
      `${name(SLICE_COLUMNS.capturedAt)} TIMESTAMPTZ`,
      ...this.#plan.parameters.map((_, at) => `${name(parameterColumn(at))} VARCHAR`),
    ];
  }

  async #loadSlots(connection: Connection, documents: readonly SliceDocument[]): Promise<void> {
    const { parameters } = this.#plan;
    const kinds: readonly AppendKind[] = ["INTEGER", "BIGINT", "VARCHAR", "TIMESTAMPTZ", ...parameters.map(() => "VARCHAR" as const)];
    await connection.append(
      SLICE_TABLES.slots,
      kinds,
      documents.map((document) => [
        document.slot,
        document.capture,
        document.position,
        document.capturedAt,
        ...parameters.map((parameter) => document.parameters[parameter] ?? null),
      ]),
    );
  }

  async #verdict(session: Session, documents: readonly SliceDocument[]): Promise<SliceVerdict> {
    const { connection, shred } = session.parts;
    const rows: SliceRows[] = [];
    const findings = new Findings();
    const found = new Set<number>();
    const flagged = new Map<number, number[]>();
    const doubled = new Map<number, number[]>();
    for await (const batch of session.check(this.#verdicts)) {
      for (const row of batch) {
        const target = Number(row["target"]);
        const slot = Number(row["slot"]);
        if (target < 0) found.add(slot);
        else rows.push({ target, slot, rows: Number(row["rows"]) });
        if (row["fails"] === true || row["bads"] === true || row["warns"] === true) append(flagged, target, slot);
        if (row["doubles"] === true) append(doubled, target, slot);
      }
    }
    for (const { slot, position } of documents) {
      if (!found.has(slot))
        findings.add({
          slot,
          kind: "fail",
          target: null,
          rule: "the document is in its capture",
          column: null,
          pointer: position,
          value: null,
        });
    }
    const gather = async (batches: AsyncIterable<SqlRow[]>, target: string | null, parts: SqlRow = {}): Promise<void> => {
      for await (const batch of batches) for (const row of batch) findings.add(readFinding({ ...row, ...parts }, target));
    };
    for (const [target, slots] of flagged) {
      const details = shred.details[target + 1];
      if (details !== undefined) await gather(connection.batches(details.query(slots.join(", "))), this.#targetName(target));
    }
    for (const [target, slots] of doubled) {
      const parts = { kind: "fail", rule: "the primary key is unique", column: null, pointer: "" };
      const keys = connection.batches(writeDoubleKeys(this.#plan, target, slots.join(", "), duckdbDialect));
      await gather(keys, this.#targetName(target), parts);
    }
    for (const { from, to, target, details } of this.#documentRelationships) {
      const there = new Set(rows.flatMap((counted) => (counted.target === to ? [counted.slot] : [])));
      const broken = rows.flatMap(({ target: at, slot }) => (at === from && !there.has(slot) ? [slot] : []));
      if (broken.length > 0) await gather(connection.batches(details(broken.join(", "))), target);
    }
    for (const { sql, relationships } of this.#relationships) {
      const broken = new Map<number, number[]>();
      for await (const batch of session.check(sql))
        for (const row of batch) append(broken, Number(row["relationship"]), Number(row[SLICE_COLUMNS.slot]));
      for (const [at, slots] of broken) {
        const relationship = relationships[at];
        if (relationship !== undefined) await gather(connection.batches(relationship.details(slots.join(", "))), relationship.target);
      }
    }
    for (const { sql, target, details } of this.#rules) {
      const broken: number[] = [];
      for await (const batch of session.check(sql)) broken.push(...batch.map((row) => Number(row[SLICE_COLUMNS.slot])));
      if (broken.length > 0) await gather(connection.batches(details(broken.join(", "))), target);
    }
    return { rows, findings: findings.all() };
  }

  #targetName(target: number): string | null {
    return this.#plan.targets[target]?.name ?? null;
  }
}

interface SessionParts {
  readonly engine: DuckdbEngine;
  readonly connection: Connection;
  /** Leaves that are read as their types. */
  readonly proven: ReadonlySet<number>;
  readonly shred: ShredSql;
  /** The statements of `shred`, planned. */
  readonly documents: Statement;
  readonly stages: readonly Statement[];
}

/** The slice tables of one connection, and the statements planned for them. */
class Session {
  readonly parts: SessionParts;
  #isEmpty = true;
  /** Bytes of the slice's bodies. */
  #bytes = 0;
  /** Bytes since memory was given back. */
  #parsed = 0;
  /** Those of the checks that were planned, by their SQL. */
  readonly #checks = new Map<string, Statement>();

  constructor(parts: SessionParts) {
    this.parts = parts;
  }

  /** From here on there is something to clear. */
  fill(): void {
    this.#isEmpty = false;
    this.#bytes = 0;
  }

  /** Giving its memory back takes longer than it is worth: what some such slices took together is given back. */
  get isSmall(): boolean {
    return this.#bytes < PARSED_BYTES;
  }

  /** Some bodies (UTF-8) to documents. */
  async takeApart(bodies: readonly Body[]): Promise<void> {
    const { connection, documents } = this.parts;
    const rows = bodies.map(({ capture, body }) => [capture, body]);
    await connection.append(SLICE_TABLES.bodies, ["BIGINT", "BLOB"], rows);
    await documents.run();
    await connection.run(`DELETE FROM ${SLICE_TABLES.bodies}`);
    const bytes = bodies.reduce((sum, { body }) => sum + body.length, 0);
    this.#bytes += bytes;
    this.#parsed += bytes;
    if (this.#parsed < PARSED_BYTES) return;
    this.#parsed = 0;
    await connection.giveMemoryBack();
  }

  /** The rows of a check of this slice. What is planned once keeps the hash tables of its last run: not those of a large slice. */
  async *check(sql: string): AsyncGenerator<SqlRow[]> {
    const { connection } = this.parts;
    if (!this.isSmall) {
      yield* connection.batches(sql);
      return;
    }
    const known = this.#checks.get(sql);
    const statement = known ?? (await connection.prepare(sql));
    if (known === undefined) this.#checks.set(sql, statement);
    yield* statement.batches();
  }

  async clear(): Promise<void> {
    if (this.#isEmpty) return;
    const { shred } = this.parts;
    const tables = [shred.documents, ...shred.stages].map((stage) => stage.table);
    for (const table of [SLICE_TABLES.bodies, SLICE_TABLES.slots, ...tables]) await this.parts.connection.run(`DELETE FROM ${table}`);
    // Without a checkpoint the next slice would read the deleted rows too.
    if (this.isSmall) await this.parts.connection.run("CHECKPOINT temp");
    else await this.giveMemoryBack();
    this.#isEmpty = true;
  }

  /** For a large slice, which checks of small ones do not help. */
  async makeRoom(): Promise<void> {
    this.#closeChecks();
    await this.giveMemoryBack();
  }

  /** A checkpoint is what frees the memory of deleted rows. */
  async giveMemoryBack(): Promise<void> {
    const { connection } = this.parts;
    // The checkpoint copies what is left: not beside what was freed before.
    await connection.giveMemoryBack();
    await connection.run("CHECKPOINT temp");
    await connection.giveMemoryBack();
  }

  close(): void {
    this.#closeChecks();
    for (const statement of [this.parts.documents, ...this.parts.stages]) statement.close();
  }

  #closeChecks(): void {
    for (const statement of this.#checks.values()) statement.close();
    this.#checks.clear();
  }
}

function append(lists: Map<number, number[]>, key: number, value: number): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

/** One body at least in each batch. */
async function* batched(bodies: Bodies): AsyncGenerator<readonly Body[]> {
  let batch: Body[] = [];
  let bytes = 0;
  for await (const body of bodies) {
    batch.push(body);
    bytes += body.body.length;
    if (bytes < BATCH_BYTES) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}

function readFinding(row: SqlRow, target: string | null): Finding {
  const kind = row["kind"];
  return {
    slot: Number(row[SLICE_COLUMNS.slot]),
    kind: FINDING_KINDS.find((known) => known === kind) ?? "fail",
    target,
    rule: sqlText(row["rule"]),
    column: sqlTextOrNull(row["column"]),
    pointer: sqlText(row["pointer"]),
    value: sqlTextOrNull(row["value"]),
  };
}
