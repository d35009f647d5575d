import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { JsonScanner } from "./scan-json.ts";
import type { ScanResult } from "./scan-json.ts";
import { isIdKey, keyStep, shapePairs } from "./shape.ts";

const LIMITS = { maxDepth: 200, maxPairs: 20_000, maxPathLength: 4096 };
const scanner = new JsonScanner(LIMITS);

function scan(text: string): ScanResult {
  return scanner.scan(Buffer.from(text, "utf8"));
}

/** `path type`, sorted. */
function shapeOf(result: ScanResult): string[] {
  if (!result.ok) throw new Error(`${result.failure} at ${String(result.offset)}`);
  return shapePairs(result.shape)
    .map(({ path, type }) => `${path} ${type}`)
    .toSorted();
}

/** The same, computed from the parsed value; the text of a number is what JSON.stringify writes. */
function naiveShape(value: unknown): string[] {
  const pairs = new Set<string>();
  const visit = (at: unknown, path: string): void => {
    pairs.add(`${path} ${naiveType(at)}`);
    if (Array.isArray(at)) for (const item of at) visit(item, `${path}[*]`);
    else if (typeof at === "object" && at !== null)
      for (const [key, item] of Object.entries(at)) visit(item, path + (isIdKey(key) ? ".*" : keyStep(key)));
  };
  visit(value, "$");
  return [...pairs].toSorted();
}

function naiveType(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value !== "number") return typeof value;
  const text = JSON.stringify(value);
  if (!/^-?[0-9]+$/.test(text)) return "number";
  const integer = BigInt(text);
  if (BigInt.asIntN(32, integer) === integer) return "int32";
  return BigInt.asIntN(64, integer) === integer ? "int64" : "integer";
}

const key = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 6 }),
  fc.constantFrom("a", "b", "id", "12", "ID660271", "ID", "1B", "__proto__", 'q"', "back\\slash", "é", "a.b", "*", "[*]"),
);
const number = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.maxSafeInteger(),
  fc.constantFrom(2147483647, 2147483648, -2147483648, -2147483649, 1e20),
);
const jsonValue = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    number,
    fc.string({ unit: "grapheme" }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 5 }),
    fc.uniqueArray(fc.tuple(key, tie("value")), { maxLength: 6, selector: ([name]) => name }).map((entries) => {
      const object: Record<string, unknown> = {};
      for (const [name, value] of entries)
        Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
      return object;
    }),
  ),
})).value;

/** Without what a body may not hold. */
function isClean(text: string): boolean {
  return !/\\u(?:0000|d[89a-f])/i.test(text);
}

