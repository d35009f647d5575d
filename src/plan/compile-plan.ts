import { sha256Hex } from "../core/hash.ts";
import { stableJson } from "../core/stable-json.ts";
import type { Field, Lookup, Mapping, RowSource, Target } from "../mapping/mapping.ts";
import type { Path } from "../mapping/path.ts";
import type { Level, LookupLeaf, LookupTable, Plan, PlanColumn, PlanLookup, PlanRelationship, PlanTarget, ReadNode } from "./plan.ts";
import { type ReadPath, readSchemaOf } from "./read-schema.ts";
import { allLevels, columnReferences, containerOfPlace, keySteps, levelOf, levelSteps, targetReferences } from "./references.ts";

export interface CompileOptions {
  /** Every bad value quarantines (`--strict`). Default false. */
  readonly strict?: boolean;
}

/** Compiles a checked mapping. Deterministic: the same mapping gives the same plan and fingerprint. */
export function compilePlan(mapping: Mapping, options: CompileOptions = {}): Plan {
  const strict = options.strict ?? false;
  const documentLevels = mapping.source.arraySource === null ? [] : levelsOf(mapping.source.arraySource);
  const tables = new LookupTables(mapping.targets.flatMap((target) => target.lookups));
  const fields = mapping.fields.map((field) => compileColumn(field, strict));
  const fieldNames = new Set(fields.map((field) => field.name));
  const targets = mapping.targets
    .map((target) => compileTarget(target, mapping.targets, fieldNames, tables, strict))
    .map((target) => ({ ...target, read: targetRead(target, documentLevels.length) }));
  const lookupTables = tables.withLeavesOf(targets);
  const draft = {
    mapping: mapping.name,
    strict,
    source: mapping.source,
    nullValues: mapping.nullValues,
    read: readSchemaOf(readPaths(mapping, documentLevels, fields, targets, lookupTables)),
    documentLevels,
    fields,
    lookupTables,
    targets,
    parameters: parametersOf(fields, targets),
  };
  return deepFreeze({ ...draft, fingerprint: fingerprintOf(draft) });
}

/** Names the captures that a mapping takes and what it reads of them: the document index is keyed by it. */
export function sourceFingerprint(plan: Pick<Plan, "source" | "fields" | "documentLevels" | "nullValues">): string {
  const named = new Set([...plan.source.documentKey, ...(plan.source.date === null ? [] : [plan.source.date])]);
  return sha256Hex(
    stableJson({
      source: plan.source,
      levels: plan.documentLevels,
      nullValues: plan.nullValues,
      fields: plan.fields.flatMap(({ name, type, value, default: byDefault }) =>
        named.has(name) ? [{ name, type, value, default: byDefault }] : [],
      ),
    }),
  );
}

function levelsOf(path: Path): readonly Level[] {
  const levels: Level[] = [];
  let keys: string[] = [];
  for (const step of path) {
    if (step.kind === "key") keys.push(step.key);
    else {
      levels.push({ keys, each: step.kind });
      keys = [];
    }
  }
  if (keys.length > 0) levels.push({ keys, each: "object" });
  return levels;
}

function rowLevels(source: RowSource): readonly Level[] {
  return source.kind === "document" ? [] : levelsOf(source.path);
}

function compileColumn(field: Field, strict: boolean): PlanColumn {
  return {
    name: field.name,
    type: field.type,
    nullable: field.nullable,
    value: field.value,
    default: field.default,
    onBadValue: strict ? "quarantine" : field.onBadValue,
  };
}

function compileTarget(
  target: Target,
  targets: readonly Target[],
  fieldNames: ReadonlySet<string>,
  tables: LookupTables,
  strict: boolean,
): Omit<PlanTarget, "read"> {
  return {
    name: target.name,
    levels: rowLevels(target.rowSource),
    optional: target.optional,
    filter: target.filter,
    lookups: target.lookups.map((lookup) => compileLookup(lookup, tables)),
    primaryKey: target.primaryKey,
    columns: target.fields.filter((field) => !fieldNames.has(field.name)).map((field) => compileColumn(field, strict)),
    rules: target.rules.map(({ rule, expression, severity }) => ({ rule, expression, severity })),
    relationships: enforced(targets, target.name),
  };
}

