import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, open, readFile, rename, stat, unlink } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "./clock.ts";
import type { Clock } from "./clock.ts";
import { EXIT, OutsideError } from "./errors.ts";
import { isFileError } from "./file-error.ts";
import { instantOf } from "./instant.ts";

/** Who holds a lock, as its file says. */
export interface LockHolder {
  readonly pid: number;
  readonly host: string;
  /** When the process started, so that a later process with the same pid is not taken for it. Null where the system does not say. */
  readonly started: string | null;
  /** UTC instant since when it is held. */
  readonly since: string;
  /** Unlike that of any other taking of any lock. */
  readonly token: string;
}

export interface FileLockOptions {
  /** How long to wait for another holder; 0 tries once. */
  readonly waitMs: number;
  readonly signal?: AbortSignal;
}

export interface FileLockDeps {
  readonly clock: Clock;
  /** Pauses between two tries. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

export const systemLockDeps: FileLockDeps = {
  clock: systemClock,
  sleep: async (ms, signal) => {
    await delay(ms, undefined, signal === undefined ? {} : { signal });
  },
};

const FIRST_PAUSE_MS = 2;
const LONGEST_PAUSE_MS = 200;
/** A lock file that names nobody was left by a process that died while writing it, once it is this old. */
const UNREADABLE_AFTER_MS = 10_000;

/** An exclusive lock between processes: a file that only one can create. Given back by `release`, `await using`, or the death of the process. */
export class FileLock implements AsyncDisposable {
  readonly path: string;
  readonly holder: LockHolder;
  #isHeld = true;

  private constructor(path: string, holder: LockHolder) {
    this.path = path;
    this.holder = holder;
  }

  /**
   * Takes the lock, waiting with growing pauses while another living process holds it. The folder is created.
   * A lock of a process of this host that is dead is taken over; of another host nobody can tell, so it counts as held.
   * @throws OutsideError `lock.held` (exit 7, retryable), naming the holder, when it is not free in time.
   */
  static async acquire(path: string, options: FileLockOptions, deps: FileLockDeps = systemLockDeps): Promise<FileLock> {
    await mkdir(dirname(path), { recursive: true });
    let waitedMs = 0;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 1.6, LONGEST_PAUSE_MS)) {
      options.signal?.throwIfAborted();
      const holder = newHolder(deps.clock);
      if (await claim(path, holder, deps.clock)) return new FileLock(path, holder);
      if (waitedMs >= options.waitMs) throw await heldError(path, options.waitMs);
      const ms = Math.min(pauseMs, options.waitMs - waitedMs);
      await deps.sleep(ms, options.signal);
      waitedMs += ms;
    }
  }

  /** Gives the lock back. A second call does nothing. */
  async release(): Promise<void> {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    const now = await readLock(this.path);
    if (now?.identity === this.holder.token) await unlink(this.path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }
}

/**
 * One try. A free path is claimed by creating it. The lock of a dead process is *succeeded*: the right to do so is itself a lock, a file named after the
 * dead holder's token, so that only one process has it; its owner looks again whether the dead lock is still there and then moves his file over it. The path
 * is thereby never free in between, and nobody can remove a living holder's lock. Who dies as a successor is succeeded in the same way.
 */
async function claim(path: string, holder: LockHolder, clock: Clock): Promise<boolean> {
  if (await create(path, holder)) return true;
  const found = await readLock(path);
  if (found === null) return await create(path, holder);
  if (isAlive(found, clock)) return false;
  const successor = `${path}.${found.identity}.next`;
  if (!(await claim(successor, holder, clock))) return false;
  if ((await readLock(path))?.identity !== found.identity) {
    await unlink(successor);
    return false;
  }
  await rename(successor, path);
  return true;
}

async function create(path: string, holder: LockHolder): Promise<boolean> {
  try {
    const file = await open(path, "wx");
    try {
      await file.write(JSON.stringify(holder));
    } finally {
      await file.close();
    }
    // A process that was paused between the two lines above may have been taken for dead.
    return (await readLock(path))?.identity === holder.token;
  } catch (error) {
    if (isFileError(error, "EEXIST")) return false;
    throw error;
  }
}

interface FoundLock {
  /** The holder's token, or the file's own number and time where it names nobody. */
  readonly identity: string;
  readonly holder: LockHolder | null;
  readonly changedMs: number;
}

/** What the file says now; null where there is none. */
async function readLock(path: string): Promise<FoundLock | null> {
  try {
    const [text, { ino, mtimeMs }] = await Promise.all([readFile(path, "utf8"), stat(path)]);
    const holder = parseHolder(text);
    return { identity: holder?.token ?? `unnamed-${String(ino)}-${String(Math.trunc(mtimeMs))}`, holder, changedMs: mtimeMs };
  } catch (error) {
    if (isFileError(error, "ENOENT")) return null;
    throw error;
  }
}

function parseHolder(text: string): LockHolder | null {
  try {
    const value = JSON.parse(text) as Partial<Record<keyof LockHolder, unknown>> | null;
    const { pid, host, started, since, token } = value ?? {};
    if (typeof pid !== "number" || typeof host !== "string" || typeof since !== "string" || typeof token !== "string") return null;
    if (!/^[0-9a-f-]{36}$/.test(token)) return null;
    return { pid, host, since, token, started: typeof started === "string" ? started : null };
  } catch {
    return null;
  }
}

function isAlive(lock: FoundLock, clock: Clock): boolean {
  const { holder } = lock;
  if (holder === null) return clock.now().getTime() - lock.changedMs < UNREADABLE_AFTER_MS;
  if (holder.host !== hostname()) return true;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // EPERM: it lives and belongs to another user.
    if (isFileError(error, "ESRCH")) return false;
  }
  const now = processStart(holder.pid);
  if (now === "ended") return false;
  return now === null || holder.started === null || now === holder.started;
}

function newHolder(clock: Clock): LockHolder {
  return { pid: process.pid, host: hostname(), started: processStart(process.pid), since: instantOf(clock.now()), token: randomUUID() };
}

/**
 * Boot and clock ticks since boot at which a process started; `ended` where only its entry is left (nobody waited for it, as in a container without an init);
 * null where the system has no /proc or the process is gone.
 */
function processStart(pid: number): string | null {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
    const status = readFileSync(`/proc/${String(pid)}/stat`, "latin1");
    // The second field is the program's name in parentheses and may hold anything; the state is the 3rd, the start time the 22nd.
    const fields = status.slice(status.lastIndexOf(")") + 2).split(" ");
    const ticks = fields[19];
    if (fields[0] === "Z" || fields[0] === "X") return "ended";
    return ticks === undefined ? null : `${boot}:${ticks}`;
  } catch {
    return null;
  }
}

async function heldError(path: string, waitMs: number): Promise<OutsideError> {
  const holder = (await readLock(path))?.holder ?? null;
  const who = holder === null ? "another process" : `process ${String(holder.pid)} on ${holder.host} since ${holder.since}`;
  const isForeign = holder !== null && holder.host !== hostname();
  return new OutsideError(
    {
      code: "lock.held",
      message: `${path} is held by ${who}`,
      expected: `the lock within ${String(waitMs)} ms`,
      next: isForeign
        ? `wait for it; if no such process runs on ${holder.host}, remove the file`
        : "wait for that process, or end it; a dead process's lock is taken over by itself",
    },
    EXIT.lockHeld,
    true,
  );
}
