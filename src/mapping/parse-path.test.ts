import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseLookupPlace } from "./parse-lookup.ts";
import { parseIgnorePath, parseNestedPath, parsePath, parseReference, renderReference } from "./parse-path.ts";
import type { Reference, Root } from "./path.ts";

const root = (kind: Root): Root => kind;

describe("references", () => {
  test.each([
    ["$", root({ kind: "element" }), []],
    ["$.a.b", root({ kind: "element" }), ["a", "b"]],
    ["$.1B.x_2", root({ kind: "element" }), ["1B", "x_2"]],
    ['$["odd key"].a', root({ kind: "element" }), ["odd key", "a"]],
    ['$["it\\"s \\u0041"]', root({ kind: "element" }), ['it"s A']],
    ["$.parent.document", root({ kind: "element" }), ["parent", "document"]],
    ["parent", root({ kind: "parent", levels: 1 }), []],
    ["parent.x", root({ kind: "parent", levels: 1 }), ["x"]],
    ["parent.parent.x", root({ kind: "parent", levels: 2 }), ["x"]],
    ["parent.parents.x", root({ kind: "parent", levels: 1 }), ["parents", "x"]],
    ['parent["parent"]', root({ kind: "parent", levels: 1 }), ["parent"]],
    ["document.a", root({ kind: "document" }), ["a"]],
    ["player.fullName", root({ kind: "lookup", name: "player" }), ["fullName"]],
    ["player", root({ kind: "lookup", name: "player" }), []],
  ])("%s", (text, start, keys) => {
    expect(parseReference(text, ["player"])).toEqual({ ok: true, value: { root: start, keys } });
  });

  test.each([
    "",
    "a.b",
    "$.",
    "$..a",
    "$a",
    "$.a[0]",
    "$.a[*]",
    "$.a.*",
    "$.**",
    "$.a b",
    "$.a-b",
    '$["a]',
    "$['a']",
    "parent.",
    "other.x",
    "$.a.**",
  ])("%j is none", (text) => {
    expect(parseReference(text, ["player"]).ok).toBe(false);
  });

  test("are the same after being written and parsed again", () => {
    const reference: fc.Arbitrary<Reference> = fc.record({
      root: fc.oneof(
        fc.constant(root({ kind: "element" })),
        fc.constant(root({ kind: "document" })),
        fc.integer({ min: 1, max: 9 }).map((levels) => root({ kind: "parent", levels })),
        fc.constant(root({ kind: "lookup", name: "player" })),
      ),
      keys: fc.array(fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("parent", "a", "1B", "*", "[*]", "**"))),
    });
    fc.assert(
      fc.property(reference, (each) => {
        expect(parseReference(renderReference(each), ["player"])).toEqual({ ok: true, value: each });
      }),
    );
  });
});

describe("row sources", () => {
  test("hold wildcards", () => {
    expect(parsePath("$.a[*].b.*")).toEqual({
      ok: true,
      value: [{ kind: "key", key: "a" }, { kind: "items" }, { kind: "key", key: "b" }, { kind: "values" }],
    });
    expect(parsePath("$[*]")).toEqual({ ok: true, value: [{ kind: "items" }] });
    expect(parseNestedPath("events[*]")).toEqual(parseNestedPath("$.events[*]"));
  });

  test.each(["a.b", "parent.a[*]", "$.a[]", "$.**.a", "$.a[*", `$${".a".repeat(101)}`])("%j is none", (text) => {
    expect(parsePath(text).ok).toBe(false);
  });
});

test("ignore paths may start at any depth", () => {
  expect(parseIgnorePath("$.**.link")).toEqual({ ok: true, value: { anyDepth: true, steps: [{ kind: "key", key: "link" }] } });
  expect(parseIgnorePath("$.a[*].b").ok).toBe(true);
  expect(["$", "$.**", "$.a.**", "**.a", "$.**x"].filter((text) => parseIgnorePath(text).ok)).toEqual([]);
});

describe("lookups", () => {
  const place = (text: string): unknown => parseLookupPlace(text, ["items", "items"]);
  const element = root({ kind: "element" });

  test.each([
    ["document.gd.players.ID{$.player.id}", ["gd", "players"], "key", "ID", { root: element, keys: ["player", "id"] }],
    ["document.a.{parent.key_ref}", ["a"], "key", "", { root: root({ kind: "parent", levels: 1 }), keys: ["key_ref"] }],
    ["document.a.b[{$}]", ["a", "b"], "position", "", { root: element, keys: [] }],
    ["document.ID{document.winner.id}", [], "key", "ID", { root: root({ kind: "document" }), keys: ["winner", "id"] }],
  ])("%s", (text, container, by, prefix, reference) => {
    expect(place(text)).toEqual({ ok: true, value: { container, by, prefix, reference } });
  });

  test.each([
    "",
    "document.a",
    "document.a{$}x",
    "document.a[{$}",
    "document.a[{$}].b",
    "$.a.{$}",
    "player.{$}",
    "document.a.{}",
    "document.a.{$",
    "document.a[*].{$.b}",
    "document.a.{player.x}",
    "document.a-{$}",
    "document.a.{$.b[*]}",
    "document.a.{parent.parent.parent.x}",
  ])("%j is none", (text) => {
    expect(place(text)).toMatchObject({ ok: false });
  });

  test("are refused at the character that is wrong", () => {
    expect(place("document.players.ID{$.a..b}")).toMatchObject({ fault: { offset: 23, got: '"..b"' } });
  });
});
