import { describe, expect, test } from "vitest";
import { UserError } from "../core/errors.ts";
import { parsePath } from "../mapping/parse-path.ts";
import type { ReadNode } from "./plan.ts";
import { type ReadPath, readSchemaOf } from "./read-schema.ts";

/** `text: $.a[*].b`; without a kind a container. */
function pathOf(text: string): ReadPath {
  const [kind = "", path = ""] = text.includes(": ") ? text.split(": ") : ["container", text];
  const parsed = parsePath(path);
  if (!parsed.ok) throw new Error(text);
  return { kind: kind as ReadPath["kind"], steps: parsed.value };
}
const schemaOf = (...paths: readonly string[]): ReadNode => readSchemaOf(paths.map(pathOf));

/** `{a: text, b: [json], c: <text>}`: objects, arrays and maps. */
function rendered(node: ReadNode): string {
  switch (node.kind) {
    case "text":
    case "json":
      return node.kind;
    case "typed":
      return node.type;
    case "array":
      return `[${rendered(node.item)}]`;
    case "map":
      return `<${rendered(node.value)}>`;
    case "object":
      return `{${Object.entries(node.keys)
        .map(([key, value]) => `${key}: ${rendered(value)}`)
        .join(", ")}}`;
  }
}

describe("a set of paths is read as one schema", () => {
  test.each([
    [["text: $.a", "text: $.b.c", "json: $.b.d"], "{a: text, b: {c: text, d: json}}"],
    [["text: $.a", "json: $.a"], "{a: json}"],
    [["json: $.a", "text: $.a"], "{a: json}"],
    [["text: $.a", "text: $.a"], "{a: text}"],
    [["$.a", "text: $.a"], "{a: text}"],
    [["json: $.a", "$.a"], "{a: json}"],
    [["$.a[*]", "text: $.a[*].b", "text: $.a[*].c[*]"], "{a: [{b: text, c: [text]}]}"],
    [["$.a.*", "text: $.a.*.b"], "{a: <{b: text}>}"],
    [["$.a[*]"], "{a: [json]}"],
    [["$.a"], "{a: json}"],
    [["text: $.__proto__"], "{__proto__: text}"],
  ])("%j", (paths, schema) => {
    expect(rendered(schemaOf(...paths))).toBe(schema);
  });

  test.each([
    [["text: $.a.*.b", "text: $.a.k.c"], "{a: <{b: text, c: text}>}"],
    [["text: $.a.k.c", "text: $.a.l.d", "text: $.a.*.b"], "{a: <{b: text, c: text, d: text}>}"],
    [["text: $.a.*.b", "json: $.a.k.b"], "{a: <{b: json}>}"],
    [["json: $.a.*.b", "text: $.a.k.b"], "{a: <{b: json}>}"],
    [["text: $.a.*.b", "text: $.a.k.b"], "{a: <{b: text}>}"],
    [["$.a.*", "text: $.a.k"], "{a: <text>}"],
    [["text: $.a.*", "$.a.k"], "{a: <text>}"],
    [["text: $.a.*.b[*].c", "text: $.a.k.b[*].d"], "{a: <{b: [{c: text, d: text}]}>}"],
    [["$.a.*", "text: $.a.k[*]"], "{a: <[text]>}"],
    [["$.a.*", "text: $.a.k.*"], "{a: <<text>>}"],
    [["text: $.a.*.*.c", "text: $.a.k.*.d"], "{a: <<{c: text, d: text}>>}"],
  ])("%j: what is read of one key of a map is read of each", (paths, schema) => {
    expect(rendered(schemaOf(...paths))).toBe(schema);
  });

  test.each([
    [["text: $.a", "text: $.a.b"], "$.a", "a value that is read whole, or a container that columns are read from"],
    [["json: $.a.b", "text: $.a.b[*]"], "$.a.b", "a value that is read whole, or a container that columns are read from"],
    [["json: $.a", "text: $.a.*"], "$.a", "a value that is read whole, or a container that columns are read from"],
    [["text: $.a[*]", "text: $.a[*].b"], "$.a[*]", "a value that is read whole, or a container that columns are read from"],
    [["text: $.a.*.b", "text: $.a.*.b.c"], "$.a.*.b", "a value that is read whole, or a container that columns are read from"],
    [["$.a[*]", "text: $.a.b"], "$.a", "an array, or an object"],
    [["$.a[*]", "$.a.*"], "$.a", "an array, or an object"],
  ])("%j is refused", (paths, place, expected) => {
    let thrown: unknown = null;
    try {
      schemaOf(...paths);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(UserError);
    expect((thrown as UserError).text).toEqual({
      code: "plan.read-conflict",
      message: `the mapping reads ${place} in two ways`,
      expected,
      got: "both",
      next: "map the container as one JSONB column, or its leaves, not both",
    });
  });
});
