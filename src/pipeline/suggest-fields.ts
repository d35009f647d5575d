import { LINEAGE_COLUMNS, MAX_NAME_LENGTH } from "../mapping/check-name.ts";
import type { Mapping } from "../mapping/mapping.ts";
import type { Step } from "../mapping/path.ts";
import { readLeaf } from "../plan/leaf.ts";
import { type Plan, type PlanTarget, targetColumns } from "../plan/plan.ts";
import { allLevels, levelSteps } from "../plan/references.ts";
import { type JsonType, isIdKey, keyStep } from "../raw/shape.ts";
import type { DriftFinding } from "./find-drift.ts";
import { isLeafType } from "./shape-captures.ts";
import { type PathStep, pathSteps } from "./shape-nodes.ts";

/** A leaf path that is new and that the mapping does not know. */
interface NewLeaf {
  readonly path: string;
  readonly steps: readonly PathStep[];
  readonly types: readonly JsonType[];
  readonly texts: readonly string[];
  readonly captures: number;
}

/**
 * YAML for new leaf paths, as `targets:` of a mapping: fields for the table whose row source is the longest prefix of the path,
 * a draft of a table where none reaches it. Null where no path is a new leaf. Findings of known paths are passed over.
 */
export function suggestFields(mapping: Mapping, plan: Plan, findings: readonly DriftFinding[]): string | null {
  const leaves = newLeaves(findings);
  if (leaves.length === 0) return null;
  const documentLevel = levelSteps(plan.documentLevels).length;
  const known = new Map<string, { readonly target: PlanTarget; readonly also: readonly string[]; readonly lines: FieldLines }>();
  const drafts = new Map<string, { readonly source: readonly PathStep[]; readonly lines: FieldLines }>();
  const outside: string[] = [];
  for (const leaf of leaves) {
    const [target, ...others] = targetsOf(plan, leaf.steps);
    const rest = target === undefined ? [] : leaf.steps.slice(levelSteps(allLevels(plan, target)).length);
    if (target === undefined) outside.push(leaf.path);
    else if (rest.every((step) => step.kind === "key")) {
      const lines = known.get(target.name)?.lines ?? new FieldLines(targetColumns(plan, target).map(({ name }) => name));
      lines.add(leaf, rest);
      known.set(target.name, { target, also: others.map(({ name }) => name), lines });
    } else {
      const end = leaf.steps.findLastIndex((step) => step.kind !== "key") + 1;
      const source = leaf.steps.slice(documentLevel, end);
      const lines = drafts.get(render(source))?.lines ?? draftLines(plan, source);
      lines.add(leaf, leaf.steps.slice(end));
      drafts.set(render(source), { source, lines });
    }
  }
  return [
    "# nullable: true, because a shape does not tell whether a value is in every element. Review names and types.",
    ...(known.size + drafts.size === 0 ? [] : ["targets:"]),
    ...[...known.values()].flatMap(({ target, also, lines }) => [
      `  - name: ${target.name} # add to its fields${also.length === 0 ? "" : `; rows of the same source: ${also.join(", ")}`}`,
      ...lines.written(),
    ]),
    ...draftTables(mapping, plan, [...drafts.values()]),
    ...outside.map((path) => `# ${path} is outside of the documents: no row source reaches it`),
  ].join("\n");
}

/** Paths that were nowhere, or null only; each once. */
function newLeaves(findings: readonly DriftFinding[]): readonly NewLeaf[] {
  const leaves = new Map<string, NewLeaf>();
  for (const { kind, path, types, known_types, captures, example } of findings) {
    const added = types.filter(isLeafType);
    if (kind === "vanished" || added.length === 0 || known_types.some((type) => type !== "null")) continue;
    const before = leaves.get(path);
    leaves.set(path, {
      path,
      steps: pathSteps(path),
      types: [...(before?.types ?? []), ...added],
      texts: [...(before?.texts ?? []), ...(example?.texts ?? [])],
      captures: Math.max(before?.captures ?? 0, captures),
    });
  }
  return [...leaves.values()];
}

/** Targets with the longest row source that the path starts with. */
function targetsOf(plan: Plan, path: readonly PathStep[]): readonly PlanTarget[] {
  const matching = plan.targets
    .map((target) => ({ target, steps: levelSteps(allLevels(plan, target)) }))
    .filter(({ steps }) => steps.every((step, at) => takes(step, path[at])));
  const longest = Math.max(...matching.map(({ steps }) => steps.length));
  return matching.filter(({ steps }) => steps.length === longest).map(({ target }) => target);
}

function takes(step: Step, at: PathStep | undefined): boolean {
  switch (step.kind) {
    case "items":
      return at?.kind === "items";
    case "values":
      return at?.kind === "ids" || at?.kind === "key";
    case "key":
      return at?.kind === "ids" ? isIdKey(step.key) : at?.kind === "key" && at.key === step.key;
  }
}

/** The new fields of one table. */
class FieldLines {
  readonly #taken: Set<string>;
  readonly #lines: string[] = [];

  constructor(taken: Iterable<string>) {
    this.#taken = new Set([...taken, ...LINEAGE_COLUMNS]);
  }