/** The relationships that the gate checks in a target's rows: its own, and those of others that say it holds the many. */
function enforced(targets: readonly Target[], name: string): readonly PlanRelationship[] {
  return targets.flatMap((target) =>
    target.relationships.flatMap(({ type, optional, fromFields, toTable, toFields }): PlanRelationship[] => {
      const isReversed = type === "one_to_many";
      if (optional || (isReversed ? toTable : target.name) !== name) return [];
      return [isReversed ? { fromFields: toFields, toTable: target.name, toFields: fromFields } : { fromFields, toTable, toFields }];
    }),
  );
}

function compileLookup(lookup: Lookup, tables: LookupTables): PlanLookup {
  return {
    name: lookup.name,
    places: lookup.places.map((place) => ({
      ...tables.at(place),
      prefix: place.prefix,
      reference: place.reference,
    })),
  };
}

/** The containers that lookups go to, each once; objects that one lookup looks in together, in one table. */
class LookupTables {
  readonly #tables: { readonly containers: readonly (readonly string[])[]; readonly by: "key" | "position" }[] = [];

  constructor(lookups: readonly Lookup[]) {
    for (const { places } of lookups.toSorted((a, b) => b.places.length - a.places.length)) {
      if (places.every((place) => place.by === "key" && this.#find(place) === null)) {
        const once = new Map(places.map(({ container }) => [container.join("\u0000"), container]));
        this.#tables.push({ containers: [...once.values()], by: "key" });
      } else for (const place of places) if (this.#find(place) === null) this.#tables.push({ containers: [place.container], by: place.by });
    }
  }

  /** @throws Error for a place of no lookup that it was made of. */
  at(place: Pick<Lookup["places"][number], "by" | "container">): { readonly table: number; readonly container: number } {
    const found = this.#find(place);
    if (found === null) throw new Error(`no lookup table of ${place.container.join(".")}`);
    return found;
  }

  #find({
    by,
    container,
  }: Pick<Lookup["places"][number], "by" | "container">): { readonly table: number; readonly container: number } | null {
    const keys = container.join("\u0000");
    for (const [table, { by: known, containers }] of this.#tables.entries()) {
      const at = known === by ? containers.findIndex((candidate) => candidate.join("\u0000") === keys) : -1;
      if (at >= 0) return { table, container: at };
    }
    return null;
  }

  withLeavesOf(targets: readonly PlanTarget[]): readonly LookupTable[] {
    return this.#tables.map((table, position) => {
      const leaves = new Map<string, LookupLeaf>();
      for (const target of targets) {
        const names = new Set(
          target.lookups.filter((lookup) => lookup.places.some((place) => place.table === position)).map((lookup) => lookup.name),
        );
        for (const { reference, kind } of targetReferences(target)) {
          if (reference.root.kind === "lookup" && names.has(reference.root.name))
            leaves.set(`${kind} ${reference.keys.join("\u0000")}`, { keys: reference.keys, kind });
        }
      }
      const each = [{ kind: table.by === "key" ? ("values" as const) : ("items" as const) }];
      const read = readSchemaOf([
        { steps: each, kind: "container" },
        ...[...leaves.values()].map((leaf): ReadPath => ({ steps: [...each, ...keySteps(leaf.keys)], kind: leaf.kind })),
      ]);
      return { ...table, leaves: [...leaves.values()], read };
    });
  }
}

