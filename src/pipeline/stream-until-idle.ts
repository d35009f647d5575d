import { randomUUID } from "node:crypto";
import type { Mapping } from "../mapping/mapping.ts";
import type { Plan } from "../plan/plan.ts";
import { Store } from "../store/store.ts";
import type { PlatformParts } from "./scratch.ts";
import { type StreamOptions, stream } from "./stream.ts";

/** A stream that nobody else wants, over what is there: it ends where nothing is left to take. */
export async function streamUntilIdle(
  mapping: Mapping,
  plan: Plan,
  { database, store, raw }: PlatformParts,
  options: Pick<StreamOptions, "from" | "sliceBytes" | "signal" | "check" | "onProgress">,
): Promise<void> {
  const alone = { triggerMs: 1000, untilIdle: true, waitMs: 0, processId: randomUUID(), connections: 1 };
  await stream(mapping, plan, { ...alone, ...options }, { database, store: new Store(store), raw });
}
