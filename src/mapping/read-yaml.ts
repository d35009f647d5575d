import {
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  Parser,
  Scalar,
} from "yaml";
import { type Place, Positions, type WrittenEntry, type WrittenText } from "./positions.ts";
import { quoted, type Report } from "./report.ts";

const MAX_BYTES = 1_000_000;
/** The language needs 9. */
const MAX_DEPTH = 20;
/** Keys that mean something to JavaScript objects. */
const REFUSED_KEYS = new Set(["__proto__", "constructor", "prototype"]);

export interface WrittenYaml {
  /** Plain lists, objects and single values; null where the file cannot be read at all. */
  readonly value: unknown;
  readonly positions: Positions;
}

/**
 * Reads one YAML 1.2 document (core schema: `no` and `on` are texts) into plain values and remembers where each was written.
 * Refused, each with its place: more than 1 MB, more than 20 levels, more than one document, directives, anchors, aliases,
 * merge keys, tags, double keys, keys that are no text, and names of JavaScript's own.
 */
export function readYaml(text: string, report: Report): WrittenYaml {
  const positions = new Positions();
  const start = { line: 1, column: 1 };
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_BYTES) {
    report.add(start, {
      code: "yaml.too-large",
      message: "the file is too large",
      expected: "at most 1 MB",
      got: `${String(bytes)} bytes`,
    });
    return { value: null, positions };
  }
  const lines = new LineCounter();
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return line === 0 ? start : { line, column: col };
  };
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  const tooDeep = findTooDeep(tokens);
  if (tooDeep !== null) {
    report.add(placeAt(tooDeep), {
      code: "yaml.too-deep",
      message: "the file is nested too deep",
      expected: `at most ${String(MAX_DEPTH)} levels`,
      got: "more",
    });
    return { value: null, positions };
  }
  const document = readOneDocument(tokens, placeAt, report);
  if (document === null) return { value: null, positions };
  return { value: new Conversion(text, placeAt, positions, report).convert(document.contents), positions };
}

function readOneDocument(tokens: readonly CST.Token[], placeAt: (offset: number) => Place, report: Report): Document.Parsed | null {
  for (const token of tokens) {
    if (token.type === "directive")
      report.add(placeAt(token.offset), {
        code: "yaml.directive",
        message: "directives are not part of the language",
        expected: "YAML 1.2 without directives",
        got: quoted(token.source),
      });
  }
  const documents = [...new Composer({ version: "1.2", schema: "core", merge: false, uniqueKeys: false, strict: true }).compose(tokens)];
  const [document, second] = documents;
  const error = document?.errors.toSorted((left, right) => left.pos[0] - right.pos[0])[0];
  if (error !== undefined) {
    // One mistake gives many errors, and what stands where after it is a guess: the first one is told, and nothing else.
    const isBracket = error.message.startsWith("Unexpected flow-");
    report.add(placeAt(error.pos[0]), {
      code: "yaml.syntax",
      message: `this is no YAML: ${error.message}`,
      ...(isBracket ? { expected: 'quotes around a text with brackets or braces inside of {…} or […], as "$.plays[*]"' } : {}),
    });
    return null;
  }
  const contents = document?.contents ?? null;
  // `null` written out, too.
  if (document === undefined || contents === null || (isScalar(contents) && contents.value === null)) {
    report.add({ line: 1, column: 1 }, { code: "yaml.empty", message: "the file holds nothing", expected: "a mapping", got: "nothing" });
    return null;
  }
  if (second !== undefined) {
    report.add(placeAt(second.contents?.range[0] ?? second.range[0]), {
      code: "yaml.many-documents",
      message: "the file holds more than one document",
      expected: "one mapping in each file",
      got: `${String(documents.length)} documents separated by ---`,
    });
  }
  return document;
}

/** Offset of the first token below the allowed depth. Without recursion: the file may be hostile. */
function findTooDeep(tokens: readonly CST.Token[]): number | null {
  const open: { readonly token: CST.Token; readonly depth: number }[] = tokens.map((token) => ({ token, depth: 0 }));
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { token, depth } = next;
    if (depth > MAX_DEPTH) return token.offset;
    if (token.type === "document" && token.value !== undefined) open.push({ token: token.value, depth });
    if (!("items" in token)) continue;
    for (const item of token.items) {
      for (const part of [item.key, item.value]) if (part !== undefined && part !== null) open.push({ token: part, depth: depth + 1 });
    }
  }
  return null;
}

