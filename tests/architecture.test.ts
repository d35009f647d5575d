import { readdirSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";
import { describe, expect, test } from "vitest";
import {
  findBadFiles,
  findCycles,
  findDataNames,
  findImpurities,
  findLayerViolations,
  findLibraryViolations,
  findSideDoors,
  importsOf,
  LIBRARY_FOLDERS,
  type Source,
} from "./architecture-rules.ts";

const ROOT = join(import.meta.dirname, "..");

function readSources(): Source[] {
  return readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .toSorted()
    .map((file) => ({ path: `src/${file.split(sep).join("/")}`, text: readFileSync(join(ROOT, "src", file), "utf8") }));
}

const sources = readSources();

describe("the sources keep to the architecture", () => {
  test("there are sources to look at", () => {
    expect(sources.map((source) => source.path)).toContain("src/core/errors.ts");
  });

  test("imports point to the same folder or down the layers", () => {
    expect(findLayerViolations(sources)).toEqual([]);
  });

  test("no imports go in a circle", () => {
    expect(findCycles(sources)).toEqual([]);
  });

  test("each library is imported in its own folder only", () => {
    expect(findLibraryViolations(sources)).toEqual([]);
  });

  test("each library of the package has a folder, and no folder is kept for one that is gone", () => {
    const { dependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { dependencies: Record<string, string> };
    expect(Object.keys(LIBRARY_FOLDERS).toSorted()).toEqual(Object.keys(dependencies).toSorted());
  });

  test("mapping, plan and sql touch no file, clock, chance or environment", () => {
    expect(findImpurities(sources)).toEqual([]);
  });

  test("files are short and say by their names what is in them", () => {
    expect(findBadFiles(sources)).toEqual([]);
  });

  test("no code names a table or a path of a body", () => {
    expect(findDataNames(sources)).toEqual([]);
  });

  test("the environment and the console are reached at their doors only", () => {
    expect(findSideDoors(sources)).toEqual([]);
  });
});

/** Sources in memory, written `path: text`. */
const plant = (files: Record<string, string>): Source[] => Object.entries(files).map(([path, text]) => ({ path, text }));
const importing = (path: string, ...specifiers: string[]): Source[] =>
  plant({ [path]: specifiers.map((name) => `import "${name}";`).join("\n") });

describe("every kind of import is seen", () => {
  test.each([
    ["import of values", 'import { a } from "./b.ts";'],
    ["import of types", 'import type { A } from "./b.ts";'],
    ["import for its effect", 'import "./b.ts";'],
    ["export from", 'export { a } from "./b.ts";'],
    ["export of all", 'export * from "./b.ts";'],
    ["import at run time", 'const b = await import("./b.ts");'],
    ["import inside a type", 'type B = import("./b.ts").B;'],
    ["require", 'const b = require("./b.ts");'],
  ])("%s", (_, text) => {
    expect(importsOf({ path: "src/core/a.ts", text })).toEqual(["./b.ts"]);
  });

  test("what only looks like an import in a comment or a text is none", () => {
    expect(importsOf({ path: "src/core/a.ts", text: `// import "./b.ts"\nconst a = 'import "./c.ts"';` })).toEqual([]);
  });
});

describe("the layer rule", () => {
  test.each([
    ["a folder above", "src/core/a.ts", "../plan/b.ts"],
    ["the use cases from a store", "src/store/duckdb/a.ts", "../../pipeline/b.ts"],
    ["a later folder of the pure ones", "src/mapping/a.ts", "../plan/b.ts"],
    ["a neighbour among engine, store, raw and statsapi", "src/raw/a.ts", "../store/duckdb/b.ts"],
    ["the web from the command line", "src/cli/a.ts", "../web/b.ts"],
    ["anything but core from the simulator", "src/simulate/a.ts", "../config/b.ts"],
    ["the simulator from a use case", "src/pipeline/a.ts", "../simulate/b.ts"],
    ["a folder without a layer", "src/core/a.ts", "../extra/b.ts"],
    ["a file outside of src", "src/core/a.ts", "../../tests/b.ts"],
  ])("refuses %s", (_, path, specifier) => {
    expect(findLayerViolations(importing(path, specifier))).toHaveLength(1);
  });

  test.each([
    ["the same folder", "src/engine/duckdb/a.ts", "../engine.ts"],
    ["a layer below", "src/pipeline/a.ts", "../engine/engine.ts"],
    ["an earlier folder of the pure ones", "src/sql/a.ts", "../plan/b.ts"],
    ["core from the simulator", "src/simulate/a.ts", "../core/b.ts"],
    ["the simulator from the command line", "src/cli/a.ts", "../simulate/b.ts"],
    ["a package", "src/core/a.ts", "pino"],
    ["anything from a test", "src/core/a.test.ts", "../pipeline/b.ts"],
  ])("allows %s", (_, path, specifier) => {
    expect(findLayerViolations(importing(path, specifier))).toEqual([]);
  });

  test("allows a pair of neighbours that is in the table, in that direction only", () => {
    const pairs = ["raw -> statsapi"];
    expect(findLayerViolations(importing("src/raw/a.ts", "../statsapi/b.ts"), pairs)).toEqual([]);
    expect(findLayerViolations(importing("src/statsapi/a.ts", "../raw/b.ts"), pairs)).toHaveLength(1);
  });

  test("refuses a file that lies in no folder with a layer", () => {
    expect(findLayerViolations(plant({ "src/door.ts": "", "src/extra/a.ts": "" }))).toHaveLength(2);
  });
});

describe("the cycle rule", () => {
  test("names the way round, over types too", () => {
    const cycle = plant({
      "src/core/a.ts": 'import { b } from "./b.ts";',
      "src/core/b.ts": 'import type { C } from "./c/c.ts";',
      "src/core/c/c.ts": 'export { a } from "../a.ts";',
    });
    expect(findCycles(cycle)).toEqual(["src/core/a.ts -> src/core/b.ts -> src/core/c/c.ts -> src/core/a.ts"]);
  });

  test("lets two ways lead to one file", () => {
    const diamond = plant({
      "src/core/a.ts": 'import "./b.ts"; import "./c.ts";',
      "src/core/b.ts": 'import "./d.ts";',
      "src/core/c.ts": 'import "./d.ts";',
      "src/core/d.ts": "",
    });
    expect(findCycles(diamond)).toEqual([]);
  });
});

describe("the library rule", () => {
  const folders = { "@scope/driver": ["src/engine/driver"] };

  test("refuses a driver outside its folder, by a part of it and in a test too", () => {
    expect(findLibraryViolations(importing("src/store/driver/a.ts", "@scope/driver"), folders)).toHaveLength(1);
    expect(findLibraryViolations(importing("src/engine/driver-two/a.ts", "@scope/driver/part"), folders)).toHaveLength(1);
    expect(findLibraryViolations(importing("src/store/driver/a.test.ts", "@scope/driver"), folders)).toHaveLength(1);
  });

  test("refuses a library that nobody decided on, except in tests", () => {
    expect(findLibraryViolations(importing("src/core/a.ts", "left-pad"), folders)).toHaveLength(1);
    expect(findLibraryViolations(importing("src/core/a.test.ts", "vitest"), folders)).toEqual([]);
  });

  test("allows a driver in its folder and the modules of Node everywhere", () => {
    expect(findLibraryViolations(importing("src/engine/driver/a.ts", "@scope/driver", "node:fs"), folders)).toEqual([]);
  });
});

describe("the purity rule", () => {
  test.each([
    ["files", 'import { readFileSync } from "node:fs";'],
    ["sockets", 'import net from "node:net";'],
    ["the clock", "const a = Date.now();"],
    ["the day", "const a = new Date();"],
    ["the day, without brackets", "const a = new Date;"],
    ["chance", "const a = Math.random();"],
    ["random names", 'import { randomUUID } from "node:crypto";'],
    ["the network", 'const a = await fetch("http://localhost");'],
    ["the environment", 'const a = process.env["A"];'],
  ])("refuses %s", (_, text) => {
    expect(findImpurities(plant({ "src/plan/a.ts": text }))).toHaveLength(1);
    expect(findImpurities(plant({ "src/pipeline/a.ts": text }))).toEqual([]);
  });

  test("lets the readers of mapping files, and only them, read files", () => {
    const text = 'import { readFileSync } from "node:fs";';
    expect(findImpurities(plant({ "src/mapping/read-mapping.ts": text, "src/mapping/registry.ts": text }))).toEqual([]);
    expect(findImpurities(plant({ "src/mapping/lint.ts": text, "src/plan/registry.ts": text }))).toHaveLength(2);
  });

  test("allows hashes, a date of a given time, and names in comments", () => {
    const text = 'import { createHash } from "node:crypto";\n// Date.now() is not for us\nconst a = new Date(0);';
    expect(findImpurities(plant({ "src/plan/a.ts": text }))).toEqual([]);
  });
});

describe("the file rule", () => {
  test("refuses more than 600 lines and allows 600", () => {
    expect(findBadFiles(plant({ "src/core/a.ts": "x;\n".repeat(601) }))).toHaveLength(1);
    expect(findBadFiles(plant({ "src/core/a.ts": "x;\n".repeat(600) }))).toEqual([]);
  });

  test.each([
    "src/core/utils.ts",
    "src/core/index.ts",
    "src/core/helpers.test.ts",
    "src/common/a.ts",
    "src/core/rawStore.ts",
    "src/core/raw_store.ts",
  ])("refuses the name %s", (path) => {
    expect(findBadFiles(plant({ [path]: "" }))).toHaveLength(1);
  });

  test("allows names in kebab-case, tests too", () => {
    expect(findBadFiles(plant({ "src/engine/duckdb/read-rows.ts": "", "src/core/sha256.test.ts": "" }))).toEqual([]);
  });
});

describe("the rule against names of data", () => {
  test.each([
    ["a table", 'const a = "select * from game.live_game_plays";'],
    ["a path in a template", "const a = `${b}.liveData.plays`;"],
    ["a path in the tail of a template", "const a = `${b}.x.${c}.allPlays`;"],
    ["a member of a body", "const a = body.gameData;"],
    ["a pattern", "const a = /playEvents/;"],
    ["a method, outside the help of the command line", 'const a = "live_game_v1";'],
  ])("refuses %s", (_, text) => {
    expect(findDataNames(plant({ "src/pipeline/a.ts": text }))).toHaveLength(1);
  });

  test("allows the simulator, tests, comments, and the method in the help of the command line", () => {
    const table = 'const a = "game.live_game_plays";';
    expect(findDataNames(plant({ "src/simulate/a.ts": table, "src/plan/a.test.ts": table, "src/plan/b.ts": `// ${table}` }))).toEqual([]);
    expect(findDataNames(plant({ "src/cli/transform.ts": 'const example = "--method live_game_v1";' }))).toEqual([]);
    expect(findDataNames(plant({ "src/cli/transform.ts": table }))).toHaveLength(1);
  });
});

describe("the rule of the doors", () => {
  test.each([
    ["process.env", 'const a = process.env["A"];'],
    ["process by a computed name", 'const a = process["env"];'],
    ["process taken apart", "const { env } = process;"],
    ["the module of the process", 'import { env } from "node:process";'],
    ["console", 'console.log("a");'],
    ["console handed on", "const out = console;"],
  ])("refuses %s", (_, text) => {
    expect(findSideDoors(plant({ "src/core/a.ts": text }))).toHaveLength(1);
  });

  test("allows each at its door", () => {
    const environment = 'const a = process.env["A"];';
    expect(
      findSideDoors(plant({ "src/cli/main.ts": environment, "src/config/read.ts": environment, "src/cli/output.ts": "console.log(1);" })),
    ).toEqual([]);
    expect(findSideDoors(plant({ "src/core/a.ts": 'process.on("SIGINT", stop); const b = { console: 1 }; b.console;' }))).toEqual([]);
  });
});
