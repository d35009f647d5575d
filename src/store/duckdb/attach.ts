import { existsSync, mkdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { EXIT, OutsideError } from "../../core/errors.ts";
import type { Connection } from "../../duckdb/connection.ts";
import { duckdbDialect } from "../../sql/duckdb-dialect.ts";

/**
 * Bytes; the smallest that DuckDB has. Our tables are wide and a slice has few rows of each: every column takes at least a
 * block, so small blocks keep memory and file small (measured: docs/decisions). A file keeps the size that it was made with.
 */
const BLOCK_SIZE = 16_384;

/** The name under which a store's file is attached. */
export const STORE = "store";

export interface AttachOptions {
  readonly file: string;
  readonly access: "read" | "write";
  /** The name to attach it under; default `store`. */
  readonly as?: string;
  /** How long to wait for another process to let go of the file. */
  readonly waitMs: number;
  /** Told once, when waiting begins. */
  readonly onWait?: (holder: string) => void;
}

const FIRST_WAIT_MS = 20;
const LONGEST_WAIT_MS = 200;
/** Longer than anybody pauses between two tries. */
const COURTESY_MS = 1000;

/**
 * Attaches a store's file as `store`. DuckDB lets one process write, and nobody read meanwhile: this waits with growing pauses.
 * @throws OutsideError `store.locked` (exit 7) naming the holder · `store.unusable` (exit 5).
 */
export async function attachStore(connection: Connection, options: AttachOptions): Promise<void> {
  if (options.access === "write") mkdirSync(dirname(options.file), { recursive: true });
  else if (!existsSync(options.file)) {
    throw new OutsideError(
      { code: "store.missing", message: `the store ${options.file} does not exist`, next: "write one first: mlb-etl transform … --save" },
      EXIT.storeUnreachable,
      false,
    );
  }
  const path = realPath(options.file);
  await letOthersGoFirst(path);
  const deadline = performance.now() + options.waitMs;
  for (let pause = FIRST_WAIT_MS; ; pause = Math.min(pause * 2, LONGEST_WAIT_MS)) {
    const holder = await tryAttach(connection, options, path);
    if (holder === null) {
      stopAsking(path);
      return;
    }
    askFor(path);
    if (pause === FIRST_WAIT_MS) options.onWait?.(holder.name);
    if (performance.now() + pause > deadline) {
      stopAsking(path);
      throw locked(options.file, holder.name, holder.cause);
    }
    await sleep(pause);
  }
}

/** Beside a store's file: somebody waits for it. Who keeps it between two slices lets go then. */
function askingFile(path: string): string {
  return `${path}.wanted`;
}

function askFor(path: string): void {
  try {
    writeFileSync(askingFile(path), String(process.pid));
  } catch {
    // Where nothing can be written beside the file, the holder lets go in its own time.
  }
}

function stopAsking(path: string): void {
  try {
    rmSync(askingFile(path), { force: true });
  } catch {
    // What cannot be removed costs others a second: it must not cost this one the store that it has.
  }
}

/** Who had the file and wants it again would mostly be faster than one that tries now and then. A file of a process that was killed costs this once. */
async function letOthersGoFirst(path: string): Promise<void> {
  const until = performance.now() + COURTESY_MS;
  while (existsSync(askingFile(path)) && performance.now() < until) await sleep(FIRST_WAIT_MS);
}

/** Whether another process waits for a store's file. */
export function isAskedFor(file: string): boolean {
  return existsSync(askingFile(realPath(file)));
}

/** Files that this process has attached. A file's lock keeps other processes out, not a second engine of the same one: both would write, and ruin it. */
const attachedHere = new Set<string>();

interface Holder {
  readonly name: string;
  readonly cause: unknown;
}

/** One try; who holds the file, or null where it is attached now. */
async function tryAttach(connection: Connection, options: AttachOptions, path: string): Promise<Holder | null> {
  if (attachedHere.has(path)) return { name: `this process (PID ${String(process.pid)})`, cause: undefined };
  attachedHere.add(path);
  try {
    await connection.run(
      `ATTACH ${duckdbDialect.text(options.file)} AS ${options.as ?? STORE}${options.access === "read" ? " (READ_ONLY)" : ` (BLOCK_SIZE ${String(BLOCK_SIZE)})`}`,
    );
    return null;
  } catch (error) {
    attachedHere.delete(path);
    const name = holderOf(error);
    if (name === null) throw unusable(options.file, error);
    return { name, cause: error };
  }
}

/** One spelling of a file, which may not exist yet (or no longer). */
function realPath(file: string): string {
  if (existsSync(file)) return realpathSync(file);
  return existsSync(dirname(file)) ? join(realpathSync(dirname(file)), basename(file)) : resolve(file);
}

/** Lets go of the file: another process can have it from here on. Where that fails it is attached still. */
export async function detachStore(connection: Connection, file: string, as: string = STORE): Promise<void> {
  await connection.run(`DETACH ${as}`);
  attachedHere.delete(realPath(file));
}

/** Who holds the lock, as DuckDB says it: `/usr/bin/node (PID 123)`; null where the error is another one. */
function holderOf(error: unknown): string | null {
  const message = messageOf(error);
  if (!message.includes("Could not set lock on file")) return null;
  return /Conflicting lock is held in (.+?\(PID [0-9]+\))/.exec(message)?.[1] ?? "another process";
}

/** DuckDB's own message. */
function messageOf(error: unknown): string {
  if (error instanceof OutsideError && error.cause !== undefined) return messageOf(error.cause);
  return error instanceof Error ? error.message : String(error);
}

function locked(file: string, holder: string, cause: unknown): OutsideError {
  return new OutsideError(
    {
      code: "store.locked",
      message: `the store ${file} is held by ${holder}`,
      next: "end that process, or wait for it; nothing was lost: the same command goes on where this one stopped",
      cause,
    },
    EXIT.lockHeld,
    true,
  );
}

function unusable(file: string, cause: unknown): OutsideError {
  const message = messageOf(cause).split("\n")[0] ?? "";
  return new OutsideError(
    {
      code: "store.unusable",
      message: `the store ${file} cannot be opened`,
      got: message,
      next: "name another file with --store duckdb:FILE, or see `mlb-etl doctor`",
      cause,
    },
    EXIT.storeUnreachable,
    false,
  );
}
