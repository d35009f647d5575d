import { main } from "../src/cli/program.ts";

export interface CliRun {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
  /** stdout as JSON. */
  readonly json: unknown;
}

/** Runs the command line in this process, as `mlb-etl WORDS…` would, without the environment of the test. */
export async function runCli(...words: string[]): Promise<CliRun> {
  let stdout = "";
  let stderr = "";
  const exit = await main(
    ["node", "mlb-etl", ...words],
    {},
    { stdout: { write: (text) => (stdout += text) }, stderr: { write: (text) => (stderr += text) } },
  );
  return {
    exit,
    stdout,
    stderr,
    get json(): unknown {
      return JSON.parse(stdout) as unknown;
    },
  };
}
