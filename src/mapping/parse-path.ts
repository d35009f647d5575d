import { nearestSpelling } from "./nearest-spelling.ts";
import { FaultError, type Parsed, parsedBy } from "./parse-fault.ts";
import type { Path, Reference, Root, Step } from "./path.ts";
import { listed, quoted } from "./report.ts";

/** Words that start a path and so cannot name a lookup. */
export const ROOT_WORDS = ["parent", "document", "parameters"] as const;
const MAX_STEPS = 100;

/** Parses `$.a.b`, `$["odd key"]`, `parent.parent.x`, `document.x`, `<lookup>.x`. Keys only: a reference is one value. `words`: those of `parent` and `document` that have a meaning here. */
export function parseReference(text: string, lookups: readonly string[], words: readonly string[]): Parsed<Reference> {
  return parsedBy(() => {
    const { root, next } = parseRoot(text, lookups, words);
    return { root, keys: keysOnly(parseSteps(text, next), text) };
  });
}

/** Parses a row source, `$.a[*].b[*]`, `$.a.*` or `$.a`, always from the document (or from the answer). */
export function parsePath(text: string): Parsed<Path> {
  return parsedBy(() => {
    if (!text.startsWith("$"))
      throw new FaultError({
        offset: 0,
        message: `the path ${quoted(text)} does not start at the document`,
        expected: "a path that starts with $.",
        got: quoted(text),
        didYouMean: /^[A-Za-z_]/.test(text) ? `$.${text}` : null,
      });
    return parseSteps(text, 1).map(({ step }) => step);
  });
}

/** Parses what `nested_array` appends: `$.playEvents[*]` or `playEvents[*]`. */
export function parseNestedPath(text: string): Parsed<Path> {
  return parsePath(text.startsWith("$") ? text : `$.${text}`);
}

/** Parses an ignore path: as a row source, but `$.**` may start it (any depth), and it ends in a key or a wildcard. */
export function parseIgnorePath(text: string): Parsed<{ readonly anyDepth: boolean; readonly steps: Path }> {
  const anyDepth = text.startsWith("$.**");
  const parsed = anyDepth ? parsePathAfter(text, "$.**".length) : parsePath(text);
  if (!parsed.ok) return parsed;
  if (parsed.value.length > 0) return { ok: true, value: { anyDepth, steps: parsed.value } };
  return {
    ok: false,
    fault: {
      offset: 0,
      message: `the path ${quoted(text)} ignores everything`,
      expected: "a path to leaves, as $.**.link",
      got: quoted(text),
    },
  };
}

function parsePathAfter(text: string, offset: number): Parsed<Path> {
  return parsedBy(() => parseSteps(text, offset).map(({ step }) => step));
}

/** As it is written in the language. */
export function renderReference(reference: Reference): string {
  return renderRoot(reference.root) + renderKeys(reference.keys);
}

function renderRoot(root: Root): string {
  switch (root.kind) {
    case "element":
      return "$";
    case "parent":
      return Array.from({ length: root.levels }, () => "parent").join(".");
    case "document":
      return "document";
    case "lookup":
      return root.name;
  }
}

function renderKeys(keys: readonly string[]): string {
  return keys.map((key) => (/^[A-Za-z0-9_]+$/.test(key) && key !== "parent" ? `.${key}` : `[${JSON.stringify(key)}]`)).join("");
}

function parseRoot(text: string, lookups: readonly string[], words: readonly string[]): { readonly root: Root; readonly next: number } {
  if (text.startsWith("$")) return { root: { kind: "element" }, next: 1 };
  const word = /^[A-Za-z_][A-Za-z0-9_]*/.exec(text)?.[0];
  if (word === "parent") {
    const parents = /^parent(?:\.parent(?![A-Za-z0-9_]))*/.exec(text)?.[0] ?? word;
    return { root: { kind: "parent", levels: parents.split(".").length }, next: parents.length };
  }
  if (word === "document") return { root: { kind: "document" }, next: word.length };
  if (word !== undefined && lookups.includes(word)) return { root: { kind: "lookup", name: word }, next: word.length };
  const roots = new Set([...words, ...lookups]);
  throw new FaultError({
    offset: 0,
    message: `the path ${quoted(text)} starts nowhere`,
    expected: `one of these at its start: ${listed(["$", ...roots])}`,
    got: quoted(word ?? text.slice(0, 1)),
    didYouMean: nearestSpelling(word ?? "", roots) ?? (word === undefined ? null : `$.${text}`),
  });
}

export interface PlacedStep {
  readonly step: Step;
  readonly offset: number;
}

const STEP = /\.(?<key>[A-Za-z0-9_]+)|\["(?<odd>(?:[^"\\]|\\.)*)"\]|(?<items>\[\*\])|(?<values>\.\*)/y;

function parseSteps(text: string, start: number): readonly PlacedStep[] {
  const steps: PlacedStep[] = [];
  let offset = start;
  while (offset < text.length) {
    STEP.lastIndex = offset;
    const match = STEP.exec(text);
    if (match?.groups === undefined || text.startsWith(".**", offset)) throw new FaultError(stepFault(text, offset));
    const step = stepOf(match.groups);
    if (step === null || steps.length === MAX_STEPS) throw new FaultError(stepFault(text, offset));
    steps.push({ step, offset });
    offset = STEP.lastIndex;
  }
  return steps;
}

function stepOf({ key, odd, items }: Readonly<Record<string, string | undefined>>): Step | null {
  if (key !== undefined) return { kind: "key", key };
  if (odd !== undefined) {
    const text = readQuotedKey(odd);
    return text === null ? null : { kind: "key", key: text };
  }
  return items === undefined ? { kind: "values" } : { kind: "items" };
}

/** `\"` and the other escapes of JSON; null where there is none such. */
function readQuotedKey(inside: string): string | null {
  try {
    const text: unknown = JSON.parse(`"${inside}"`);
    return typeof text === "string" ? text : null;
  } catch {
    return null;
  }
}

function stepFault(text: string, offset: number): { offset: number; message: string; expected: string; got: string } {
  const got = quoted(text.slice(offset, offset + 20));
  const fault = { offset, message: `the path ${quoted(text)} does not parse`, got };
  if (text.startsWith(".**", offset)) return { ...fault, expected: "** only at the start of an ignore path" };
  if (/^\[-?[0-9]/.test(text.slice(offset))) return { ...fault, expected: "no array position (a row source or a lookup reaches items)" };
  return { ...fault, expected: 'one of: .key, ["odd key"], [*], .*' };
}

function keysOnly(steps: readonly PlacedStep[], text: string): readonly string[] {
  return steps.map(({ step, offset }) => {
    if (step.kind === "key") return step.key;
    throw new FaultError({
      offset,
      message: `the path ${quoted(text)} has a wildcard`,
      expected: "a path to one value (wildcards make rows, in array_source and object_source)",
      got: step.kind === "items" ? '"[*]"' : '".*"',
    });
  });
}
