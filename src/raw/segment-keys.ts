import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isFileError } from "../core/file-error.ts";
import { sha256Hex } from "../core/hash.ts";
import { segmentPlace } from "./capture.ts";
import type { Capture, CheckedCapture, SegmentPlace } from "./capture.ts";
import { keysFile } from "./manifest.ts";
import type { ManifestReader, SealedSegment } from "./manifest.ts";
import { requestText } from "./request-text.ts";

/**
 * What full segments hold, found by hash without reading their manifests: beside each one a derived file of sorted keys (`NNNNNN.keys`), which a writer
 * reads whole, a segment at a time. It names lines of the manifest, and only those lines are believed.
 *
 *     magic, 8 bytes · seal of the segment, 32 · number of bodies, 4 · number of captures, 4 · their entries · SHA-256 of all before, 32
 *     entry: first 8 bytes of a SHA-256 · byte offset of a line in the manifest, 6; sorted. Integers are big-endian
 *
 * A body's key is its content hash, and the line is that of the first capture that has it; a capture's key is `identityOf` it.
 */

const MAGIC = Buffer.from("MLBKEYS1", "latin1");
const SEAL_AT = MAGIC.length;
const COUNTS_AT = SEAL_AT + 32;
const ENTRIES_AT = COUNTS_AT + 8;
const PREFIX_BYTES = 8;
const ENTRY_BYTES = PREFIX_BYTES + 6;
const DIGEST_BYTES = 32;

/** With the content hash, what makes a capture the same one. */
export function requestKey(capture: Pick<Capture, "capturedAt" | "parameters">): string {
  return `${capture.capturedAt} ${requestText(capture.parameters)}`;
}

/** The whole of it, hex. */
export function identityOf(capture: Pick<Capture, "contentHash" | "capturedAt" | "parameters">): string {
  return sha256Hex(`${capture.contentHash} ${requestKey(capture)}`);
}

/** What full segments have of some captures on their way in. */
export class SealedFinds {
  /** The last segment that was looked through. */
  segment = 0;
  /** Where bodies are, by content hash. */
  readonly bodies: Map<string, SegmentPlace> = new Map<string, SegmentPlace>();
  /** Captures that are there before, by identity. */
  readonly captures: Map<string, Capture> = new Map<string, Capture>();
}

export class SegmentKeys {
  readonly #folder: string;
  readonly #manifest: ManifestReader;

  constructor(folder: string, manifest: ManifestReader) {
    this.#folder = folder;
    this.#manifest = manifest;
  }

  /**
   * Looks on for a batch through the full segments that `finds` has not seen. A file that is missing, torn or of other captures is made again where
   * `mayWrite` (under the folder's lock); else the search ends before it.
   */
  async find(batch: readonly CheckedCapture[], finds: SealedFinds, mayWrite: boolean): Promise<void> {
    const hashes = new Map<string, CheckedCapture[]>();
    for (const capture of batch) hashes.set(capture.contentHash, [...(hashes.get(capture.contentHash) ?? []), capture]);
    for (const sealed of await this.#manifest.sealed(finds.segment)) {
      const keys = readKeys(this.#read(sealed.segment), sealed) ?? (mayWrite ? await this.#make(sealed) : null);
      if (keys === null) return;
      for (const [hash, captures] of hashes) {
        for (const offset of keys.bodies.offsets(hash)) {
          const stored = await this.#manifest.captureAt(sealed.segment, offset);
          if (stored.contentHash !== hash) continue;
          if (!finds.bodies.has(hash)) finds.bodies.set(hash, segmentPlace(stored));
          for (const capture of captures) await this.#findCapture(capture, sealed, keys, finds);
        }
      }
      finds.segment = sealed.segment;
    }
  }

  async #findCapture(capture: CheckedCapture, { segment }: SealedSegment, keys: Keys, finds: SealedFinds): Promise<void> {
    const identity = identityOf(capture);
    for (const offset of keys.captures.offsets(identity)) {
      const stored = await this.#manifest.captureAt(segment, offset);
      if (identityOf(stored) === identity) finds.captures.set(identity, stored);
    }
  }

