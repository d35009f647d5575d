import type { Mapping, Target } from "../mapping/mapping.ts";
import type { OpenStore } from "../store/open-store.ts";
import { UserError } from "../core/errors.ts";
import { canonicalRows } from "../store/read-rows.ts";
import { DigestBuilder, type TableDigest, combineDigests } from "./digest.ts";

export interface TargetDigest extends TableDigest {
  readonly name: string;
}

/** Those of the mappings' tables that are there. */
export async function storedTables(store: OpenStore, mappings: readonly Mapping[]): Promise<ReadonlySet<string>> {
  const names = mappings.flatMap(({ targets }) => targets.map(({ name }) => name));
  return new Set((await store.readTables(names)).map(({ name }) => name));
}

/** The digest of each target that is there, in the order of the mappings. @throws UserError `store.behind`. */
export async function digestTargets(
  store: OpenStore,
  mappings: readonly Mapping[],
  onTarget: (name: string) => void = () => undefined,
): Promise<readonly TargetDigest[]> {
  const found: TargetDigest[] = [];
  const tables = await storedTables(store, mappings);
  for (const target of mappings.flatMap((mapping) => mapping.targets).filter((candidate) => tables.has(candidate.name))) {
    await requireColumns(store, target);
    const builder = new DigestBuilder(target.fields.map((field) => field.type));
    for await (const batch of canonicalRows(store, target)) for (const row of batch) builder.add(row);
    found.push({ name: target.name, ...builder.result() });
    onTarget(target.name);
  }
  return found;
}

/** One digest over all tables of mappings. */
export async function digestStore(store: OpenStore, mappings: readonly Mapping[]): Promise<string> {
  return combineDigests(await digestTargets(store, mappings));
}

/** @throws UserError `store.behind` where the mapping has columns that the store has not yet. */
async function requireColumns(store: OpenStore, target: Target): Promise<void> {
  const [table] = await store.readTables([target.name]);
  const stored = new Set(table?.columns.map(({ name }) => name));
  const missing = target.fields.filter((field) => !stored.has(field.name)).map((field) => field.name);
  if (missing.length === 0) return;
  throw new UserError({
    code: "store.behind",
    message: `the store is behind the mapping: ${target.name} has no ${missing.join(", ")} yet`,
    next: "mlb-etl transform … --save adds the columns and fills them",
  });
}
