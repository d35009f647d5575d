import { atStep } from "../core/faults.ts";
import { hostname } from "node:os";
import { EXIT, OutsideError } from "../core/errors.ts";
import type { Plan } from "../plan/plan.ts";
import { quoteText as text } from "../sql/quote.ts";
import { sqlText, sqlTextOrNull } from "../sql/sql-value.ts";
import type { OpenStore } from "./open-store.ts";
import type { Checkpoint, Lease, StreamStep } from "./slice-application.ts";

/** How long a stream belongs to an owner who is not heard of, in seconds. Every write is a sign of life, and without one there is one in a third of it. */
export const LEASE_SECONDS = 15;

/** A stream as the store has it. */
export interface StreamState {
  /** Null: from the beginning. */
  readonly position: string | null;
  /** Under which plan it last wrote; null where it never did. */
  readonly fingerprint: string | null;
}

/** A stream that belongs to this process. */
export interface OwnStream {
  readonly lease: Lease;
  readonly state: StreamState;
}

/** Who has a stream now. */
export interface StreamOwner {
  readonly owner: string;
  /** Canonical. */
  readonly until: string;
}

/**
 * Takes a stream: from nobody, from an owner who is not heard of any more, or from itself. The session of the owner before is ended: what
 * it had not committed is undone, and what it has yet to write is refused.
 * @throws OutsideError `stream.owned` (exit 7): its owner is alive.
 */
export function takeStream(store: OpenStore, plan: Plan, processId: string): Promise<OwnStream> {
  const stream = plan.mapping;
  const owner = `${hostname()} ${processId}`;
  return store.transaction(async () => {
    await store.lock(`stream ${stream}`);
    await store.run(`INSERT INTO ${store.state("streams")} (name, token, captures) VALUES (${text(stream)}, 0, 0) ON CONFLICT DO NOTHING`);
    const [row] = await store.rows(
      `SELECT position, fingerprint, token, owner, lease_until, session, coalesce(lease_until > now(), FALSE) AS is_owned FROM ${store.state("streams")} WHERE name = ${text(stream)}`,
    );
    if (row === undefined) throw new Error(`no stream ${stream}`);
    if (row["is_owned"] === true && row["owner"] !== owner)
      throw owned(stream, { owner: sqlText(row["owner"]), until: sqlText(row["lease_until"]) });
    const before = row["session"];
    if (typeof before === "string") await store.endSession(before);
    const token = Number(row["token"]) + 1;
    await store.run(
      `UPDATE ${store.state("streams")} SET owner = ${text(owner)}, token = ${String(token)}, session = ${store.dialect.session}, lease_until = ${LEASE_END} WHERE name = ${text(stream)}`,
    );
    const state = { position: sqlTextOrNull(row["position"]), fingerprint: sqlTextOrNull(row["fingerprint"]) };
    return { lease: { stream, token }, state };
  });
}

const LEASE_END = `now() + INTERVAL '${String(LEASE_SECONDS)} seconds'`;

/** Says that the owner is alive. @throws OutsideError `stream.lost`. */
export async function keepLease(store: OpenStore, lease: Lease): Promise<void> {
  const kept = await store.run(
    `UPDATE ${store.state("streams")} SET lease_until = ${LEASE_END}, session = ${store.dialect.session} WHERE ${isOwn(lease)}`,
  );
  if (kept === 0) throw lost(lease);
}

/** Gives a stream back: the next one need not wait. */
export async function releaseStream(store: OpenStore, lease: Lease): Promise<void> {
  await store.run(`UPDATE ${store.state("streams")} SET owner = NULL, session = NULL, lease_until = NULL WHERE ${isOwn(lease)}`);
}

/**
 * What a stream writes beside its rows, in their transaction and before them: nobody can take the stream from here on until it ends.
 * @throws OutsideError `stream.lost`: somebody else has it. Nothing is written then.
 */
export async function recordStep(store: OpenStore, plan: Plan, runId: string, { lease, checkpoint }: StreamStep): Promise<void> {
  await keepLease(store, lease);
  if (checkpoint === null) return;
  const { position, captures, stale, unchanged } = checkpoint;
  await store.run(
    `UPDATE ${store.state("streams")} SET position = ${text(position)}, captures = captures + ${String(captures)}, fingerprint = ${text(plan.fingerprint)}, checkpoint_at = now() WHERE ${isOwn(lease)}`,
  );
  await atStep("apply.checkpoint");
  if (stale + unchanged > 0)
    await store.run(
      `UPDATE ${store.state("runs")} SET selected = selected + ${String(stale + unchanged)}, stale = stale + ${String(stale)}, unchanged = unchanged + ${String(unchanged)} WHERE run_id = ${text(runId)}`,
    );
}

/** A step of captures that leave nothing to write. Once: it may be asked again where nobody heard that it was done. */
export function advanceStream(store: OpenStore, plan: Plan, runId: string, lease: Lease, checkpoint: Checkpoint): Promise<void> {
  return store.transaction(async () => {
    await store.lock(plan.mapping);
    const isDone = await store.count(
      `SELECT count(*) FROM ${store.state("streams")} WHERE ${isOwn(lease)} AND position = ${text(checkpoint.position)}`,
    );
    if (isDone === 0) await recordStep(store, plan, runId, { lease, checkpoint });
  });
}

/** Where a stream begins from now on; null: from the beginning. */
export async function moveStream(store: OpenStore, lease: Lease, position: string | null): Promise<void> {
  const moved = await store.run(
    `UPDATE ${store.state("streams")} SET position = ${position === null ? "NULL" : text(position)}, checkpoint_at = now() WHERE ${isOwn(lease)}`,
  );
  if (moved === 0) throw lost(lease);
}

function isOwn({ stream, token }: Lease): string {
  return `name = ${text(stream)} AND token = ${String(token)}`;
}

function owned(stream: string, { owner, until }: StreamOwner): OutsideError {
  return new OutsideError(
    {
      code: "stream.owned",
      message: `the stream of ${stream} belongs to ${owner}`,
      got: `alive until ${until} at least`,
      next: "end that one; or wait longer with --lock-wait: who waits takes over when its owner dies",
    },
    EXIT.lockHeld,
    true,
  );
}

function lost({ stream }: Lease): OutsideError {
  return new OutsideError(
    {
      code: "stream.lost",
      message: `the stream of ${stream} was taken over by another process, because this one was not heard of for ${String(LEASE_SECONDS)} s; nothing was written since`,
      next: "run the same command again, as the one that waits",
    },
    EXIT.lockHeld,
    false,
  );
}
