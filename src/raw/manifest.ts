import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { sha256Hex } from "../core/hash.ts";
import { isFileError } from "../core/file-error.ts";
import type { Capture } from "./capture.ts";
import { idOfLine, parseCaptureLine } from "./capture-line.ts";
import { fileSize, lineAt, readEnds, readLastLine, readLines } from "./line-file.ts";
import type { Line } from "./line-file.ts";
import { rawDamaged } from "./raw-damaged.ts";

/** Where a reader of manifests is: after the capture `lastId`, at a byte of a segment's manifest. */
export interface ManifestPosition {
  readonly segment: number;
  readonly offset: number;
  readonly lastId: number;
}

export const MANIFEST_START: ManifestPosition = { segment: 1, offset: 0, lastId: 0 };

export function writePosition(position: ManifestPosition): string {
  return `${String(position.segment)}:${String(position.offset)}:${String(position.lastId)}`;
}

/** @throws RangeError for text that `writePosition` did not write. */
export function parsePosition(text: string): ManifestPosition {
  const parts = /^([1-9][0-9]{0,5}):([0-9]{1,15}):([0-9]{1,15})$/.exec(text);
  if (parts === null) throw new RangeError(`no position in a raw table: ${JSON.stringify(text)}`);
  return { segment: Number(parts[1]), offset: Number(parts[2]), lastId: Number(parts[3]) };
}

/** A segment that is full: its captures are never more or others. */
export interface SealedSegment {
  readonly segment: number;
  readonly firstId: number;
  readonly lastId: number;
  /** Hex; another one where the captures are others. What is derived from the segment carries it, and counts only while it is the same. */
  readonly seal: string;
}

export function manifestFile(segment: number): string {
  return `${String(segment).padStart(6, "0")}.captures.jsonl`;
}

export function keysFile(segment: number): string {
  return `${String(segment).padStart(6, "0")}.keys`;
}

export function bodiesFile(segment: number): string {
  return `${String(segment).padStart(6, "0")}.bodies.gz`;
}

