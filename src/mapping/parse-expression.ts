import { COLUMN_TYPE_SPELLINGS, type ColumnType, parseColumnType } from "./column-type.ts";
import { type Aggregate, AGGREGATES, type Comparison, COMPARISONS, FUNCTION_NAMES, type FunctionName } from "./expression.ts";
import { nearestSpelling } from "./nearest-spelling.ts";
import { type Fault, FaultError, type Parsed, parsedBy } from "./parse-fault.ts";
import { listed, quoted, textLiteral } from "./report.ts";
import type { Syntax, SyntaxNode } from "./syntax.ts";
import { KEYWORDS, type Token, tokenize } from "./tokenize.ts";

const MAX_LENGTH = 4_000;
/** Of the tree, and of parentheses. */
const MAX_DEPTH = 50;
const MAX_BIGINT = 2n ** 63n - 1n;

/**
 * Parses a filter, an expression or a rule. Precedence as in PostgreSQL, from the loosest: or, and, not, is, comparison (does
 * not chain), in/between/like, + -, * /, unary minus, `::`.
 */
export function parseExpression(source: string): Parsed<Syntax> {
  if (source.length > MAX_LENGTH)
    return {
      ok: false,
      fault: {
        offset: 0,
        message: "the expression is too long",
        expected: `at most ${String(MAX_LENGTH)} characters`,
        got: `${String(source.length)} characters`,
      },
    };
  return parsedBy(() => new Parser(tokenize(source)).parseAll());
}

class Parser {
  readonly #tokens: readonly Token[];
  #position = 0;
  #open = 0;
  readonly #depths = new Map<Syntax, number>();

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  parseAll(): Syntax {
    const all = this.#parseOr();
    if (this.#next.kind !== "end") throw this.#unexpected("an operator, or the end");
    return all;
  }

  get #next(): Token {
    const token = this.#tokens[Math.min(this.#position, this.#tokens.length - 1)];
    if (token === undefined) throw new RangeError("the token list has no end");
    return token;
  }