class Conversion {
  readonly #text: string;
  readonly #placeAt: (offset: number) => Place;
  readonly #positions: Positions;
  readonly #report: Report;

  constructor(text: string, placeAt: (offset: number) => Place, positions: Positions, report: Report) {
    this.#text = text;
    this.#placeAt = placeAt;
    this.#positions = positions;
    this.#report = report;
  }

  convert(node: Node | null): unknown {
    if (node === null) return null;
    this.#refuseExtras(node);
    if (isScalar(node)) return node.value;
    if (isSeq<Node>(node)) return this.#convertList(node, node.items);
    if (isMap<Node, Node | null>(node)) return this.#convertMap(node, node.items);
    return null;
  }

  #refuseExtras(node: Node): void {
    const place = this.#place(node);
    if (isAlias(node)) {
      this.#report.add(place, {
        code: "yaml.alias",
        message: "aliases are not part of the language",
        expected: "the value itself, or for_each",
        got: quoted(`*${node.source}`),
      });
      return;
    }
    if (node.anchor !== undefined)
      this.#report.add(place, {
        code: "yaml.anchor",
        message: "anchors are not part of the language",
        expected: "no anchor",
        got: quoted(`&${node.anchor}`),
      });
    if (node.tag !== undefined)
      this.#report.add(place, {
        code: "yaml.tag",
        message: "tags are not part of the language",
        expected: "a plain value",
        got: quoted(node.tag),
      });
  }

  #convertList(node: Node, items: readonly Node[]): unknown[] {
    const entries = new Map<number, WrittenEntry>();
    const list = items.map((item, position) => {
      const place = this.#place(item);
      entries.set(position, { key: place, value: place, text: this.#writtenText(item) });
      return this.convert(item);
    });
    this.#positions.record(list, { place: this.#place(node), entries, bindings: {} });
    return list;
  }

  #convertMap(node: Node, pairs: readonly Pair<Node, Node | null>[]): Record<string, unknown> {
    const entries = new Map<string, WrittenEntry>();
    const map: Record<string, unknown> = {};
    for (const { key, value } of pairs) {
      const name = this.#readKey(key, entries);
      if (name === null) continue;
      const place = this.#place(key);
      entries.set(name, { key: place, value: value === null ? place : this.#place(value), text: this.#writtenText(value) });
      map[name] = this.convert(value);
    }
    this.#positions.record(map, { place: this.#place(node), entries, bindings: {} });
    return map;
  }

  #readKey(key: Node, known: ReadonlyMap<string, unknown>): string | null {
    const place = this.#place(key);
    this.#refuseExtras(key);
    const name = isScalar(key) ? key.value : null;
    if (typeof name !== "string") {
      this.#report.add(place, {
        code: "yaml.key",
        message: "a key is no text",
        expected: "a word of the language",
        got: quoted(this.#source(key)),
      });
      return null;
    }
    if (name === "<<") {
      this.#report.add(place, {
        code: "yaml.merge-key",
        message: "merge keys are not part of the language",
        expected: "the keys themselves, or for_each",
        got: '"<<"',
      });
      return null;
    }
    if (REFUSED_KEYS.has(name)) {
      this.#report.add(place, {
        code: "yaml.refused-key",
        message: `the key ${quoted(name)} is not allowed`,
        expected: "a word of the language",
        got: quoted(name),
      });
      return null;
    }
    if (known.has(name)) {
      this.#report.add(place, {
        code: "yaml.double-key",
        message: `the key ${quoted(name)} is there twice`,
        expected: "each key once",
        got: `${quoted(name)} again`,
      });
      return null;
    }
    return name;
  }

  #place(node: Node): Place {
    return this.#placeAt(node.range?.[0] ?? 0);
  }

  #source(node: Node): string {
    return this.#text.slice(node.range?.[0] ?? 0, node.range?.[1] ?? 0);
  }

  #writtenText(node: Node | null): WrittenText | null {
    if (!isNode(node) || !isScalar(node)) return null;
    const styles = {
      [Scalar.PLAIN]: "plain",
      [Scalar.QUOTE_SINGLE]: "single",
      [Scalar.QUOTE_DOUBLE]: "double",
      [Scalar.BLOCK_LITERAL]: "literal",
      [Scalar.BLOCK_FOLDED]: "folded",
    } as const;
    return { style: styles[node.type ?? Scalar.PLAIN], source: this.#source(node), value: String(node.value) };
  }
}
