/**
 * What test files import as "vitest" while mutants run: it collects the tests, so that they can be run again and again.
 * As much of vitest as the tests of this project use, `expect` is its own.
 */
import { readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { expect as vitestExpect } from "vitest";

/** Golden files are read here, beside the test that runs: vitest looks for the run that they belong to. */
export const expect = Object.assign((received) => {
  const toMatchFileSnapshot = (path) => vitestExpect(received).toBe(readFileSync(resolve(dirname(file), path), "utf8"));
  return Object.defineProperty(vitestExpect(received), "toMatchFileSnapshot", { value: toMatchFileSnapshot });
}, vitestExpect);

/** A describe block, or a file. */
const newSuite = (outer) => ({ outer, beforeAll: [], afterAll: [], beforeEach: [], afterEach: [] });

let suite = newSuite(null);
let collected = [];
/** The file that is collected, or whose test runs; from the working directory. */
let file = "";

/** The tests that a file holds, in its order, each with an id. */
export async function collectTests(path, load) {
  [suite, collected, file] = [newSuite(null), [], relative(process.cwd(), path)];
  await load();
  return collected;
}

/** `test.each(rows)(name, run)`: a row that is a list gives several arguments. */
const forEachRow = (register) => (rows) => (name, run) => {
  for (const row of rows) {
    const values = Array.isArray(row) ? [...row] : [row];
    const filled = name.replaceAll(/%[sdj]/g, () => String(values.shift())).replaceAll(/\$(\w+)/g, (word, key) => String(row[key] ?? word));
    register(filled, () => run(...(Array.isArray(row) ? row : [row])));
  }
};

export function test(name, run) {
  collected.push({ id: `${file}#${collected.length} ${name}`, name, file, suite, run });
}
test.each = forEachRow(test);

export function describe(name, declare) {
  suite = newSuite(suite);
  declare();
  suite = suite.outer;
}
describe.each = forEachRow(describe);

export const beforeAll = (run) => suite.beforeAll.push(run);
export const afterAll = (run) => suite.afterAll.push(run);
export const beforeEach = (run) => suite.beforeEach.push(run);
export const afterEach = (run) => suite.afterEach.push(run);

/** Suites whose beforeAll ran and whose afterAll did not. */
const entered = new Set();

/** The suites of a test, the file first. */
const suitesOf = (inner) => (inner === null ? [] : [...suitesOf(inner.outer), inner]);

/** Runs one test with all of its hooks; null, or what failed. `leaveSuites` has to follow. */
export async function runTest({ suite: inner, file: from, run }) {
  const suites = suitesOf(inner);
  file = from;
  try {
    for (const each of suites) {
      if (entered.has(each)) continue;
      entered.add(each);
      for (const hook of each.beforeAll) await hook();
    }
    for (const hook of suites.flatMap((each) => each.beforeEach)) await hook();
    await run();
    return null;
  } catch (error) {
    return String(error?.message ?? error);
  } finally {
    for (const hook of suites.toReversed().flatMap((each) => each.afterEach)) await hook();
  }
}

export async function leaveSuites() {
  const suites = [...entered].toReversed();
  entered.clear();
  for (const hook of suites.flatMap((each) => each.afterAll)) await hook();
}
