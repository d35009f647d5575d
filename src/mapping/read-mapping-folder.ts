import type { Dirent } from "node:fs";
import { lstat, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Problem, UserError } from "../core/errors.ts";
import { EXAMPLES_SUFFIX } from "./read-examples.ts";

/** One file of a mappings folder. */
export interface MappingFile {
  /** Relative to the folder, with `/`: `game/live_game_v1.yaml`. */
  readonly file: string;
  readonly text: string;
}

export interface MappingFolder {
  readonly files: readonly MappingFile[];
  /** What in the folder is no mapping file. */
  readonly problems: readonly Problem[];
}

/** The reading that knows no mapping: a million characters more than a mapping may have would only fill memory. */
const MAX_BYTES = 4_000_000;

/**
 * Reads `<folder>/<endpoint>/*.yaml`, in order of names. Nothing outside of the folder is ever read: links are problems.
 * The examples of a mapping (`read-examples.ts`) stand beside its file and are not read here.
 * @throws UserError `mapping.folder-missing` where the folder cannot be read.
 */
export async function readMappingFolder(folder: string): Promise<MappingFolder> {
  const files: MappingFile[] = [];
  const problems: Problem[] = [];
  for (const endpoint of await entriesOf(folder, folder)) {
    if (isHidden(endpoint)) continue;
    if (!endpoint.isDirectory()) {
      problems.push(
        problemOf(
          endpoint.name,
          "the mappings folder holds more than folders of endpoints",
          "folders named as endpoints",
          describe(endpoint),
        ),
      );
      continue;
    }
    const entries = await entriesOf(join(folder, endpoint.name), folder);
    for (const entry of entries) {
      if (isHidden(entry) || isExamplesOf(entries, entry)) continue;
      const file = `${endpoint.name}/${entry.name}`;
      const problem = await fileProblem(folder, file, entry);
      if (problem === null) files.push({ file, text: await readFile(join(folder, file), "utf8") });
      else problems.push(problem);
    }
  }
  return { files, problems };
}

/** Names, sizes and times of all files: the same where nothing was changed. */
export async function stampOfMappingFolder(folder: string): Promise<string> {
  const stamps: string[] = [];
  for (const endpoint of await entriesOf(folder, folder)) {
    if (!endpoint.isDirectory()) {
      stamps.push(endpoint.name);
      continue;
    }
    for (const entry of await entriesOf(join(folder, endpoint.name), folder)) {
      const { size, mtimeMs, ino } = await lstat(join(folder, endpoint.name, entry.name));
      stamps.push(`${endpoint.name}/${entry.name} ${String(size)} ${String(mtimeMs)} ${String(ino)}`);
    }
  }
  return stamps.join("\n");
}

async function fileProblem(folder: string, file: string, entry: Dirent): Promise<Problem | null> {
  if (entry.isDirectory() && entry.name.endsWith(EXAMPLES_SUFFIX))
    return problemOf(file, "these are examples of no mapping", `${mappingOf(entry)} beside them`, "nothing");
  if (!entry.isFile()) return problemOf(file, "this is no file of the folder", "plain files (links could lead anywhere)", describe(entry));
  if (!entry.name.endsWith(".yaml")) return problemOf(file, "this is no mapping file", "a name that ends in .yaml", entry.name);
  const { size } = await lstat(join(folder, file));
  return size > MAX_BYTES ? problemOf(file, "the file is too large", "at most 4 MB", `${String(size)} bytes`) : null;
}

async function entriesOf(path: string, folder: string): Promise<readonly Dirent[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  } catch (cause) {
    throw new UserError({
      code: "mapping.folder-missing",
      message: `the mappings folder ${folder} cannot be read`,
      expected: "a folder with a folder for each endpoint",
      got: cause instanceof Error ? cause.message : String(cause),
      cause,
    });
  }
}

function isHidden(entry: Dirent): boolean {
  return entry.name.startsWith(".");
}

/** Whether a folder holds the examples of a mapping that is there. */
function isExamplesOf(entries: readonly Dirent[], entry: Dirent): boolean {
  if (!entry.isDirectory() || !entry.name.endsWith(EXAMPLES_SUFFIX)) return false;
  return entries.some((other) => other.isFile() && other.name === mappingOf(entry));
}

/** Name of the file that examples belong to. */
function mappingOf(examples: Dirent): string {
  return `${examples.name.slice(0, -EXAMPLES_SUFFIX.length)}.yaml`;
}

function describe(entry: Dirent): string {
  if (entry.isSymbolicLink()) return `a link, ${entry.name}`;
  return entry.isDirectory()
    ? `a folder, ${entry.name}`
    : entry.isFile()
      ? `a file, ${entry.name}`
      : `neither file nor folder, ${entry.name}`;
}

function problemOf(file: string, message: string, expected: string, got: string): Problem {
  return { code: "mapping.folder", file, line: 1, column: 1, message, expected, got };
}
