import type { Capture, CheckedCapture } from "./capture.ts";
import type { AppendResult, PositionedCapture, RawStore, Sidecar, SidecarLine, SidecarPart } from "./raw-store.ts";
import { ShapeDictionary, decodeShape, encodeShape } from "./shape.ts";
import { rawTableName } from "./table-name.ts";
import { requestText } from "./request-text.ts";

/**
 * A raw store as it would be after some captures were added: the base is only read, what is new goes to `overlay`, which is
 * thrown away. New captures have the ids that the base would give them.
 */
export class OverlayRawStore implements RawStore {
  readonly #base: RawStore;
  readonly #overlay: RawStore;

  constructor(base: RawStore, overlay: RawStore) {
    this.#base = base;
    this.#overlay = overlay;
  }

  async append(batch: readonly CheckedCapture[]): Promise<AppendResult[]> {
    const results: AppendResult[] = [];
    for (const checked of batch) {
      const table = rawTableName(checked.endpoint, checked.method);
      const known = await this.#inBase(table, checked);
      if (known !== null) results.push({ capture: known, outcome: "duplicate", sharedBody: true });
      else
        for (const result of await this.#overlay.append([checked]))
          results.push({ ...result, capture: await this.#shifted(table, result.capture) });
    }
    return results;
  }

  async *captures(table: string, afterId = 0): AsyncGenerator<Capture, void, undefined> {
    const last = await this.#base.lastId(table);
    yield* this.#base.captures(table, afterId);
    for await (const capture of this.#overlay.captures(table, Math.max(0, afterId - last))) yield await this.#shifted(table, capture);
  }

  /** An overlay lives for one run: nobody comes again to read on. */
  capturesFrom(): AsyncIterable<PositionedCapture> {
    throw new Error("an overlay is not read on from a position");
  }

  async *capturesByIds(table: string, ids: readonly number[]): AsyncGenerator<Capture, void, undefined> {
    const last = await this.#base.lastId(table);
    yield* this.#base.capturesByIds(
      table,
      ids.filter((id) => id <= last),
    );
    const mine = ids.filter((id) => id > last).map((id) => id - last);
    for await (const capture of this.#overlay.capturesByIds(table, mine)) yield await this.#shifted(table, capture);
  }

  async lastId(table: string): Promise<number> {
    return (await this.#base.lastId(table)) + (await this.#overlay.lastId(table));
  }

  async readBody(capture: Capture): Promise<Buffer> {
    const last = await this.#base.lastId(rawTableName(capture.endpoint, capture.method));
    return capture.id <= last ? this.#base.readBody(capture) : this.#overlay.readBody({ ...capture, id: capture.id - last });
  }

  async *readBodies(
    captures: Iterable<Capture> | AsyncIterable<Capture>,
  ): AsyncGenerator<{ readonly capture: Capture; readonly body: Buffer }, void, undefined> {
    for await (const capture of captures) yield { capture, body: await this.readBody(capture) };
  }

  async dictionary(table: string): Promise<ShapeDictionary> {
    const merged = new ShapeDictionary((await this.#base.dictionary(table)).entries);
    for (const entry of (await this.#overlay.dictionary(table)).entries) merged.add(entry);
    return merged;
  }

  async tables(): Promise<string[]> {
    return [...new Set([...(await this.#base.tables()), ...(await this.#overlay.tables())])].toSorted();
  }

  /** The base's lines are read, new ones live in memory. */
  sidecar(table: string, name: string): Sidecar {
    return new OverlaySidecar(this.#base.sidecar(table, name), this.#overlay.sidecar(table, name));
  }

  async #inBase(table: string, checked: CheckedCapture): Promise<Capture | null> {
    const request = requestText(checked.parameters);
    for await (const capture of this.#base.captures(table)) {
      if (capture.contentHash !== checked.contentHash || capture.capturedAt !== checked.capturedAt) continue;
      if (requestText(capture.parameters) === request) return capture;
    }
    return null;
  }

  /** A capture of the overlay under its id and with its shape as the merged dictionary numbers them. */
  async #shifted(table: string, capture: Capture): Promise<Capture> {
    const id = capture.id + (await this.#base.lastId(table));
    if (capture.shape === null) return { ...capture, id };
    const own = await this.#overlay.dictionary(table);
    const merged = await this.dictionary(table);
    return { ...capture, id, shape: encodeShape(own.pairsOf(decodeShape(capture.shape)).map((pair) => merged.add(pair))) };
  }
}

class OverlaySidecar implements Sidecar {
  readonly #base: Sidecar;
  readonly #overlay: Sidecar;

  constructor(base: Sidecar, overlay: Sidecar) {
    this.#base = base;
    this.#overlay = overlay;
  }

  append(...[lines]: Parameters<Sidecar["append"]>): Promise<number> {
    return this.#overlay.append(lines);
  }

  async lastId(): Promise<number> {
    return Math.max(await this.#base.lastId(), await this.#overlay.lastId());
  }

  async *lines(afterId = 0): AsyncGenerator<SidecarLine, void, undefined> {
    yield* this.#base.lines(afterId);
    yield* this.#overlay.lines(afterId);
  }

  parts(kind: string): Promise<readonly SidecarPart[]> {
    return this.#base.parts(kind);
  }

  /** Nothing is written to the base. */
  keepPart(): Promise<null> {
    return Promise.resolve(null);
  }

  remove(): Promise<void> {
    return this.#overlay.remove();
  }
}
