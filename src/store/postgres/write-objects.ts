import { sha256Hex } from "../../core/hash.ts";
import { stableJson } from "../../core/stable-json.ts";
import type { Mapping, Relationship, Target } from "../../mapping/mapping.ts";
import { quoteName as name } from "../../sql/quote.ts";
import type { TableObject } from "../mapping-schema.ts";
import type { Placement } from "../store-dialect.ts";
import { tableName } from "./placement.ts";
import { writeCheck } from "./write-check.ts";

/** Bytes; a longer one is cut off by the server, silently. */
const MAX_NAME = 63;

/** The indexes of a target, its foreign keys to other targets of the mapping, and those of its rules that are checks. Indexes first: a foreign key may need one. */
export function objectsOf(target: Target, mapping: Mapping): readonly TableObject[] {
  const indexes = target.indexes.map(({ name: index, fields, type, unique }): TableObject => ({
    kind: "index",
    name: index,
    columns: fields,
    method: type,
    unique,
  }));
  const checks = target.rules.flatMap(({ expression, severity }): readonly TableObject[] => {
    const condition = severity === "error" ? writeCheck(expression) : null;
    return condition === null ? [] : [{ kind: "check", name: named(target, condition, "check"), condition }];
  });
  return eachOnce([...indexes, ...checks, ...foreignKeys(target, mapping)]);
}

/** A relationship to many is the foreign key of the other table. */
function foreignKeys(target: Target, mapping: Mapping): readonly TableObject[] {
  const own = target.relationships.filter((relationship) => isEnforced(relationship) && relationship.type !== "one_to_many");
  const others = mapping.targets.flatMap((other) =>
    other.relationships
      .filter((relationship) => isEnforced(relationship) && relationship.type === "one_to_many" && relationship.toTable === target.name)
      .map(({ fromFields, toFields }) => ({ fromFields: toFields, toTable: other.name, toFields: fromFields })),
  );
  return [...own, ...others].map(({ fromFields, toTable, toFields }): TableObject => {
    const key = { columns: fromFields, toTable, toColumns: toFields };
    return { kind: "foreign_key", name: named(target, key, "fkey"), ...key };
  });
}

function isEnforced({ optional }: Relationship): boolean {
  return !optional;
}

/** `<table>_<what it is>_<kind>`: another definition has another name. */
function named({ name: target }: Target, definition: unknown, kind: "fkey" | "check"): string {
  const end = `_${sha256Hex(stableJson(definition)).slice(0, 8)}_${kind}`;
  return (target.split(".")[1] ?? "").slice(0, MAX_NAME - end.length) + end;
}

function eachOnce(objects: readonly TableObject[]): readonly TableObject[] {
  return [...new Map(objects.map((object) => [object.name, object])).values()];
}

/**
 * The statements that make an index or a constraint. A constraint holds for what is written from here on: rows that break it are of documents
 * that a transform makes anew, or of one whose later states all fail. It is valid where there are none.
 */
export function writeObject(table: string, object: TableObject, placement: Placement): readonly string[] {
  const columns = (names: readonly string[]): string => `(${names.map(name).join(", ")})`;
  const place = tableName(placement, table);
  switch (object.kind) {
    case "index":
      return [
        `CREATE ${object.unique ? "UNIQUE " : ""}INDEX ${name(object.name)} ON ${place} USING ${object.method} ${columns(object.columns)}`,
      ];
    case "foreign_key":
      return writeConstraint(
        place,
        object.name,
        `FOREIGN KEY ${columns(object.columns)} REFERENCES ${tableName(placement, object.toTable)} ${columns(object.toColumns)} DEFERRABLE INITIALLY DEFERRED`,
      );
    case "check":
      return writeConstraint(place, object.name, `CHECK (${object.condition})`);
  }
}

function writeConstraint(table: string, constraint: string, definition: string): readonly string[] {
  return [
    `ALTER TABLE ${table} ADD CONSTRAINT ${name(constraint)} ${definition} NOT VALID`,
    `DO $$ BEGIN ALTER TABLE ${table} VALIDATE CONSTRAINT ${name(constraint)}; EXCEPTION WHEN check_violation OR foreign_key_violation THEN NULL; END $$`,
  ];
}

/** The statement that drops it. */
export function writeDropObject(table: string, object: TableObject, placement: Placement): string {
  const place = tableName(placement, table);
  if (object.kind !== "index") return `ALTER TABLE ${place} DROP CONSTRAINT ${name(object.name)}`;
  const [schema = ""] = place.split('"."');
  return `DROP INDEX ${schema}"."${object.name.replaceAll('"', '""')}"`;
}
