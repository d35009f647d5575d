/** The ways in which a chaos run gets in the way of a loader. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { execPath } from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type ServerPlace, controlServer, urlOf } from "../../tests/postgres-server.ts";
import { TcpProxy } from "../../tests/tcp-proxy.ts";
import { runCli } from "../../tests/run-cli.ts";

/** The words of each. */
export type Commands = readonly (readonly string[])[];

export interface CommandEnd {
  /** Null: it was killed. */
  readonly exit: number | null;
  readonly stderr: string;
}

/** What the commands of a round take when nothing disturbs them. */
export interface Undisturbed {
  readonly bytes: number;
  readonly ms: number;
}

export interface Disturbance {
  /** Runs the commands in peace. */
  measure(commands: Commands, database: string): Promise<Undisturbed>;
  /** Runs the commands, with something in the way; how often it was. Stops at the first that does not end with 0. */
  run(
    commands: Commands,
    database: string,
    undisturbed: Undisturbed,
  ): Promise<{ readonly ends: readonly CommandEnd[]; readonly times: number }>;
}

/** Random numbers from 0 up to 1. */
export type Random = () => number;

/** One after the other, until one fails. */
export async function runHere(commands: Commands, store: string): Promise<readonly CommandEnd[]> {
  const ends: CommandEnd[] = [];
  for (const words of commands) {
    const { exit, stderr } = await runCli("--store", store, ...words);
    ends.push({ exit, stderr });
    if (exit !== 0) break;
  }
  return ends;
}

async function timeOf(work: () => Promise<readonly CommandEnd[]>): Promise<number> {
  const began = performance.now();
  const failed = (await work()).find(({ exit }) => exit !== 0);
  if (failed !== undefined) throw new Error(`undisturbed, and it failed: ${failed.stderr}`);
  return performance.now() - began;
}

/** Cuts connections at random bytes, one to four times in a round: all of them, or the one that the byte is of. */
export class Cuts implements Disturbance {
  readonly #place: ServerPlace;
  readonly #random: Random;

  constructor(place: ServerPlace, random: Random) {
    this.#place = place;
    this.#random = random;
  }

  async measure(commands: Commands, database: string): Promise<Undisturbed> {
    await using proxy = await TcpProxy.start(this.#place.port);
    return { ms: await timeOf(() => runHere(commands, urlOf(proxy, database))), bytes: proxy.passed };
  }

  async run(commands: Commands, database: string, { bytes }: Undisturbed): ReturnType<Disturbance["run"]> {
    await using proxy = await TcpProxy.start(this.#place.port);
    const random = this.#random;
    const planned = 1 + Math.floor(random() * 4);
    let left = planned;
    const planNext = (): void => {
      if (left === 0) return;
      left -= 1;
      // Work that is done again sends more bytes: later cuts come soon, so that they meet it.
      proxy.cutAfter = { bytes: Math.floor(random() * (left === planned - 1 ? bytes : bytes / planned)), all: random() < 0.5 };
    };
    planNext();
    const { accepted } = proxy;
    let seen = accepted;
    proxy.onClientData = () => {
      // Somebody came back after a cut.
      if (proxy.accepted > seen && proxy.cutAfter === null) planNext();
      seen = proxy.accepted;
      return true;
    };
    const ends = await runHere(commands, urlOf(proxy, database));
    return { ends, times: proxy.cuts };
  }
}

/** Restarts the server once at a random moment: fast, or as a crash. */
export class Restarts implements Disturbance {
  readonly #place: ServerPlace;
  readonly #random: Random;

  constructor(place: ServerPlace, random: Random) {
    this.#place = place;
    this.#random = random;
  }

  async measure(commands: Commands, database: string): Promise<Undisturbed> {
    return { ms: await timeOf(() => runHere(commands, urlOf(this.#place, database))), bytes: 0 };
  }

  async run(commands: Commands, database: string, { ms }: Undisturbed): ReturnType<Disturbance["run"]> {
    const [moment, isCrash] = [this.#random() * ms, this.#random() < 0.5];
    const running = runHere(commands, urlOf(this.#place, database));
    await Promise.race([running, sleep(moment)]);
    if (isCrash) {
      await controlServer(this.#place, "kill");
      await controlServer(this.#place, "start");
    } else await controlServer(this.#place, "restart");
    return { ends: await running, times: 1 };
  }
}

const PROGRAM = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

/** SIGKILL of the real program, at random moments, one to three times in a round. */
export class Kills implements Disturbance {
  readonly #place: ServerPlace;
  readonly #random: Random;
  /** By their words, the shortest time that commands took which came to their end: how long they take changes with what else the machine does. */
  readonly #shortestMs = new Map<string, number>();

  constructor(place: ServerPlace, random: Random) {
    if (!existsSync(PROGRAM)) throw new Error("the program is not built: npm run build");
    this.#place = place;
    this.#random = random;
  }

  async measure(commands: Commands, database: string): Promise<Undisturbed> {
    const work = async (): Promise<readonly CommandEnd[]> => {
      const ends: CommandEnd[] = [];
      for (const words of commands) ends.push(await this.#runAndKill(words, database, null));
      return ends;
    };
    return { ms: await timeOf(work), bytes: 0 };
  }

  async run(commands: Commands, database: string, { ms }: Undisturbed): ReturnType<Disturbance["run"]> {
    const wanted = 1 + Math.floor(this.#random() * 3);
    const ends: CommandEnd[] = [];
    let times = 0;
    // What was killed is begun again, and may be killed again.
    for (let at = 0; at < commands.length && times < wanted;) {
      const words = commands[at] ?? [];
      const lasts = this.#shortestMs.get(words.join(" ")) ?? ms / commands.length;
      const began = performance.now();
      const end = await this.#runAndKill(words, database, this.#random() * lasts);
      if (end.exit === 0) this.#shortestMs.set(words.join(" "), Math.min(lasts, performance.now() - began));
      ends.push(end);
      if (end.exit === null) times += 1;
      else if (end.exit === 0) at += 1;
      else break;
    }
    return { ends, times };
  }

  async #runAndKill(words: readonly string[], database: string, moment: number | null): Promise<CommandEnd> {
    const child: ChildProcess = spawn(execPath, [PROGRAM, "--store", urlOf(this.#place, database), ...words], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let stderr = "";
    child.stderr?.on("data", (data: Buffer) => (stderr += data.toString("utf8")));
    const ended = once(child, "close");
    if (moment !== null) {
      await Promise.race([ended, sleep(moment)]);
      child.kill("SIGKILL");
    }
    await ended;
    return { exit: child.exitCode, stderr };
  }
}
