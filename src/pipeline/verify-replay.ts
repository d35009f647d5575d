import { EXIT, type ExitCode, UserError } from "../core/errors.ts";
import type { Mapping } from "../mapping/mapping.ts";
import { compilePlan } from "../plan/compile-plan.ts";
import type { Plan } from "../plan/plan.ts";
import { quoteText as text } from "../sql/quote.ts";
import { sqlText } from "../sql/sql-value.ts";
import { type StoreDifference, compareStores, digestOf } from "./compare-stores.ts";
import type { PlatformParts } from "./scratch.ts";
import { streamUntilIdle } from "./stream-until-idle.ts";

export interface ReplayOptions {
  readonly sliceBytes: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (captures: number, behind: number) => void;
}

export interface ReplayResult {
  readonly captures: number;
  readonly digest: string;
  readonly replayed: string;
  /** Null where both have the same rows. */
  readonly difference: StoreDifference | null;
  readonly exit: ExitCode;
}

/**
 * Whether raw from the beginning, as a stream into an empty store, gives the rows that the live store has.
 * @param replay an empty store, with the raw of the live one
 * @throws UserError `store.behind`
 */
export async function verifyReplay(
  mapping: Mapping,
  live: PlatformParts,
  replay: PlatformParts,
  { sliceBytes, signal, onProgress }: ReplayOptions,
): Promise<ReplayResult> {
  const plan = await appliedPlan(mapping, live);
  let captures = 0;
  await streamUntilIdle(mapping, plan, replay, {
    from: { kind: "earliest" },
    sliceBytes,
    ...(signal === undefined ? {} : { signal }),
    onProgress: (progress) => {
      captures += progress.captures;
      onProgress?.(captures, progress.behind);
    },
  });
  if (signal?.aborted === true) return { captures, digest: "", replayed: "", difference: null, exit: EXIT.interrupted };
  const digest = await digestOf(mapping, live);
  const replayed = await digestOf(mapping, replay);
  if (digest === replayed) return { captures, digest, replayed, difference: null, exit: EXIT.done };
  return { captures, digest, replayed, difference: await compareStores(mapping, plan, live, replay), exit: EXIT.someFailed };
}

/** The plan under which all documents of the live store are applied: strict or not. */
async function appliedPlan(mapping: Mapping, { database, store }: PlatformParts): Promise<Plan> {
  const plans = [compilePlan(mapping), compilePlan(mapping, { strict: true })];
  const rows = await store.open(
    await database.connect(),
    (open) =>
      open.rows(
        `SELECT fingerprint, count(*) AS documents FROM ${open.state("documents")} WHERE mapping = ${text(mapping.name)} GROUP BY fingerprint`,
      ),
    "read",
  );
  const plan = plans.find(({ fingerprint }) => rows.every((row) => sqlText(row["fingerprint"]) === fingerprint));
  if (plan !== undefined) return plan;
  throw new UserError({
    code: "store.behind",
    message: `documents of ${mapping.name} were applied under another mapping, or under several`,
    got: rows.map((row) => `${sqlText(row["documents"])} under ${sqlText(row["fingerprint"]).slice(0, 12)}`).join(", "),
    next: `mlb-etl transform --endpoint ${mapping.source.endpoint} --method ${mapping.source.method} --save applies them again`,
  });
}
