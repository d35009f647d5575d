import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ProblemsError, renderProblem, UserError } from "../core/errors.ts";
import { loadRegistry, RegistryCache } from "./registry.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mappings-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

interface Sketch {
  readonly endpoint?: string;
  readonly method?: string;
  readonly rawTable?: string;
  readonly table: string;
  readonly relationship?: string;
}

const mappingText = ({
  endpoint = "game",
  method = "plays",
  rawTable = "captures",
  table,
  relationship,
}: Sketch): string => `source: {endpoint: ${endpoint}, method: ${method}, raw_table: ${endpoint}.${rawTable}, document_key: [game_pk]}
fields:
  - {name: game_pk, type: BIGINT, json_path: $.pk}
targets:
  - name: ${table}
    primary_key: [game_pk]
    fields:
      - {name: venue_id, type: BIGINT, json_path: $.venue.id}
      - {name: status, type: TEXT, json_path: $.status}
    relationships: [${relationship ?? ""}]
`;

async function write(file: string, text: string): Promise<void> {
  await mkdir(dirname(join(folder, file)), { recursive: true });
  await writeFile(join(folder, file), text);
}

/** What the registry says, with the folder cut off. */
async function problemsOf(): Promise<readonly string[]> {
  try {
    await loadRegistry(folder);
    return [];
  } catch (error) {
    if (error instanceof ProblemsError)
      return error.problems.map((problem) => `${renderProblem(problem).replace(`${folder}/`, "")} [${problem.code}]`);
    throw error;
  }
}

test("finds mappings by endpoint and method, by name and by table", async () => {
  await write("game/plays.yaml", mappingText({ table: "game.plays" }));
  await write("game/plays_projected.yaml", mappingText({ table: "game.projected_plays" }));
  await write(
    "venue/venues.yaml",
    mappingText({
      endpoint: "venue",
      method: "venues",
      table: "venue.venues",
      relationship: "{from_field: game_pk, to_table: game.plays, to_field: game_pk, optional: true}",
    }),
  );
  const registry = await loadRegistry(folder);
  expect(registry.mappings.map((mapping) => [mapping.name, mapping.file])).toEqual([
    ["game/plays", "game/plays.yaml"],
    ["game/plays_projected", "game/plays_projected.yaml"],
    ["venue/venues", "venue/venues.yaml"],
  ]);
  expect(registry.find("game", "plays").map((mapping) => mapping.name)).toEqual(["game/plays", "game/plays_projected"]);
  expect(registry.find("game", "other")).toEqual([]);
  expect(registry.named("venue/venues")?.targets[0]?.name).toBe("venue.venues");
  expect(registry.named("venue/other")).toBeNull();
  expect(registry.table("game.projected_plays")).toMatchObject({
    mapping: { name: "game/plays_projected" },
    target: { name: "game.projected_plays" },
  });
  expect(registry.table("game.other")).toBeNull();
});

test("the mappings of this project are right", async () => {
  const registry = await loadRegistry(fileURLToPath(new URL("../../config/schemas/mappings", import.meta.url)));
  expect(registry.mappings.length).toBeGreaterThan(0);
});

describe("reports, over all files at once,", () => {
  test("the problems of each file", async () => {
    await write("game/a.yaml", mappingText({ table: "a" }));
    await write("game/b.yaml", mappingText({ table: "b" }));
    expect((await problemsOf()).map((problem) => problem.slice(0, 40))).toEqual([
      'game/a.yaml:5:11  "a" is no name of a ta',
      'game/b.yaml:5:11  "b" is no name of a ta',
    ]);
  });

  test("a table in two mappings", async () => {
    await write("game/a.yaml", mappingText({ table: "game.plays" }));
    await write("game/b.yaml", mappingText({ table: "game.plays" }));
    expect(await problemsOf()).toEqual([
      'game/b.yaml:5:11  the table "game.plays" belongs to another mapping. Expected each table in one mapping, got "game.plays", which game/a.yaml fills [mapping.table-in-two]',
    ]);
  });

  test("a target that is a raw table", async () => {
    await write("game/a.yaml", mappingText({ rawTable: "plays", table: "game.plays" }));
    expect(await problemsOf()).toEqual([
      'game/a.yaml:5:11  the table "game.plays" keeps raw captures. Expected a table of its own, got the raw_table of a mapping [mapping.raw-table]',
    ]);
  });

  test("a mapping in another endpoint's folder, and a name that is taken by that", async () => {
    await write("game/plays.yaml", mappingText({ table: "game.plays" }));
    await write("gaem/plays.yaml", mappingText({ table: "game.other" }));
    expect(await problemsOf()).toEqual([
      'gaem/plays.yaml:1:20  the mapping stands in another endpoint\'s folder. Expected endpoint "gaem", as the folder is named, got "game" [mapping.wrong-folder]',
      'game/plays.yaml:1:20  the mapping "game/plays" is there already. Expected each mapping once, got "game/plays" again, after gaem/plays.yaml [mapping.double-name]',
    ]);
  });

  test("relationships to tables of no mapping, to missing columns, and to columns of another type", async () => {
    await write(
      "game/a.yaml",
      mappingText({ table: "game.plays", relationship: "{from_field: venue_id, to_table: venue.venus, to_field: id, optional: true}" }),
    );
    await write(
      "game/b.yaml",
      mappingText({ table: "game.games", relationship: "{from_field: venue_id, to_table: venue.venues, to_field: statu, optional: true}" }),
    );
    await write(
      "game/c.yaml",
      mappingText({
        table: "game.teams",
        relationship: "{from_field: venue_id, to_table: venue.venues, to_field: status, optional: true}",
      }),
    );
    await write("venue/venues.yaml", mappingText({ endpoint: "venue", table: "venue.venues" }));
    expect(await problemsOf()).toEqual([
      'game/a.yaml:10:54  the relationship points at "venue.venus", which no mapping fills. Expected a target of any mapping, got "venue.venus". Did you mean "venue.venues"? [mapping.unknown-table]',
      'game/b.yaml:10:78  "to_field" names "statu", which is no column of venue.venues. Expected a column of venue.venues, got "statu". Did you mean "status"? [mapping.unknown-column]',
      'game/c.yaml:10:78  the column "venue_id" points at "venue.venues.status", which has another type. Expected BIGINT, got TEXT [mapping.relationship-type]',
    ]);
  });

  test("what is no mapping file, and links, which are never followed", async () => {
    await write("game/plays.yml", "a: 1\n");
    await write("game/.hidden", "x");
    await mkdir(join(folder, "game/deeper"));
    await symlink("/etc/hostname", join(folder, "game/link.yaml"));
    await symlink("/etc", join(folder, "outside"));
    await write("README.md", "x");
    expect(await problemsOf()).toEqual([
      "README.md:1:1  the mappings folder holds more than folders of endpoints. Expected folders named as endpoints, got a file, README.md [mapping.folder]",
      "game/deeper:1:1  this is no file of the folder. Expected plain files (links could lead anywhere), got a folder, deeper [mapping.folder]",
      "game/link.yaml:1:1  this is no file of the folder. Expected plain files (links could lead anywhere), got a link, link.yaml [mapping.folder]",
      "game/plays.yml:1:1  this is no mapping file. Expected a name that ends in .yaml, got plays.yml [mapping.folder]",
      "outside:1:1  the mappings folder holds more than folders of endpoints. Expected folders named as endpoints, got a link, outside [mapping.folder]",
    ]);
  });
});

