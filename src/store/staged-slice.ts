import type { OpenStore } from "./open-store.ts";

/** By target: slots of which the store has all rows of that target as the slice has them, with their number. */
export type StoredRows = ReadonlyMap<number, ReadonlyMap<number, number>>;

/** A slice that is where the store's SQL runs, but for rows that the store has already as far as this process knows. */
export interface StagedSlice {
  /**
   * To be called in the transaction, once it is settled which states are written: brings the rows that were left out and that the store has
   * not after all, where another process wrote in between. Gives those that it has.
   * @param go the states that are written.
   */
  settle(store: OpenStore, go: string): Promise<StoredRows>;
  /** To be called after the commit of a slice that was written. */
  committed(): void;
}

/** All rows are there. */
export const WHOLE_SLICE: StagedSlice = { settle: () => Promise.resolve(new Map()), committed: () => undefined };
