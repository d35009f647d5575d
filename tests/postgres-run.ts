/** Global setup of the tests: a folder for the PostgreSQL servers of the run; all of them are stopped at its end, whatever became of the workers. */
import { chmod, readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { openTemporaryFolder } from "../src/core/temporary-folder.ts";
import { PLACE_FILE, type ServerPlace, stopServer } from "./postgres-server.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Folder of the servers of this run. */
    readonly postgresFolder: string;
  }
}

/**
 * A run that was killed leaves its folder and its servers: the next one removes the folder, and a server ends itself when it finds its
 * data gone.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await openTemporaryFolder();
  // The server's user must get through.
  await chmod(folder.path, 0o755);
  project.provide("postgresFolder", folder.path);
  return async () => {
    for (const entry of await readdir(folder.path, { withFileTypes: true })) {
      if (!entry.isDirectory()) continue;
      const text = await readFile(join(folder.path, entry.name, PLACE_FILE), "utf8").catch(() => null);
      if (text !== null) await stopServer(JSON.parse(text) as ServerPlace);
    }
    await folder[Symbol.asyncDispose]();
  };
}
