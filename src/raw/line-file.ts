import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { open, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { isFileError } from "../core/file-error.ts";

/**
 * Append-only files of lines that survive a kill at any point: a line counts once its line feed is there. What follows the last line feed is a torn tail,
 * which readers leave out and the next writer cuts off.
 */

/** A complete line without its line feed, and the byte offsets of its start and of what follows it. */
export interface Line {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** Often a line or two are wanted: reading begins small. */
const FIRST_CHUNK_BYTES = 1 << 14;
const CHUNK_BYTES = 1 << 20;
const END_BYTES = 1 << 12;
const LINE_FEED = 0x0a;

/** The complete lines from a byte offset on that the file has at the time of the call; none where there is no file. */
export async function* readLines(path: string, fromOffset: number): AsyncGenerator<Line, void, undefined> {
  const file = await openToRead(path);
  if (file === null) return;
  try {
    const { size } = await file.stat();
    let start = fromOffset;
    let rest: Buffer[] = [];
    for (let offset = fromOffset; offset < size;) {
      const chunk = Buffer.allocUnsafe(Math.min(offset === fromOffset ? FIRST_CHUNK_BYTES : CHUNK_BYTES, size - offset));
      const { bytesRead } = await file.read(chunk, 0, chunk.length, offset);
      // Another process cut off a torn tail.
      if (bytesRead === 0) return;
      offset += bytesRead;
      let from = 0;
      for (let feed = chunk.indexOf(LINE_FEED, 0); feed !== -1 && feed < bytesRead; feed = chunk.indexOf(LINE_FEED, from)) {
        const part = chunk.subarray(from, feed);
        const line = rest.length === 0 ? part : Buffer.concat([...rest, part]);
        rest = [];
        from = feed + 1;
        const end = start + line.length + 1;
        yield { text: line.toString("utf8"), start, end };
        start = end;
      }
      if (from < bytesRead) rest.push(chunk.subarray(from, bytesRead));
    }
  } finally {
    await file.close();
  }
}

/**
 * The first and the last line of a file that ends with a line feed; null where there is none, or it does not. Reads while everything waits: two small reads
 * of each of many files take a tenth of what their turns in the thread pool would.
 */
export function readEnds(path: string): { readonly first: string; readonly last: string; readonly bytes: number } | null {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    if (isFileError(error, "ENOENT")) return null;
    throw error;
  }
  try {
    const bytes = fstatSync(file).size;
    for (let length = END_BYTES; ; length *= 8) {
      const head = Buffer.allocUnsafe(Math.min(length, bytes));
      readSync(file, head, 0, head.length, 0);
      const tail = Buffer.allocUnsafe(head.length);
      readSync(file, tail, 0, tail.length, bytes - tail.length);
      if (tail.at(-1) !== LINE_FEED) return null;
      const firstEnd = head.indexOf(LINE_FEED);
      const lastStart = tail.lastIndexOf(LINE_FEED, tail.length - 2);
      if ((firstEnd === -1 || lastStart === -1) && head.length < bytes) continue;
      return { first: head.toString("utf8", 0, firstEnd), last: tail.toString("utf8", lastStart + 1, tail.length - 1), bytes };
    }
  } finally {
    closeSync(file);
  }
}

/** The last complete line; null where there is none. */
export async function readLastLine(path: string): Promise<Line | null> {
  const file = await openToRead(path);
  if (file === null) return null;
  try {
    const { size } = await file.stat();
    const end = await lineFeedBefore(file, size);
    if (end === -1) return null;
    const start = (await lineFeedBefore(file, end)) + 1;
    const line = Buffer.allocUnsafe(end - start);
    await file.read(line, 0, line.length, start);
    return { text: line.toString("utf8"), start, end: end + 1 };
  } finally {
    await file.close();
  }
}

/** Where the first complete line starts that is not `isBefore`; lines must be in that order. 0 where there is no file, the end of the complete lines where all are before. */
export async function findLine(path: string, isBefore: (line: Line) => boolean): Promise<number> {
  const file = await openToRead(path);
  if (file === null) return 0;
  try {
    let low = 0;
    let high = (await lineFeedBefore(file, (await file.stat()).size)) + 1;
    while (low < high) {
      const middle = low + Math.floor((high - low) / 2);
      const start = Math.max(low, (await lineFeedBefore(file, middle)) + 1);
      const line = await lineAt(path, start);
      if (line !== null && isBefore(line)) low = line.end;
      else high = start;
    }
    return low;
  } finally {
    await file.close();
  }
}

/** The complete line that starts at a byte offset; null where there is none. */
export async function lineAt(path: string, start: number): Promise<Line | null> {
  for await (const line of readLines(path, start)) return line;
  return null;
}

/** Cuts the file at `end` (creating it), appends there, and returns once the data is on the disk. */
export async function writeFrom(path: string, end: number, data: readonly Uint8Array[]): Promise<void> {
  const { file, isNew } = await openToWrite(path);
  try {
    if ((await file.stat()).size !== end) await file.truncate(end);
    let offset = end;
    for (const part of data) {
      for (let written = 0; written < part.length;) {
        const { bytesWritten } = await file.write(part, written, part.length - written, offset);
        written += bytesWritten;
        offset += bytesWritten;
      }
    }
    await file.datasync();
  } finally {
    await file.close();
  }
  if (isNew) await syncFolder(dirname(path));
}

/** Cuts off what follows `end`; a file that is not there or not longer stays as it is. */
export async function cutAt(path: string, end: number): Promise<void> {
  const size = await fileSize(path);
  if (size > end) await writeFrom(path, end, []);
}

/** 0 where there is no file. */
export async function fileSize(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isFileError(error, "ENOENT")) return 0;
    throw error;
  }
}

/** Makes the names in a folder durable, where the system can. */
export async function syncFolder(path: string): Promise<void> {
  let folder: FileHandle;
  try {
    folder = await open(path, "r");
  } catch (error) {
    // Windows opens no folders.
    if (isFileError(error, "EISDIR") || isFileError(error, "EPERM")) return;
    throw error;
  }
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function openToRead(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, "r");
  } catch (error) {
    if (isFileError(error, "ENOENT")) return null;
    throw error;
  }
}

async function openToWrite(path: string): Promise<{ file: FileHandle; isNew: boolean }> {
  try {
    return { file: await open(path, "r+"), isNew: false };
  } catch (error) {
    if (!isFileError(error, "ENOENT")) throw error;
    return { file: await open(path, "wx+"), isNew: true };
  }
}

/** Offset of the last line feed before `end`, −1 where there is none. */
async function lineFeedBefore(file: FileHandle, end: number): Promise<number> {
  const chunk = Buffer.allocUnsafe(1 << 16);
  for (let to = end; to > 0;) {
    const from = Math.max(0, to - chunk.length);
    const { bytesRead } = await file.read(chunk, 0, to - from, from);
    const feed = chunk.subarray(0, bytesRead).lastIndexOf(LINE_FEED);
    if (feed !== -1) return from + feed;
    to = from;
  }
  return -1;
}