describe("the shape of a JSON text", () => {
  test("is the set of paths and types", () => {
    const text = `{"a":[{"b":1},{"b":2.5,"c":[]},{"b":null}],"teams":{"ID12":{"x":true},"34":{"x":"y"}},"odd key":{},"big":12345678901,"huge":9223372036854775808}`;
    expect(shapeOf(scan(text))).toEqual(
      [
        "$ object",
        "$.a array",
        "$.a[*] object",
        "$.a[*].b int32",
        "$.a[*].b number",
        "$.a[*].b null",
        "$.a[*].c array",
        "$.teams object",
        "$.teams.* object",
        "$.teams.*.x boolean",
        "$.teams.*.x string",
        '$["odd key"] object',
        "$.big int64",
        "$.huge integer",
      ].toSorted(),
    );
  });

  test.each([
    ["0", "int32"],
    ["-0", "int32"],
    ["24.0", "number"],
    ["1e3", "number"],
    ["2147483647", "int32"],
    ["2147483648", "int64"],
    ["-2147483648", "int32"],
    ["-2147483649", "int64"],
    ["9223372036854775807", "int64"],
    ["-9223372036854775808", "int64"],
    ["-9223372036854775809", "integer"],
    ["99999999999999999999999", "integer"],
  ])("%s is of type %s", (text, type) => {
    expect(shapeOf(scan(`[${text}]`))).toEqual(["$ array", `$[*] ${type}`].toSorted());
  });

  test("equals the one that is computed from the parsed value", () => {
    fc.assert(
      fc.property(jsonValue, fc.constantFrom(undefined, 1, "\t"), (value, indentation) => {
        const text = JSON.stringify(value, null, indentation);
        fc.pre(isClean(text));
        expect(shapeOf(scan(text))).toEqual(naiveShape(JSON.parse(text)));
      }),
      { numRuns: 1000 },
    );
  });

  test("does not depend on what was scanned before", () => {
    fc.assert(
      fc.property(fc.array(jsonValue, { maxLength: 5 }), (values) => {
        const used = new JsonScanner(LIMITS);
        for (const value of values) {
          const text = JSON.stringify(value);
          fc.pre(isClean(text));
          const bytes = Buffer.from(text, "utf8");
          expect(shapeOf(used.scan(bytes))).toEqual(shapeOf(new JsonScanner(LIMITS).scan(bytes)));
        }
      }),
    );
  });

  test("of keys with escapes is that of the keys", () => {
    expect(shapeOf(scan(String.raw`{"a":1,"b\"":2,"c\\":3}`))).toEqual(
      ["$ object", "$.a int32", String.raw`$["b\""] int32`, String.raw`$["c\\"] int32`].toSorted(),
    );
    // The key above holds a quote: its bytes must not be taken for the end of another key.
    expect(shapeOf(scan('{"b":"","x":1}'))).toEqual(["$ object", "$.b string", "$.x int32"]);
    expect(shapeOf(scan(String.raw`{"a":{"y\":\"z":1}}`))).toContain(String.raw`$.a["y\":\"z"] int32`);
    expect(shapeOf(scan('{"a":{"y":"z"}}'))).toEqual(["$ object", "$.a object", "$.a.y string"]);
  });

  const feeds = join(import.meta.dirname, "../../../shared/captures/live_feed");
  test.skipIf(!existsSync(feeds))("of real feeds has the paths of the parsed value", () => {
    const join2 = (pairs: string[]): string[] =>
      [...new Set(pairs.map((pair) => pair.replace(/ (?:int32|int64|integer|number)$/, " number")))].toSorted();
    for (const name of readdirSync(feeds).slice(0, 5)) {
      const bytes = gunzipSync(readFileSync(join(feeds, name)));
      expect(join2(shapeOf(scanner.scan(bytes)))).toEqual(join2(naiveShape(JSON.parse(bytes.toString("utf8")))));
    }
  });
});

describe("what a body may not hold is found, with its place", () => {
  test.each([
    ['{"a":1,"a":2}', "duplicate-key", "/a", 7],
    [String.raw`{"a":1,"\u0061":2}`, "duplicate-key", "/a", 7],
    ['{"x":[{"ID12":1,"ID12":2}]}', "duplicate-key", "/x/0/ID12", 16],
    [String.raw`{"12":1,"\u00312":2}`, "duplicate-key", "/12", 8],
    ['{"__proto__":1,"__proto__":2}', "duplicate-key", "/__proto__", 15],
    ['{"é":1,"é":2}', "duplicate-key", "/é", 8],
    ['{"":1,"":2}', "duplicate-key", "/", 6],
    ['{"a/b~":{"k":1,"k":2}}', "duplicate-key", "/a~1b~0/k", 15],
    [String.raw`{"a":["x","\u0000"]}`, "nul-character", "/a/1", 11],
    [String.raw`{"\u0000":1}`, "nul-character", "", 2],
    [String.raw`["\ud83d"]`, "lone-surrogate", "/0", 2],
    [String.raw`["\ude00"]`, "lone-surrogate", "/0", 2],
    [String.raw`["\ud83dx"]`, "lone-surrogate", "/0", 2],
    [String.raw`["\ud83d\ud83d"]`, "lone-surrogate", "/0", 2],
    [String.raw`{"\udead":1}`, "lone-surrogate", "", 2],
    ["[1,1e400]", "number-not-finite", "/1", 3],
    ["[-1e309]", "number-not-finite", "/0", 1],
    [`[${"9".repeat(310)}]`, "number-not-finite", "/0", 1],
    [`[${"9".repeat(310)}.5]`, "number-not-finite", "/0", 1],
  ])("%s", (text, failure, pointer, offset) => {
    expect(scan(text)).toEqual({ ok: false, failure, pointer, offset });
  });

  test.each([
    '{"a":{"a":1},"b":{"a":1}}',
    '[{"a":1},{"a":2}]',
    '{"ID1":1,"ID01":2,"1":3,"01":4}',
    String.raw`["\ud83d\ude00","😀","\u0001","\\u0000","\\ud83d"]`,
    "[1e308,1e-400,0.0000001]",
    `[${"9".repeat(308)}]`,
    '{"toString":1,"constructor":2,"__proto__":{"__proto__":3}}',
  ])("%s is clean", (text) => {
    expect(scan(text).ok).toBe(true);
  });

  test("a depth of 200 is taken, one of 201 is not", () => {
    expect(scan("[".repeat(200) + "]".repeat(200)).ok).toBe(true);
    expect(scan("[".repeat(201) + "]".repeat(201))).toMatchObject({ ok: false, failure: "too-deep", offset: 200 });
    expect(scan('{"a":'.repeat(201))).toMatchObject({ ok: false, failure: "too-deep" });
  });

  test("a body with too many paths is refused, and its paths do not stay for ever", () => {
    const small = new JsonScanner({ ...LIMITS, maxPairs: 100 });
    const many = (prefix: string, count: number): Buffer =>
      Buffer.from(`{${Array.from({ length: count }, (_, at) => `"${prefix}${String(at)}x":1`).join(",")}}`);
    expect(small.scan(many("k", 99)).ok).toBe(true);
    expect(small.scan(many("k", 100))).toMatchObject({ ok: false, failure: "too-many-paths" });
    for (let round = 0; round < 1200; round++) expect(small.scan(many(`r${String(round)}_`, 99)).ok).toBe(true);
    expect(shapePairs((small.scan(Buffer.from('{"a":1}')) as Extract<ScanResult, { ok: true }>).shape)).toHaveLength(2);
  });
});

