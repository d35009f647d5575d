import type { Command, CommanderError } from "commander";
import type { OutputStreams } from "./output.ts";

/** What commander refused, or (exit code 0) showed in place of running a command. */
export class Refusal extends Error {
  readonly exitCode: number;
  readonly next: string;

  constructor({ message, exitCode }: CommanderError, next: string) {
    super(message.replace(/^error: /, ""));
    this.exitCode = exitCode;
    this.next = next;
  }
}

/** What a command refuses is told on stderr, with what is next, and thrown as a `Refusal`. */
export function tellRefusals(command: Command, streams: OutputStreams, next: string): void {
  command
    .exitOverride((error) => {
      throw new Refusal(error, next);
    })
    .showHelpAfterError(`  next:     ${next}`)
    .configureOutput({ writeOut: (text) => void streams.stdout.write(text), writeErr: (text) => void streams.stderr.write(text) });
}
