import { EXIT, type ExitCode, UserError } from "../core/errors.ts";
import type { Connection } from "../duckdb/connection.ts";
import type { Database } from "../duckdb/database.ts";
import { DuckdbEngine } from "../engine/duckdb/duckdb-engine.ts";
import type { SliceDocument } from "../engine/slice.ts";
import type { Mapping } from "../mapping/mapping.ts";
import type { Plan, PlanColumn } from "../plan/plan.ts";
import { ShapeDictionary } from "../raw/shape.ts";
import { duckdbDialect } from "../sql/duckdb-dialect.ts";
import { SLICE_TABLES, targetTable } from "../sql/slice-tables.ts";
import { indexDocuments } from "./index-document.ts";
import { type LeafCoverage, scoreCoverage } from "./leaf-coverage.ts";
import { LeafTree } from "./leaf-tree.ts";
import type { LintCapture, LintInput } from "./lint-captures.ts";
import { LintFindings, type NamedCapture } from "./lint-findings.ts";
import type { LintProblem, LintWarning } from "./lint-problem.ts";
import type { PathUse } from "./mapped-paths.ts";
import { ContainerCheck } from "./wrong-containers.ts";

export interface LintPath {
  /** Null for what belongs to the document: file-level fields, the version. */
  readonly target: string | null;
  /** Null where it is no column's: `use` says whose. */
  readonly column: string | null;
  readonly use: PathUse;
  readonly path: string;
  /** Values there that are not null, over all elements of the row source: the target's filter is not applied. */
  readonly hits: number;
  readonly types: LeafCoverage["scores"][number]["types"];
  /** Values of the column that its type does not take. */
  readonly bad: number;
  /** Rows of the target in which the column is not null, after the target's filter; null where it is no column's. */
  readonly filled: number | null;
}

export interface LintResult {
  readonly captures: number;
  /** Captures that the mapping does not take. */
  readonly skipped: number;
  readonly documents: number;
  readonly paths: readonly LintPath[];
  readonly coverage: {
    readonly leaf_paths: number;
    readonly mapped: number;
    readonly ignored: number;
    readonly unknown: readonly string[];
  };
  readonly problems: readonly LintProblem[];
  readonly warnings: readonly LintWarning[];
  readonly exit: ExitCode;
}

export interface LintOptions {
  /** A slice is closed when its bodies have this many bytes. */
  readonly sliceBytes: number;
  /** Slices shredded side by side. */
  readonly connections: number;
  readonly onProgress?: (progress: { readonly captures: number; readonly bytes: number }) => void;
  readonly signal?: AbortSignal;
}

/**
 * Scores a mapping against captures: walks every body once and counts its paths, and lets the engine shred and check them,
 * for what a value is to a column is the engine's word alone. Writes nothing.
 * @throws UserError `lint.no-captures` where there is none · `lint.interrupted`.
 */
export async function lintMapping(
  mapping: Mapping,
  plan: Plan,
  captures: AsyncIterable<LintInput>,
  options: LintOptions,
  deps: { readonly database: Database },
): Promise<LintResult> {
  const tree = new LeafTree();
  const findings = new LintFindings();
  const refused: LintProblem[] = [];
  const containers = new ContainerCheck(plan, new ShapeDictionary());
  await using shredder = await Shredder.open(plan, findings, options, deps.database);
  const counts = { captures: 0, skipped: 0, documents: 0, bytes: 0 };
  for await (const capture of captures) {
    if (options.signal?.aborted === true) throw interrupted();
    if (capture.kind === "skipped") counts.skipped++;
    else if (capture.kind === "refused")
      refused.push({ code: "lint.capture-refused", message: capture.message, target: null, column: null, path: null });
    else {
      tree.add(capture.value, capture.pairs);
      for (const wrong of containers.find(capture.value)) {
        findings.add(
          { order: counts.captures, name: capture.name },
          {
            kind: "fail",
            target: null,
            rule: `the value is ${wrong.expected === "scalar" ? "a" : "an"} ${wrong.expected}`,
            column: null,
            pointer: wrong.pointer,
            value: wrong.value,
          },
        );
      }
      counts.documents += await shredder.add(capture, counts.captures);
      counts.captures++;
      counts.bytes += capture.body.length;
      options.onProgress?.(counts);
    }
  }
  await shredder.finish();
  if (counts.captures === 0 && refused.length === 0) throw noCaptures(mapping, counts.skipped);
  const coverage = scoreCoverage(plan, mapping.ignore, tree);
  // Without a capture every path would be without a hit: that says nothing.
  const problems = counts.captures === 0 ? refused : [...refused, ...findings.problems(coverage.scores), ...coverageProblems(coverage)];
  return {
    captures: counts.captures,
    skipped: counts.skipped,
    documents: counts.documents,
    paths: coverage.scores.map(({ mapped, hits, types }): LintPath => {
      const { target, column, use, path } = mapped;
      return {
        target,
        column,
        use,
        path,
        hits,
        types,
        bad: column === null ? 0 : findings.badOf(target, column),
        filled: use === "column" && column !== null ? shredder.filledOf(target, column) : null,
      };
    }),
    coverage: {
      leaf_paths: coverage.leafPaths,
      mapped: coverage.mapped,
      ignored: coverage.ignored,
      unknown: coverage.unknown.map((node) => node.path),
    },
    problems,
    warnings: findings.warnings(),
    exit: problems.length > 0 ? EXIT.someFailed : EXIT.done,
  };
}