/** What a target reads below its first container: levels are counted from that container. */
function targetRead(target: Omit<PlanTarget, "read">, documentLevel: number): ReadNode | null {
  const [first, ...inner] = target.levels;
  if (first === undefined) return null;
  const levels: readonly Level[] = [{ keys: [], each: first.each }, ...inner];
  const paths: ReadPath[] = [{ steps: levelSteps(levels), kind: "container" }];
  for (const { reference, kind } of targetReferences(target)) {
    const level = levelOf(reference, documentLevel, documentLevel + levels.length);
    if (level !== null && level > documentLevel)
      paths.push({ steps: [...levelSteps(levels.slice(0, level - documentLevel)), ...keySteps(reference.keys)], kind });
  }
  return readSchemaOf(paths);
}

function readPaths(
  mapping: Mapping,
  documentLevels: readonly Level[],
  fields: readonly PlanColumn[],
  targets: readonly PlanTarget[],
  lookupTables: readonly LookupTable[],
): readonly ReadPath[] {
  const documentLevel = documentLevels.length;
  const paths: ReadPath[] = [];
  const add = (levels: readonly Level[], level: number, keys: readonly string[], kind: ReadPath["kind"]): void => {
    paths.push({ steps: [...levelSteps(levels.slice(0, level)), ...keySteps(keys)], kind });
  };
  if (mapping.source.version !== null) {
    const { reference } = mapping.source.version;
    add(documentLevels, levelOf(reference, documentLevel, documentLevel) ?? documentLevel, reference.keys, "text");
  }
  for (const field of fields) {
    for (const { reference, kind } of columnReferences(field))
      add(documentLevels, levelOf(reference, documentLevel, documentLevel) ?? documentLevel, reference.keys, kind);
  }
  for (const target of targets) {
    const levels = allLevels({ documentLevels }, target);
    add(levels, levels.length, [], "container");
    for (const { reference, kind } of targetReferences(target)) {
      const level = levelOf(reference, documentLevel, levels.length);
      if (level !== null) add(levels, level, reference.keys, kind);
    }
  }
  for (const table of lookupTables) {
    for (const keys of table.containers) {
      const levels: readonly Level[] = [...documentLevels, { keys, each: table.by === "key" ? "values" : "items" }];
      add(levels, levels.length, [], "container");
      for (const leaf of table.leaves) add(levels, levels.length, leaf.keys, leaf.kind);
    }
  }
  return paths;
}

function parametersOf(fields: readonly PlanColumn[], targets: readonly PlanTarget[]): readonly string[] {
  const columns = [...fields, ...targets.flatMap((target) => target.columns)];
  const names = columns.flatMap(({ value }) =>
    value.kind === "source_field" && value.source.kind === "parameter" ? [value.source.name] : [],
  );
  return [...new Set(names)].toSorted();
}

/**
 * Warnings change no row and no verdict, nor does which containers are laid out together: a change of those makes no document behind.
 * A lookup's container counts by itself, in the order of being named.
 */
function fingerprintOf(draft: Omit<Plan, "fingerprint">): string {
  const { read: _all, ...decides } = draft;
  const named = new Map<string, number>();
  const lookupTables: { readonly keys: readonly string[]; readonly by: LookupTable["by"] }[] = [];
  const numberOf = (place: PlanLookup["places"][number]): number => {
    const { container: keys, by } = containerOfPlace(draft, place);
    const known = named.get(stableJson([by, keys]));
    if (known !== undefined) return known;
    named.set(stableJson([by, keys]), lookupTables.length);
    return lookupTables.push({ keys, by }) - 1;
  };
  const targets = draft.targets.map(({ read: _read, ...target }) => ({
    ...target,
    lookups: target.lookups.map(({ name, places }) => ({
      name,
      places: places.map((place) => ({ table: numberOf(place), prefix: place.prefix, reference: place.reference })),
    })),
    rules: target.rules.filter((rule) => rule.severity === "error"),
  }));
  return sha256Hex(stableJson({ ...decides, lookupTables, targets }));
}

function deepFreeze<T>(value: T): T {
  // What is no object is frozen.
  if (!Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value as object)) deepFreeze(inner);
  }
  return value;
}
