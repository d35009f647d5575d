import type { PlanTarget } from "../plan/plan.ts";
import type { OpenStore } from "./open-store.ts";

/** By target: slots of which the store has all rows of that target as the slice has them, with their number. */
export type StoredRows = ReadonlyMap<number, ReadonlyMap<number, number>>;

/** A slice on its way to where the store's SQL runs. */
export interface StagedSlice {
  /**
   * To be called in the transaction, once it is settled which states are written: brings the rows of documents that the store has a state of,
   * but for those that it has already.
   * @param go the states that are written.
   */
  settle(store: OpenStore, go: string): Promise<SettledSlice>;
  /** To be called after the commit of a slice that was written. */
  committed(): void;
}

export interface SettledSlice {
  /** Rows that were not brought. */
  readonly stored: StoredRows;
  /** Inserts the rows of one target of documents that the store has never had: they can be nowhere. Gives how many they are, as the database counted them. */
  insertFresh(target: PlanTarget, at: number): Promise<number>;
}
