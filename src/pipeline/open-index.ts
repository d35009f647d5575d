import type { Plan } from "../plan/plan.ts";
import { OverlayRawStore } from "../raw/overlay-store.ts";
import { PostgresRawStore } from "../raw/postgres/postgres-raw-store.ts";
import type { RawStore } from "../raw/raw-store.ts";
import { SegmentStore } from "../raw/segment-store.ts";
import type { DocumentIndex } from "./document-index.ts";
import { OverlayIndex } from "./overlay-index.ts";
import { PostgresIndex } from "./postgres-index.ts";
import { SidecarIndex } from "./sidecar-index.ts";

/** The document index of a mapping's source as a raw store keeps it. `isReadOnly`: loading it writes nothing beside raw. */
export function openIndex(plan: Plan, raw: RawStore, isReadOnly = false): DocumentIndex {
  if (raw instanceof SegmentStore) return new SidecarIndex(plan, raw, isReadOnly);
  if (raw instanceof PostgresRawStore) return new PostgresIndex(plan, raw);
  if (raw instanceof OverlayRawStore) return new OverlayIndex(plan, raw, openIndex(plan, raw.base, true));
  throw new Error("this raw store keeps no document index");
}
