import type { Level, ReadNode } from "../plan/plan.ts";
import type { Dialect } from "./dialect.ts";

/** SQL of a place below a parsed value, and what is read there. */
export interface Access {
  readonly sql: string;
  readonly node: ReadNode;
}

/** Follows keys from a parsed value. */
export function access(base: Access, keys: readonly string[], dialect: Dialect): Access {
  return keys.reduce((from, key) => step(from, key, dialect), base);
}

function step(from: Access, key: string, dialect: Dialect): Access {
  if (from.node.kind === "map") return { sql: dialect.mapMember(from.sql, key), node: from.node.value };
  const node = from.node.kind === "object" && Object.hasOwn(from.node.keys, key) ? from.node.keys[key] : undefined;
  if (from.node.kind !== "object" || node === undefined) throw new Error(`the read schema has no ${JSON.stringify(key)} at ${from.sql}`);
  return { sql: dialect.readMember(from.sql, from.node, key), node };
}

/** A leaf as text or as JSON, however it is read. */
export function leafSql(leaf: Access, kind: "text" | "json", dialect: Dialect): string {
  return kind === "text" && leaf.node.kind === "json" ? dialect.scalarText(leaf.sql) : leaf.sql;
}

/** The type of `leafSql`. */
export function leafType(leaf: Access, kind: "text" | "json", dialect: Dialect): string {
  if (leaf.node.kind === "typed") return dialect.columnType({ name: leaf.node.type });
  return dialect.columnType({ name: kind === "text" ? "TEXT" : "JSONB" });
}

/** What is read of each element of a container. */
export function elementOf(container: ReadNode, level: Level): ReadNode {
  if (level.each === "object") return container;
  if (level.each === "items" && container.kind === "array") return container.item;
  if (level.each === "values" && container.kind === "map") return container.value;
  throw new Error(`the read schema has a ${container.kind} where ${level.each} are read`);
}
