import { open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { isFileError } from "../core/file-error.ts";
import { findLine, readLastLine, readLines, syncFolder, writeFrom } from "./line-file.ts";
import type { ManifestReader, SealedSegment } from "./manifest.ts";
import { rawDamaged } from "./raw-damaged.ts";

/** One line of a sidecar: whatever a user of raw derives from one capture. One line per capture. */
export interface SidecarLine {
  readonly capture: number;
  readonly [field: string]: unknown;
}

/** Captures that are never more or others, and the file in which a user of a sidecar keeps what it made of their lines. */
export interface SidecarPart {
  readonly firstId: number;
  readonly lastId: number;
  /** Null where there is none, or only one that was made of other captures. */
  readonly file: string | null;
}

/**
 * An append-only file of derived lines in a raw table's folder, `<name>.jsonl`, `capture` strictly increasing. It can be removed and derived again at any
 * time. Its parts are full segments: `<name>-NNNNNN-<seal>.<kind>`, so that a file that was made of other captures has another name. `underLock` runs work
 * with the folder to itself.
 */
export class SidecarFile {
  readonly #folder: string;
  readonly #name: string;
  readonly #path: string;
  readonly #manifest: ManifestReader;
  readonly #underLock: <Result>(work: () => Promise<Result>) => Promise<Result>;

  constructor(folder: string, name: string, manifest: ManifestReader, underLock: <Result>(work: () => Promise<Result>) => Promise<Result>) {
    this.#folder = folder;
    this.#name = name;
    this.#path = join(folder, `${name}.jsonl`);
    this.#manifest = manifest;
    this.#underLock = underLock;
  }

  /**
   * Appends under the raw table's lock. Lines of captures that are covered already (another process was faster) are left out.
   * Gives how many lines were written.
   */
  async append(lines: readonly SidecarLine[]): Promise<number> {
    let before = 0;
    for (const { capture } of lines) {
      if (capture <= before) throw new RangeError(`lines of a sidecar: capture ${String(capture)} comes after ${String(before)}`);
      before = capture;
    }
    if (lines.length === 0) return 0;
    return await this.#underLock(async () => {
      const last = await readLastLine(this.#path);
      const lastId = last === null ? 0 : this.#parse(last.text, last.start).capture;
      const fresh = lines.filter(({ capture }) => capture > lastId);
      if (fresh.length > 0)
        await writeFrom(this.#path, last?.end ?? 0, [Buffer.from(fresh.map((line) => `${JSON.stringify(line)}\n`).join(""), "utf8")]);
      return fresh.length;
    });
  }

  /** `capture` of the last complete line; 0 where there is none. */
  async lastId(): Promise<number> {
    const last = await readLastLine(this.#path);
    return last === null ? 0 : this.#parse(last.text, last.start).capture;
  }

  /** Complete lines of captures with an id greater than `afterId`. */
  async *lines(afterId = 0): AsyncGenerator<SidecarLine, void, undefined> {
    const from = afterId === 0 ? 0 : await findLine(this.#path, ({ text, start }) => this.#parse(text, start).capture <= afterId);
    for await (const { text, start } of readLines(this.#path, from)) {
      const line = this.#parse(text, start);
      // Where lines are in disorder the search may have stopped anywhere; the reader sees that they do not fit.
      if (line.capture > afterId) yield line;
    }
  }

  /** Ranges of ids from 1 on without gaps, as far as raw is settled. `kind` says what the files are: they end with `.<kind>`. */
  async parts(kind: string): Promise<readonly SidecarPart[]> {
    const names = new Set(await this.#names());
    return (await this.#manifest.sealed()).map((sealed) => {
      const name = this.#partName(sealed, kind);
      return { firstId: sealed.firstId, lastId: sealed.lastId, file: names.has(name) ? join(this.#folder, name) : null };
    });
  }

  /** Keeps the file of a part, under the raw table's lock, whole or not at all: `write` makes it where it is told. Null where raw has no such part any more. */
  async keepPart(kind: string, part: SidecarPart, write: (file: string) => Promise<void>): Promise<string | null> {
    const sealed = (await this.#manifest.sealed()).find(({ firstId, lastId }) => firstId === part.firstId && lastId === part.lastId);
    if (sealed === undefined) return null;
    return await this.#underLock(async () => {
      const name = this.#partName(sealed, kind);
      const path = join(this.#folder, name);
      const before = `${this.#name}-${numberOf(sealed)}-`;
      // Of other captures, or half written by a process that died.
      for (const other of await this.#names())
        if (other.startsWith(before) && other !== name) await rm(join(this.#folder, other), { force: true });
      await write(`${path}.new`);
      await syncFile(`${path}.new`);
      await rename(`${path}.new`, path);
      await syncFolder(this.#folder);
      return path;
    });
  }

  /** Removes the file and those of its parts. */
  async remove(): Promise<void> {
    await this.#underLock(async () => {
      await rm(this.#path, { force: true });
      for (const name of await this.#names()) if (name.startsWith(`${this.#name}-`)) await rm(join(this.#folder, name), { force: true });
    });
  }

  async #names(): Promise<readonly string[]> {
    try {
      return await readdir(this.#folder);
    } catch (error) {
      if (isFileError(error, "ENOENT")) return [];
      throw error;
    }
  }

  #partName(sealed: SealedSegment, kind: string): string {
    return `${this.#name}-${numberOf(sealed)}-${sealed.seal.slice(0, 32)}.${kind}`;
  }

  #parse(text: string, offset: number): SidecarLine {
    let line: unknown;
    try {
      line = JSON.parse(text);
    } catch (cause) {
      throw rawDamaged(
        this.#path,
        offset,
        "no line of a sidecar",
        "a JSON object (the file is derived: it can be removed and made again)",
        cause,
      );
    }
    if (!isSidecarLine(line))
      throw rawDamaged(
        this.#path,
        offset,
        "no line of a sidecar",
        "a JSON object with a number `capture` (the file is derived: it can be removed and made again)",
      );
    return line;
  }
}

function isSidecarLine(value: unknown): value is SidecarLine {
  return typeof value === "object" && value !== null && "capture" in value && Number.isSafeInteger(value.capture);
}

function numberOf({ segment }: SealedSegment): string {
  return String(segment).padStart(6, "0");
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.datasync();
  } finally {
    await file.close();
  }
}