  /** A field that is no JSON value; gives its name. */
  addPosition(keys: readonly string[], isArray: boolean, levels: number): string {
    const name = freeName([...keys, isArray ? "index" : "key"], this.#taken, 2);
    const source = [...Array.from({ length: levels }, () => "parent"), isArray ? "index" : "key"].join(".");
    this.#lines.push(`      - { name: ${name}, type: ${isArray ? "INT" : "TEXT"}, source_field: ${source} }`);
    return name;
  }

  /** `steps`: keys from the row to the leaf. */
  add(leaf: NewLeaf, steps: readonly PathStep[]): void {
    const keys = steps.map((step) => (step.kind === "key" ? step.key : ""));
    const tail = keys.at(-1) ?? "value";
    // `id`, `name`, `code`, `type` say little without the key before them.
    const name = freeName(keys.length === 0 ? ["value"] : keys, this.#taken, tail.length <= 4 ? 2 : 1);
    const seen = `${leaf.types.join(", ")} in ${String(leaf.captures)} capture${leaf.captures === 1 ? "" : "s"}`;
    this.#lines.push(
      `      - { name: ${name}, type: ${columnTypeOf(leaf)}, json_path: ${quoted(render(steps))}, nullable: true } # ${seen}`,
    );
  }

  written(): readonly string[] {
    return ["    fields:", ...this.#lines];
  }
}

/** The positions of a new row source are its key: nothing says which of its values are. */
function draftLines(plan: Plan, source: readonly PathStep[]): FieldLines {
  const lines = new FieldLines(plan.fields.map(({ name }) => name));
  const wildcards = source.flatMap((step, at) => (step.kind === "key" ? [] : [at]));
  for (const [level, at] of wildcards.entries())
    lines.addPosition(keysBefore(source, at), source[at]?.kind === "items", wildcards.length - 1 - level);
  return lines;
}

function keysBefore(steps: readonly PathStep[], at: number): readonly string[] {
  const key = steps.slice(0, at).findLast((step) => step.kind === "key");
  return key?.kind === "key" ? [key.key] : [];
}

function draftTables(
  mapping: Mapping,
  plan: Plan,
  drafts: readonly { readonly source: readonly PathStep[]; readonly lines: FieldLines }[],
): readonly string[] {
  const schema = mapping.targets[0]?.name.split(".")[0] ?? mapping.source.endpoint;
  const taken = new Set(mapping.targets.map(({ name }) => name.split(".")[1] ?? ""));
  return drafts.flatMap(({ source, lines }) => {
    const keys = source.flatMap((step) => (step.kind === "key" ? [step.key] : []));
    const name = freeName(keys.length === 0 ? ["rows"] : keys, taken, 1);
    const written = lines.written();
    const positions = written.flatMap((line) => /name: ([a-z0-9_]+),.* source_field: /.exec(line)?.[1] ?? []);
    const word = source.at(-1)?.kind === "items" ? "array_source" : "object_source";
    return [
      `  - name: ${schema}.${name} # a new table: no row source reaches these paths`,
      `    ${word}: ${quoted(render(source))}`,
      "    optional: true",
      `    primary_key: [${[...plan.source.documentKey, ...positions].join(", ")}]`,
      ...written,
    ];
  });
}

/** The last `least` keys in snake_case, with more of those before where that name is taken, with a number at last. */
function freeName(keys: readonly string[], taken: Set<string>, least: number): string {
  const candidates = keys.map((_, at) => snakeCase(keys.slice(-(at + 1)).join("_"))).slice(Math.min(least, keys.length) - 1);
  const longest = candidates.at(-1) ?? "value";
  let name = candidates.find((candidate) => !taken.has(candidate));
  for (let more = 2; name === undefined; more++) {
    const numbered = `${longest.slice(0, MAX_NAME_LENGTH - 6)}_${String(more)}`;
    if (!taken.has(numbered)) name = numbered;
  }
  taken.add(name);
  return name;
}

function snakeCase(text: string): string {
  const words = text
    .replaceAll(/[^A-Za-z0-9]+/g, "_")
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replaceAll(/([A-Z])([A-Z][a-z])/g, "$1_$2")
    .toLowerCase()
    .replaceAll(/^_+|_+$/g, "");
  const name = words === "" ? "value" : /^[0-9]/.test(words) ? `_${words}` : words;
  return name.slice(0, MAX_NAME_LENGTH);
}

/** The narrowest type that takes what was seen; texts are days or times where all of the example's are. */
function columnTypeOf({ types, texts }: NewLeaf): string {
  const seen = new Set(types.filter((type) => type !== "null"));
  const only = (...allowed: readonly JsonType[]): boolean => seen.size > 0 && [...seen].every((type) => allowed.includes(type));
  if (only("boolean")) return "BOOLEAN";
  if (only("int32")) return "INT";
  if (only("int32", "int64")) return "BIGINT";
  if (only("int32", "int64", "integer")) return "NUMERIC(38,0)";
  if (only("int32", "int64", "integer", "number")) return "DOUBLE";
  if (only("string")) {
    const fits = (["DATE", "TIMESTAMPTZ"] as const).find((name) => texts.length > 0 && texts.every((text) => readLeaf({ name }, text).ok));
    return fits ?? "TEXT";
  }
  // No engine keeps the text of a number with a fraction.
  return seen.has("number") ? "JSONB" : "TEXT";
}

function render(steps: readonly PathStep[]): string {
  return `$${steps.map((step) => (step.kind === "items" ? "[*]" : step.kind === "ids" ? ".*" : keyStep(step.key))).join("")}`;
}

/** Brackets and quotes mean something to YAML. */
function quoted(path: string): string {
  return /^[$.A-Za-z0-9_]+$/.test(path) ? path : JSON.stringify(path);
}
