import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { instantOf, instantOfMicros, isInstant, parseInstant, parseInstantOrDay } from "./instant.ts";

describe("a day alone", () => {
  test("is its first or its last microsecond in UTC", () => {
    expect(parseInstantOrDay("2024-02-29", "first")).toBe("2024-02-29T00:00:00.000000Z");
    expect(parseInstantOrDay("2024-02-29", "last")).toBe("2024-02-29T23:59:59.999999Z");
    expect(parseInstantOrDay("2024-07-13T00:19:09-04:00", "last")).toBe("2024-07-13T04:19:09.000000Z");
  });

  test.each(["2023-02-29", "2024-7-1", "2024-07", "2024-07-13T04:19:09"])("is not %s", (text) => {
    expect(parseInstantOrDay(text, "last")).toBeNull();
  });
});

describe("instants", () => {
  test.each([
    ["2024-07-13T04:19:09Z", "2024-07-13T04:19:09.000000Z"],
    ["2024-07-13T04:19Z", "2024-07-13T04:19:00.000000Z"],
    ["2024-07-13 04:19:09z", "2024-07-13T04:19:09.000000Z"],
    ["2024-07-13T04:19:09.5Z", "2024-07-13T04:19:09.500000Z"],
    ["2024-07-13T04:19:09.123456Z", "2024-07-13T04:19:09.123456Z"],
    ["2024-07-13T04:19:09.123456789Z", "2024-07-13T04:19:09.123456Z"],
    ["2024-07-13T00:19:09-04:00", "2024-07-13T04:19:09.000000Z"],
    ["2024-07-13T09:49:09+0530", "2024-07-13T04:19:09.000000Z"],
    ["2024-12-31T23:59:59.999999-01:00", "2025-01-01T00:59:59.999999Z"],
    ["2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000000Z"],
    ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"],
    ["20240713_041909", "2024-07-13T04:19:09.000000Z"],
  ])("%s is %s", (text, instant) => {
    expect(parseInstant(text)).toBe(instant);
    expect(isInstant(instant)).toBe(true);
  });

  test.each([
    "",
    "2024-07-13",
    "2024-07-13T04:19:09",
    "2023-02-29T00:00:00Z",
    "2024-13-01T00:00:00Z",
    "2024-00-10T00:00:00Z",
    "2024-07-13T24:00:00Z",
    "2024-07-13T23:59:60Z",
    "2024-07-13T04:60:00Z",
    "2024-07-13T04:19:09+24:00",
    "20240713_246000",
    "20240230_000000",
    "20240713T041909Z",
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00+01:00",
    "9999-12-31T23:59:59-00:01",
    " 2024-07-13T04:19:09Z",
    "2024-07-13T04:19:09Z\n",
    "٢٠٢٤-07-13T04:19:09Z",
  ])("%j is none", (text) => {
    expect(parseInstant(text)).toBeNull();
    expect(isInstant(text)).toBe(false);
  });

  test("only the canonical form counts as an instant", () => {
    expect(isInstant("2024-07-13T04:19:09Z")).toBe(false);
    expect(isInstant("2024-02-30T04:19:09.000000Z")).toBe(false);
  });

  test("the order of the texts is the order of the times", () => {
    const time = fc.date({ min: new Date("0001-01-01T00:00:00Z"), max: new Date("9999-12-31T23:59:59.999Z"), noInvalidDate: true });
    fc.assert(
      fc.property(time, time, (left, right) => {
        expect(instantOf(left) < instantOf(right)).toBe(left.getTime() < right.getTime());
        expect(new Date(instantOf(left)).getTime()).toBe(left.getTime());
        expect(instantOfMicros(BigInt(left.getTime()) * 1000n + 7n)).toBe(instantOf(left).replace("000Z", "007Z"));
      }),
    );
  });
});
