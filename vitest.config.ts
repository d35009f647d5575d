import type { ViteUserConfig } from "vitest/config";

const config: ViteUserConfig = {
  test: {
    globalSetup: ["tests/postgres-run.ts"],
    include: ["src/**/*.test.ts", "tests/**/*.test.ts"],
    // Each file has a process of its own: an engine that crashes takes its own file with it, not the run.
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 60_000,
    // The first file that needs a PostgreSQL server makes it, on a busy machine too.
    hookTimeout: 180_000,
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
