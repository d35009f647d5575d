import type { z } from "zod";
import { type MappingSpec, mappingSpec, type PartialSpec } from "./mapping-spec.ts";
import { nearestSpelling } from "./nearest-spelling.ts";
import type { Positions } from "./positions.ts";
import { describeWritten, listed, quoted, type Report } from "./report.ts";

type Issue = z.core.$ZodIssue;
type Key = string | number;

/**
 * Compares plain values with the shape of `MappingSpec`: unknown keys, missing keys, values of the wrong kind. Reports each,
 * takes the wrong parts out, and gives what is left, so that the rest of the file can be checked too.
 */
export function readShape(value: unknown, positions: Positions, report: Report): PartialSpec<MappingSpec> {
  const result = mappingSpec.safeParse(value);
  if (result.success || !isContainer(value)) {
    if (!result.success)
      report.add(
        { line: 1, column: 1 },
        { code: "mapping.wrong-kind", message: "the file holds no mapping", expected: "keys with values", got: describeWritten(value) },
      );
    // The schema transforms nothing, so the value itself is the spec; its lists and objects carry the positions.
    return result.success ? (value as MappingSpec) : {};
  }
  const issues = result.error.issues.flatMap((issue) => plainIssues(issue, value));
  for (const issue of issues) reportIssue(issue, value, positions, report);
  takeOut(issues, value, positions);
  return value;
}

type PlainIssue =
  | Exclude<Issue, { code: "invalid_union" }>
  | { readonly code: "wrong_kind"; readonly expected: readonly string[]; readonly path: PropertyKey[]; readonly message: string };

/** A union's issues are those of the branch that was meant. */
function plainIssues(issue: Issue, root: unknown): readonly PlainIssue[] {
  if (issue.code !== "invalid_union") return [issue];
  const value = valueAt(root, issue.path);
  const isGroup = isContainer(value) && "for_each" in value;
  const branches = issue.errors.filter((errors) => !errors.some((error) => error.path.length === 0 && error.code === "invalid_type"));
  if (branches.length === 0) {
    const expected = issue.errors.flatMap((errors) =>
      errors.flatMap((error) => (error.path.length === 0 && error.code === "invalid_type" ? [error.expected] : [])),
    );
    return [{ code: "wrong_kind", expected: [...new Set(expected)], path: issue.path, message: "" }];
  }
  const refusesGroups = (errors: readonly Issue[]): boolean =>
    errors.some((error) => error.code === "unrecognized_keys" && error.path.length === 0 && error.keys.includes("for_each"));
  const lacksForEach = (errors: readonly Issue[]): boolean =>
    errors.some((error) => error.path.length === 1 && error.path[0] === "for_each" && error.code === "invalid_type" && !isGroup);
  const meant = branches.find((errors) => !refusesGroups(errors) && !lacksForEach(errors)) ?? branches[0] ?? [];
  return meant.flatMap((error) => plainIssues({ ...error, path: [...issue.path, ...error.path] }, root));
}

function reportIssue(issue: PlainIssue, root: unknown, positions: Positions, report: Report): void {
  const path = keysOf(issue.path);
  const container = valueAt(root, path.slice(0, -1));
  const key = path.at(-1);
  const value = valueAt(root, path);
  const name = key === undefined ? "the mapping" : typeof key === "number" ? `item ${String(key + 1)} of ${nameOf(path)}` : quoted(key);
  const place = key === undefined || !isContainer(container) ? { line: 1, column: 1 } : positions.valuePlace(container, key);
  if (issue.code === "unrecognized_keys") {
    if (!isContainer(value)) return;
    for (const unknown of issue.keys) {
      const known = issue.message.split(", ");
      report.add(positions.keyPlace(value, unknown), {
        code: "mapping.unknown-key",
        message: `unknown key ${quoted(unknown)}`,
        expected: `one of: ${listed(known)}`,
        got: quoted(unknown),
        didYouMean: nearestSpelling(unknown, known),
      });
    }
    return;
  }
  if (
    (issue.code === "invalid_type" || issue.code === "wrong_kind" || issue.code === "invalid_value") &&
    value === undefined &&
    typeof key === "string" &&
    isContainer(container) &&
    !(key in container)
  ) {
    report.add(positions.place(container), {
      code: "mapping.missing-key",
      message: `the key ${quoted(key)} is missing`,
      expected: `${quoted(key)} with ${expectedOf(issue)}`,
      got: `only ${listed(Object.keys(container).map(quoted)) || "nothing"}`,
    });
    return;
  }
  const text = { expected: expectedOf(issue), got: describeWritten(value) };
  if (issue.code === "invalid_value" && typeof value === "string") {
    report.add(place, {
      code: "mapping.unknown-word",
      message: `unknown ${nameOf(path)} ${quoted(value)}`,
      ...text,
      didYouMean: nearestSpelling(value, issue.values.map(String)),
    });
  } else if (issue.code === "too_small")
    report.add(place, { code: "mapping.empty", message: `${name} is empty`, ...text, got: "an empty list" });
  else if (issue.code === "too_big") report.add(place, { code: "mapping.too-many", message: `${name} is too long`, ...text });
  else report.add(place, { code: "mapping.wrong-kind", message: `${name} has a value of another kind`, ...text });
}

const KINDS: Readonly<Record<string, string>> = {
  string: "a text",
  array: "a list",
  object: "keys with values",
  record: "keys with values",
  boolean: "true or false",
  number: "a number",
  null: "null",
};

function expectedOf(issue: PlainIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return KINDS[issue.expected] ?? issue.expected;
    case "wrong_kind":
      return [...new Set(issue.expected.map((kind) => KINDS[kind] ?? kind))].join(" or ");
    case "invalid_value":
      return `one of: ${listed(issue.values.map(String))}`;
    case "too_small":
      return `at least ${String(issue.minimum)} entry`;
    case "too_big":
      return `at most ${String(issue.maximum)} entries`;
    case "custom":
    case "invalid_element":
    case "invalid_format":
    case "invalid_key":
    case "not_multiple_of":
    case "unrecognized_keys":
      return issue.message;
  }
}

/** Takes out what an issue names. Missing keys stay missing; a known key with a wrong value keeps its place, without a value. */
function takeOut(issues: readonly PlainIssue[], root: unknown, positions: Positions): void {
  const items = new Map<unknown[], Set<number>>();
  for (const issue of issues) {
    const path = keysOf(issue.path);
    if (issue.code === "unrecognized_keys") {
      const value = valueAt(root, path);
      if (isContainer(value)) for (const key of issue.keys) Reflect.deleteProperty(value, key);
      continue;
    }
    const container = valueAt(root, path.slice(0, -1));
    const key = path.at(-1);
    if (Array.isArray(container) && typeof key === "number") items.set(container, (items.get(container) ?? new Set<number>()).add(key));
    else if (isContainer(container) && typeof key === "string" && key in container) container[key] = undefined;
  }
  for (const [list, wrong] of items) positions.removeItems(list, wrong);
}

function keysOf(path: readonly PropertyKey[]): readonly Key[] {
  return path.map((key) => (typeof key === "symbol" ? String(key) : key));
}

function nameOf(path: readonly Key[]): string {
  return path.findLast((key) => typeof key === "string") ?? "the mapping";
}

function isContainer(value: unknown): value is Record<Key, unknown> {
  return typeof value === "object" && value !== null;
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return keysOf(path).reduce<unknown>((value, key) => (isContainer(value) && Object.hasOwn(value, key) ? value[key] : undefined), root);
}
