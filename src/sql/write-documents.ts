import { POSITION_ESCAPES } from "../plan/document-position.ts";
import type { Level, Plan } from "../plan/plan.ts";
import { allLevels, columnReferences, keySteps, levelOf, levelSteps, targetReferences } from "../plan/references.ts";
import { nodeAt } from "../plan/typed-leaves.ts";
import type { Dialect } from "./dialect.ts";
import { type LeafColumn, LeafColumns } from "./leaf-columns.ts";
import { SLICE_COLUMNS, SLICE_TABLES, parameterColumn, positionColumn } from "./slice-tables.ts";

/** What the documents table holds: known before any SQL is written, so that every later stage can name it. */
export interface DocumentColumns {
  /** Values read at the level of the document and above it. */
  readonly leaves: LeafColumns;
  /** Keys from the document to each container that rows come from or look into. */
  readonly containers: readonly (readonly string[])[];
}

/** All that targets and lookups read at the level of the document and above it. */
export function documentColumns(plan: Plan): DocumentColumns {
  const leaves = new LeafColumns();
  const documentLevel = plan.documentLevels.length;
  for (const field of plan.fields) {
    for (const { reference, kind } of columnReferences(field))
      leaves.at(levelOf(reference, documentLevel, documentLevel) ?? documentLevel, reference.keys, kind);
  }
  for (const target of plan.targets) {
    const rowLevel = allLevels(plan, target).length;
    for (const { reference, kind } of targetReferences(target)) {
      const level = levelOf(reference, documentLevel, rowLevel);
      if (level !== null && level <= documentLevel) leaves.at(level, reference.keys, kind);
    }
  }
  const containers = new Map<string, readonly string[]>();
  const keep = (keys: readonly string[]): void => {
    containers.set(keys.join("\u0000"), keys);
  };
  for (const target of plan.targets) if (target.levels[0] !== undefined) keep(target.levels[0].keys);
  for (const table of plan.lookupTables) for (const keys of table.containers) keep(keys);
  return { leaves, containers: [...containers.values()] };
}

const CONTAINERS = "$containers";
const textsColumn = (level: number): string => `$texts${String(level)}`;
const jsonsColumn = (level: number): string => `$jsons${String(level)}`;

/** SQL of a container of the document as JSON text, out of the documents table. */
export function containerOf(columns: DocumentColumns, keys: readonly string[], dialect: Dialect): string {
  return dialect.memberAt(dialect.name(CONTAINERS), containerAt(columns, keys));
}

/** The position of a container in the lists of containers. */
export function containerAt(columns: DocumentColumns, keys: readonly string[]): number {
  const place = keys.join("\u0000");
  const at = columns.containers.findIndex((container) => container.join("\u0000") === place);
  if (at < 0) throw new Error(`no container ${place}`);
  return at;
}

/** SQL: for each container of the document, whether it is absent: a list. */
export function absentContainers(dialect: Dialect): string {
  return dialect.absences(dialect.name(CONTAINERS));
}

/** SQL of a value read at document level or above, out of the documents table. */
export function documentLeaf(plan: Plan, columns: DocumentColumns, leaf: LeafColumn, dialect: Dialect): string {
  const at = columns.leaves.ofLevel(leaf.level, leaf.kind).indexOf(leaf);
  const list = dialect.name(leaf.kind === "text" ? textsColumn(leaf.level) : jsonsColumn(leaf.level));
  const member = dialect.memberAt(list, at);
  if (leaf.kind === "json") return dialect.jsonValue(member);
  const node = nodeAt(plan.read, [...levelSteps(plan.documentLevels.slice(0, leaf.level)), ...keySteps(leaf.keys)]);
  return node.kind === "typed" ? `CAST(${member} AS ${dialect.columnType({ name: node.type })})` : member;
}

/** Columns of the raw documents, which the documents table keeps: `$slot`, `$captured_at`, parameters, positions, lists of texts and JSON values of each level, containers as JSON. */
export function rawDocumentColumns(plan: Plan): readonly string[] {
  const levels = Array.from({ length: plan.documentLevels.length + 1 }, (_, level) => level);
  return [
    SLICE_COLUMNS.slot,
    SLICE_COLUMNS.capturedAt,
    ...plan.parameters.map((_, at) => parameterColumn(at)),
    ...plan.documentLevels.map((_, at) => positionColumn(at + 1)),
    ...levels.flatMap((level) => [textsColumn(level), jsonsColumn(level)]),
    CONTAINERS,
  ];
}

