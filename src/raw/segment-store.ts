import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { systemLockDeps } from "../core/file-lock.ts";
import type { FileLockDeps } from "../core/file-lock.ts";
import { isFileError } from "../core/file-error.ts";
import { UserError } from "../core/errors.ts";
import { appendByTable } from "./append-captures.ts";
import { BodyReader } from "./body-reader.ts";
import type { Capture, CheckedCapture } from "./capture.ts";
import { captureMissing } from "./capture-missing.ts";
import { addEntriesFrom, DICTIONARY_FILE } from "./dictionary-file.ts";
import { ManifestReader, MANIFEST_START, parsePosition, writePosition } from "./manifest.ts";
import { requestText } from "./request-text.ts";
import type { AppendResult, PositionedCapture, RawStore } from "./raw-store.ts";
import { SegmentWriter } from "./segment-writer.ts";
import type { SegmentLimits } from "./segment-writer.ts";
import type { RawWatch } from "./raw-watch.ts";
import { watchFolder } from "./watch-folder.ts";
import { ShapeDictionary } from "./shape.ts";
import { SidecarFile } from "./sidecar-file.ts";
import { checkTableName, isTableName, rawTableName } from "./table-name.ts";

export interface SegmentStoreOptions {
  /** The folder of all raw tables, `<home>/raw`. Created when something is stored. */
  readonly root: string;
  /** How long a writer waits for another process. */
  readonly lockWaitMs?: number;
  readonly limits?: SegmentLimits;
  readonly gzipLevel?: number;
}

export const DEFAULT_SEGMENT_LIMITS: SegmentLimits = { maxBytes: 256 * 1024 * 1024, maxCaptures: 2048 };
const DEFAULT_LOCK_WAIT_MS = 30_000;
/** Measured on real feeds (bench/ingest.ts): level 1 leaves 20 % of a body, 4 leaves 17 %, 6 leaves 16 %; a whole ingest costs about 2.6, 2.7, 3.0 times JSON.parse. */
const DEFAULT_GZIP_LEVEL = 4;

interface Table {
  readonly folder: string;
  readonly manifest: ManifestReader;
  readonly writer: SegmentWriter;
}

/**
 * The embedded raw store: a folder for each raw table, with segments of gzip members (`NNNNNN.bodies.gz`; `zcat` reads them all), their manifests
 * (`NNNNNN.captures.jsonl`), the dictionary of shapes (`paths.jsonl`) and sidecars (`documents-<name>.jsonl`). Ids are 1 … n without gaps.
 */
export class SegmentStore implements RawStore {
  readonly #options: Required<SegmentStoreOptions>;
  readonly #lockDeps: FileLockDeps;
  readonly #tables = new Map<string, Table>();

  constructor(options: SegmentStoreOptions, lockDeps: FileLockDeps = systemLockDeps) {
    this.#options = { lockWaitMs: DEFAULT_LOCK_WAIT_MS, limits: DEFAULT_SEGMENT_LIMITS, gzipLevel: DEFAULT_GZIP_LEVEL, ...options };
    this.#lockDeps = lockDeps;
  }

  async append(batch: readonly CheckedCapture[]): Promise<AppendResult[]> {
    return await appendByTable(batch, (table, part) => this.#table(table).writer.append(part));
  }

  async *captures(table: string, afterId = 0): AsyncGenerator<Capture, void, undefined> {
    const { manifest } = this.#table(table);
    for await (const { capture } of manifest.read(await manifest.startAfter(afterId), (id) => id > afterId)) yield capture;
  }

  async *capturesFrom(table: string, position: string | null): AsyncGenerator<PositionedCapture, void, undefined> {
    const from = position === null ? MANIFEST_START : parsePosition(position);
    for await (const read of this.#table(table).manifest.read(from))
      yield { capture: read.capture, position: writePosition(read.position) };
  }

  async *capturesByIds(table: string, ids: readonly number[]): AsyncGenerator<Capture, void, undefined> {
    const missing = new Set(ids);
    for await (const capture of this.#table(table).manifest.byIds(ids)) {
      missing.delete(capture.id);
      yield capture;
    }
    if (missing.size > 0) throw captureMissing(table, missing, "check that --home names the folder that the store was filled from");
  }

  async lastId(table: string): Promise<number> {
    return await this.#table(table).manifest.lastId();
  }

  async find({ endpoint, method, contentHash, capturedAt, parameters }: CheckedCapture): Promise<Capture | null> {
    const request = requestText(parameters);
    for await (const capture of this.captures(rawTableName(endpoint, method)))
      if (capture.contentHash === contentHash && capture.capturedAt === capturedAt && requestText(capture.parameters) === request)
        return capture;
    return null;
  }

  async readBody(capture: Capture): Promise<Buffer> {
    const reader = new BodyReader(this.#options.root);
    try {
      return await reader.read(capture);
    } finally {
      await reader[Symbol.asyncDispose]();
    }
  }

  async *readBodies(
    captures: Iterable<Capture> | AsyncIterable<Capture>,
  ): AsyncGenerator<{ capture: Capture; body: Buffer }, void, undefined> {
    const reader = new BodyReader(this.#options.root);
    try {
      yield* reader.readAll(captures);
    } finally {
      await reader[Symbol.asyncDispose]();
    }
  }

  async dictionary(table: string): Promise<ShapeDictionary> {
    const dictionary = new ShapeDictionary();
    await addEntriesFrom(join(this.#table(table).folder, DICTIONARY_FILE), 0, dictionary);
    return dictionary;
  }

  /** What is stored is given. */
  heldBack(): Promise<null> {
    return Promise.resolve(null);
  }

  async watch(name: string): Promise<RawWatch> {
    const { root } = this.#options;
    await mkdir(root, { recursive: true });
    return watchFolder(root, this.#table(name).folder);
  }

  async tables(): Promise<string[]> {
    try {
      const entries = await readdir(this.#options.root, { withFileTypes: true });
      return entries
        .filter((entry) => entry.isDirectory() && isTableName(entry.name))
        .map(({ name }) => name)
        .toSorted();
    } catch (error) {
      if (isFileError(error, "ENOENT")) return [];
      throw error;
    }
  }

  /** `name`: `[a-z0-9][a-z0-9_-]*`, at most 64 characters. */
  sidecar(table: string, name: string): SidecarFile {
    if (!/^[a-z0-9][a-z0-9_-]{0,63}$/.test(name)) {
      throw new UserError({
        code: "raw.bad-name",
        message: "not a name of a sidecar",
        expected: "at most 64 characters of a-z, 0-9, _ and -",
        got: JSON.stringify(name.slice(0, 200)),
      });
    }
    const { folder, manifest, writer } = this.#table(table);
    return new SidecarFile(folder, `documents-${name}`, manifest, async (work) => await writer.underLock(work));
  }

  /** Nothing is kept open. */
  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  #table(name: string): Table {
    let table = this.#tables.get(name);
    if (table === undefined) {
      const folder = join(this.#options.root, checkTableName(name));
      const manifest = new ManifestReader(folder);
      const { limits, gzipLevel, lockWaitMs } = this.#options;
      table = { folder, manifest, writer: new SegmentWriter(folder, manifest, { limits, gzipLevel, lockWaitMs }, this.#lockDeps) };
      this.#tables.set(name, table);
    }
    return table;
  }
}