/** Reads the manifests of one raw table, without a lock: the complete lines of all segments, in order of ids. */
export class ManifestReader {
  readonly #folder: string;
  /** First id by segment; it never changes. */
  readonly #firstIds = new Map<number, number>();
  /** By segment, as they were first seen. */
  readonly #sealed = new Map<number, SealedSegment>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * The captures after a position. With `wanted`, lines of ids that it does not want are passed over without parsing them.
   * @throws OutsideError `raw.damaged`.
   */
  async *read(
    from: ManifestPosition,
    wanted?: (id: number) => boolean,
  ): AsyncGenerator<{ capture: Capture; position: ManifestPosition }, void, undefined> {
    let { segment, offset, lastId } = from;
    for (;;) {
      // Asked before reading: where the next segment exists, this one is complete.
      const hasNext = (await fileSize(this.#path(segment + 1))) > 0;
      for await (const line of readLines(this.#path(segment), offset)) {
        offset = line.end;
        const id = idOfLine(line.text);
        if (id !== null && id === lastId + 1 && wanted?.(id) === false) {
          lastId = id;
          continue;
        }
        const capture = parseCaptureLine(line.text) ?? parseCaptureLine((await this.#readAgain(segment, line)).text);
        if (capture?.id !== lastId + 1) {
          throw rawDamaged(
            this.#path(segment),
            line.start,
            "no line of a capture, or not the next one",
            `the line of capture ${String(lastId + 1)}`,
          );
        }
        lastId = capture.id;
        yield { capture, position: { segment, offset, lastId } };
      }
      if (!hasNext) return;
      segment++;
      offset = 0;
    }
  }

  /** The captures of these ids that there are, in order of ids. */
  async *byIds(ids: readonly number[]): AsyncGenerator<Capture, void, undefined> {
    const wanted = [...new Set(ids)].toSorted((left, right) => left - right);
    while (wanted.length > 0) {
      const start = await this.startAfter((wanted[0] ?? 0) - 1);
      const set = new Set(wanted);
      let isDone = true;
      for await (const { capture, position } of this.read(start, (id) => set.has(id))) {
        yield capture;
        wanted.shift();
        const [next] = wanted;
        if (next === undefined) return;
        // The next one may be many segments away.
        const firstOfLater = await this.#firstId(position.segment + 1);
        if (firstOfLater !== null && next >= firstOfLater) {
          isDone = false;
          break;
        }
      }
      if (isDone) return;
    }
  }

  /** Where to start reading for ids greater than `afterId`: the start of the segment that holds the next one. */
  async startAfter(afterId: number): Promise<ManifestPosition> {
    if (afterId <= 0) return MANIFEST_START;
    let low = 1;
    let high = await this.lastSegment();
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      const firstId = await this.#firstId(middle);
      if (firstId !== null && firstId <= afterId + 1) low = middle;
      else high = middle - 1;
    }
    const firstId = await this.#firstId(low);
    return firstId === null ? MANIFEST_START : { segment: low, offset: 0, lastId: firstId - 1 };
  }

  /** The capture of the line that starts at a byte offset of a segment's manifest. @throws OutsideError `raw.damaged`. */
  async captureAt(segment: number, offset: number): Promise<Capture> {
    const capture = parseCaptureLine((await lineAt(this.#path(segment), offset))?.text ?? "");
    if (capture === null) throw rawDamaged(this.#path(segment), offset, "no line of a capture", "a JSON object that starts with its id");
    return capture;
  }

  /** The captures of one segment, each with the byte offset of its line. */
  async *segmentLines({ segment, firstId, lastId }: SealedSegment): AsyncGenerator<{ capture: Capture; offset: number }, void, undefined> {
    let before = 0;
    for await (const { capture, position } of this.read({ segment, offset: 0, lastId: firstId - 1 })) {
      yield { capture, offset: before };
      before = position.offset;
      if (capture.id === lastId) return;
    }
  }

  /** The segments after `segment` that another one follows, in order. @throws OutsideError `raw.damaged` where one does not go on where the one before ended. */
  async sealed(afterSegment = 0): Promise<readonly SealedSegment[]> {
    const sealed: SealedSegment[] = [];
    for (let segment = afterSegment + 1; (await fileSize(this.#path(segment + 1))) > 0; segment++) {
      let known = this.#sealed.get(segment);
      if (known === undefined) {
        const path = this.#path(segment);
        const ends = readEnds(path);
        const firstId = idOfLine(ends?.first ?? "");
        const lastId = idOfLine(ends?.last ?? "");
        const expected = segment === 1 ? 1 : (this.#sealed.get(segment - 1)?.lastId ?? (firstId ?? 1) - 1) + 1;
        if (ends === null || firstId !== expected || lastId === null)
          throw rawDamaged(path, 0, "no manifest of a full segment, or not the next one", `lines of captures from ${String(expected)} on`);
        known = { segment, firstId, lastId, seal: sha256Hex(`${String(ends.bytes)}\n${ends.first}\n${ends.last}`) };
        this.#sealed.set(segment, known);
      }
      sealed.push(known);
    }
    return sealed;
  }

  /** The start of the segment that is not full yet. */
  async lastStart(): Promise<ManifestPosition> {
    const last = (await this.sealed()).at(-1);
    return last === undefined ? MANIFEST_START : { segment: last.segment + 1, offset: 0, lastId: last.lastId };
  }

  /** The greatest id of a complete line; 0 where there is none. */
  async lastId(): Promise<number> {
    for (let segment = await this.lastSegment(); segment > 0; segment--) {
      const line = await readLastLine(this.#path(segment));
      if (line === null) continue;
      const id = idOfLine(line.text);
      if (id === null) throw rawDamaged(this.#path(segment), line.start, "no line of a capture", "a JSON object that starts with its id");
      return id;
    }
    return 0;
  }

  /** The greatest segment number that has a manifest; 0 where there is none. */
  async lastSegment(): Promise<number> {
    let last = 0;
    try {
      for (const name of await readdir(this.#folder)) {
        const number = /^([0-9]{6})\.captures\.jsonl$/.exec(name)?.[1];
        if (number !== undefined) last = Math.max(last, Number(number));
      }
    } catch (error) {
      if (!isFileError(error, "ENOENT")) throw error;
    }
    return last;
  }

  async #firstId(segment: number): Promise<number | null> {
    const known = this.#firstIds.get(segment);
    if (known !== undefined) return known;
    for await (const line of readLines(this.#path(segment), 0)) {
      const id = idOfLine(line.text);
      if (id === null) throw rawDamaged(this.#path(segment), 0, "no line of a capture", "a JSON object that starts with its id");
      this.#firstIds.set(segment, id);
      return id;
    }
    return null;
  }

  /** A torn tail may have been cut off and written over while this line was read in two pieces; a second look at it tells. */
  async #readAgain(segment: number, line: Line): Promise<Line> {
    for await (const again of readLines(this.#path(segment), line.start)) return again;
    return line;
  }

  #path(segment: number): string {
    return join(this.#folder, manifestFile(segment));
  }
}
