import type { ViteUserConfig } from "vitest/config";

/** Tests of what a store is to do: they are run on each kind of store. */
const STORE_TESTS = [
  "as-of-states",
  "crash",
  "dry-run",
  "equal-content",
  "explain-row",
  "gate",
  "gate-bag",
  "invented-endpoint",
  "mapping-changes",
  "order-free",
  "real-documents",
  "rebuild",
  "rules-over-targets",
  "schema-change",
  "schema-commands",
  "schema-crash",
  "stream",
  "two-processes",
].map((name) => `tests/${name}.test.ts`);

const config: ViteUserConfig = {
  test: {
    // Each file has a process of its own: an engine that crashes takes its own file with it, not the run.
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 60_000,
    // The first file that needs a PostgreSQL server makes it, on a busy machine too.
    hookTimeout: 180_000,
    globalSetup: ["tests/postgres-run.ts"],
    projects: [
      { extends: true, test: { name: "embedded", include: ["src/**/*.test.ts", "tests/**/*.test.ts"] } },
      { extends: true, test: { name: "postgresql", include: STORE_TESTS, env: { MLB_TEST_STORE: "postgresql" } } },
    ],
    coverage: {
      provider: "v8",
      include: ["src/**/*.ts"],
      exclude: ["src/**/*.test.ts"],
      reporter: ["text-summary", "html", "lcovonly"],
      thresholds: { lines: 85 },
    },
  },
};

export default config;
