/**
 * Mutation tests, on demand: `MUTATION=mapping npm run mutation` (docs/mutation-testing.md).
 * A scope is what is changed and the tests that may notice; of those, each mutant meets the ones that run through it.
 */
const SCOPES = {
  "mapping-types": {
    mutate: ["src/mapping/{expression,own-type,type-expression,value-type}*.ts"],
    testFiles: ["src/mapping/type-expression.test.ts"],
  },
  "mapping-syntax": {
    mutate: ["src/mapping/{nearest-spelling,parse-*,path-scope,render-expression,tokenize}.ts"],
    testFiles: ["src/mapping/{nearest-spelling,parse-*,render-expression,type-expression}.test.ts"],
  },
  "mapping-checks": {
    mutate: ["src/mapping/{check-[a-qs-z]*,check-row-source,check-relationships,column-type,draft-target,for-each,literal-forms}.ts"],
    testFiles: ["src/mapping/{check-mapping,check-mapping-problems,check-pattern,column-type,literal-forms,type-expression}.test.ts"],
  },
  "mapping-files": {
    mutate: ["src/mapping/{check-registry,mapping-json-schema,mapping-spec,positions,read-*,registry,report}.ts"],
    testFiles: [
      "src/mapping/{check-mapping,check-mapping-problems,mapping-json-schema,read-examples,read-yaml,registry}.test.ts",
      "src/cli/commands/mapping.test.ts",
    ],
  },
  plan: {
    mutate: ["src/plan/*.ts"],
    testFiles: ["src/plan/*.test.ts"],
  },
  sql: {
    mutate: ["src/sql/*.ts"],
    testFiles: ["src/sql/*.test.ts", "tests/golden-sql.test.ts"],
  },
  // A sample of what selects and writes. A SQL text that is emptied fails at once and says little: those are left out.
  store: {
    mutate: ["src/store/{apply-slice,record-slice}.ts", "src/pipeline/selection.ts"],
    testFiles: ["src/{pipeline/select-states,store/apply-slice}.test.ts"],
    mutator: { excludedMutations: ["StringLiteral"] },
  },
};

/** None: everything with all of these tests, which takes far longer. */
const name = process.env.MUTATION ?? "";
if (name !== "" && !Object.hasOwn(SCOPES, name)) throw new Error(`MUTATION must be one of ${Object.keys(SCOPES).join(", ")}; got ${name}`);
const scopes = name === "" ? Object.values(SCOPES) : [SCOPES[name]];

export default {
  mutate: [...scopes.flatMap(({ mutate }) => mutate), "!**/*.test.ts"],
  sameProcess: { testFiles: scopes.flatMap(({ testFiles }) => testFiles) },
  mutator: scopes[0]?.mutator ?? {},
  plugins: [new URL("test-runner.mjs", import.meta.url).pathname],
  testRunner: "same-process",
  coverageAnalysis: "perTest",
  concurrency: 1,
  // Long, so that a busy machine does not pass for an endless loop; those are found by how often a mutant was run.
  timeoutMS: 180_000,
  tempDirName: ".stryker/sandbox",
  reporters: ["clear-text", "json", "progress-append-only"],
  jsonReporter: { fileName: `.stryker/${name || "all"}.report.json` },
  clearTextReporter: { allowColor: false, logTests: false },
  thresholds: { high: 90, low: 85, break: 85 },
};
