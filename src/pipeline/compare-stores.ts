import type { Mapping } from "../mapping/mapping.ts";
import type { Plan } from "../plan/plan.ts";
import { type RowDifference, firstDifference } from "../quality/first-difference.ts";
import { digestStore } from "../quality/store-digest.ts";
import { type SideOfDifference, explainSide } from "./explain-difference.ts";
import type { PlatformParts } from "./scratch.ts";

/** A row that two stores do not have alike, and where each version of it comes from. */
export interface StoreDifference {
  readonly row: RowDifference;
  readonly left: SideOfDifference;
  readonly right: SideOfDifference;
}

/** One digest over the tables of a mapping. */
export async function digestOf(mapping: Mapping, { database, store }: PlatformParts): Promise<string> {
  return store.open(await database.connect(), (open) => digestStore(open, [mapping]), "read");
}

/** The first row that two stores do not have alike; null where there is none. Each has an engine of its own. */
export async function compareStores(
  mapping: Mapping,
  plan: Plan,
  left: PlatformParts,
  right: PlatformParts,
): Promise<StoreDifference | null> {
  const [ofLeft, ofRight] = [await left.database.connect(), await right.database.connect()];
  const row = await left.store.open(ofLeft, (a) => right.store.open(ofRight, (b) => firstDifference(a, b, mapping), "read"), "read");
  if (row === null) return null;
  return {
    row,
    left: await explainSide(plan, row, row.left, { ...left, connection: ofLeft }),
    right: await explainSide(plan, row, row.right, { ...right, connection: ofRight }),
  };
}
