import { FUNCTIONS, type ValueType } from "./expression.ts";
import type { Scope } from "./scope.ts";
import type { Syntax } from "./syntax.ts";
import { valueTypeOf } from "./value-type.ts";

/** The type that a part has by itself. `any`: a path, which takes the type it is compared with. `unknown`: wrong, and reported elsewhere. */
export type OwnType = ValueType | "JSONB" | "any" | "unknown";

/** Finds the types that parts have by themselves, before any is given to a path. Reports nothing. */
export class OwnTypes {
  readonly #scope: Scope;
  readonly #known = new Map<Syntax, OwnType>();

  constructor(scope: Scope) {
    this.#scope = scope;
  }

  /** The type that parts have in common; `mixed` where they have none. */
  common(parts: readonly Syntax[]): OwnType | "mixed" {
    const types = new Set(parts.map((part) => this.of(part)));
    if (types.has("unknown")) return "unknown";
    if (types.has("JSONB")) return "mixed";
    const isNullOnly = types.size === 1 && types.has("NULL");
    if (isNullOnly) return "NULL";
    types.delete("any");
    types.delete("NULL");
    const [first, second] = types;
    if (first === undefined) return "any";
    if (second === undefined) return first;
    if (types.size > 2) return "mixed";
    if (types.has("BIGINT") && types.has("DOUBLE")) return "DOUBLE";
    const time = (["DATE", "TIMESTAMPTZ"] as const).find((type) => types.has(type));
    const textsAreLiterals = parts.every((part) => this.of(part) !== "TEXT" || part.kind === "literal");
    return time !== undefined && types.has("TEXT") && textsAreLiterals ? time : "mixed";
  }

  of(syntax: Syntax): OwnType {
    const before = this.#known.get(syntax);
    if (before !== undefined) return before;
    const type = this.#findOwnType(syntax);
    this.#known.set(syntax, type);
    return type;
  }

  #findOwnType(syntax: Syntax): OwnType {
    switch (syntax.kind) {
      case "literal":
        return literalType(syntax.value);
      case "name": {
        const type = this.#scope.columns.get(syntax.name);
        if (type === undefined) return this.#isPathRoot(syntax.name) ? "any" : "unknown";
        return type === null ? "unknown" : (valueTypeOf(type) ?? "JSONB");
      }
      case "path":
        return /^parameters\b/.test(syntax.text) ? "TEXT" : "any";
      case "compare":
      case "and":
      case "or":
      case "not":
      case "is":
      case "in":
      case "between":
      case "like":
        return "BOOLEAN";
      case "arithmetic":
        return syntax.operator !== "/" && this.of(syntax.left) === "BIGINT" && this.of(syntax.right) === "BIGINT" ? "BIGINT" : "DOUBLE";
      case "negate":
        return this.of(syntax.operand) === "BIGINT" ? "BIGINT" : "DOUBLE";
      case "case":
        return known(this.common([...syntax.branches.map(({ then }) => then), ...(syntax.otherwise === null ? [] : [syntax.otherwise])]));
      case "cast":
        return valueTypeOf(syntax.to) ?? "unknown";
      case "call": {
        const { result } = FUNCTIONS[syntax.name];
        if (result !== "same") return result;
        const common = known(this.common(syntax.arguments));
        if (syntax.name !== "abs" || common === "BIGINT" || common === "DOUBLE") return common;
        return common === "any" ? "DOUBLE" : "unknown";
      }
      case "aggregate":
        return this.#aggregateOwnType(syntax);
    }
  }

  #aggregateOwnType(syntax: Extract<Syntax, { kind: "aggregate" }>): OwnType {
    if (syntax.name === "count") return "BIGINT";
    if (syntax.name === "avg") return "DOUBLE";
    const target = this.#scope.aggregates?.targets.get(syntax.target);
    if (target === undefined || syntax.operand === null) return "unknown";
    return new OwnTypes({ columns: target.columns, paths: null, parameters: false, aggregates: null }).of(syntax.operand);
  }

  #isPathRoot(name: string): boolean {
    return name === "parent" || name === "document" || this.#scope.paths?.lookups.includes(name) === true;
  }
}

function known(type: OwnType | "mixed"): OwnType {
  return type === "mixed" ? "unknown" : type;
}

function literalType(value: bigint | number | string | boolean | null): ValueType {
  if (value === null) return "NULL";
  if (typeof value === "bigint") return "BIGINT";
  if (typeof value === "number") return "DOUBLE";
  return typeof value === "string" ? "TEXT" : "BOOLEAN";
}
