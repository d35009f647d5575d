import { nearestSpelling } from "./nearest-spelling.ts";
import { type ColumnType, renderColumnType } from "./column-type.ts";
import { type SourceField, SOURCE_FIELDS } from "./mapping.ts";
import type { Fault, Parsed } from "./parse-fault.ts";
import type { RowLevel } from "./path-scope.ts";
import { listed, quoted } from "./report.ts";

const SPELLINGS = [...SOURCE_FIELDS, "parent.index", "parent.ordinal", "parent.key"];

/** Reads `index`, `ordinal`, `key`, `parent.index` …, `captured_at`, `parameters.x`, and sees that the level has such a thing and the column's type takes it. */
export function checkSourceField(text: string, levels: readonly RowLevel[] | null, type: ColumnType | null): Parsed<SourceField> {
  const source = parseSourceField(text);
  if (source === null) {
    return fault({
      message: `unknown source_field ${quoted(text)}`,
      expected: `one of: ${listed([...SPELLINGS, "parameters.<name>"])}`,
      got: quoted(text),
      didYouMean: nearestSpelling(text, SPELLINGS),
    });
  }
  const problem =
    (levels === null || source.kind === "captured_at" || source.kind === "parameter"
      ? null
      : levelProblem(text, source.kind, levels.at(-1 - source.levels))) ?? typeProblem(text, source, type);
  return problem === null ? { ok: true, value: source } : fault(problem);
}

function parseSourceField(text: string): SourceField | null {
  if (text === "captured_at") return { kind: "captured_at" };
  const parameter = /^parameters\.([A-Za-z_][A-Za-z0-9_]*)$/.exec(text)?.[1];
  if (parameter !== undefined) return { kind: "parameter", name: parameter };
  const match = /^((?:parent\.)*)(index|ordinal|key)$/.exec(text);
  const kind = (["index", "ordinal", "key"] as const).find((each) => each === match?.[2]);
  return kind === undefined ? null : { kind, levels: (match?.[1] ?? "").split(".").length - 1 };
}

function levelProblem(text: string, kind: "index" | "ordinal" | "key", level: RowLevel | undefined): Omit<Fault, "offset"> | null {
  const needed: RowLevel = kind === "key" ? "values" : "items";
  if (level === needed) return null;
  const found =
    level === "items"
      ? "an array"
      : level === "values"
        ? "an object"
        : level === "object"
          ? "a single object"
          : "no level at all (the document itself)";
  return {
    message: `${quoted(text)} is not there`,
    expected: kind === "key" ? "a level of an object (.*)" : "a level of an array ([*])",
    got: found,
  };
}

function typeProblem(text: string, source: SourceField, type: ColumnType | null): Omit<Fault, "offset"> | null {
  if (type === null) return null;
  const allowed = allowedTypes(source);
  return allowed.includes(type.name)
    ? null
    : {
        message: `${quoted(text)} does not fit a column of ${renderColumnType(type)}`,
        expected: `one of: ${listed(allowed)}`,
        got: renderColumnType(type),
      };
}

function allowedTypes(source: SourceField): readonly ColumnType["name"][] {
  switch (source.kind) {
    case "index":
    case "ordinal":
      return ["INT", "BIGINT"];
    case "captured_at":
      return ["TIMESTAMPTZ"];
    case "key":
    case "parameter":
      return ["TEXT", "VARCHAR", "INT", "BIGINT", "DATE", "BOOLEAN", "DOUBLE", "NUMERIC", "TIMESTAMPTZ"];
  }
}

function fault(problem: Omit<Fault, "offset">): Parsed<never> {
  return { ok: false, fault: { offset: 0, ...problem } };
}