function interrupted(): UserError {
  return new UserError(
    {
      code: "lint.interrupted",
      message: "interrupted: a part of the captures says nothing about the mapping",
      next: "the same command starts again",
    },
    EXIT.interrupted,
  );
}

function noCaptures(mapping: Mapping, skipped: number): UserError {
  const { endpoint, method } = mapping.source;
  return new UserError({
    code: "lint.no-captures",
    message:
      skipped === 0
        ? `raw has no captures of ${endpoint}.${method} that ${mapping.name} takes`
        : `${mapping.name} takes none of the ${String(skipped)} captures (source.filter)`,
    next: `name files: mlb-etl mapping lint ${mapping.name} --captures 'captures/*.json.gz'`,
  });
}

function coverageProblems(coverage: LeafCoverage): readonly LintProblem[] {
  const problems: LintProblem[] = [];
  for (const { mapped, hits, types, textOfNumber } of coverage.scores) {
    const { target, column, path, use } = mapped;
    const whose = { target, column, path };
    const what = use === "column" ? "the path" : `the path of a ${use}`;
    if (hits === 0) {
      const nulls = types.null === undefined ? "nothing is there in any document" : `only null is there (${String(types.null)}×)`;
      problems.push({ code: "lint.no-hit", message: `${what} never hits: ${nulls}`, ...whose });
    }
    for (const place of textOfNumber) {
      problems.push({
        code: "lint.text-of-number",
        message: `${what} reads the text of numbers that are no integers (${place}): no engine keeps it; use DOUBLE, NUMERIC(p,s) or JSONB`,
        ...whose,
      });
    }
  }
  for (const { ignore, leafPaths, covers } of coverage.ignores) {
    const whose = { target: null, column: null, path: ignore.path };
    if (leafPaths === 0)
      problems.push({ code: "lint.ignore-no-hit", message: "the ignore never hits: no document has a leaf there", ...whose });
    if (covers !== null) {
      const reader =
        covers.mapped.target === null
          ? (covers.mapped.column ?? covers.mapped.use)
          : `${covers.mapped.target}${covers.mapped.column === null ? ` (${covers.mapped.use})` : `.${covers.mapped.column}`}`;
      problems.push({ code: "lint.ignore-covers-mapped", message: `the ignore covers ${covers.path}, which ${reader} reads`, ...whose });
    }
  }
  for (const node of coverage.unknown) {
    const kinds = Object.entries(node.counts).filter(([kind, count]) => count > 0 && kind !== "object" && kind !== "array");
    problems.push({
      code: "lint.unknown-path",
      message: `neither mapped nor ignored (${kinds.map(([kind, count]) => `${String(count)} ${kind}`).join(", ")})`,
      target: null,
      column: null,
      path: node.path,
    });
  }
  return problems;
}

interface SliceCapture extends NamedCapture {
  readonly body: Buffer;
}

