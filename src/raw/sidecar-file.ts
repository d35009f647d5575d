import { rm } from "node:fs/promises";
import { readLastLine, readLines, writeFrom } from "./line-file.ts";
import { rawDamaged } from "./raw-damaged.ts";
import type { Sidecar, SidecarLine } from "./raw-store.ts";

/** A sidecar in a file of the raw table's folder. `underLock` runs work with the folder to itself. */
export class SidecarFile implements Sidecar {
  readonly #path: string;
  readonly #underLock: <Result>(work: () => Promise<Result>) => Promise<Result>;

  constructor(path: string, underLock: <Result>(work: () => Promise<Result>) => Promise<Result>) {
    this.#path = path;
    this.#underLock = underLock;
  }

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

  async lastId(): Promise<number> {
    const last = await readLastLine(this.#path);
    return last === null ? 0 : this.#parse(last.text, last.start).capture;
  }

  async *lines(fromOffset: number): AsyncGenerator<{ line: SidecarLine; nextOffset: number }, void, undefined> {
    for await (const { text, start, end } of readLines(this.#path, fromOffset)) yield { line: this.#parse(text, start), nextOffset: end };
  }

  async remove(): Promise<void> {
    await this.#underLock(async () => {
      await rm(this.#path, { force: true });
    });
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
