import { sha256Hex } from "../core/hash.ts";
import { type CheckContext, checkNames, problemAt } from "./check-context.ts";
import { checkName, MAX_NAME_LENGTH } from "./check-name.ts";
import type { DraftTarget } from "./draft-target.ts";
import type { Index } from "./mapping.ts";
import type { IndexSpec, PartialSpec } from "./mapping-spec.ts";
import { quoted } from "./report.ts";

/** Checks the indexes of a target. `taken`: names that other targets' indexes have; a schema has each once. */
export function checkIndexes(context: CheckContext, target: DraftTarget, taken: Set<string>): readonly Index[] {
  const list = target.spec.indexes;
  if (list === undefined) return [];
  return list.flatMap((spec, position): readonly Index[] => {
    const index = readIndex(context, target, list, spec);
    if (index === null) return [];
    const schema = target.name.split(".")[0] ?? "";
    if (taken.has(`${schema}.${index.name}`))
      problemAt(context, list, position, {
        code: "mapping.double-name",
        message: `the index ${quoted(index.name)} is there already`,
        expected: "each index once",
        got: `${quoted(index.name)} again`,
      });
    taken.add(`${schema}.${index.name}`);
    return [index];
  });
}

function readIndex(context: CheckContext, target: DraftTarget, list: object, spec: PartialSpec<IndexSpec>): Index | null {
  const known = { what: "column of this target", names: target.columns };
  if (!("fields" in spec)) {
    if (!isList(spec)) return null;
    const fields = checkNames(context, list, "indexes", spec, known);
    refuseJson(context, target, spec, fields, "btree");
    return { name: indexName(target.name, fields), fields, type: "btree", unique: false };
  }
  if (spec.fields === undefined) return null;
  const fields = checkNames(context, spec, "fields", spec.fields, known);
  const type = spec.type ?? "btree";
  refuseJson(context, target, spec.fields, fields, type);
  if (spec.name !== undefined) checkName(context, spec, "name", spec.name, "an index");
  if (spec.unique === true && type !== "btree")
    problemAt(context, spec, "unique", {
      code: "mapping.index",
      message: `an index of type ${type} cannot be unique`,
      expected: "btree",
      got: type,
    });
  if (type === "hash" && fields.length > 1)
    problemAt(context, spec, "fields", {
      code: "mapping.index",
      message: "an index of type hash has one column",
      expected: "one column",
      got: String(fields.length),
    });
  return { name: spec.name ?? indexName(target.name, fields), fields, type, unique: spec.unique ?? false };
}

function isList(spec: PartialSpec<IndexSpec>): spec is readonly string[] {
  return Array.isArray(spec);
}

function refuseJson(
  context: CheckContext,
  target: DraftTarget,
  container: readonly string[],
  fields: readonly string[],
  type: Index["type"],
): void {
  for (const name of fields) {
    const column = target.columns.get(name)?.type;
    if (column === undefined || column === null || (column.name === "JSONB") === (type === "gin")) continue;
    problemAt(context, container, container.indexOf(name), {
      code: "mapping.index",
      message: `the column ${quoted(name)} does not go into an index of type ${type}`,
      expected: type === "gin" ? "JSONB columns" : "no JSONB column (type: gin takes them)",
      got: column.name,
    });
  }
}

/** `<table>_<columns>_idx`; where that is too long, cut and told apart by a hash of the whole. */
export function indexName(table: string, fields: readonly string[]): string {
  const name = `${table.split(".").at(-1) ?? table}_${fields.join("_")}_idx`;
  if (name.length <= MAX_NAME_LENGTH) return name;
  const end = `_${sha256Hex(name).slice(0, 8)}_idx`;
  return name.slice(0, MAX_NAME_LENGTH - end.length) + end;
}
