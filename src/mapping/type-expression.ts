import { type ColumnType, renderColumnType } from "./column-type.ts";
import { type Expression, FUNCTIONS, type ValueType } from "./expression.ts";
import { isDateText, isTimestampText } from "./literal-forms.ts";
import { nearestSpelling } from "./nearest-spelling.ts";
import type { Fault } from "./parse-fault.ts";
import { ROOT_WORDS } from "./parse-path.ts";
import { OwnTypes } from "./own-type.ts";
import { readReference } from "./path-scope.ts";
import { listed, quoted, textLiteral } from "./report.ts";
import type { Scope } from "./scope.ts";
import type { Syntax } from "./syntax.ts";
import { canCast, fitsColumn, valueTypeOf } from "./value-type.ts";

export interface Typed {
  /** Null where there are faults, or where a column that it names is wrong and reported already. */
  readonly expression: Expression | null;
  readonly faults: readonly Fault[];
  /** Columns of the row that it names. */
  readonly columns: ReadonlySet<string>;
}

/** Types a filter or a rule. */
export function typeCondition(syntax: Syntax, scope: Scope): Typed {
  const typing = new Typing(scope);
  return typing.finish(typing.need(syntax, "BOOLEAN", "a condition"));
}

/** Types the expression of a column; its value must be of the column's type. `type` null where that is wrong and reported already. */
export function typeColumnValue(syntax: Syntax, type: ColumnType | null, scope: Scope): Typed {
  const typing = new Typing(scope);
  const wanted = type === null ? "TEXT" : valueTypeOf(type);
  if (wanted === null) {
    typing.fault(syntax, {
      message: "an expression cannot make a JSONB value",
      expected: "json_path for a JSONB column",
      got: "an expression",
    });
    return typing.finish(null);
  }
  const expression = typing.build(syntax, wanted);
  if (expression !== null && type !== null && !typing.hasFaults && !fitsColumn(expression.type, type)) {
    typing.fault(syntax, {
      message: `the expression gives ${expression.type}, the column is ${renderColumnType(type)}`,
      expected: `a value of ${renderColumnType(type)}, or a cast (…)::${renderColumnType(type)}`,
      got: expression.type,
    });
  }
  return typing.finish(expression);
}

type KnownType = Exclude<ValueType, "NULL">;

class Typing {
  readonly #scope: Scope;
  readonly #faults: Fault[];
  readonly #columns = new Set<string>();
  readonly #own: OwnTypes;

  constructor(scope: Scope, faults: Fault[] = []) {
    this.#scope = scope;
    this.#own = new OwnTypes(scope);
    this.#faults = faults;
  }

