import { atStep } from "../core/faults.ts";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { constants, gzip } from "node:zlib";
import { FileLock } from "../core/file-lock.ts";
import type { FileLockDeps } from "../core/file-lock.ts";
import { isInstant } from "../core/instant.ts";
import { segmentPlace } from "./capture.ts";
import type { Capture, CheckedCapture, SegmentPlace } from "./capture.ts";
import { writeCaptureLine } from "./capture-line.ts";
import { addEntriesFrom, DICTIONARY_FILE, writeEntry } from "./dictionary-file.ts";
import { cutAt, fileSize, syncFolder, writeFrom } from "./line-file.ts";
import { bodiesFile, manifestFile } from "./manifest.ts";
import type { ManifestPosition, ManifestReader } from "./manifest.ts";
import { rawDamaged } from "./raw-damaged.ts";
import type { AppendResult } from "./raw-store.ts";
import { encodeShape, ShapeDictionary } from "./shape.ts";
import type { BodyShape, ShapeVocabulary } from "./shape.ts";
import { identityOf, requestKey, SealedFinds, SegmentKeys } from "./segment-keys.ts";

export interface SegmentLimits {
  /** A segment is full when its bodies have this many bytes (compressed) … */
  readonly maxBytes: number;
  /** … or its manifest this many captures. */
  readonly maxCaptures: number;
}

export interface SegmentWriterOptions {
  readonly limits: SegmentLimits;
  readonly gzipLevel: number;
  readonly lockWaitMs: number;
}

/** Compressing more bodies at a time only takes memory: libuv has four threads. */
const PARALLEL_COMPRESSIONS = 4;
const GZIP_CHUNK_BYTES = 1 << 18;

const compress = promisify<Uint8Array, { level: number; chunkSize: number; strategy: number }, Buffer>(gzip);

/** What a writer knows of the last segment: read from its manifest, once, and then only what is new. Of the full ones before it, `SegmentKeys` knows. */
interface Index {
  position: ManifestPosition;
  /** Captures in the segment of `position`, and where its last body ends. */
  captures: number;
  bodiesEnd: number;
  /** By content hash: where the body is, and the ids of the captures that have it, by request and time. */
  readonly bodies: Map<string, { readonly place: SegmentPlace; readonly captures: Map<string, number> }>;
}

interface Dictionary {
  readonly entries: ShapeDictionary;
  /** Byte offset where the file's complete lines end. */
  end: number;
  /** Dictionary number by number in a scanner's vocabulary. */
  readonly byVocabulary: WeakMap<ShapeVocabulary, number[]>;
}

