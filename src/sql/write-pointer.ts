import { pointerStep } from "../core/json-pointer.ts";
import type { Level } from "../plan/plan.ts";
import type { Dialect } from "./dialect.ts";
import { positionColumn } from "./slice-tables.ts";

/** SQL text: the JSON pointer of a place, with the positions of the row at hand. */
export function writePointer(levels: readonly Level[], tail: string, dialect: Dialect): string {
  const parts: string[] = [];
  let literal = "";
  for (const [at, level] of levels.entries()) {
    literal += level.keys.map((key) => pointerStep(key)).join("");
    if (level.each === "object") continue;
    const position = dialect.name(positionColumn(at + 1));
    parts.push(dialect.text(`${literal}/`), level.each === "values" ? keyToken(position, dialect) : `CAST(${position} AS VARCHAR)`);
    literal = "";
  }
  literal += tail;
  if (literal !== "" || parts.length === 0) parts.push(dialect.text(literal));
  return `(${parts.join(" || ")})`;
}

/** SQL text: a key as RFC 6901 writes it. */
export function keyToken(key: string, dialect: Dialect): string {
  const tilde = dialect.call("replace", [key, dialect.text("~"), dialect.text("~0")]);
  return dialect.call("replace", [tilde, dialect.text("/"), dialect.text("~1")]);
}
