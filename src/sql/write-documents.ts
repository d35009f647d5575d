import type { Level, Plan, ReadNode } from "../plan/plan.ts";
import { allLevels, columnReferences, levelOf, targetReferences } from "../plan/references.ts";
import type { Dialect } from "./dialect.ts";
import { LeafColumns } from "./leaf-columns.ts";
import { access, elementNode, elementOf, leafSql } from "./read-access.ts";
import { SLICE_COLUMNS, SLICE_TABLES, parameterColumn, positionColumn } from "./slice-tables.ts";

/** A container of the document that rows come from or look into, with its column in the documents table. */
export interface ContainerColumn {
  readonly name: string;
  readonly keys: readonly string[];
}

/** What the documents table holds: known before any SQL is written, so that every later stage can name it. */
export interface DocumentColumns {
  readonly leaves: LeafColumns;
  readonly containers: readonly ContainerColumn[];
}

/** All that targets and lookups read at the level of the document and above it. */
export function documentColumns(plan: Plan): DocumentColumns {
  const leaves = new LeafColumns();
  const documentLevel = plan.documentLevels.length;
  for (const field of plan.fields) {
    for (const { reference, kind } of columnReferences(field)) leaves.at(levelOf(reference, documentLevel, documentLevel) ?? documentLevel, reference.keys, kind);
  }
  for (const target of plan.targets) {
    const rowLevel = allLevels(plan, target).length;
    for (const { reference, kind } of targetReferences(target)) {
      const level = levelOf(reference, documentLevel, rowLevel);
      if (level !== null && level <= documentLevel) leaves.at(level, reference.keys, kind);
    }
  }
  const containers = new Map<string, ContainerColumn>();
  const keep = (keys: readonly string[]): void => {
    const place = keys.join("\u0000");
    if (!containers.has(place)) containers.set(place, { name: `$c${String(containers.size)}`, keys });
  };
  for (const target of plan.targets) if (target.levels[0] !== undefined) keep(target.levels[0].keys);
  for (const table of plan.lookupTables) keep(table.keys);
  return { leaves, containers: [...containers.values()] };
}

export function containerColumn(columns: DocumentColumns, keys: readonly string[]): ContainerColumn {
  const place = keys.join("\u0000");
  const found = columns.containers.find((container) => container.keys.join("\u0000") === place);
  if (found === undefined) throw new Error(`no container ${place}`);
  return found;
}

/** What is read of the document. */
export function documentNode(plan: Plan): ReadNode {
  return elementNode(plan.read, plan.documentLevels);
}

/** A select of the raw document columns: `$slot`, `$captured_at`, parameters, positions, leaves as text or JSON, containers parsed. */
export function writeRawDocuments(plan: Plan, columns: DocumentColumns, dialect: Dialect): string {
  const name = dialect.name.bind(dialect);
  const parsed = name("$parsed");
  const slotColumns = [SLICE_COLUMNS.slot, SLICE_COLUMNS.capturedAt, ...plan.parameters.map((_, at) => parameterColumn(at))].map(name);
  const capture = name(SLICE_COLUMNS.capture);
  if (plan.documentLevels.length === 0) {
    const from = `SELECT ${slotColumns.map((column) => `s.${column}`).join(", ")}, ${dialect.parse("b.body", plan.read)} AS ${parsed} FROM ${SLICE_TABLES.bodies} b JOIN ${SLICE_TABLES.slots} s ON s.${capture} = b.capture`;
    return writeLevel({ plan, columns, dialect, from: `(${from})`, keep: slotColumns, element: parsed, node: plan.read, level: 0, next: null });
  }
  let from = `SELECT b.capture AS ${capture}, ${dialect.parse("b.body", plan.read)} AS ${parsed} FROM ${SLICE_TABLES.bodies} b`;
  let keep: readonly string[] = [capture];
  let node = plan.read;
  let element = parsed;
  for (const [at, level] of plan.documentLevels.entries()) {
    const container = name(`$n${String(at)}`);
    from = writeLevel({ plan, columns, dialect, from: `(${from})`, keep, element, node, level: at, next: { level, container } });
    keep = [...keep, ...columns.leaves.ofLevel(at).map((leaf) => name(leaf.name))];
    const target = access({ sql: container, node }, level.keys, dialect);
    element = name(`$e${String(at + 1)}`);
    const position = name(positionColumn(at + 1));
    if (level.each === "object") throw new Error("a document source ends in a wildcard");
    from = dialect.explode({ from: `(${from})`, keep, container, each: level.each, element, position });
    keep = [...keep, position];
    node = elementOf(target.node, level);
  }
  const positions = plan.documentLevels.map((_, at) => `CAST(r.${name(positionColumn(at + 1))} AS VARCHAR)`).join(" || ',' || ");
  const mine = keep.filter((column) => column !== capture);
  const joined = `SELECT ${[...slotColumns.map((column) => `s.${column}`), ...mine.map((column) => `r.${column}`), `r.${element}`].join(", ")} FROM (${from}) r JOIN ${SLICE_TABLES.slots} s ON s.${capture} = r.${capture} AND s.${name(SLICE_COLUMNS.position)} = ${positions}`;
  return writeLevel({ plan, columns, dialect, from: `(${joined})`, keep: [...slotColumns, ...mine], element, node, level: plan.documentLevels.length, next: null });
}

interface LevelParts {
  readonly plan: Plan;
  readonly columns: DocumentColumns;
  readonly dialect: Dialect;
  readonly from: string;
  readonly keep: readonly string[];
  readonly element: string;
  readonly node: ReadNode;
  /** From the answer's root, 0. */
  readonly level: number;
  /** The next container inwards; null at the document itself, where all its containers are taken. */
  readonly next: { readonly level: Level; readonly container: string } | null;
}

/** Takes apart the element of one level: its leaves, and the next container or the document's containers. */
function writeLevel({ columns, dialect, from, keep, element, node, level, next }: LevelParts): string {
  const base = { sql: element, node };
  const leaves = columns.leaves
    .ofLevel(level)
    .map((leaf) => `${leafSql(access(base, leaf.keys, dialect), leaf.kind, dialect)} AS ${dialect.name(leaf.name)}`);
  const containers =
    next === null
      ? columns.containers.map((container) => `${access(base, container.keys, dialect).sql} AS ${dialect.name(container.name)}`)
      : [`${access(base, next.level.keys, dialect).sql} AS ${next.container}`];
  return `SELECT ${[...keep, ...leaves, ...containers].join(", ")} FROM ${from}`;
}
