import { main } from "../src/cli/program.ts";
import { MAIN_STORE } from "./homes.ts";
import { homes, isOnServer } from "./test-home.ts";

export interface CliRun {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
  /** stdout as JSON. */
  readonly json: unknown;
}

/** Runs the command line in this process, as `mlb-etl WORDS…` would, without the environment of the test. */
export function runCli(...words: string[]): Promise<CliRun> {
  return run(words, {});
}

/** The same with an environment. */
export function runWith(environment: Readonly<Record<string, string>>, ...words: string[]): Promise<CliRun> {
  return run(words, environment);
}

/** The same on a home, whose store is where those of this run are. */
export async function runOn(home: string, ...words: string[]): Promise<CliRun> {
  return await run(["--home", home, ...words], await storeOf(home));
}

/** The environment that names the store of a home, where that is not the default. */
export async function storeOf(home: string): Promise<Readonly<Record<string, string>>> {
  return isOnServer ? { MLB_STORE: await homes.address(home, MAIN_STORE) } : {};
}

async function run(words: readonly string[], environment: Readonly<Record<string, string>>): Promise<CliRun> {
  let stdout = "";
  let stderr = "";
  const exit = await main(["node", "mlb-etl", ...words], environment, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
  });
  return {
    exit,
    stdout,
    stderr,
    get json(): unknown {
      return JSON.parse(stdout) as unknown;
    },
  };
}
