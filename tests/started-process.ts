import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { execPath } from "node:process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import type { ProcessOrder, ProcessWord } from "./transform-process.ts";

/** A `transform-process.ts` that was started. It is killed where the test leaves it. */
export class StartedProcess implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;
  readonly #ended: Promise<unknown>;

  constructor(order: ProcessOrder) {
    this.#child = spawn(execPath, ["--import", "tsx", join(import.meta.dirname, "transform-process.ts"), JSON.stringify(order)], {
      cwd: join(import.meta.dirname, ".."),
      stdio: ["pipe", "pipe", "inherit"],
    });
    // A child that is killed closes its input: what is written then is not missed.
    this.#child.stdin.on("error", () => undefined);
    this.#ended = once(this.#child, "exit");
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** The next thing that it says; null where it ended. */
  async next(): Promise<ProcessWord | null> {
    const line = await this.#lines.next();
    return line.done === true ? null : (JSON.parse(line.value) as ProcessWord);
  }

  /** Reads on until it says this; the last thing that it said where it never does. */
  async until(said: ProcessWord["said"]): Promise<ProcessWord | null> {
    let last: ProcessWord | null = null;
    for (let word = await this.next(); word !== null; word = await this.next()) {
      last = word;
      if (word.said === said) break;
    }
    return last;
  }

  /** Lets it go on where it waits. */
  goOn(): void {
    this.#child.stdin.write("\n");
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  /** Waits for its end; the signal that ended it, if one did. */
  async ended(): Promise<NodeJS.Signals | null> {
    await this.#ended;
    return this.#child.signalCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await this.#ended;
  }
}