  finish(expression: Expression | null): Typed {
    return { expression: this.#faults.length > 0 ? null : expression, faults: this.#faults, columns: this.#columns };
  }

  get hasFaults(): boolean {
    return this.#faults.length > 0;
  }

  fault(at: Syntax, fault: Omit<Fault, "offset">): null {
    this.#faults.push({ offset: at.offset, ...fault });
    return null;
  }

  /** A part that must have one type. */
  need(syntax: Syntax, type: KnownType, what: string): Expression | null {
    const own = this.#own.of(syntax);
    const fits = own === type || own === "any" || own === "unknown" || own === "NULL";
    if (!fits) this.fault(syntax, { message: `${what} must be ${type}`, expected: type, got: own });
    return this.build(syntax, type);
  }

  /** Types a part; `wanted` is the type of what has none by itself. */
  build(syntax: Syntax, wanted: KnownType): Expression | null {
    switch (syntax.kind) {
      case "literal":
        return this.#buildLiteral(syntax, syntax.value, wanted);
      case "name":
        return this.#buildName(syntax, syntax.name, wanted);
      case "path":
        return this.#buildPath(syntax, syntax.text, wanted);
      case "compare":
        return this.#buildComparison(syntax);
      case "arithmetic":
        return this.#buildArithmetic(syntax);
      case "negate": {
        const operand = this.#number(syntax.operand);
        return operand === null ? null : { kind: "negate", operand, type: operand.type === "BIGINT" ? "BIGINT" : "DOUBLE" };
      }
      case "and":
      case "or": {
        const operands = present(
          syntax.operands.map((operand) => this.need(operand, "BOOLEAN", `what stands beside ${quoted(syntax.kind)}`)),
        );
        return operands === null ? null : { kind: syntax.kind, operands, type: "BOOLEAN" };
      }
      case "not": {
        const operand = this.need(syntax.operand, "BOOLEAN", 'what stands after "not"');
        return operand === null ? null : { kind: "not", operand, type: "BOOLEAN" };
      }
      case "is": {
        const operand =
          syntax.test === "null"
            ? this.#buildAny(syntax.operand)
            : this.need(syntax.operand, "BOOLEAN", `what stands before "is ${syntax.test}"`);
        return operand === null ? null : { kind: "is", operand, test: syntax.test, negated: syntax.negated, type: "BOOLEAN" };
      }
      case "in":
        return this.#buildIn(syntax);
      case "between": {
        const parts = this.#buildSame(syntax, [syntax.operand, syntax.low, syntax.high], "between");
        const [operand, low, high] = parts ?? [];
        if (operand?.type === "BOOLEAN")
          return this.fault(syntax, {
            message: "BOOLEAN values have no order",
            expected: "numbers, texts, dates or times",
            got: "BOOLEAN",
          });
        return operand === undefined || low === undefined || high === undefined
          ? null
          : { kind: "between", operand, low, high, negated: syntax.negated, type: "BOOLEAN" };
      }
      case "like": {
        const operand = this.need(syntax.operand, "TEXT", 'what stands before "like"');
        return operand === null ? null : { kind: "like", operand, pattern: syntax.pattern, negated: syntax.negated, type: "BOOLEAN" };
      }
      case "case":
        return this.#buildCase(syntax, wanted);
      case "cast":
        return this.#buildCast(syntax, syntax.operand, syntax.to);
      case "call":
        return this.#buildCall(syntax, wanted);
      case "aggregate":
        return this.#buildAggregate(syntax);
    }
  }

  #buildLiteral(syntax: Syntax, value: bigint | number | string | boolean | null, wanted: KnownType): Expression | null {
    if (value === null) return { kind: "literal", value, type: "NULL" };
    if (typeof value === "bigint") return { kind: "literal", value, type: "BIGINT" };
    if (typeof value === "number") return { kind: "literal", value, type: "DOUBLE" };
    if (typeof value === "boolean") return { kind: "literal", value, type: "BOOLEAN" };
    if (wanted !== "DATE" && wanted !== "TIMESTAMPTZ") return { kind: "literal", value, type: "TEXT" };
    if (wanted === "DATE" ? isDateText(value) : isTimestampText(value)) return { kind: "literal", value, type: wanted };
    return this.fault(syntax, {
      message: `${quoted(value)} is no ${wanted}`,
      expected: wanted === "DATE" ? "'YYYY-MM-DD'" : "'YYYY-MM-DDTHH:MM:SSZ'",
      got: textLiteral(value),
    });
  }

