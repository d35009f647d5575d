import { type CheckContext, faultAt, problemAt } from "./check-context.ts";
import type { ExpandedTarget } from "./for-each.ts";
import type { RowSource } from "./mapping.ts";
import { parseNestedPath, parsePath } from "./parse-path.ts";
import type { Path } from "./path.ts";
import type { RowLevel } from "./path-scope.ts";
import { quoted } from "./report.ts";

/** Checks array_source, nested_array and object_source; null where they are wrong. */
export function checkRowSource(context: CheckContext, target: ExpandedTarget): RowSource | null {
  const { array_source: array, nested_array: nested, object_source: object } = target;
  if (array !== undefined && object !== undefined) {
    problemAt(context, target, "object_source", {
      code: "mapping.row-source",
      message: "the target has two row sources",
      expected: "array_source or object_source",
      got: "both",
    });
  }
  if (nested !== undefined && array === undefined && !("array_source" in target)) {
    problemAt(context, target, "nested_array", {
      code: "mapping.row-source",
      message: "nested_array stands alone",
      expected: "array_source, which nested_array is appended to",
      got: "no array_source",
    });
  }
  if (array === undefined && object === undefined && nested === undefined) {
    if (target.optional === true)
      problemAt(context, target, "optional", {
        code: "mapping.optional",
        message: "a document is always there",
        expected: "optional: true only with array_source or object_source",
        got: "no row source",
      });
    return { kind: "document" };
  }
  const arrayPath = array === undefined ? null : checkArraySource(context, target, "array_source", array);
  const nestedPath = nested === undefined ? [] : checkArraySource(context, target, "nested_array", nested);
  const objectSource = object === undefined ? null : checkObjectSource(context, target, object);
  if (arrayPath === null || nestedPath === null) return objectSource;
  return { kind: "each", path: [...arrayPath, ...nestedPath] };
}

/** Checks `source.array_source`: the path to each document of an answer. */
export function checkDocumentSource(context: CheckContext, container: object, text: string): Path | null {
  const parsed = parsePath(text);
  if (!parsed.ok) {
    faultAt(context, container, "array_source", "mapping.path", parsed.fault);
    return null;
  }
  if (parsed.value.at(-1)?.kind !== "key" && parsed.value.length > 0) return parsed.value;
  problemAt(context, container, "array_source", {
    code: "mapping.row-source",
    message: "array_source does not reach each document",
    expected: "a path that ends in [*] or .*",
    got: quoted(text),
    didYouMean: `${text}[*]`,
  });
  return null;
}

function checkArraySource(context: CheckContext, target: ExpandedTarget, key: "array_source" | "nested_array", text: string): Path | null {
  const parsed = key === "array_source" ? parsePath(text) : parseNestedPath(text);
  if (!parsed.ok) {
    faultAt(context, target, key, "mapping.path", parsed.fault);
    return null;
  }
  const last = parsed.value.at(-1)?.kind;
  if (last === "items") return parsed.value;
  problemAt(context, target, key, {
    code: "mapping.row-source",
    message: `${key} does not reach the items of an array`,
    expected: last === "values" ? "[*] at its end (values of an object: object_source)" : "[*] at its end",
    got: quoted(text),
    didYouMean: last === "key" ? `${text}[*]` : null,
  });
  return null;
}

function checkObjectSource(context: CheckContext, target: ExpandedTarget, text: string): RowSource | null {
  const parsed = parsePath(text);
  if (!parsed.ok) {
    faultAt(context, target, "object_source", "mapping.path", parsed.fault);
    return null;
  }
  const path = parsed.value;
  const isWithoutWildcard = path.length > 0 && path.every((step) => step.kind === "key");
  if (isWithoutWildcard) return { kind: "object", path };
  if (path.at(-1)?.kind === "values") return { kind: "each", path };
  problemAt(context, target, "object_source", {
    code: "mapping.row-source",
    message: "object_source does not reach an object or its values",
    expected: path.length === 0 ? "no row source at all (the document is the row)" : "a path without wildcards, or one that ends in .*",
    got: quoted(text),
  });
  return null;
}

/** The levels that a row source goes through. */
export function rowLevels(source: RowSource): readonly RowLevel[] {
  switch (source.kind) {
    case "document":
      return [];
    case "object":
      return ["object"];
    case "each":
      return pathLevels(source.path);
  }
}

export function pathLevels(path: Path): readonly RowLevel[] {
  return path.flatMap((step) => (step.kind === "key" ? [] : [step.kind]));
}