test("a path that is too long for a dictionary is refused", () => {
  const nested = (length: number): string => `{"${"a".repeat(length)}":{"b":1}}`;
  expect(scan(nested(4092)).ok).toBe(true);
  expect(scan(nested(4093))).toMatchObject({ ok: false, failure: "path-too-long", offset: 4098 });
});

describe("syntax", () => {
  function expectAgreement(text: string): void {
    let parses = true;
    try {
      JSON.parse(text);
    } catch {
      parses = false;
    }
    const result = scan(text);
    // What is no JSON may be refused for whatever comes first in it; what is JSON may be refused, but not for its syntax.
    const agrees = parses ? result.ok || result.failure !== "syntax" : !result.ok;
    expect({ text, agrees }).toEqual({ text, agrees: true });
  }

  test.each([
    "",
    " ",
    "1",
    '"x"',
    "nul",
    "nulll",
    "tru",
    "[",
    "]",
    "{",
    "{}",
    "{}}",
    "{} {}",
    "[1,]",
    "[,1]",
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    "{a:1}",
    "{'a':1}",
    "[01]",
    "[-]",
    "[+1]",
    "[.5]",
    "[1.]",
    "[1.e5]",
    "[1e]",
    "[1e+]",
    "[NaN]",
    "[Infinity]",
    '["\t"]',
    String.raw`["\x"]`,
    String.raw`["\u12"]`,
    '["',
    '["\\',
    "[1 2]",
    "[1] x",
    "// c\n[]",
    "\uFEFF[]",
    '{"a":1 "b":2}',
    "[\f1]",
    "[\u00a01]",
    '{"a" :\r\n1 }',
  ])("%j is judged as JSON.parse does", (text) => {
    expectAgreement(text);
  });

  test("any change of a byte is judged as JSON.parse does", () => {
    const change = fc.record({
      at: fc.nat(),
      byte: fc.constantFrom(...Buffer.from('{}[]",:\\ 019-+.eEutfn\n\0x')),
      kind: fc.constantFrom("replace", "insert", "remove", "cut"),
    });
    fc.assert(
      fc.property(jsonValue, fc.array(change, { minLength: 1, maxLength: 4 }), (value, changes) => {
        let text = JSON.stringify(value);
        for (const { at, byte, kind } of changes) {
          const place = at % (text.length + 1);
          const rest = kind === "cut" ? "" : text.slice(kind === "insert" ? place : place + 1);
          text = text.slice(0, place) + (kind === "replace" || kind === "insert" ? String.fromCharCode(byte) : "") + rest;
        }
        expectAgreement(text);
      }),
      { numRuns: 3000 },
    );
  });
});