/** Gives captures to the engine in slices, some of them side by side, and keeps what it finds. */
class Shredder implements AsyncDisposable {
  readonly #plan: Plan;
  readonly #engine: DuckdbEngine;
  readonly #findings: LintFindings;
  readonly #sliceBytes: number;
  readonly #idle: Connection[];
  readonly #busy = new Set<Promise<void>>();
  readonly #filled = new Map<string, number>();
  #broken: { readonly error: unknown } | null = null;
  /** Texts of bodies only: parsed, they are several times as large. */
  #captures: SliceCapture[] = [];
  #documents: SliceDocument[] = [];
  #bytes = 0;

  private constructor(plan: Plan, findings: LintFindings, options: LintOptions, connections: Connection[]) {
    this.#plan = plan;
    this.#engine = new DuckdbEngine(plan);
    this.#findings = findings;
    this.#sliceBytes = options.sliceBytes;
    this.#idle = connections;
  }

  static async open(plan: Plan, findings: LintFindings, options: LintOptions, database: Database): Promise<Shredder> {
    return new Shredder(plan, findings, options, await Promise.all(Array.from({ length: options.connections }, () => database.connect())));
  }

  /** Gives the number of documents in the capture. */
  async add(capture: LintCapture, order: number): Promise<number> {
    if (this.#captures.length > 0 && this.#bytes + capture.body.length > this.#sliceBytes) await this.#start();
    const at = this.#captures.length;
    const named = { order, name: capture.name, body: capture.body };
    const documents = indexDocuments(this.#plan, capture, capture.value);
    for (const { position, problem } of documents) {
      if (problem !== null) this.#findings.add(named, { kind: "fail", target: null, column: null, ...problem });
      else
        this.#documents.push({
          slot: this.#documents.length,
          capture: at,
          position,
          capturedAt: capture.capturedAt,
          parameters: capture.parameters,
        });
    }
    this.#captures.push(named);
    this.#bytes += capture.body.length;
    return documents.length;
  }

  async finish(): Promise<void> {
    if (this.#captures.length > 0) await this.#start();
    await Promise.all(this.#busy);
    if (this.#broken !== null) throw this.#broken.error;
  }

  /** Waits for the slices at hand: a database must not be closed under them. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#busy);
  }

  filledOf(target: string | null, column: string): number {
    return this.#filled.get(JSON.stringify([target, column])) ?? 0;
  }

  async #start(): Promise<void> {
    const captures = this.#captures;
    const documents = this.#documents;
    this.#captures = [];
    this.#documents = [];
    this.#bytes = 0;
    while (this.#idle.length === 0) await Promise.race(this.#busy);
    if (this.#broken !== null) throw this.#broken.error;
    const connection = this.#idle.pop();
    if (connection === undefined) throw new Error("no connection is idle");
    const work = this.#shred(connection, captures, documents)
      .catch((error: unknown) => {
        this.#broken ??= { error };
      })
      .finally(() => {
        this.#idle.push(connection);
        this.#busy.delete(work);
      });
    this.#busy.add(work);
  }

  async #shred(connection: Connection, captures: readonly SliceCapture[], documents: readonly SliceDocument[]): Promise<void> {
    const { findings } = await this.#engine.run(
      connection,
      captures.map(({ body }, capture) => ({ capture, body })),
      documents,
    );
    for (const finding of findings) {
      const capture = captures[documents[finding.slot]?.capture ?? -1];
      if (capture === undefined) throw new Error(`a finding of slot ${String(finding.slot)}, which is none`);
      this.#findings.add(capture, finding);
    }
    await this.#countFilled(connection, null, SLICE_TABLES.documents, this.#plan.fields);
    for (const [at, target] of this.#plan.targets.entries())
      await this.#countFilled(connection, target.name, targetTable(at), target.columns);
    await this.#engine.clear(connection);
  }

  async #countFilled(connection: Connection, target: string | null, table: string, columns: readonly PlanColumn[]): Promise<void> {
    if (columns.length === 0) return;
    const counts = columns.map((column, at) => `count(${duckdbDialect.name(column.name)}) AS c${String(at)}`);
    const [row] = await connection.rows(`SELECT ${counts.join(", ")} FROM ${table}`);
    for (const [at, column] of columns.entries()) this.#fill(target, column.name, Number(row?.[`c${String(at)}`] ?? 0));
  }

  #fill(target: string | null, column: string, rows: number): void {
    const key = JSON.stringify([target, column]);
    this.#filled.set(key, (this.#filled.get(key) ?? 0) + rows);
  }
}
