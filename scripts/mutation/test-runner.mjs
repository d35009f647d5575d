/**
 * The test runner of `stryker.config.mjs`. Stryker compiles all mutants into the sources, each behind a switch: here the
 * test files are loaded once, and their tests run again in the same process for each mutant. Stryker's own runner starts
 * vitest anew for each, which takes fifty times as long.
 * Files are loaded again for a mutant in what a module does as it is loaded, and where a mutant left the process spoilt.
 */
import { performance } from "node:perf_hooks";
import { glob } from "tinyglobby";
import { createViteServer } from "vitest/node";
import * as vitestApi from "./vitest-api.mjs";

const { collectTests, leaveSuites, runTest } = vitestApi;
/** Gives the test files, which vite loads, the one instance that this file has. */
const vitestPlugin = {
  name: "vitest-api",
  enforce: "pre",
  resolveId: (id) => (id === "virtual:vitest" ? id : null),
  load: (id) => (id === "virtual:vitest" ? `export const { ${Object.keys(vitestApi).join(", ")} } = globalThis.vitestApi` : null),
};
/** What Stryker wants as the status of a test. */
const [SUCCESS, FAILED] = [0, 1];

class MutationTestRunner {
  static inject = ["options"];

  #patterns;
  /** Where the mutants in the sources look for which of them is active, and count how often they were run. */
  #switches = (globalThis.__stryker__ ??= {});
  #server;
  /** By id; null where the files must be loaded (again). */
  #tests = null;
  /** Milliseconds of each test when no mutant was active, for the quickest to run first. */
  #durations = new Map();

  constructor(options) {
    this.#patterns = options.sameProcess.testFiles;
  }

  capabilities() {
    return { reloadEnvironment: true };
  }

  async init() {
    // Of a promise that nobody waits for any more: the test that made it has failed, or it will at its own.
    process.on("unhandledRejection", () => {});
    this.#server = await createViteServer({
      configFile: false,
      logLevel: "error",
      appType: "custom",
      server: { middlewareMode: true, watch: null, hmr: false, ws: false },
      optimizeDeps: { noDiscovery: true },
      oxc: { target: "node20" },
      resolve: { alias: { vitest: "virtual:vitest" } },
      plugins: [vitestPlugin],
    });
    globalThis.vitestApi = vitestApi;
    // Here, where Stryker does not count the time: a mutant that comes first must not pass for an endless loop.
    await this.#load();
  }

  async dispose() {
    await this.#server.close();
  }

  async dryRun() {
    const results = [];
    for (const test of this.#tests.values()) {
      this.#switches.currentTestId = test.id;
      const start = performance.now();
      const failure = await runTest(test);
      // So that beforeAll, too, is run by each test that needs it.
      await leaveSuites();
      const timeSpentMs = performance.now() - start;
      this.#durations.set(test.id, timeSpentMs);
      const status = failure === null ? SUCCESS : FAILED;
      results.push({ id: test.id, name: test.name, fileName: test.file, timeSpentMs, status, failureMessage: failure ?? "" });
    }
    this.#switches.currentTestId = undefined;
    return { status: "complete", tests: results, mutantCoverage: this.#switches.mutantCoverage };
  }

  async mutantRun({ activeMutant: { id }, testFilter, mutantActivation, reloadEnvironment, hitLimit }) {
    Object.assign(this.#switches, { hitCount: 0, hitLimit });
    if (reloadEnvironment) this.#tests = null;
    if (mutantActivation === "static") return this.#runStatic(id, testFilter);
    if (this.#tests === null) await this.#load();
    let result = await this.#run(id, testFilter);
    if (result.status === "killed" && (await this.#run(undefined, result.killedBy)).status === "killed") {
      await this.#load();
      this.#switches.hitCount = 0;
      result = await this.#run(id, testFilter);
      this.#tests = null;
    }
    return result;
  }

  /** A mutant that is active while the files are loaded; a file that does not load is a test that fails. */
  async #runStatic(id, testFilter) {
    try {
      this.#switches.activeMutant = id;
      await this.#load();
    } catch (error) {
      return { status: "killed", killedBy: [], failureMessage: String(error), nrOfTests: 0 };
    }
    const result = await this.#run(id, testFilter);
    this.#tests = null;
    return result;
  }

  /** Runs tests until one fails, with a mutant or without. */
  async #run(mutant, ids = [...this.#tests.keys()]) {
    const quickest = ids.toSorted((a, b) => (this.#durations.get(a) ?? 0) - (this.#durations.get(b) ?? 0));
    this.#switches.activeMutant = mutant;
    try {
      for (const [before, id] of quickest.entries()) {
        const failureMessage = await runTest(this.#tests.get(id));
        if (failureMessage === null) continue;
        const { hitCount, hitLimit } = this.#switches;
        if (hitCount > hitLimit) return { status: "timeout", reason: `the mutant ran ${hitCount} times` };
        return { status: "killed", killedBy: [id], failureMessage, nrOfTests: before + 1 };
      }
      return { status: "survived", nrOfTests: quickest.length };
    } finally {
      this.#switches.activeMutant = undefined;
      await leaveSuites();
    }
  }

  async #load() {
    this.#tests = null;
    const { runner } = this.#server.environments.ssr;
    runner.clearCache();
    const tests = [];
    for (const file of (await glob(this.#patterns, { absolute: true })).toSorted())
      tests.push(...(await collectTests(file, () => runner.import(file))));
    this.#tests = new Map(tests.map((test) => [test.id, test]));
  }
}

/** Not Stryker's own `testFiles`: with it, Stryker activates no mutant while files are loaded. */
export const strykerValidationSchema = {
  type: "object",
  properties: { sameProcess: { type: "object", properties: { testFiles: { type: "array", items: { type: "string" } } } } },
};
export const strykerPlugins = [{ kind: "TestRunner", name: "same-process", injectableClass: MutationTestRunner }];
