import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { type Capture, segmentPlace } from "./capture.ts";
import { bodiesFile } from "./manifest.ts";
import { isFileError } from "../core/file-error.ts";
import { rawDamaged } from "./raw-damaged.ts";

/** How many bodies are read ahead, and how many bytes of them. */
const MAX_AHEAD = 8;
const MAX_AHEAD_BYTES = 4 * 1024 * 1024;
const MAX_CHUNK_BYTES = 1 << 22;

const decompress = promisify<Uint8Array, { maxOutputLength: number; chunkSize: number }, Buffer>(gunzip);

const MAX_OPEN_FILES = 8;

/** Reads single bodies out of segments by their place. Keeps some files open until it is closed. */
export class BodyReader implements AsyncDisposable {
  readonly #root: string;
  readonly #files = new Map<string, Promise<FileHandle>>();

  /** `root` is the folder of all raw tables. */
  constructor(root: string) {
    this.#root = root;
  }

  /** @throws OutsideError `raw.damaged`. */
  async read(capture: Capture): Promise<Buffer> {
    const { segment, offset, length } = segmentPlace(capture);
    const path = join(this.#root, `${capture.endpoint}.${capture.method}`, bodiesFile(segment));
    const member = Buffer.allocUnsafe(length);
    let body: Buffer;
    try {
      const bytesRead = await this.#readMember(path, member, offset);
      if (bytesRead < length)
        throw rawDamaged(path, offset, `the file ends before the body of capture ${String(capture.id)}`, `${String(length)} bytes`);
      // One byte more than can come, so that zlib is done in one step.
      body = await decompress(member, {
        maxOutputLength: Math.max(capture.bytes, 1),
        chunkSize: Math.min(Math.max(capture.bytes + 1, 64), MAX_CHUNK_BYTES),
      });
    } catch (cause) {
      if (cause instanceof Error && cause.name === "OutsideError") throw cause;
      // Too many open files, no right to read: the system's own word, and no damage.
      if (isFileError(cause, "EMFILE") || isFileError(cause, "ENFILE") || isFileError(cause, "EACCES")) throw cause;
      throw rawDamaged(path, offset, `the body of capture ${String(capture.id)} cannot be read`, "a gzip member", cause);
    }
    if (body.length !== capture.bytes) {
      throw rawDamaged(
        path,
        offset,
        `the body of capture ${String(capture.id)} has ${String(body.length)} bytes`,
        `${String(capture.bytes)} bytes`,
      );
    }
    return body;
  }

  /** Bodies in the order of the captures, some of them read ahead. */
  async *readAll(
    captures: Iterable<Capture> | AsyncIterable<Capture>,
  ): AsyncGenerator<{ capture: Capture; body: Buffer }, void, undefined> {
    const ahead: { readonly capture: Capture; readonly body: Promise<Buffer> }[] = [];
    let bytes = 0;
    try {
      for await (const capture of captures) {
        const body = this.read(capture);
        // It is awaited in its turn; until then a failure must not count as unhandled.
        body.catch(() => undefined);
        ahead.push({ capture, body });
        bytes += capture.bytes;
        while (ahead.length >= MAX_AHEAD || bytes > MAX_AHEAD_BYTES) {
          const next = ahead.shift();
          if (next === undefined) break;
          bytes -= next.capture.bytes;
          yield { capture: next.capture, body: await next.body };
        }
      }
      for (let next = ahead.shift(); next !== undefined; next = ahead.shift()) yield { capture: next.capture, body: await next.body };
    } finally {
      await Promise.allSettled(ahead.map(async ({ body }) => await body));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const file of this.#files.values()) {
      try {
        await (await file).close();
      } catch {
        // It could not be opened, which was said where it was wanted.
      }
    }
    this.#files.clear();
  }

  /** The bytes of a member. The first few files stay open; of the others each read opens its own, so that no store has too many segments. */
  async #readMember(path: string, member: Buffer, offset: number): Promise<number> {
    const kept = this.#files.get(path) ?? (this.#files.size < MAX_OPEN_FILES ? this.#keepOpen(path) : null);
    if (kept !== null) return (await (await kept).read(member, 0, member.length, offset)).bytesRead;
    const file = await open(path, "r");
    try {
      return (await file.read(member, 0, member.length, offset)).bytesRead;
    } finally {
      await file.close();
    }
  }

  #keepOpen(path: string): Promise<FileHandle> {
    const file = open(path, "r");
    this.#files.set(path, file);
    file.catch(() => undefined);
    return file;
  }
}
