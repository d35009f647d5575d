import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ProblemsError } from "../core/errors.ts";
import { createReport } from "../mapping/report.ts";
import { readCatalogue, readCatalogueText } from "./read-catalogue.ts";

const shipped = join(import.meta.dirname, "../../config/endpoints");
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "catalogue-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** `line:column code got`. */
function problemsOf(text: string): string[] {
  const report = createReport("x.yaml");
  expect(readCatalogueText(text, report)).toEqual([]);
  return report
    .sorted()
    .map(({ line, column, code, got }) => `${String(line)}:${String(column)} ${code}${got === undefined ? "" : ` ${got}`}`);
}

const GOOD = `endpoint: game
description: Games
methods:
  feed:
    upstream_name: liveFeed
    description: All of a game
    path: /api/v1/game/{game_pk}/feed
    path_parameters:
      game_pk: {aliases: [gamePk], description: Key}
    query_parameters:
      limit: {default: 5, description: How many}
`;

describe("the catalogue", () => {
  test("is read with its defaults filled in", () => {
    const report = createReport("x.yaml");
    expect(readCatalogueText(GOOD, report)).toEqual([
      {
        endpoint: "game",
        name: "feed",
        upstreamName: "liveFeed",
        description: "All of a game",
        paths: ["/api/v1/game/{game_pk}/feed"],
        pathParameters: [{ name: "game_pk", aliases: ["gamePk"], upstreamName: "game_pk", default: null, description: "Key" }],
        queryParameters: [{ name: "limit", aliases: [], upstreamName: "limit", default: "5", description: "How many" }],
      },
    ]);
    expect(report.sorted()).toEqual([]);
  });

  test("that ships is right, and finds a method by either of its names", async () => {
    const catalogue = await readCatalogue(shipped);
    expect(catalogue.get("game", "live_game_v1")).toBe(catalogue.get("game", "liveGameV1"));
    expect(catalogue.get("game", "live_game_v1").upstreamName).toBe("liveGameV1");
    expect(catalogue.get("schedule", "schedule").paths).toEqual(["/api/v1/schedule"]);
  });

  test("says what was meant by a name that is not there", async () => {
    const catalogue = await readCatalogue(shipped);
    expect(catalogue.find("game", "x")).toBeNull();
    expect(() => catalogue.get("gmae", "boxscore")).toThrow('did you mean "game"?');
    expect(() => catalogue.get("game", "live_game_v2")).toThrow('did you mean "live_game_v1"?');
    expect(() => catalogue.get("cricket_world", "x")).toThrow("a new endpoint is YAML, not code");
  });

  test.each([
    [
      "a word that is none",
      GOOD.replace("upstream_name:", "upstreem_name:"),
      ['5:5 catalogue.unknown-key "upstreem_name"', "5:5 catalogue.bad-value"],
    ],
    ["a parameter's word that is none", GOOD.replace("default: 5", "defualt: 5"), ['11:15 catalogue.unknown-key "defualt"']],
    ["a path that is none", GOOD.replace("path: /api", "path: api"), ["7:11 catalogue.bad-value"]],
    ["a path that leads elsewhere", GOOD.replace("/api/v1/", "/api/../"), ["7:11 catalogue.bad-value"]],
    ["a name that is no folder", GOOD.replace("endpoint: game", "endpoint: ../game"), ["1:11 catalogue.bad-value"]],
    ["an upstream name that leads elsewhere", GOOD.replace("liveFeed", "../x"), ["5:20 catalogue.bad-value"]],
    [
      "a path parameter that is not declared",
      GOOD.replace("{game_pk}", "{game_key}"),
      ["7:5 catalogue.unknown-path-parameter game_key", "8:5 catalogue.unused-path-parameter game_pk"],
    ],
    ["two parameters of one spelling", GOOD.replace("limit:", "gamePk:"), ["10:5 catalogue.double-parameter gamePk"]],
    ["no YAML", "endpoint: [", ["1:12 yaml.syntax"]],
  ])("refuses %s, with its place", (_, text, problems) => {
    const found = problemsOf(text);
    for (const problem of problems) expect(found).toContainEqual(expect.stringContaining(problem));
  });

  test("is read to the end: all problems of all files at once", async () => {
    await writeFile(join(folder, "a.yaml"), GOOD.replace("description: Games", "descripton: Games"));
    await writeFile(join(folder, "b.yaml"), GOOD.replace("liveFeed", "live feed"));
    await writeFile(join(folder, "c.yaml"), GOOD);
    await writeFile(join(folder, "d.yaml"), GOOD);
    const error = await readCatalogue(folder).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ProblemsError);
    const files = (error as ProblemsError).problems.map(({ file, code }) => `${file.slice(-6)} ${code}`);
    expect(files).toEqual(
      expect.arrayContaining(["a.yaml catalogue.unknown-key", "b.yaml catalogue.bad-value", "d.yaml catalogue.double-endpoint"]),
    );
    expect((error as ProblemsError).problems.find(({ code }) => code === "catalogue.unknown-key")?.didYouMean).toBe("description");
  });

  test("needs its folder", async () => {
    await expect(readCatalogue(join(folder, "nowhere"))).rejects.toMatchObject({ code: "catalogue.no-folder" });
  });
});
