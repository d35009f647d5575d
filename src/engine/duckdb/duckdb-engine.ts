import type { Connection } from "../../duckdb/connection.ts";
import { type SqlRow, type SqlValue, sqlText } from "../../duckdb/sql-value.ts";
import type { Plan } from "../../plan/plan.ts";
import { TypedLeaves } from "../../plan/typed-leaves.ts";
import { duckdbDialect } from "../../sql/duckdb-dialect.ts";
import { SLICE_COLUMNS, SLICE_TABLES, type Stage, lookupTable, parameterColumn, targetTable } from "../../sql/slice-tables.ts";
import { type CrossCheck, writeCrossChecks, writeDoubleKeys, writeVerdicts } from "../../sql/write-gate.ts";
import { type ShredSql, writeShred } from "../../sql/write-shred.ts";
import { Findings } from "../findings.ts";
import { FINDING_KINDS, type Finding, type SliceDocument, type SliceRows, type SliceVerdict } from "../slice.ts";

const NOTHING: ReadonlySet<number> = new Set();
/** Slices of one feed are alike: few sets of proven leaves come up. Each is about a megabyte of SQL. */
const MOST_SHREDS = 8;

/** Runs a plan over slices on DuckDB connections: the rows of a slice stay in temporary tables of its connection, for a store to apply. */
export class DuckdbEngine {
  readonly #plan: Plan;
  readonly #typed: TypedLeaves;
  readonly #shred: ShredSql;
  /** The same for slices with proven leaves, by which they are. */
  readonly #typedShreds = new Map<string, ShredSql>();
  readonly #verdicts: string;
  readonly #crossChecks: readonly CrossCheck[];

  constructor(plan: Plan) {
    this.#plan = plan;
    this.#typed = new TypedLeaves(plan);
    this.#shred = writeShred(plan, duckdbDialect);
    this.#verdicts = writeVerdicts(plan, duckdbDialect);
    this.#crossChecks = writeCrossChecks(plan, duckdbDialect);
  }

