import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BodyChecker } from "./body.ts";

const checker = new BodyChecker();
const bytes = (text: string): Buffer => Buffer.from(text, "utf8");

describe("a body", () => {
  test("is given back as JSON.parse gives it", () => {
    const text = '{"gamePk":747175,"x":[24.0,null,"é"],"__proto__":{"a":1}}';
    expect(checker.check(bytes(text))).toMatchObject({ ok: true, value: JSON.parse(text) as object });
    expect(checker.check(bytes("[]"))).toMatchObject({ ok: true, value: [] });
  });

  test.each([
    ["an empty body", Buffer.alloc(0), "body.empty", null],
    ["a blank body", bytes("  \n"), "body.not-json", { pointer: "", offset: 3 }],
    ["a byte order mark", bytes("\uFEFF{}"), "body.byte-order-mark", { pointer: "", offset: 0 }],
    ["a byte that is no UTF-8", Buffer.from([0x5b, 0x22, 0xc3, 0x28, 0x22, 0x5d]), "body.not-utf8", { pointer: "", offset: 3 }],
    ["UTF-8 that ends too early", Buffer.from([0x5b, 0x22, 0xe2, 0x82]), "body.not-utf8", { pointer: "", offset: 3 }],
    ["a surrogate in UTF-8", Buffer.from([0x5b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x5d]), "body.not-utf8", { pointer: "", offset: 3 }],
    ["a text", bytes('"x"'), "body.not-a-container", null],
    ["a number", bytes("12"), "body.not-a-container", null],
    ["null", bytes("null"), "body.not-a-container", null],
    ["a cut body", bytes('{"a":[1,2'), "body.not-json", { pointer: "/a/1", offset: 9 }],
    ["a trailing comma", bytes('{"a":[1,2,]}'), "body.not-json", { pointer: "/a/2", offset: 10 }],
    ["two documents", bytes("{}{}"), "body.not-json", { pointer: "", offset: 2 }],
    ["a double key", bytes('{"a":{"b":1,"b":1}}'), "body.duplicate-key", { pointer: "/a/b", offset: 12 }],
    ["an HTML page", bytes("<html></html>"), "body.not-json", { pointer: "", offset: 0 }],
  ])("fails by %s", (_, body, code, place) => {
    expect(checker.check(body)).toMatchObject({ ok: false, failure: { code, place } });
  });

  test("fails by its size before anything is read", () => {
    const small = new BodyChecker({ maxBytes: 5 });
    expect(small.check(bytes("[1,2]")).ok).toBe(true);
    expect(small.check(bytes("[1,23]"))).toMatchObject({ ok: false, failure: { code: "body.too-large", place: null } });
  });

  test("of millions of brackets fails by its depth, not by the memory", () => {
    const body = Buffer.alloc(8 * 1024 * 1024, "[");
    expect(checker.check(body)).toMatchObject({ ok: false, failure: { code: "body.too-deep", place: { offset: 200 } } });
  });

  test("with an endless key has a short place", () => {
    const key = "k".repeat(100_000);
    const verdict = checker.check(bytes(`{"${key}":[1e999]}`));
    expect(verdict).toMatchObject({ ok: false, failure: { code: "body.path-too-long" } });
    expect(JSON.stringify(verdict).length).toBeLessThan(1000);
  });

  test("that was damaged anywhere is never taken for what JSON.parse refuses, and never refused as no JSON where it takes it", () => {
    const text = '{"gamePk":747175,"teams":{"ID12":{"name":"José","avg":".167"},"34":[true,null,-1.50e+2]},"x":"\\u00e9\\ud83d\\ude00"}';
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(text.length), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 3 }), (changes) => {
        const body = bytes(text);
        for (const [at, byte] of changes) body[at] = byte;
        const verdict = checker.check(body);
        let parses = true;
        try {
          JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body));
        } catch {
          parses = false;
        }
        // What parses may fail for another reason than that it does not.
        const saysNoJson = !verdict.ok && ["body.not-json", "body.not-utf8"].includes(verdict.failure.code);
        expect({ isTaken: verdict.ok && !parses, isRefused: saysNoJson && parses }).toEqual({ isTaken: false, isRefused: false });
      }),
      { numRuns: 3000 },
    );
  });

  const captures = join(import.meta.dirname, "../../../shared/captures");
  test.skipIf(!existsSync(captures))("of every real capture is taken", () => {
    const failures: string[] = [];
    for (const file of readdirSync(captures, { recursive: true, encoding: "utf8" })) {
      if (!file.endsWith(".json.gz")) continue;
      const verdict = checker.check(gunzipSync(readFileSync(join(captures, file))));
      if (!verdict.ok) failures.push(`${file}: ${verdict.failure.code}`);
    }
    expect(failures).toEqual([]);
  });
});
