import { UserError } from "../core/errors.ts";
import type { Mapping, Target } from "../mapping/mapping.ts";
import { nearestSpelling } from "../mapping/nearest-spelling.ts";
import type { Registry } from "../mapping/registry.ts";

/** A mapping by its name, or by one of its tables, which is then given too. @throws UserError `mapping.unknown`. */
export function mappingNamed(registry: Registry, name: string): { readonly mapping: Mapping; readonly target: Target | null } {
  const mapping = registry.named(name);
  if (mapping !== null) return { mapping, target: null };
  const table = registry.table(name);
  if (table !== null) return table;
  const names = registry.mappings.map((known) => known.name);
  const near = nearestSpelling(name, [...names, ...registry.mappings.flatMap((known) => known.targets.map((target) => target.name))]);
  throw new UserError({
    code: "mapping.unknown",
    message: "no mapping and no table has this name",
    expected: names.length === 0 ? "a file under the mappings folder" : `one of: ${names.join(", ")}, or one of their tables`,
    got: JSON.stringify(name.slice(0, 200)),
    next: near === null ? "mlb-etl mapping list shows all" : `did you mean ${near}?`,
  });
}