/** The same columns with their types. */
export function rawDocumentTypes(plan: Plan, dialect: Dialect): readonly string[] {
  const text = dialect.columnType({ name: "TEXT" });
  const levels = Array.from({ length: plan.documentLevels.length + 1 }, (_, level) => level);
  const types: readonly (readonly [column: string, type: string])[] = [
    [SLICE_COLUMNS.slot, dialect.columnType({ name: "INT" })],
    [SLICE_COLUMNS.capturedAt, dialect.columnType({ name: "TIMESTAMPTZ" })],
    ...plan.parameters.map((_, at) => [parameterColumn(at), text] as const),
    ...plan.documentLevels.map((level, at) => [positionColumn(at + 1), positionType(level, dialect)] as const),
    ...levels.flatMap((level) => [
      [textsColumn(level), dialect.listOf("text")] as const,
      [jsonsColumn(level), dialect.listOf("json")] as const,
    ]),
    [CONTAINERS, dialect.listOf("json")],
  ];
  return types.map(([column, type]) => `${dialect.name(column)} ${type}`);
}

/** The type of the column with the array position or object key at a level. */
export function positionType(level: Level, dialect: Dialect): string {
  return dialect.columnType({ name: level.each === "values" ? "TEXT" : "BIGINT" });
}

/** A select of the raw documents. Each answer is taken apart once: every value at document level in one list, every container as JSON text in another. */
export function writeRawDocuments(plan: Plan, columns: DocumentColumns, dialect: Dialect): string {
  const name = dialect.name.bind(dialect);
  const slotColumns = [SLICE_COLUMNS.slot, SLICE_COLUMNS.capturedAt, ...plan.parameters.map((_, at) => parameterColumn(at))].map(
    (column) => `s.${name(column)}`,
  );
  const capture = name(SLICE_COLUMNS.capture);
  const taken = (element: string, level: number): string[] => [
    `${dialect.texts(
      element,
      columns.leaves.ofLevel(level, "text").map((leaf) => leaf.keys),
    )} AS ${name(textsColumn(level))}`,
    `${dialect.jsons(
      element,
      columns.leaves.ofLevel(level, "json").map((leaf) => leaf.keys),
    )} AS ${name(jsonsColumn(level))}`,
  ];
  const containers = (element: string): string => `${dialect.jsons(element, columns.containers)} AS ${name(CONTAINERS)}`;
  const body = dialect.decode("b.body");
  if (plan.documentLevels.length === 0) {
    return `SELECT ${[...slotColumns, ...taken(body, 0), containers(body)].join(", ")} FROM ${SLICE_TABLES.bodies} b JOIN ${SLICE_TABLES.slots} s ON s.${capture} = b.capture`;
  }
  const element = name("$element");
  let from = `SELECT b.capture AS ${capture}, ${body} AS ${element} FROM ${SLICE_TABLES.bodies} b`;
  const keep: string[] = [capture];
  for (const [at, level] of plan.documentLevels.entries()) {
    if (level.each === "object") throw new Error("a document source ends in a wildcard");
    const inner = `SELECT ${[...keep, ...taken(element, at), `${dialect.elements(dialect.memberAt(dialect.jsons(element, [level.keys]), 0), level.each)} AS ${name("$inner")}`].join(", ")} FROM (${from})`;
    keep.push(name(textsColumn(at)), name(jsonsColumn(at)));
    const position = name(positionColumn(at + 1));
    from = dialect.explode({ from: `(${inner})`, keep, container: name("$inner"), each: level.each, element, position });
    keep.push(position);
  }
  const positions = plan.documentLevels
    .map((documentStep, at) => {
      const position = `r.${name(positionColumn(at + 1))}`;
      if (documentStep.each !== "values") return `CAST(${position} AS VARCHAR)`;
      // As `plan/document-position.ts` writes them.
      return POSITION_ESCAPES.reduce(
        (key, [character, escape]) => dialect.call("replace", [key, dialect.text(character), dialect.text(escape)]),
        position,
      );
    })
    .join(" || ',' || ");
  const mine = keep.filter((column) => column !== capture).map((column) => `r.${column}`);
  const level = plan.documentLevels.length;
  return `SELECT ${[...slotColumns, ...mine, ...taken(`r.${element}`, level), containers(`r.${element}`)].join(", ")} FROM (${from}) r JOIN ${SLICE_TABLES.slots} s ON s.${capture} = r.${capture} AND s.${name(SLICE_COLUMNS.position)} = ${positions}`;
}
