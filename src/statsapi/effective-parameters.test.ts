import { describe, expect, test } from "vitest";
import type { ApiMethod } from "./catalogue.ts";
import { effectiveParameters } from "./effective-parameters.ts";
import { requestPath } from "./request-path.ts";

const parameter = (name: string, more: Partial<ApiMethod["queryParameters"][number]> = {}): ApiMethod["queryParameters"][number] => ({
  name,
  aliases: [],
  upstreamName: name,
  default: null,
  description: "x",
  ...more,
});

const method: ApiMethod = {
  endpoint: "game",
  name: "feed",
  upstreamName: "liveFeed",
  description: "x",
  paths: ["/api/game/{game_pk}/{part}", "/api/game/{game_pk}", "/api/game"],
  pathParameters: [parameter("game_pk", { aliases: ["gamePk"] }), parameter("part")],
  queryParameters: [parameter("limit", { default: "5" }), parameter("sport", { upstreamName: "sportId" })],
};

describe("effective parameters", () => {
  test("have one spelling, texts, defaults, and are sorted", () => {
    const effective = effectiveParameters(method, { sportId: 1, gamePk: 747175, part: null }, { unknown: "refuse" });
    expect(effective).toEqual({ game_pk: "747175", limit: "5", sport: "1" });
    expect(Object.keys(effective)).toEqual(["game_pk", "limit", "sport"]);
  });

  test("of lists are their items with commas", () => {
    expect(effectiveParameters(method, { game_pk: [1, "2", true] }, { unknown: "refuse" })["game_pk"]).toBe("1,2,true");
  });

  test("may be given twice with one value, not with two", () => {
    expect(effectiveParameters(method, { game_pk: "1", gamePk: 1 }, { unknown: "refuse" })["game_pk"]).toBe("1");
    expect(() => effectiveParameters(method, { game_pk: "1", gamePk: "2" }, { unknown: "refuse" })).toThrow("1 and 2");
  });

  test("that the catalogue does not know are kept of a recording and refused of a user", () => {
    expect(effectiveParameters(method, { odd: "x" }, { unknown: "keep" })).toEqual({ limit: "5", odd: "x" });
    expect(() => effectiveParameters(method, { limti: "x" }, { unknown: "refuse" })).toThrow('did you mean "limit"?');
  });

  test("are no objects", () => {
    expect(() => effectiveParameters(method, { limit: { a: 1 } }, { unknown: "keep" })).toThrow("no text");
  });
});

describe("the path of a request", () => {
  test("is the first template that all parameters are there for, with the rest as the query", () => {
    expect(requestPath(method, { game_pk: "1", part: "live", limit: "5", sport: "2" })).toBe("/api/game/1/live?limit=5&sportId=2");
    expect(requestPath(method, { game_pk: "1" })).toBe("/api/game/1");
    expect(requestPath(method, {})).toBe("/api/game");
  });

  test("keeps values inside of their segment", () => {
    expect(requestPath(method, { game_pk: "1/../2?x=1", limit: "a&b=c d" })).toBe("/api/game/1%2F..%2F2%3Fx%3D1?limit=a%26b%3Dc+d");
    expect(requestPath(method, { game_pk: "1,2" })).toBe("/api/game/1,2");
    for (const value of ["..", ".", ""]) expect(() => requestPath(method, { game_pk: value })).toThrow("part of the path");
  });

  test("needs the parameters of one template", () => {
    const { paths, ...rest } = method;
    expect(() => requestPath({ ...rest, paths: paths.slice(0, 1) }, { part: "x" })).toThrow("game_pk, part");
  });
});