  /** Small files, read while everything waits as `readEnds` does. */
  #read(segment: number): Buffer | null {
    try {
      return readFileSync(join(this.#folder, keysFile(segment)));
    } catch (error) {
      if (isFileError(error, "ENOENT")) return null;
      throw error;
    }
  }

  async #make(sealed: SealedSegment): Promise<Keys | null> {
    const bodies = new Map<string, number>();
    const captures = new Map<string, number>();
    for await (const { capture, offset } of this.#manifest.segmentLines(sealed)) {
      if (!bodies.has(capture.contentHash)) bodies.set(capture.contentHash, offset);
      captures.set(identityOf(capture), offset);
    }
    const bytes = writeKeys(sealed.seal, bodies, captures);
    const path = join(this.#folder, keysFile(sealed.segment));
    // Whole or not at all; what a power cut leaves of it does not have its digest.
    await writeFile(`${path}.new`, bytes);
    await rename(`${path}.new`, path);
    return readKeys(bytes, sealed);
  }
}

/** Sorted entries. */
class Entries {
  readonly #bytes: Buffer;
  readonly #start: number;
  readonly #count: number;

  constructor(bytes: Buffer, start: number, count: number) {
    this.#bytes = bytes;
    this.#start = start;
    this.#count = count;
  }

  /** Offsets of the lines that may be those of a hash (hex). */
  *offsets(hash: string): Generator<number, void, undefined> {
    const prefix = Buffer.from(hash.slice(0, PREFIX_BYTES * 2), "hex");
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compare(prefix, middle) > 0) low = middle + 1;
      else high = middle;
    }
    for (; low < this.#count && this.#compare(prefix, low) === 0; low++)
      yield this.#bytes.readUIntBE(this.#start + low * ENTRY_BYTES + PREFIX_BYTES, 6);
  }

  #compare(prefix: Buffer, entry: number): number {
    const at = this.#start + entry * ENTRY_BYTES;
    return prefix.compare(this.#bytes, at, at + PREFIX_BYTES);
  }
}

interface Keys {
  readonly bodies: Entries;
  readonly captures: Entries;
}

function writeKeys(seal: string, bodies: ReadonlyMap<string, number>, captures: ReadonlyMap<string, number>): Buffer {
  const counts = Buffer.alloc(8);
  counts.writeUInt32BE(bodies.size, 0);
  counts.writeUInt32BE(captures.size, 4);
  const parts = [MAGIC, Buffer.from(seal, "hex"), counts];
  for (const list of [bodies, captures]) {
    const entries = Array.from(list, ([hash, offset]) => {
      const entry = Buffer.alloc(ENTRY_BYTES);
      entry.write(hash.slice(0, PREFIX_BYTES * 2), "hex");
      entry.writeUIntBE(offset, PREFIX_BYTES, 6);
      return entry;
    });
    parts.push(...entries.toSorted((left, right) => left.compare(right)));
  }
  const bytes = Buffer.concat(parts);
  return Buffer.concat([bytes, digestOf(bytes)]);
}

/** Null where it is not the file of this segment, whole. */
function readKeys(bytes: Buffer | null, { seal }: SealedSegment): Keys | null {
  if (bytes === null || bytes.length < ENTRIES_AT + DIGEST_BYTES) return null;
  const end = bytes.length - DIGEST_BYTES;
  if (!digestOf(bytes.subarray(0, end)).equals(bytes.subarray(end))) return null;
  if (!bytes.subarray(0, SEAL_AT).equals(MAGIC) || bytes.toString("hex", SEAL_AT, COUNTS_AT) !== seal) return null;
  const bodies = bytes.readUInt32BE(COUNTS_AT);
  const captures = bytes.readUInt32BE(COUNTS_AT + 4);
  if (ENTRIES_AT + (bodies + captures) * ENTRY_BYTES !== end) return null;
  return { bodies: new Entries(bytes, ENTRIES_AT, bodies), captures: new Entries(bytes, ENTRIES_AT + bodies * ENTRY_BYTES, captures) };
}

function digestOf(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}
