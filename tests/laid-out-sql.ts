/** Words that start a line: those of a query and of a CASE, and those of a condition, which stands further in. */
const CLAUSES = new Set(["INSERT", "SELECT", "FROM", "WHERE", "LEFT", "JOIN", "GROUP", "UNION"]);
const BRANCHES = new Set(["WHEN", "ELSE"]);
const CONDITIONS = new Set(["AND", "OR"]);
const TOKEN = /'(?:[^']|'')*'|"(?:[^"]|"")*"|[()[\]{}]|,|\s+|[^\s'"()[\]{},]+/g;
const BRACKETS = new Map([
  ["(", ")"],
  ["[", "]"],
  ["{", "}"],
  ["CASE", "END"],
]);
const CLOSING = new Set(BRACKETS.values());
const WIDTH = 140;

/** A word, a literal, or what stands in brackets. */
interface Node {
  readonly text: string;
  readonly hasQuery: boolean;
  /** Null where it has no brackets. */
  readonly inner: { readonly nodes: readonly Node[]; readonly open: string; readonly close: string } | null;
}

/** SQL for a golden file: a line for each clause, and one for each part of what is longer than a line. Places in long lists are written beside: `/* 11 *\/`. */
export function laidOutSql(sql: string): string {
  return layOut(parse(sql), "", false);
}

function parse(sql: string): readonly Node[] {
  const top: Node[] = [];
  const open: { readonly bracket: string; readonly nodes: Node[] }[] = [];
  for (const [token] of sql.matchAll(TOKEN)) {
    const nodes = open.at(-1)?.nodes ?? top;
    if (BRACKETS.has(token)) open.push({ bracket: token, nodes: [] });
    else if (CLOSING.has(token)) {
      const closed = open.pop();
      const inner = { nodes: closed?.nodes ?? [], open: closed?.bracket ?? "", close: token };
      const text = `${inner.open}${textOf(inner.nodes)}${token}`;
      (open.at(-1)?.nodes ?? top).push({ text, hasQuery: inner.nodes.some((node) => node.hasQuery), inner });
    } else nodes.push({ text: /^\s+$/.test(token) ? " " : token, hasQuery: token === "SELECT", inner: null });
  }
  return top;
}

function textOf(nodes: readonly Node[]): string {
  return nodes.map(({ text }) => text).join("");
}

/** A query by its clauses; anything else is one. */
function clauses(nodes: readonly Node[]): readonly (readonly Node[])[] {
  const found: Node[][] = [[]];
  let before = "";
  for (const node of nodes) {
    if (CLAUSES.has(node.text) && before !== "LEFT") found.push([]);
    found.at(-1)?.push(node);
    if (node.text !== " ") before = node.text;
  }
  return found.filter((clause) => textOf(clause).trim() !== "");
}

/** What stands on lines of its own, each so much further in than the clause. */
function parts(clause: readonly Node[]): readonly { readonly nodes: readonly Node[]; readonly indent: string }[] {
  const found: { readonly nodes: Node[]; readonly indent: string }[] = [{ nodes: [], indent: "" }];
  const list = CLAUSES.has(clause[0]?.text ?? "") ? "  " : "";
  let isRange = false;
  for (const node of clause) {
    const { text } = node;
    if (BRANCHES.has(text)) found.push({ nodes: [], indent: "" });
    else if (CONDITIONS.has(text) && !(text === "AND" && isRange)) found.push({ nodes: [], indent: `${list}  ` });
    if (text === "BETWEEN" || text === "AND") isRange = text === "BETWEEN";
    found.at(-1)?.nodes.push(node);
    if (text === ",") found.push({ nodes: [], indent: list });
  }
  return found.filter((part) => textOf(part.nodes).trim() !== "");
}

const hasQuery = (nodes: readonly Node[]): boolean =>
  nodes.some(({ inner }) => inner !== null && inner.nodes.some((node) => node.hasQuery));

function layOut(nodes: readonly Node[], indent: string, isList: boolean): string {
  return clauses(nodes)
    .map((clause) => {
      const flat = textOf(clause).trim();
      return !hasQuery(clause) && indent.length + flat.length <= WIDTH ? indent + flat : layOutClause(clause, indent, isList);
    })
    .join("\n");
}

function layOutClause(clause: readonly Node[], indent: string, isList: boolean): string {
  const lines: string[] = [];
  for (const [at, part] of parts(clause).entries()) {
    const whole = textOf(part.nodes).trim();
    const last = lines.at(-1) ?? "";
    // Names and literals, many in a line.
    if (last.endsWith(",") && /^(?:'[^']*'|[^\s([{']+)$/.test(whole) && last.length + whole.length < WIDTH)
      lines.push(`${lines.pop() ?? ""} ${whole}`);
    else lines.push(`${indent}${part.indent}${isList ? `/* ${String(at + 1)} */ ` : ""}${layOutPart(part.nodes, indent + part.indent)}`);
  }
  return lines.join("\n");
}

/** Brackets are opened where the part is longer than a line or holds a query. */
function layOutPart(nodes: readonly Node[], indent: string): string {
  const flat = textOf(nodes).trim();
  if (!hasQuery(nodes) && indent.length + flat.length <= WIDTH) return flat;
  const written = nodes.map((node) => {
    const { text, inner } = node;
    if (inner === null || (!hasQuery([node]) && text.length <= WIDTH / 2)) return text;
    return `${inner.open}\n${layOut(inner.nodes, `${indent}  `, inner.open === "[")}\n${indent}${inner.close}`;
  });
  return written.join("").trim();
}