test("problems are in the order of files and places, each with its code; what belongs to no mapping is told as well", async () => {
  const wrong = mappingText({ table: "game.a" }).replace("TEXT", "TXT").replace("$.venue.id", "$.venue..id").replace("$.pk", "$.p..k");
  await write("game/b.yaml", wrong);
  await write("game/a.yaml", wrong.replace("game.a", "game.b"));
  await write("game/none.examples/one/document.json", "{}");
  await write("game/a.examples/one/document.json", "{}");
  await write("game/large.yaml", `# ${"x".repeat(4 * 1024 * 1024)}\n`);
  await write(".hidden/a.yaml", "7\n");
  await mkdir(join(folder, ".git"));
  await write("zoo/plays.yaml", mappingText({ table: "game.zoo", rawTable: "other" }).replace("TEXT", "TXT"));
  await expect(loadRegistry(folder)).rejects.toThrow(ProblemsError);
  const error: unknown = await loadRegistry(folder).catch((caught: unknown) => caught);
  const { problems } = error as ProblemsError;
  expect(
    problems.map(
      ({ file, line, column, code, got }) => `${file.slice(folder.length + 1)}:${String(line)}:${String(column)} ${code} ${got ?? ""}`,
    ),
  ).toEqual([
    'game/a.yaml:3:49 mapping.path "..k"',
    'game/a.yaml:8:58 mapping.path "..id"',
    'game/a.yaml:9:30 mapping.unknown-type "TXT"',
    'game/b.yaml:3:49 mapping.path "..k"',
    'game/b.yaml:8:58 mapping.path "..id"',
    'game/b.yaml:9:30 mapping.unknown-type "TXT"',
    "game/large.yaml:1:1 mapping.folder 4194307 bytes",
    "game/none.examples:1:1 mapping.folder nothing",
    'zoo/plays.yaml:1:20 mapping.wrong-folder "game"',
    'zoo/plays.yaml:9:30 mapping.unknown-type "TXT"',
  ]);
});

test("mappings are found by both endpoint and method", async () => {
  await write("game/plays.yaml", mappingText({ table: "game.plays" }));
  await write("venue/plays.yaml", mappingText({ endpoint: "venue", table: "venue.plays" }));
  await write("game/a_first.yaml", mappingText({ method: "others", table: "game.others" }));
  const registry = await loadRegistry(folder);
  expect(registry.mappings.map(({ name }) => name)).toEqual(["game/a_first", "game/plays", "venue/plays"]);
  expect(registry.find("game", "plays").map(({ name }) => name)).toEqual(["game/plays"]);
  expect(registry.find("venue", "others")).toEqual([]);
});

test("a folder that is not there is the user's to mend", async () => {
  await expect(loadRegistry(join(folder, "none"))).rejects.toThrow(UserError);
  await expect(loadRegistry(join(folder, "none"))).rejects.toMatchObject({
    code: "mapping.folder-missing",
    text: { message: `the mappings folder ${join(folder, "none")} cannot be read`, expected: "a folder with a folder for each endpoint" },
  });
});

test("the cache reads again only what changed", async () => {
  const cache = new RegistryCache();
  await write("game/plays.yaml", mappingText({ table: "game.plays" }));
  const first = await cache.load(folder);
  expect(await cache.load(folder)).toBe(first);
  await write("game/more.yaml", mappingText({ table: "game.more_plays" }));
  const second = await cache.load(folder);
  expect(second.mappings).toHaveLength(2);
  await write("game/more.yaml", mappingText({ table: "more" }));
  await expect(cache.load(folder)).rejects.toThrow(ProblemsError);
  await rm(join(folder, "game/more.yaml"));
  expect((await cache.load(folder)).mappings).toHaveLength(1);
  // Beside the folders of endpoints, too.
  await write("README.md", "x");
  await expect(cache.load(folder)).rejects.toThrow(ProblemsError);
  await rm(join(folder, "README.md"));
  const last = await cache.load(folder);
  expect(await cache.load(folder)).toBe(last);
});
