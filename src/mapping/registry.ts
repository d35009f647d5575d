import { join } from "node:path";
import { type Problem, ProblemsError } from "../core/errors.ts";
import { checkMapping } from "./check-mapping.ts";
import { checkRegistry, type CheckedFile } from "./check-registry.ts";
import type { Mapping, Target } from "./mapping.ts";
import { readMapping } from "./read-mapping.ts";
import { type MappingFolder, readMappingFolder, stampOfMappingFolder } from "./read-mapping-folder.ts";

/** All mappings of a folder, checked one by one and together. */
export interface Registry {
  /** In order of their names. */
  readonly mappings: readonly Mapping[];
  /** Those that take captures of a method: none, one, or several with filters of their own. */
  find(endpoint: string, method: string): readonly Mapping[];
  /** By `<endpoint>/<file name>`; null where there is none. */
  named(name: string): Mapping | null;
  /** Who fills a table; null where no mapping does. */
  table(table: string): { readonly mapping: Mapping; readonly target: Target } | null;
}

/**
 * Loads `<folder>/<endpoint>/*.yaml`.
 * @throws ProblemsError with the problems of all files and of the registry as a whole.
 * @throws UserError `mapping.folder-missing` where the folder cannot be read.
 */
export async function loadRegistry(folder: string): Promise<Registry> {
  return checkFolder(folder, await readMappingFolder(folder));
}

/** Keeps registries that were loaded; reads a folder again only where a file of it changed. */
export class RegistryCache {
  readonly #kept = new Map<string, { readonly stamp: string; readonly registry: Registry }>();

  /** @throws as `loadRegistry`; what threw is not kept. */
  async load(folder: string): Promise<Registry> {
    const stamp = await stampOfMappingFolder(folder);
    const kept = this.#kept.get(folder);
    if (kept?.stamp === stamp) return kept.registry;
    const registry = await loadRegistry(folder);
    this.#kept.set(folder, { stamp, registry });
    return registry;
  }
}

function checkFolder(folder: string, { files, problems }: MappingFolder): Registry {
  const checked = files.map(({ file, text }): CheckedFile => ({ file, checked: checkMapping(readMapping(text, file)) }));
  const all: readonly Problem[] = [...problems, ...checked.flatMap((each) => each.checked.problems), ...checkRegistry(checked)];
  if (all.length > 0) throw new ProblemsError(sortedByFile(all).map((problem) => ({ ...problem, file: join(folder, problem.file) })));
  return createRegistry(checked.flatMap((each) => (each.checked.mapping === null ? [] : [each.checked.mapping])));
}

/** Makes a registry of mappings that are checked already. */
function createRegistry(mappings: readonly Mapping[]): Registry {
  const sorted = mappings.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const byName = new Map(sorted.map((mapping) => [mapping.name, mapping]));
  const byTable = new Map(sorted.flatMap((mapping) => mapping.targets.map((target) => [target.name, { mapping, target }] as const)));
  return {
    mappings: sorted,
    find: (endpoint, method) => sorted.filter(({ source }) => source.endpoint === endpoint && source.method === method),
    named: (name) => byName.get(name) ?? null,
    table: (table) => byTable.get(table) ?? null,
  };
}

function sortedByFile(problems: readonly Problem[]): readonly Problem[] {
  const order = (problem: Problem): readonly [string, number, number] => [problem.file, problem.line, problem.column];
  return problems.toSorted((left, right) => {
    const [a, b] = [order(left), order(right)];
    if (a[0] !== b[0]) return a[0] < b[0] ? -1 : 1;
    return a[1] - b[1] || a[2] - b[2];
  });
}
