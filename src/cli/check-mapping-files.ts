import { readFile } from "node:fs/promises";
import { join, relative, resolve, sep } from "node:path";
import { type Problem, UserError } from "../core/errors.ts";
import { isFileError } from "../core/file-error.ts";
import { type CheckedMapping, checkMapping } from "../mapping/check-mapping.ts";
import { type CheckedFile, checkRegistry } from "../mapping/check-registry.ts";
import { readMapping } from "../mapping/read-mapping.ts";
import { type MappingFolder, readMappingFolder } from "../mapping/read-mapping-folder.ts";
import { compilePlan } from "../plan/compile-plan.ts";

export interface MappingFilesCheck {
  readonly files: number;
  readonly targets: number;
  /** In the order of files, lines and columns. */
  readonly problems: readonly Problem[];
}

/**
 * Checks mapping files, each and together: those named, or all of the folder. A named file of the folder is checked with the
 * others of it (a table belongs to one mapping); problems of the others are left out.
 * @throws UserError `mapping.folder-missing` where no file is named and the folder cannot be read.
 */
export async function checkMappingFiles(folder: string, named: readonly string[]): Promise<MappingFilesCheck> {
  const outside = named.filter((file) => insideOf(folder, file) === null);
  const inside = named.flatMap((file): (readonly [string, string])[] => {
    const place = insideOf(folder, file);
    return place === null ? [] : [[place, file]];
  });
  const results = await Promise.all([...new Set(outside)].map(checkOne));
  if (named.length === 0 || inside.length > 0)
    results.push(checkTogether(folder, await readMappingFolder(folder), named.length === 0 ? null : new Map(inside)));
  return {
    files: results.reduce((sum, { files }) => sum + files, 0),
    targets: results.reduce((sum, { targets }) => sum + targets, 0),
    problems: results.flatMap(({ problems }) => problems).toSorted(byPlace),
  };
}

/** Relative to the folder, with `/`; null for a file elsewhere. */
function insideOf(folder: string, file: string): string | null {
  const place = relative(folder, resolve(file));
  return place === "" || place.startsWith("..") || resolve(folder, place) === place ? null : place.replaceAll(sep, "/");
}

async function checkOne(file: string): Promise<MappingFilesCheck> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    return { files: 1, targets: 0, problems: [unreadable(file, isFileError(cause, "ENOENT") ? "no such file" : cause.message)] };
  }
  const checked = checkMapping(readMapping(text, file));
  return { files: 1, targets: targetsOf(checked), problems: [...checked.problems, ...planProblems(file, checked)] };
}

/** `named`: files of the folder as they were named; null for all. */
function checkTogether(folder: string, { files, problems }: MappingFolder, named: ReadonlyMap<string, string> | null): MappingFilesCheck {
  const checked = files.map(({ file, text }): CheckedFile => ({ file, checked: checkMapping(readMapping(text, file)) }));
  const chosen = checked.filter(({ file }) => named === null || named.has(file));
  const own = [...problems, ...checked.flatMap((one) => [...one.checked.problems, ...planProblems(one.file, one.checked)])].filter(
    ({ file }) => named === null || named.has(file),
  );
  // What two files cannot have both is told of the later one: where that is not the named one, its text names the other.
  const between = checkRegistry(checked).filter(
    (problem) =>
      named === null ||
      named.has(problem.file) ||
      [...named.keys()].some((file) => `${problem.message} ${problem.got ?? ""}`.includes(file)),
  );
  const known = new Set([...files.map(({ file }) => file), ...problems.map(({ file }) => file)]);
  const missing = [...(named ?? [])].flatMap(([place, file]) =>
    known.has(place) ? [] : [unreadable(file, "no mapping file of the folder")],
  );
  return {
    files: chosen.length + missing.length,
    targets: chosen.reduce((sum, one) => sum + targetsOf(one.checked), 0),
    problems: [
      ...[...own, ...between].map((problem) => ({ ...problem, file: named?.get(problem.file) ?? join(folder, problem.file) })),
      ...missing,
    ],
  };
}

function targetsOf({ mapping }: CheckedMapping): number {
  return mapping === null ? 0 : mapping.targets.length;
}

/** A mapping can be right line by line and still read one place in two ways. */
function planProblems(file: string, { mapping }: CheckedMapping): readonly Problem[] {
  if (mapping === null) return [];
  try {
    compilePlan(mapping);
    return [];
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { code, message, expected, got } = error.text;
    return [
      { code, file, line: 1, column: 1, message, ...(expected === undefined ? {} : { expected }), ...(got === undefined ? {} : { got }) },
    ];
  }
}

function unreadable(file: string, got: string): Problem {
  return { code: "mapping.file", file, line: 1, column: 1, message: "the file cannot be read", expected: "a mapping file, .yaml", got };
}

function byPlace(a: Problem, b: Problem): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.line - b.line || a.column - b.column;
}
