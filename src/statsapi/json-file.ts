import { open, realpath, stat } from "node:fs/promises";
import { sep } from "node:path";
import { promisify } from "node:util";
import { constants, gunzip } from "node:zlib";
import type { RefusedFile } from "./recording.ts";

export interface FileLimits {
  /** Of a file, and of what it becomes when it is decompressed. */
  readonly maxBytes: number;
}

/** A body may have 64 MB; its envelope, and the indentation that some recorders write, need room. */
export const DEFAULT_FILE_LIMITS: FileLimits = { maxBytes: 160 * 1024 * 1024 };

export type FileContent =
  | { readonly ok: true; readonly bytes: Buffer; /** When the file was last changed. */ readonly changedAt: Date }
  | { readonly ok: false; readonly refused: RefusedFile };

const decompress = promisify<Uint8Array, { maxOutputLength?: number; finishFlush?: number }, Buffer>(gunzip);

/** Reads a file, decompressed where it is gzip, whatever its name. What is wrong with it comes back, nothing is thrown for it. */
export async function readJsonFile(file: string, limits: FileLimits = DEFAULT_FILE_LIMITS): Promise<FileContent> {
  const { maxBytes } = limits;
  try {
    // Opening a pipe or a device may block for ever.
    if (!(await stat(file)).isFile()) return refuse(file, "file.not-a-file", "not a plain file");
    const handle = await open(file, "r");
    try {
      const { size, mtime } = await handle.stat();
      if (size > maxBytes) return tooLarge(file, maxBytes);
      const stored = await handle.readFile();
      if (!isGzip(stored)) return { ok: true, bytes: stored, changedAt: mtime };
      return { ok: true, bytes: await decompress(stored, { maxOutputLength: maxBytes }), changedAt: mtime };
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    if ("code" in cause && cause.code === "ERR_BUFFER_TOO_LARGE") return tooLarge(file, maxBytes);
    return refuse(file, "file.unreadable", `the file cannot be read: ${cause.message}`, cause);
  }
}

/** The first bytes of what a file holds, decompressed, at most about `bytes` read from the disk; empty where they cannot be had. */
export async function readJsonFileStart(file: string, bytes: number): Promise<Buffer> {
  try {
    if (!(await stat(file)).isFile()) return Buffer.alloc(0);
    const handle = await open(file, "r");
    try {
      const buffer = Buffer.alloc(bytes);
      const { bytesRead } = await handle.read(buffer, 0, bytes, 0);
      const start = buffer.subarray(0, bytesRead);
      // A gzip bomb gives a thousand times its size, which is little for a start.
      return isGzip(start) ? await decompress(start, { finishFlush: constants.Z_SYNC_FLUSH }) : start;
    } finally {
      await handle.close();
    }
  } catch {
    return Buffer.alloc(0);
  }
}

/** Whether a path, its links followed, is inside of a folder. */
export async function isInside(folder: string, path: string): Promise<boolean> {
  const [root, real] = await Promise.all([realpath(folder), realpath(path)]);
  return real.startsWith(root.endsWith(sep) ? root : `${root}${sep}`);
}

function isGzip(bytes: Buffer): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

function tooLarge(file: string, maxBytes: number): FileContent {
  return refuse(file, "file.too-large", `the file has more than ${String(maxBytes)} bytes when it is decompressed`);
}

function refuse(file: string, code: string, message: string, cause?: unknown): FileContent {
  return { ok: false, refused: { file, code, message: `${file}: ${message}`, ...(cause === undefined ? {} : { cause }) } };
}
