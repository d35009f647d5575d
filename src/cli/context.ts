import type { ResolvedSettings } from "../config/settings.ts";
import type { Logger } from "../core/logger.ts";
import type { Output } from "./output.ts";

/** What every command gets: settings, where to write, when to stop. */
export interface CliContext {
  readonly settings: ResolvedSettings;
  /** For what libraries of a database take from it by rules of their own: `PGPASSWORD` and the like. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly out: Output;
  readonly log: Logger;
  /** Aborted by Ctrl-C or SIGTERM: finish what is at hand, then stop. */
  readonly signal: AbortSignal;
}

/** A command's work: gives the exit code. */
export type CommandRun<Options> = (options: Options, context: CliContext) => Promise<number>;
