import type { Capture, CheckedCapture } from "./capture.ts";
import type { AppendResult, HeldBack, PositionedCapture, RawStore } from "./raw-store.ts";
import type { RawWatch } from "./raw-watch.ts";
import { ShapeDictionary, decodeShape, encodeShape } from "./shape.ts";
import { rawTableName } from "./table-name.ts";

/** Before a position in the overlay. */
const OVERLAY_POSITION = "overlay ";

/**
 * A raw store as it would be after some captures were added: the base is only read, what is new goes to `overlay`, which is thrown away.
 * New captures have the ids that the base would give them; what others add to the base meanwhile is not seen. Disposing disposes all three.
 */
export class OverlayRawStore implements RawStore {
  readonly base: RawStore;
  readonly #overlay: RawStore;
  readonly #folder: AsyncDisposable;
  /** The base's raw tables as they were when they were first asked for. */
  readonly #tables = new Map<string, Promise<BaseTable>>();

  /** `folder`: where the overlay is. */
  constructor(base: RawStore, overlay: RawStore, folder: AsyncDisposable) {
    this.base = base;
    this.#overlay = overlay;
    this.#folder = folder;
  }

  /** Captures with a greater id are new ones. */
  async lastIdOfBase(table: string): Promise<number> {
    return (await this.#table(table)).lastId;
  }

  /** The new captures alone. */
  async *added(table: string, afterId = 0): AsyncGenerator<Capture, void, undefined> {
    const last = await this.lastIdOfBase(table);
    for await (const capture of this.#overlay.captures(table, Math.max(0, afterId - last))) yield await this.#shifted(table, capture);
  }

  async append(batch: readonly CheckedCapture[]): Promise<AppendResult[]> {
    const results: AppendResult[] = [];
    for (const checked of batch) {
      const table = rawTableName(checked.endpoint, checked.method);
      const known = await this.#inBase(checked);
      if (known !== null) results.push({ capture: known, outcome: "duplicate", sharedBody: true });
      else
        for (const result of await this.#overlay.append([checked]))
          results.push({ ...result, capture: await this.#shifted(table, result.capture) });
    }
    return results;
  }

  async *captures(table: string, afterId = 0): AsyncGenerator<Capture, void, undefined> {
    const last = await this.lastIdOfBase(table);
    for await (const capture of this.base.captures(table, afterId)) {
      if (capture.id > last) break;
      yield capture;
    }
    yield* this.added(table, afterId);
  }

  /** Those of the base first. */
  async *capturesFrom(table: string, position: string | null): AsyncGenerator<PositionedCapture, void, undefined> {
    const last = await this.lastIdOfBase(table);
    const own = position?.startsWith(OVERLAY_POSITION) === true ? position.slice(OVERLAY_POSITION.length) : null;
    // Where others write at the same time, its order is not that of the ids.
    if (own === null) for await (const found of this.base.capturesFrom(table, position)) if (found.capture.id <= last) yield found;
    for await (const found of this.#overlay.capturesFrom(table, own))
      yield { capture: await this.#shifted(table, found.capture), position: `${OVERLAY_POSITION}${found.position}` };
  }

  async *capturesByIds(table: string, ids: readonly number[]): AsyncGenerator<Capture, void, undefined> {
    const last = await this.lastIdOfBase(table);
    yield* this.base.capturesByIds(
      table,
      ids.filter((id) => id <= last),
    );
    const mine = ids.filter((id) => id > last).map((id) => id - last);
    for await (const capture of this.#overlay.capturesByIds(table, mine)) yield await this.#shifted(table, capture);
  }

  async lastId(table: string): Promise<number> {
    return (await this.lastIdOfBase(table)) + (await this.#overlay.lastId(table));
  }

  async find(capture: CheckedCapture): Promise<Capture | null> {
    const known = await this.#inBase(capture);
    if (known !== null) return known;
    const added = await this.#overlay.find(capture);
    return added === null ? null : await this.#shifted(rawTableName(capture.endpoint, capture.method), added);
  }

  async readBody(capture: Capture): Promise<Buffer> {
    const last = await this.lastIdOfBase(rawTableName(capture.endpoint, capture.method));
    return capture.id <= last ? this.base.readBody(capture) : this.#overlay.readBody({ ...capture, id: capture.id - last });
  }

  async *readBodies(
    captures: Iterable<Capture> | AsyncIterable<Capture>,
  ): AsyncGenerator<{ readonly capture: Capture; readonly body: Buffer }, void, undefined> {
    for await (const capture of captures) yield { capture, body: await this.readBody(capture) };
  }

  async dictionary(table: string): Promise<ShapeDictionary> {
    const merged = new ShapeDictionary((await this.#table(table)).dictionary.entries);
    for (const entry of (await this.#overlay.dictionary(table)).entries) merged.add(entry);
    return merged;
  }

  heldBack(table: string): Promise<HeldBack | null> {
    return this.base.heldBack(table);
  }

  watch(table: string): Promise<RawWatch> {
    return this.base.watch(table);
  }

  async tables(): Promise<string[]> {
    return [...new Set([...(await this.base.tables()), ...(await this.#overlay.tables())])].toSorted();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const part of [this.base, this.#overlay, this.#folder]) await part[Symbol.asyncDispose]();
  }

  #table(name: string): Promise<BaseTable> {
    let table = this.#tables.get(name);
    if (table === undefined) this.#tables.set(name, (table = readTable(this.base, name)));
    return table;
  }

  async #inBase(capture: CheckedCapture): Promise<Capture | null> {
    const known = await this.base.find(capture);
    return known !== null && known.id <= (await this.lastIdOfBase(rawTableName(capture.endpoint, capture.method))) ? known : null;
  }

  /** A capture of the overlay under its id and with its shape as the merged dictionary numbers them. */
  async #shifted(table: string, capture: Capture): Promise<Capture> {
    const id = capture.id + (await this.lastIdOfBase(table));
    if (capture.shape === null) return { ...capture, id };
    const own = await this.#overlay.dictionary(table);
    const merged = await this.dictionary(table);
    return { ...capture, id, shape: encodeShape(own.pairsOf(decodeShape(capture.shape)).map((pair) => merged.add(pair))) };
  }
}

interface BaseTable {
  readonly lastId: number;
  readonly dictionary: ShapeDictionary;
}

/** The dictionary is read after the last capture that refers to it. */
async function readTable(base: RawStore, name: string): Promise<BaseTable> {
  const lastId = await base.lastId(name);
  return { lastId, dictionary: await base.dictionary(name) };
}