/** Appends to one raw table's folder. Turns inside the process follow each other; other processes are kept out by the folder's lock. */
export class SegmentWriter {
  readonly #folder: string;
  readonly #manifest: ManifestReader;
  readonly #keys: SegmentKeys;
  readonly #options: SegmentWriterOptions;
  readonly #lockDeps: FileLockDeps;
  #index: Index | null = null;
  #dictionary: Dictionary = newDictionary();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(folder: string, manifest: ManifestReader, options: SegmentWriterOptions, lockDeps: FileLockDeps) {
    this.#folder = folder;
    this.#manifest = manifest;
    this.#keys = new SegmentKeys(folder, manifest);
    this.#options = options;
    this.#lockDeps = lockDeps;
  }

  async append(batch: readonly CheckedCapture[]): Promise<AppendResult[]> {
    for (const { capturedAt } of batch)
      if (!isInstant(capturedAt)) throw new RangeError(`capturedAt is no canonical instant: ${JSON.stringify(capturedAt)}`);
    // Outside the lock, so that bodies are compressed while others write. What the index does not know yet is only compressed in vain.
    const index = this.#index ?? (await this.#inTurn(async () => await this.#refresh()));
    const finds = new SealedFinds();
    await this.#keys.find(batch, finds, false);
    const members = await this.#compressNew(batch, index, finds);
    return await this.underLock(async () => {
      try {
        return await this.#write(batch, members, finds);
      } catch (error) {
        // What is on the disk now is for the next turn to find out.
        this.#index = null;
        this.#dictionary = newDictionary();
        throw error;
      }
    });
  }

  /** Runs one piece of work with the folder to itself. */
  async underLock<Result>(work: () => Promise<Result>): Promise<Result> {
    return await this.#inTurn(async () => {
      await this.#createFolder();
      const lock = await FileLock.acquire(join(this.#folder, "lock"), { waitMs: this.#options.lockWaitMs }, this.#lockDeps);
      try {
        return await work();
      } finally {
        await lock.release();
      }
    });
  }

  /** One after the other inside this process. */
  async #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return await result;
  }

  async #write(batch: readonly CheckedCapture[], members: ReadonlyMap<string, Buffer>, finds: SealedFinds): Promise<AppendResult[]> {
    await atStep("raw.begin");
    const index = await this.#refresh();
    const begunIn = index.position.segment;
    // Segments that were filled since, or whose keys are to be made first.
    await this.#keys.find(batch, finds, true);
    await this.#cutTornTails(index);
    const dictionary = this.#dictionary;
    dictionary.end = await addEntriesFrom(this.#path(DICTIONARY_FILE), dictionary.end, dictionary.entries);
    const firstNewEntry = dictionary.entries.size;

    const results: { id: number; outcome: AppendResult["outcome"]; sharedBody: boolean }[] = [];
    const captures = new Map<number, Capture>();
    const segments = new Map<
      number,
      { readonly bodiesFrom: number; readonly manifestFrom: number; readonly bodies: Buffer[]; readonly lines: string[] }
    >();
    const { limits } = this.#options;
    for (const capture of batch) {
      const stored = index.bodies.get(capture.contentHash);
      const sealed = finds.captures.get(identityOf(capture));
      if (sealed !== undefined) captures.set(sealed.id, sealed);
      const known = stored?.captures.get(requestKey(capture)) ?? sealed?.id;
      if (known !== undefined) {
        results.push({ id: known, outcome: "duplicate", sharedBody: true });
        continue;
      }
      if (index.captures >= limits.maxCaptures || index.bodiesEnd >= limits.maxBytes) {
        index.position = { segment: index.position.segment + 1, offset: 0, lastId: index.position.lastId };
        index.captures = 0;
        index.bodiesEnd = 0;
      }
      const { segment } = index.position;
      let writes = segments.get(segment);
      if (writes === undefined)
        segments.set(segment, (writes = { bodiesFrom: index.bodiesEnd, manifestFrom: index.position.offset, bodies: [], lines: [] }));
      const storedPlace = stored?.place ?? finds.bodies.get(capture.contentHash);
      let place = storedPlace;
      if (place === undefined) {
        const member = members.get(capture.contentHash) ?? (await this.#compress(capture.body));
        place = { segment, offset: index.bodiesEnd, length: member.length };
        writes.bodies.push(member);
      }
      const shape = capture.shape === null ? null : encodeShape(dictionaryNumbers(capture.shape, dictionary));
      const written = newCapture(capture, index.position.lastId + 1, shape, place);
      const line = writeCaptureLine(written);
      writes.lines.push(line);
      remember(index, written, index.position.offset + Buffer.byteLength(line));
      captures.set(written.id, written);
      results.push({ id: written.id, outcome: "stored", sharedBody: storedPlace !== undefined });
    }

    // A line is only written when all that it refers to is on the disk.
    for (const [segment, { bodiesFrom, bodies }] of segments) await writeFrom(this.#path(bodiesFile(segment)), bodiesFrom, bodies);
    await atStep("raw.bodies");
    if (dictionary.entries.size > firstNewEntry) {
      const lines = dictionary.entries.entries.slice(firstNewEntry).map((entry, at) => writeEntry(firstNewEntry + at, entry));
      const data = Buffer.from(lines.join(""), "utf8");
      await writeFrom(this.#path(DICTIONARY_FILE), dictionary.end, [data]);
      dictionary.end += data.length;
    }
    for (const [segment, { manifestFrom, lines }] of segments) {
      await writeFrom(this.#path(manifestFile(segment)), manifestFrom, [Buffer.from(lines.join(""), "utf8")]);
    }
    await atStep("raw.done");
    // What is in memory of a segment that is full now is for its keys to say.
    if (index.position.segment !== begunIn) this.#index = null;
    const older = results.map(({ id }) => id).filter((id) => !captures.has(id));
    for await (const capture of this.#manifest.byIds(older)) captures.set(capture.id, capture);
    return results.map(({ id, outcome, sharedBody }) => {
      const capture = captures.get(id);
      if (capture === undefined) throw new Error(`capture ${String(id)} is in the index and not in the manifests`);
      return { capture, outcome, sharedBody };
    });
  }

  /** Brings the index up to what other processes have written. */
  async #refresh(): Promise<Index> {
    const index = this.#index ?? newIndex(await this.#manifest.lastStart());
    // Half refreshed it would be worth nothing.
    this.#index = null;
    for await (const { capture, position } of this.#manifest.read(index.position)) {
      if (position.segment !== index.position.segment) {
        index.position = { segment: position.segment, offset: 0, lastId: index.position.lastId };
        index.captures = 0;
        index.bodiesEnd = 0;
        index.bodies.clear();
      }
      remember(index, capture, position.offset);
    }
    return (this.#index = index);
  }

  /** Only the last segment can have them: a segment is begun after the one before was written to its end. */
  async #cutTornTails(index: Index): Promise<void> {
    const { segment, offset } = index.position;
    const bodies = this.#path(bodiesFile(segment));
    const size = await fileSize(bodies);
    if (size < index.bodiesEnd) throw rawDamaged(bodies, size, "the file ends before the last body", `${String(index.bodiesEnd)} bytes`);
    await cutAt(this.#path(manifestFile(segment)), offset);
    await cutAt(bodies, index.bodiesEnd);
  }

  async #compressNew(batch: readonly CheckedCapture[], index: Index, finds: SealedFinds): Promise<ReadonlyMap<string, Buffer>> {
    const bodies = new Map<string, Buffer>();
    for (const { contentHash, body } of batch)
      if (!index.bodies.has(contentHash) && !finds.bodies.has(contentHash)) bodies.set(contentHash, body);
    const members = new Map<string, Buffer>();
    const queue = bodies.entries();
    const worker = async (): Promise<void> => {
      for (const [hash, body] of queue) members.set(hash, await this.#compress(body));
    };
    await Promise.all(Array.from({ length: PARALLEL_COMPRESSIONS }, worker));
    return members;
  }

  async #compress(body: Buffer): Promise<Buffer> {
    return await compress(body, { level: this.#options.gzipLevel, chunkSize: GZIP_CHUNK_BYTES, strategy: constants.Z_DEFAULT_STRATEGY });
  }

  async #createFolder(): Promise<void> {
    // mkdir names the first folder that it had to create.
    const first = await mkdir(this.#folder, { recursive: true });
    if (first === undefined) return;
    for (let folder = this.#folder; ; folder = dirname(folder)) {
      await syncFolder(dirname(folder));
      if (folder === first || dirname(folder) === folder) return;
    }
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }
}

function newIndex(position: ManifestPosition): Index {
  return { position, captures: 0, bodiesEnd: 0, bodies: new Map() };
}

function newDictionary(): Dictionary {
  return { entries: new ShapeDictionary(), end: 0, byVocabulary: new WeakMap() };
}

/** Adds the capture that ends at `offset` of the manifest of the index's segment. */
function remember(index: Index, capture: Capture, offset: number): void {
  const { segment } = index.position;
  index.position = { segment, offset, lastId: capture.id };
  index.captures++;
  const place = segmentPlace(capture);
  if (place.segment === segment) index.bodiesEnd = Math.max(index.bodiesEnd, place.offset + place.length);
  let body = index.bodies.get(capture.contentHash);
  if (body === undefined) index.bodies.set(capture.contentHash, (body = { place, captures: new Map() }));
  body.captures.set(requestKey(capture), capture.id);
}

function sortedEntries(parameters: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(parameters).toSorted(([left], [right]) => (left < right ? -1 : 1));
}

function newCapture(capture: CheckedCapture, id: number, shape: string | null, place: SegmentPlace): Capture {
  return {
    id,
    endpoint: capture.endpoint,
    method: capture.method,
    parameters: Object.fromEntries(sortedEntries(capture.parameters)),
    url: capture.url,
    status: capture.status,
    capturedAt: capture.capturedAt,
    kind: capture.kind,
    contentHash: capture.contentHash,
    bytes: capture.body.length,
    shape,
    failure: capture.failure,
    place,
  };
}

function dictionaryNumbers(shape: BodyShape, dictionary: Dictionary): number[] {
  let numbers = dictionary.byVocabulary.get(shape.vocabulary);
  if (numbers === undefined) dictionary.byVocabulary.set(shape.vocabulary, (numbers = []));
  const known = numbers;
  return shape.entries.map((entry) => {
    const number = known[entry];
    if (number !== undefined) return number;
    const pair = shape.vocabulary.entries[entry];
    if (pair === undefined) throw new RangeError(`shape entry ${String(entry)} is not in its vocabulary`);
    return (known[entry] = dictionary.entries.add(pair));
  });
}