  #buildName(syntax: Syntax, name: string, wanted: KnownType): Expression | null {
    const { columns, paths } = this.#scope;
    const type = columns.get(name);
    if (type !== undefined) {
      this.#columns.add(name);
      return type === null ? null : { kind: "column", name, type: valueTypeOf(type) ?? "TEXT" };
    }
    if (name === "parent" || name === "document" || paths?.lookups.includes(name) === true) return this.#buildPath(syntax, name, wanted);
    return this.fault(syntax, {
      message: `unknown column ${quoted(name)}`,
      expected: columns.size === 0 ? "no columns here" : "a column of this row",
      got: quoted(name),
      didYouMean: nearestSpelling(name, [...columns.keys(), ...(paths?.lookups ?? [])]),
    });
  }

  #buildPath(syntax: Syntax, text: string, wanted: KnownType): Expression | null {
    const parameter = /^parameters\.([A-Za-z_][A-Za-z0-9_]*)$/.exec(text)?.[1];
    if (parameter !== undefined && this.#scope.parameters) return { kind: "parameter", name: parameter, type: "TEXT" };
    if (/^parameters\b/.test(text))
      return this.fault(syntax, {
        message: `${quoted(text)} cannot be used here`,
        expected: "a column with source_field: parameters.x (parameters.x itself in source.filter only)",
        got: quoted(text),
      });
    if (this.#scope.paths === null) {
      return this.fault(syntax, {
        message: `the path ${quoted(text)} cannot be used here`,
        expected: this.#scope.parameters ? "parameters.x" : "columns",
        got: quoted(text),
        didYouMean: nearestSpelling(text.split(".")[0] ?? "", this.#scope.parameters ? ROOT_WORDS : []),
      });
    }
    const parsed = readReference(text, this.#scope.paths);
    if (!parsed.ok) {
      const { offset, ...fault } = parsed.fault;
      this.#faults.push({ offset: syntax.offset + offset, ...fault });
      return null;
    }
    return { kind: "path", reference: parsed.value, type: wanted };
  }

  #buildComparison(syntax: Extract<Syntax, { kind: "compare" }>): Expression | null {
    const nullSide = [syntax.left, syntax.right].find((side) => side.kind === "literal" && side.value === null);
    if (nullSide !== undefined)
      return this.fault(nullSide, {
        message: "a comparison with null is never true",
        expected: '"is null" or "is not null"',
        got: `"${syntax.operator} null"`,
      });
    const [left, right] = this.#buildSame(syntax, [syntax.left, syntax.right], syntax.operator) ?? [];
    if (left === undefined || right === undefined) return null;
    const isOrder = syntax.operator !== "=" && syntax.operator !== "!=";
    if (isOrder && left.type === "BOOLEAN")
      return this.fault(syntax, { message: "BOOLEAN values have no order", expected: "= or !=", got: quoted(syntax.operator) });
    return { kind: "compare", operator: syntax.operator, left, right, type: "BOOLEAN" };
  }

  #buildIn(syntax: Extract<Syntax, { kind: "in" }>): Expression | null {
    const nullValue = syntax.values.find((value) => value.kind === "literal" && value.value === null);
    if (nullValue !== undefined)
      return this.fault(nullValue, {
        message: "null is in no list",
        expected: 'values that are not null (and "or … is null")',
        got: "null",
      });
    const [operand, ...values] = this.#buildSame(syntax, [syntax.operand, ...syntax.values], "in") ?? [];
    return operand === undefined ? null : { kind: "in", operand, values, negated: syntax.negated, type: "BOOLEAN" };
  }

  #buildArithmetic(syntax: Extract<Syntax, { kind: "arithmetic" }>): Expression | null {
    const left = this.#number(syntax.left);
    const right = this.#number(syntax.right);
    if (left === null || right === null) return null;
    const type = syntax.operator !== "/" && left.type === "BIGINT" && right.type === "BIGINT" ? "BIGINT" : "DOUBLE";
    return { kind: "arithmetic", operator: syntax.operator, left, right, type };
  }

  #number(syntax: Syntax): Expression | null {
    const own = this.#own.of(syntax);
    const isNumber = own === "BIGINT" || own === "DOUBLE" || own === "any" || own === "unknown";
    if (!isNumber) this.fault(syntax, { message: "arithmetic needs numbers", expected: "BIGINT or DOUBLE", got: own });
    return this.build(syntax, "DOUBLE");
  }

  #buildCase(syntax: Extract<Syntax, { kind: "case" }>, wanted: KnownType): Expression | null {
    const { operand, branches, otherwise } = syntax;
    const whens =
      operand === null
        ? present(branches.map(({ when }) => this.need(when, "BOOLEAN", 'what stands after "when"')))
        : this.#buildCaseValues(syntax, operand);
    const results = this.#buildSame(
      syntax,
      [...branches.map(({ then }) => then), ...(otherwise === null ? [] : [otherwise])],
      "case",
      wanted,
    );
    if (whens === null || results === null) return null;
    return {
      kind: "case",
      branches: whens.flatMap((when, position) => {
        const then = results[position];
        return then === undefined ? [] : [{ when, then }];
      }),
      otherwise: otherwise === null ? null : (results.at(-1) ?? null),
      type: this.#valueType(syntax, wanted),
    };
  }

  /** `case x when v` is `case when x = v`. */
  #buildCaseValues(syntax: Extract<Syntax, { kind: "case" }>, operand: Syntax): readonly Expression[] | null {
    const parts = this.#buildSame(syntax, [operand, ...syntax.branches.map(({ when }) => when)], "case");
    const [left, ...values] = parts ?? [];
    return left === undefined ? null : values.map((right) => ({ kind: "compare", operator: "=", left, right, type: "BOOLEAN" }));
  }

  #buildCast(syntax: Syntax, inner: Syntax, to: ColumnType): Expression | null {
    const operand = this.build(inner, "TEXT");
    const own = this.#own.of(inner);
    const type = valueTypeOf(to);
    if (type === null || own === "JSONB")
      return this.fault(syntax, {
        message: "JSONB values are not cast",
        expected: "json_path to the value, with its type",
        got: type === null ? "::JSONB" : "a JSONB column",
      });
    if (operand === null) return null;
    if (!canCast(operand.type, to))
      return this.fault(syntax, {
        message: `${operand.type} is not cast to ${renderColumnType(to)}: its text differs between engines or never fits`,
        expected: "a TEXT value, or a type that holds the same",
        got: `${operand.type}::${renderColumnType(to)}`,
      });
    return { kind: "cast", operand, to, type };
  }

  #buildCall(syntax: Extract<Syntax, { kind: "call" }>, wanted: KnownType): Expression | null {
    const signature = FUNCTIONS[syntax.name];
    const count = signature.arguments.length;
    // A call without arguments does not parse.
    const isRight = signature.rest === true || syntax.arguments.length === count;
    if (!isRight) {
      return this.fault(syntax, {
        message: `${syntax.name} takes another number of arguments`,
        expected: `${String(count)} (${listed(signature.arguments.map((each) => (each === "same" ? "one type" : each)))})`,
        got: String(syntax.arguments.length),
      });
    }
    const isSame = signature.arguments[0] === "same";
    const values = isSame
      ? this.#buildSameArguments(syntax, wanted)
      : present(syntax.arguments.map((value, position) => this.#buildArgument(syntax, value, position)));
    if (values === null) return null;
    return {
      kind: "call",
      name: syntax.name,
      arguments: values,
      type: this.#valueType(syntax, wanted),
    };
  }

  #buildSameArguments(syntax: Extract<Syntax, { kind: "call" }>, wanted: KnownType): readonly Expression[] | null {
    if (syntax.name === "abs") return present(syntax.arguments.map((value) => this.#number(value)));
    return this.#buildSame(syntax, syntax.arguments, syntax.name, wanted);
  }

  #buildArgument(syntax: Extract<Syntax, { kind: "call" }>, value: Syntax, position: number): Expression | null {
    const types = FUNCTIONS[syntax.name].arguments;
    const type = types[Math.min(position, types.length - 1)];
    return type === undefined || type === "same" || type === "NULL"
      ? this.build(value, "TEXT")
      : this.need(value, type, `argument ${String(position + 1)} of ${syntax.name}`);
  }

  #buildAggregate(syntax: Extract<Syntax, { kind: "aggregate" }>): Expression | null {
    const scope = this.#scope.aggregates;
    if (scope === null)
      return this.fault(syntax, {
        message: "aggregates are for rules",
        expected: "(select …) in data_quality only, and not inside another one",
        got: `(select ${syntax.name} …)`,
      });
    const target = scope.targets.get(syntax.target);
    if (target === undefined) {
      return this.fault(syntax, {
        message: `unknown target ${quoted(syntax.target)}`,
        expected: "a target of this mapping",
        got: quoted(syntax.target),
        didYouMean: nearestSpelling(syntax.target, scope.targets.keys()),
      });
    }
    const inner = new Typing({ columns: target.columns, paths: null, parameters: false, aggregates: null }, this.#faults);
    const where = syntax.where === null ? null : inner.need(syntax.where, "BOOLEAN", 'what stands after "where"');
    const operand = syntax.operand === null ? null : inner.#aggregateOperand(syntax.name, syntax.operand);
    if ((syntax.where !== null && where === null) || (syntax.operand !== null && operand === null)) return null;
    const correlatedOn = scope.primaryKey.filter((name) => target.primaryKey.includes(name));
    for (const name of correlatedOn) {
      const [here, there] = [this.#scope.columns.get(name), target.columns.get(name)];
      if (here === undefined || here === null || there === undefined || there === null || here.name === there.name) continue;
      this.fault(syntax, {
        message: `the shared key column ${quoted(name)} is ${here.name} here and ${there.name} in ${syntax.target}`,
        expected: "one type (rows are matched on it)",
        got: `${here.name} and ${there.name}`,
      });
    }
    return {
      kind: "aggregate",
      name: syntax.name,
      target: syntax.target,
      operand,
      where,
      correlatedOn,
      type: aggregateType(syntax.name, operand),
    };
  }

  #aggregateOperand(name: string, syntax: Syntax): Expression | null {
    if (name === "count") return this.#buildAny(syntax);
    if (name === "sum" || name === "avg") return this.#number(syntax);
    const own = this.#own.of(syntax);
    if (own === "BOOLEAN" || own === "JSONB")
      this.fault(syntax, { message: `${name} needs values with an order`, expected: "numbers, texts, dates or times", got: own });
    return this.build(syntax, "TEXT");
  }

  /** A part of which only matters whether it is there. */
  #buildAny(syntax: Syntax): Expression | null {
    return this.build(syntax, "TEXT");
  }

  /** Parts that must have one type among them; null where they have not. */
  #buildSame(at: Syntax, parts: readonly Syntax[], what: string, wanted: KnownType = "TEXT"): readonly Expression[] | null {
    const own = this.#own.common(parts);
    if (own === "mixed") {
      const types = [...new Set(parts.map((part) => this.#own.of(part)).filter((type) => type !== "any" && type !== "NULL"))];
      const isJson = types.includes("JSONB");
      this.fault(at, {
        message: isJson ? "JSONB values can only be tested with is null" : `${quoted(what)} mixes ${types.join(" and ")}`,
        expected: isJson ? "is null, is not null" : "values of one type (::TYPE makes one)",
        got: types.join(" and "),
      });
    }
    const type = own === "any" || own === "mixed" || own === "unknown" || own === "JSONB" || own === "NULL" ? wanted : own;
    const built = present(parts.map((part) => this.build(part, type)));
    return own === "mixed" || own === "unknown" ? null : built;
  }

  /** The type of a `case` or of a function. */
  #valueType(syntax: Syntax, wanted: KnownType): ValueType {
    const own = this.#own.of(syntax);
    return own === "any" || own === "unknown" || own === "JSONB" ? wanted : own;
  }
}

function aggregateType(name: string, operand: Expression | null): ValueType {
  if (name === "count" || operand === null) return "BIGINT";
  return name === "avg" ? "DOUBLE" : operand.type;
}

/** All of them; null where one is missing. */
function present(parts: readonly (Expression | null)[]): readonly Expression[] | null {
  const found = parts.filter((part) => part !== null);
  return found.length === parts.length ? found : null;
}
