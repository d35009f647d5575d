import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Parsed } from "./parse-fault.ts";
import { parseLookupPlace } from "./parse-lookup.ts";
import { parseIgnorePath, parseNestedPath, parsePath, parseReference, renderReference } from "./parse-path.ts";
import { readReference } from "./path-scope.ts";
import type { Reference, Root } from "./path.ts";

/** Of a row below another one. */
const WORDS = ["parent", "document"];
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
    expect(parseReference(text, ["player"], WORDS)).toEqual({ ok: true, value: { root: start, keys } });
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
    expect(parseReference(text, ["player"], WORDS).ok).toBe(false);
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
        expect(parseReference(renderReference(each), ["player"], WORDS)).toEqual({ ok: true, value: each });
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

/** What is wrong, in one line. */
function fault(parsed: Parsed<unknown>): string {
  if (parsed.ok) return "nothing";
  const { offset, message, expected, got, didYouMean } = parsed.fault;
  return [`${String(offset)}: ${message}`, expected, got, ...(typeof didYouMean === "string" ? [`${didYouMean}?`] : [])].join("; ");
}

describe("what is wrong is told with its place", () => {
  test.each([
    ["$.a[0]", '3: the path "$.a[0]" does not parse; no array position (a row source or a lookup reaches items); "[0]"'],
    ["$.a[-1]", '3: the path "$.a[-1]" does not parse; no array position (a row source or a lookup reaches items); "[-1]"'],
    ["$.a[x]", '3: the path "$.a[x]" does not parse; one of: .key, ["odd key"], [*], .*; "[x]"'],
    ["$.a.**", '3: the path "$.a.**" does not parse; ** only at the start of an ignore path; ".**"'],
    ["$.a.**.b", '3: the path "$.a.**.b" does not parse; ** only at the start of an ignore path; ".**.b"'],
    ["$.a[*]", '3: the path "$.a[*]" has a wildcard; a path to one value (wildcards make rows, in array_source and object_source); "[*]"'],
    ["$.a.*.b", '3: the path "$.a.*.b" has a wildcard; a path to one value (wildcards make rows, in array_source and object_source); ".*"'],
    [
      "$.a b, and more than twenty characters",
      '3: the path "$.a b, and more than twenty characters" does not parse; one of: .key, ["odd key"], [*], .*; " b, and more than tw"',
    ],
    ['$["a\\x"]', '1: the path "$[\\"a\\\\x\\"]" does not parse; one of: .key, ["odd key"], [*], .*; "[\\"a\\\\x\\"]"'],
    ["playr.x", '0: the path "playr.x" starts nowhere; one of these at its start: $, parent, document, player; "playr"; player?'],
    ["parents.x", '0: the path "parents.x" starts nowhere; one of these at its start: $, parent, document, player; "parents"; parent?'],
    ["other", '0: the path "other" starts nowhere; one of these at its start: $, parent, document, player; "other"; $.other?'],
    ["1a", '0: the path "1a" starts nowhere; one of these at its start: $, parent, document, player; "1"'],
    [".a", '0: the path ".a" starts nowhere; one of these at its start: $, parent, document, player; "."'],
    ["-a", '0: the path "-a" starts nowhere; one of these at its start: $, parent, document, player; "-"'],
    ["", '0: the path "" starts nowhere; one of these at its start: $, parent, document, player; ""'],
    ["xparent.x", '0: the path "xparent.x" starts nowhere; one of these at its start: $, parent, document, player; "xparent"; parent?'],
  ])("of the reference %j", (text, problem) => {
    expect(fault(parseReference(text, ["player"], WORDS))).toBe(problem);
  });

  test.each([
    ["plays[*]", '0: the path "plays[*]" does not start at the document; a path that starts with $.; "plays[*]"; $.plays[*]?'],
    ["[*]", '0: the path "[*]" does not start at the document; a path that starts with $.; "[*]"'],
    ["-a", '0: the path "-a" does not start at the document; a path that starts with $.; "-a"'],
    ["$.a[0]", '3: the path "$.a[0]" does not parse; no array position (a row source or a lookup reaches items); "[0]"'],
    [
      `$${".a".repeat(101)}`,
      '201: the path "$.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a…" does not parse; one of: .key, ["odd key"], [*], .*; ".a"',
    ],
  ])("of the row source %j", (text, problem) => {
    expect(fault(parsePath(text))).toBe(problem);
  });

  test.each([
    ["$", '0: the path "$" ignores everything; a path to leaves, as $.**.link; "$"'],
    ["$.**", '0: the path "$.**" ignores everything; a path to leaves, as $.**.link; "$.**"'],
    ["$.**x", '4: the path "$.**x" does not parse; one of: .key, ["odd key"], [*], .*; "x"'],
    ["a", '0: the path "a" does not start at the document; a path that starts with $.; "a"; $.a?'],
  ])("of the ignore path %j", (text, problem) => {
    expect(fault(parseIgnorePath(text))).toBe(problem);
  });

  test.each([
    [
      "document.a",
      '0: the lookup "document.a" does not parse; a place in the document with one reference in braces, as "document.players.ID{$.id}" or "document.plays[{$}]"; "document.a"',
    ],
    [
      "document.a{$}x",
      '13: the lookup "document.a{$}x" goes on after its brace; nothing (the rest of the path stands where the lookup is used); "x"',
    ],
    [
      "document.a.{$}x",
      '14: the lookup "document.a.{$}x" goes on after its brace; nothing (the rest of the path stands where the lookup is used); "x"',
    ],
    [
      "document.a.K{$}.b",
      '15: the lookup "document.a.K{$}.b" goes on after its brace; nothing (the rest of the path stands where the lookup is used); ".b"',
    ],
    ["document.a[{$}", '14: the lookup "document.a[{$}" goes on after its brace; "]" and nothing more; ""'],
    ["document.a[{$}].b", '14: the lookup "document.a[{$}].b" goes on after its brace; "]" and nothing more; "].b"'],
    [
      "$.a.{$}",
      '0: the lookup "$.a.{$}" does not start at the document; a place in the document with one reference in braces, as "document.players.ID{$.id}" or "document.plays[{$}]"; "$.a"',
    ],
    [
      "parent.a.K{$}",
      '0: the lookup "parent.a.K{$}" does not start at the document; a place in the document with one reference in braces, as "document.players.ID{$.id}" or "document.plays[{$}]"; "parent.a"',
    ],
    ["player.a.{$}", '0: the path "player.a" starts nowhere; one of these at its start: $, parent, document; "player"; $.player.a?'],
    [
      "document.a.{player.x}",
      '12: the path "player.x" starts nowhere; one of these at its start: $, parent, document; "player"; $.player.x?',
    ],
    [
      "document.a.{parent.parent.parent.x}",
      '12: the path "parent.parent.parent.x" goes out further than the row source has levels; at most parent.parent; "parent.parent.parent"',
    ],
    [
      "document.a.\n{$}",
      '0: the lookup "document.a.\\n{$}" does not parse; a place in the document with one reference in braces, as "document.players.ID{$.id}" or "document.plays[{$}]"; "document.a.\\n{$}"',
    ],
    ["document.a.{\n$}", '12: the path "\\n$" starts nowhere; one of these at its start: $, parent, document; "\\n"'],
  ])("of the lookup %j", (text, problem) => {
    expect(fault(parseLookupPlace(text, ["items", "items"]))).toBe(problem);
  });

  test("a reference goes out no further than there are levels; of unknown levels, anywhere", () => {
    expect(fault(readReference("parent.x", { levels: ["items"], hasDocument: true, lookups: [] }))).toBe("nothing");
    expect(fault(readReference("parent.parent.parent.x", { levels: null, hasDocument: true, lookups: [] }))).toBe("nothing");
    expect(fault(readReference("parent.parent.parent.x", { levels: ["items", "items"], hasDocument: true, lookups: [] }))).toBe(
      '0: the path "parent.parent.parent.x" goes out further than the row source has levels; at most parent.parent; "parent.parent.parent"',
    );
    expect(fault(readReference("document.document", { levels: [], hasDocument: false, lookups: [] }))).toBe(
      '0: the path "document.document" starts at the document, which is $ here; $; "document"; $.document?',
    );
  });
});

test("keys that are no plain words, and parent, are written in brackets", () => {
  expect(renderReference({ root: root({ kind: "element" }), keys: ["a", "odd key", "parent", "1", "-"] })).toBe(
    '$.a["odd key"]["parent"].1["-"]',
  );
});
