import { FaultError } from "./parse-fault.ts";
import { quoted } from "./report.ts";

export type Token =
  /** A word without dots: a keyword, a column, a function. */
  | { readonly kind: "word"; readonly text: string; readonly offset: number }
  /** `$`, `$.a`, `parent.a`, `schema.table`: everything with a dot or a bracket. */
  | { readonly kind: "path"; readonly text: string; readonly offset: number }
  | { readonly kind: "number"; readonly text: string; readonly offset: number }
  /** `text` without its quotes. */
  | { readonly kind: "text"; readonly text: string; readonly offset: number }
  | { readonly kind: "symbol"; readonly text: string; readonly offset: number }
  | { readonly kind: "end"; readonly text: ""; readonly offset: number };

/** Words that cannot be columns inside an expression. */
export const KEYWORDS: ReadonlySet<string> = new Set([
  "and",
  "or",
  "not",
  "is",
  "null",
  "true",
  "false",
  "in",
  "between",
  "like",
  "case",
  "when",
  "then",
  "else",
  "end",
  "select",
  "from",
  "where",
]);

// oxlint-disable-next-line security/detect-non-literal-regexp -- made of the literals below
const TOKEN = new RegExp(
  [
    /(?<blank>\s+)/,
    /(?<path>(?:\$|[A-Za-z_][A-Za-z0-9_]*)(?:\.[A-Za-z0-9_]+|\.\*\*?|\["(?:[^"\\]|\\.)*"\]|\[[^\]"]*\])*)/,
    /(?<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![A-Za-z0-9_.]))/,
    /'(?<text>(?:[^']|'')*)'/,
    /(?<comment>--|\/\*)/,
    /(?<symbol>::|<>|!=|<=|>=|[=<>+\-*/(),])/,
  ]
    .map((each) => each.source)
    .join("|"),
  "y",
);

/** Splits an expression into tokens. @throws FaultError at the first character that starts none. */
export function tokenize(source: string): readonly Token[] {
  const tokens: Token[] = [];
  let offset = 0;
  while (offset < source.length) {
    TOKEN.lastIndex = offset;
    const match = TOKEN.exec(source);
    if (match?.groups === undefined) throw unreadable(source, offset);
    const { path, number, text, comment, symbol } = match.groups;
    if (comment !== undefined)
      throw new FaultError({
        offset,
        message: "comments are not part of the language",
        expected: "an expression (blanks between two minus signs)",
        got: quoted(comment),
      });
    if (path !== undefined) tokens.push({ kind: /[$.[]/.test(path) ? "path" : "word", text: path, offset });
    else if (number !== undefined) tokens.push({ kind: "number", text: number, offset });
    else if (text !== undefined) tokens.push({ kind: "text", text: text.replaceAll("''", "'"), offset });
    else if (symbol !== undefined) tokens.push({ kind: "symbol", text: symbol, offset });
    offset = TOKEN.lastIndex;
  }
  return [...tokens, { kind: "end", text: "", offset: source.length }];
}

function unreadable(source: string, offset: number): FaultError {
  const got = quoted(source.slice(offset, offset + 20));
  if (source[offset] === "'")
    return new FaultError({ offset, message: "a text does not end", expected: "'text' ('' for a quote inside)", got });
  if (source[offset] === '"')
    return new FaultError({ offset, message: "double quotes do not make a text", expected: "'text' in single quotes", got });
  if (/[0-9]/.test(source[offset] ?? ""))
    return new FaultError({ offset, message: "this is no number", expected: "digits, with a fraction or an exponent", got });
  return new FaultError({
    offset,
    message: `${quoted(source[offset] ?? "")} is not part of the language`,
    expected: "a column, a path, a literal or an operator",
    got,
  });
}