  #advance(): Token {
    const token = this.#next;
    this.#position += 1;
    return token;
  }

  #isWord(word: string, ahead = 0): boolean {
    const token = this.#tokens[this.#position + ahead];
    return token?.kind === "word" && token.text.toLowerCase() === word;
  }

  #isSymbol(text: string, ahead = 0): boolean {
    const token = this.#tokens[this.#position + ahead];
    return token?.kind === "symbol" && token.text === text;
  }

  #takeWord(word: string): boolean {
    const found = this.#isWord(word);
    if (found) this.#position += 1;
    return found;
  }

  #takeSymbol(text: string): boolean {
    const found = this.#isSymbol(text);
    if (found) this.#position += 1;
    return found;
  }

  #needWord(word: string): void {
    if (!this.#takeWord(word)) throw this.#unexpected(quoted(word));
  }

  #needSymbol(text: string): void {
    if (!this.#takeSymbol(text)) throw this.#unexpected(quoted(text));
  }

  #unexpected(expected: string, more: Partial<Fault> = {}): FaultError {
    const { kind, text, offset } = this.#next;
    const got = kind === "end" ? "the end" : kind === "text" ? `the text ${textLiteral(text)}` : quoted(text);
    return new FaultError({ offset, message: "the expression does not parse", expected, got, ...more });
  }

  #make(offset: number, node: SyntaxNode, parts: readonly (Syntax | null)[]): Syntax {
    const syntax: Syntax = { offset, ...node };
    const depth = 1 + Math.max(0, ...parts.map((part) => (part === null ? 0 : (this.#depths.get(part) ?? 0))));
    this.#refuseDeep(depth, offset);
    this.#depths.set(syntax, depth);
    return syntax;
  }

  #refuseDeep(depth: number, offset: number): void {
    if (depth > MAX_DEPTH)
      throw new FaultError({
        offset,
        message: "the expression is nested too deep",
        expected: `at most ${String(MAX_DEPTH)} levels`,
        got: "more",
      });
  }

  /** Runs one rule of the grammar that may hold itself. */
  #nested(parse: () => Syntax): Syntax {
    this.#open += 1;
    this.#refuseDeep(this.#open, this.#next.offset);
    const inner = parse();
    this.#open -= 1;
    return inner;
  }

  #parseOr(): Syntax {
    return this.#nested(() => this.#parseChain("or", () => this.#parseChain("and", () => this.#parseNot())));
  }

  #parseChain(word: "and" | "or", parseOperand: () => Syntax): Syntax {
    const first = parseOperand();
    const operands = [first];
    while (this.#takeWord(word)) operands.push(parseOperand());
    return operands.length === 1 ? first : this.#make(first.offset, { kind: word, operands }, operands);
  }

  #parseNot(): Syntax {
    const { offset } = this.#next;
    if (!this.#takeWord("not")) return this.#parseIs();
    const operand = this.#nested(() => this.#parseNot());
    return this.#make(offset, { kind: "not", operand }, [operand]);
  }

  #parseIs(): Syntax {
    let operand = this.#parseComparison();
    for (let { offset } = this.#next; this.#takeWord("is"); { offset } = this.#next) {
      const negated = this.#takeWord("not");
      const test = (["null", "true", "false"] as const).find((word) => this.#takeWord(word));
      if (test === undefined) throw this.#unexpected(negated ? "null, true or false" : "null, true, false or not");
      operand = this.#make(offset, { kind: "is", operand, test, negated }, [operand]);
    }
    return operand;
  }

  #parseComparison(): Syntax {
    const left = this.#parsePredicate();
    const { offset } = this.#next;
    const operator = this.#takeComparison();
    if (operator === null) return left;
    const right = this.#parsePredicate();
    if (this.#peekComparison() !== null) throw this.#unexpected('"and" between two comparisons');
    return this.#make(offset, { kind: "compare", operator, left, right }, [left, right]);
  }

  #peekComparison(): Comparison | null {
    if (this.#next.kind !== "symbol") return null;
    const { text } = this.#next;
    return text === "<>" ? "!=" : (COMPARISONS.find((operator) => operator === text) ?? null);
  }

  #takeComparison(): Comparison | null {
    const operator = this.#peekComparison();
    if (operator !== null) this.#position += 1;
    return operator;
  }

  #parsePredicate(): Syntax {
    const operand = this.#parseSum();
    const { offset } = this.#next;
    const negated = this.#isWord("not") && ["in", "between", "like"].some((word) => this.#isWord(word, 1));
    if (negated) this.#position += 1;
    if (this.#takeWord("in")) {
      this.#needSymbol("(");
      const values = this.#parseList();
      return this.#make(offset, { kind: "in", operand, values, negated }, [operand, ...values]);
    }
    if (this.#takeWord("between")) {
      const low = this.#parseSum();
      this.#needWord("and");
      const high = this.#parseSum();
      return this.#make(offset, { kind: "between", operand, low, high, negated }, [operand, low, high]);
    }
    if (this.#takeWord("like")) {
      if (this.#next.kind !== "text") throw this.#unexpected("a pattern in single quotes");
      return this.#make(offset, { kind: "like", operand, pattern: this.#advance().text, negated }, [operand]);
    }
    return operand;
  }

  /** After the opening parenthesis, to the closing one. */
  #parseList(): readonly Syntax[] {
    const items = [this.#parseOr()];
    while (this.#takeSymbol(",")) items.push(this.#parseOr());
    this.#needSymbol(")");
    return items;
  }

  #parseSum(): Syntax {
    let left = this.#parseProduct();
    for (;;) {
      const { offset } = this.#next;
      const operator = this.#takeSymbol("+") ? "+" : this.#takeSymbol("-") ? "-" : null;
      if (operator === null) return left;
      const right = this.#parseProduct();
      left = this.#make(offset, { kind: "arithmetic", operator, left, right }, [left, right]);
    }
  }

  #parseProduct(): Syntax {
    let left = this.#parseUnary();
    for (;;) {
      const { offset } = this.#next;
      const operator = this.#takeSymbol("*") ? "*" : this.#takeSymbol("/") ? "/" : null;
      if (operator === null) return left;
      const right = this.#parseUnary();
      left = this.#make(offset, { kind: "arithmetic", operator, left, right }, [left, right]);
    }
  }

  #parseUnary(): Syntax {
    const { offset } = this.#next;
    if (!this.#takeSymbol("-")) return this.#parseCast();
    if (this.#next.kind === "number" && !this.#isSymbol("::", 1)) return this.#parseNumber(offset, "-");
    const operand = this.#nested(() => this.#parseUnary());
    return this.#make(offset, { kind: "negate", operand }, [operand]);
  }

  #parseCast(): Syntax {
    let operand = this.#parsePrimary();
    for (let { offset } = this.#next; this.#takeSymbol("::"); { offset } = this.#next)
      operand = this.#make(offset, { kind: "cast", operand, to: this.#parseType() }, [operand]);
    return operand;
  }

  #parseType(): ColumnType {
    const name = this.#next;
    if (name.kind !== "word") throw this.#unexpected(`a type, one of: ${listed(COLUMN_TYPE_SPELLINGS)}`);
    this.#position += 1;
    let text = name.text;
    if (this.#takeSymbol("(")) {
      const sizes = [this.#parseSize()];
      while (this.#takeSymbol(",")) sizes.push(this.#parseSize());
      this.#needSymbol(")");
      text += `(${sizes.join(",")})`;
    }
    const type = parseColumnType(text);
    if (type !== null) return type;
    throw new FaultError({
      offset: name.offset,
      message: `unknown type ${quoted(text)}`,
      expected: `one of: ${listed(COLUMN_TYPE_SPELLINGS)}`,
      got: quoted(text),
      didYouMean: nearestSpelling(text, COLUMN_TYPE_SPELLINGS),
    });
  }

  #parseSize(): string {
    if (this.#next.kind !== "number") throw this.#unexpected("a number of characters or digits");
    return this.#advance().text;
  }

  #parsePrimary(): Syntax {
    const token = this.#next;
    switch (token.kind) {
      case "number":
        return this.#parseNumber(token.offset, "");
      case "text":
        this.#position += 1;
        return this.#make(token.offset, { kind: "literal", value: token.text }, []);
      case "path":
        this.#position += 1;
        return this.#make(token.offset, { kind: "path", text: token.text }, []);
      case "word":
        return this.#parseWord(token.text, token.offset);
      case "symbol":
        return this.#parseParenthesis(token.offset);
      case "end":
        throw this.#unexpected("a column, a path, a literal or a function");
    }
  }

  #parseNumber(offset: number, sign: "-" | ""): Syntax {
    const { text } = this.#advance();
    const value = /^[0-9]+$/.test(text) ? BigInt(sign + text) : Number(sign + text);
    const fits = typeof value === "bigint" ? value <= MAX_BIGINT && value >= -MAX_BIGINT - 1n : Number.isFinite(value);
    if (!fits)
      throw new FaultError({
        offset,
        message: "the number is too large",
        expected: typeof value === "bigint" ? "an integer of 64 bits" : "a finite number",
        got: quoted(sign + text),
      });
    return this.#make(offset, { kind: "literal", value }, []);
  }

  #parseParenthesis(offset: number): Syntax {
    if (!this.#takeSymbol("(")) throw this.#unexpected("a column, a path, a literal or a function");
    if (this.#takeWord("select")) return this.#parseAggregate(offset);
    const inner = this.#parseOr();
    this.#needSymbol(")");
    return inner;
  }

  #parseWord(text: string, offset: number): Syntax {
    const word = text.toLowerCase();
    if (word === "null" || word === "true" || word === "false") {
      this.#position += 1;
      return this.#make(offset, { kind: "literal", value: word === "null" ? null : word === "true" }, []);
    }
    if (word === "case") return this.#parseCase(offset);
    if (KEYWORDS.has(word)) throw this.#unexpected("a column, a path, a literal or a function");
    this.#position += 1;
    return this.#isSymbol("(") ? this.#parseCall(text, offset) : this.#make(offset, { kind: "name", name: text }, []);
  }

  #parseCall(text: string, offset: number): Syntax {
    const lower = text.toLowerCase();
    const name: FunctionName | undefined = FUNCTION_NAMES.find((each) => each === lower);
    if (name === undefined) {
      const isAggregate = AGGREGATES.some((each) => each === lower);
      throw new FaultError({
        offset,
        message: `unknown function ${quoted(text)}`,
        expected: isAggregate ? `${lower} inside (select ${lower}(…) from schema.table)` : `one of: ${listed(FUNCTION_NAMES)}`,
        got: quoted(text),
        didYouMean: isAggregate ? null : nearestSpelling(lower, FUNCTION_NAMES),
      });
    }
    this.#needSymbol("(");
    const values = this.#parseList();
    return this.#make(offset, { kind: "call", name, arguments: values }, values);
  }

  #parseCase(offset: number): Syntax {
    this.#needWord("case");
    const operand = this.#isWord("when") ? null : this.#parseOr();
    const branches: { when: Syntax; then: Syntax }[] = [];
    if (!this.#isWord("when")) throw this.#unexpected('"when"');
    while (this.#takeWord("when")) {
      const when = this.#parseOr();
      this.#needWord("then");
      branches.push({ when, then: this.#parseOr() });
    }
    const otherwise = this.#takeWord("else") ? this.#parseOr() : null;
    this.#needWord("end");
    return this.#make(offset, { kind: "case", operand, branches, otherwise }, [
      operand,
      otherwise,
      ...branches.flatMap(({ when, then }) => [when, then]),
    ]);
  }

  /** After `(select`. */
  #parseAggregate(offset: number): Syntax {
    const token = this.#next;
    const name: Aggregate | undefined = AGGREGATES.find((each) => token.kind === "word" && each === token.text.toLowerCase());
    if (name === undefined)
      throw this.#unexpected(`one of: ${listed(AGGREGATES)}`, { didYouMean: nearestSpelling(token.text, AGGREGATES) });
    this.#position += 1;
    this.#needSymbol("(");
    const operand = name === "count" && this.#takeSymbol("*") ? null : this.#parseOr();
    this.#needSymbol(")");
    this.#needWord("from");
    const target = this.#next;
    if (target.kind !== "path") throw this.#unexpected("a target, as schema.table");
    this.#position += 1;
    const where = this.#takeWord("where") ? this.#parseOr() : null;
    this.#needSymbol(")");
    return this.#make(offset, { kind: "aggregate", name, target: target.text, operand, where }, [operand, where]);
  }
}
