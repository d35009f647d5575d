import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findMembers } from "./json-members.ts";

function slices(text: string): Record<string, string> | null {
  const bytes = Buffer.from(text, "utf8");
  const found = findMembers(bytes);
  if (found.kind === "other" || !found.isComplete) return null;
  return Object.fromEntries(Array.from(found.members, ([key, { start, end }]) => [key, bytes.toString("utf8", start, end)]));
}

describe("the members of an object", () => {
  test("are given as they stand in the text", () => {
    expect(slices(' { "a" : 24.0 , "b": [1, {"x": "]}\\""} ],"\\u0063":"é\\\\" ,"d":{ } }\n')).toEqual({
      a: "24.0",
      b: '[1, {"x": "]}\\""} ]',
      c: '"é\\\\"',
      d: "{ }",
    });
    expect(slices("{}")).toEqual({});
    expect(slices('{"a":1}')).toEqual({ a: "1" });
  });

  test("are those that JSON.parse gives", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: "grapheme", maxLength: 5 }), fc.jsonValue(), { maxKeys: 6 }),
        fc.constantFrom(undefined, 2),
        (object, indentation) => {
          const text = JSON.stringify(object, null, indentation);
          const found = slices(text);
          expect(found).not.toBeNull();
          const parsed = Object.fromEntries(Object.entries(found!).map(([key, value]) => [key, JSON.parse(value) as unknown]));
          expect(parsed).toEqual(JSON.parse(text));
        },
      ),
    );
  });

  test("of the start of a text are those that are complete", () => {
    const text = '{"a":{"x":1},"b":"two","c":[1,2,3]}';
    for (let size = 1; size < text.length; size++) {
      const found = findMembers(Buffer.from(text.slice(0, size)));
      expect(found).toMatchObject({ kind: "object", isComplete: false });
      if (found.kind === "other") continue;
      expect([...found.members.keys()]).toEqual(["a", "b", "c"].slice(0, found.members.size));
      expect(found.members.has("a")).toBe(size > '{"a":{"x":1}'.length);
    }
  });

  test("that are there twice are named", () => {
    expect(findMembers(Buffer.from('{"a":1,"b":2,"a":3}'))).toMatchObject({ doubles: ["a"] });
  });

  test.each(["[]", "", "1", '"{}"', "{} {}", "{}}", '{"a":1}x', '{"a" 1}', '{"a":1 "b":2}'])(
    "%j is no object, or more than one",
    (text) => {
      expect(slices(text)).toBeNull();
    },
  );
});
