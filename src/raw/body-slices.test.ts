import { describe, expect, test } from "vitest";
import { BodySlices, scalarText } from "./body-slices.ts";

const BODY = ` { "a" : [ 1.50 , {"b":"x, ]}\\" é"} , [] ],\n "c/d~": {"": -0, "__proto__": 1E+2, "0": null}, "k\\u0065y": true, "e": {} }\n`;

describe("a value of a body, byte for byte", () => {
  const slices = new BodySlices(Buffer.from(BODY, "utf8"));

  test.each([
    ["", BODY.trim()],
    ["/a", '[ 1.50 , {"b":"x, ]}\\" é"} , [] ]'],
    ["/a/0", "1.50"],
    ["/a/1/b", '"x, ]}\\" é"'],
    ["/a/2", "[]"],
    ["/c~1d~0/", "-0"],
    ["/c~1d~0/__proto__", "1E+2"],
    ["/c~1d~0/0", "null"],
    ["/key", "true"],
    ["/e", "{}"],
  ])("%j", (pointer, text) => {
    expect(slices.text(pointer)).toBe(text);
  });

  test.each(["/b", "/a/3", "/a/b", "/a/0/x", "/a/2/0", "/e/x", "/constructor", "no-pointer"])("%j is not there", (pointer) => {
    expect(slices.text(pointer)).toBeNull();
  });

  test("is read as engines read a leaf", () => {
    expect(['"a\\u0041"', "1.50", "null", "true"].map(scalarText)).toEqual(["aA", "1.50", null, "true"]);
  });
});