  /** What `run` executes, in order. */
  stages(): readonly Stage[] {
    return [
      ...this.#shred.stages,
      { name: "gate: flags and keys of all targets", sql: this.#verdicts },
      ...this.#crossChecks.map(({ name, sql }) => ({ name, sql })),
    ];
  }

  /**
   * Shreds and checks one slice. The tables of the slice before are replaced.
   * @param proven leaves (positions in `TypedLeaves.leaves`) of which all values in these bodies are known to be of their type.
   */
  async run(
    connection: Connection,
    bodies: Iterable<{ readonly capture: number; readonly body: string }>,
    documents: readonly SliceDocument[],
    proven: ReadonlySet<number> = NOTHING,
  ): Promise<SliceVerdict> {
    const shred = this.#shredOf(proven);
    await this.dropTables(connection);
    await this.#load(connection, bodies, documents);
    for (const stage of shred.stages) await connection.run(stage.sql);
    const verdict = await this.#verdict(connection, documents, shred);
    await connection.run(`DROP TABLE ${SLICE_TABLES.bodies}`);
    return verdict;
  }

  #shredOf(proven: ReadonlySet<number>): ShredSql {
    if (proven.size === 0) return this.#shred;
    const key = [...proven].toSorted((a, b) => a - b).join(",");
    let shred = this.#typedShreds.get(key);
    if (shred === undefined) {
      shred = writeShred(this.#typed.read(proven), duckdbDialect);
      if (this.#typedShreds.size >= MOST_SHREDS) this.#typedShreds.clear();
      this.#typedShreds.set(key, shred);
    }
    return shred;
  }

  /** Frees what the last slice holds. */
  async dropTables(connection: Connection): Promise<void> {
    const tables = [
      SLICE_TABLES.bodies,
      SLICE_TABLES.slots,
      SLICE_TABLES.documents,
      ...this.#plan.lookupTables.map((_, at) => lookupTable(at)),
      ...this.#plan.targets.map((_, at) => targetTable(at)),
    ];
    for (const table of tables) await connection.run(`DROP TABLE IF EXISTS ${table}`);
  }

  async #load(
    connection: Connection,
    bodies: Iterable<{ readonly capture: number; readonly body: string }>,
    documents: readonly SliceDocument[],
  ): Promise<void> {
    const name = duckdbDialect.name.bind(duckdbDialect);
    const parameters = this.#plan.parameters;
    await connection.run(`CREATE TEMP TABLE ${SLICE_TABLES.bodies} (capture BIGINT, body JSON)`);
    await connection.append(SLICE_TABLES.bodies, ["BIGINT", "VARCHAR"], rowsOf(bodies));
    const columns = [
      `${name(SLICE_COLUMNS.slot)} INTEGER`,
      `${name(SLICE_COLUMNS.capture)} BIGINT`,
      `${name(SLICE_COLUMNS.position)} VARCHAR`,
      `${name(SLICE_COLUMNS.capturedAt)} VARCHAR`,
      ...parameters.map((_, at) => `${name(parameterColumn(at))} VARCHAR`),
    ];
    await connection.run(`CREATE TEMP TABLE ${SLICE_TABLES.slots} (${columns.join(", ")})`);
    await connection.append(
      SLICE_TABLES.slots,
      ["INTEGER", "BIGINT", "VARCHAR", "VARCHAR", ...parameters.map(() => "VARCHAR" as const)],
      documents.map((document) => [
        document.slot,
        document.capture,
        document.position,
        document.capturedAt,
        ...parameters.map((parameter) => document.parameters[parameter] ?? null),
      ]),
    );
    await connection.run(`ALTER TABLE ${SLICE_TABLES.slots} ALTER ${name(SLICE_COLUMNS.capturedAt)} TYPE TIMESTAMPTZ`);
  }

  async #verdict(connection: Connection, documents: readonly SliceDocument[], shred: ShredSql): Promise<SliceVerdict> {
    const rows: SliceRows[] = [];
    const findings = new Findings();
    const found = new Set<number>();
    const flagged = new Map<number, number[]>();
    const doubled = new Map<number, number[]>();
    for (const row of await connection.rows(this.#verdicts)) {
      const target = Number(row["target"]);
      const slot = Number(row["slot"]);
      if (target < 0) found.add(slot);
      else rows.push({ target, slot, rows: Number(row["rows"]) });
      if (row["fails"] === true || row["bads"] === true || row["warns"] === true) append(flagged, target, slot);
      if (row["doubles"] === true) append(doubled, target, slot);
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
    const gather = async (sql: string, target: string | null, parts: SqlRow = {}): Promise<void> => {
      for await (const batch of connection.batches(sql)) for (const row of batch) findings.add(readFinding({ ...row, ...parts }, target));
    };
    for (const [target, slots] of flagged) {
      const details = shred.details[target + 1];
      if (details !== undefined) await gather(details.query(slots.join(", ")), this.#targetName(target));
    }
    for (const [target, slots] of doubled) {
      const parts = { kind: "fail", rule: "the primary key is unique", column: null, pointer: "" };
      await gather(writeDoubleKeys(this.#plan, target, slots.join(", "), duckdbDialect), this.#targetName(target), parts);
    }
    for (const check of this.#crossChecks) await gather(check.sql, check.target);
    return { rows, findings: findings.all() };
  }

  #targetName(target: number): string | null {
    return this.#plan.targets[target]?.name ?? null;
  }
}

function append(lists: Map<number, number[]>, key: number, value: number): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

function* rowsOf(bodies: Iterable<{ readonly capture: number; readonly body: string }>): Generator<readonly [number, string]> {
  for (const { capture, body } of bodies) yield [capture, body];
}

function readFinding(row: SqlRow, target: string | null): Finding {
  const text = (value: SqlValue | undefined): string | null => (value === null || value === undefined ? null : sqlText(value));
  const kind = row["kind"];
  return {
    slot: Number(row[SLICE_COLUMNS.slot]),
    kind: FINDING_KINDS.find((known) => known === kind) ?? "fail",
    target,
    rule: text(row["rule"]) ?? "",
    column: text(row["column"]),
    pointer: text(row["pointer"]) ?? "",
    value: text(row["value"]),
  };
}
