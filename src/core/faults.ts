import { writeSync } from "node:fs";
import { UserError } from "./errors.ts";

/**
 * Faults on purpose, at named steps of the way from a capture to a row: what `verify crash` does to its children. Off unless `armFault` was called, which
 * `cli` does with `MLB_FAULT` alone; off, a step costs a comparison.
 */

/** All steps at which a fault can be, in the order of the flow. */
export const STEPS = {
  "raw.begin": "captures are about to be appended",
  "raw.bodies": "bodies are written, that they are there is not",
  "raw.done": "captures are appended",
  "index.begin": "documents of captures are about to be indexed",
  "index.done": "documents of captures are indexed",
  "stream.owned": "the stream is owned",
  "select.begin": "documents are about to be selected",
  "select.done": "documents are selected",
  "shred.begin": "a slice is about to be shredded",
  "shred.done": "a slice is shredded",
  "apply.begin": "the transaction of a slice is about to begin",
  "apply.staged": "what is known of a slice beside its rows is where the store's SQL runs",
  "apply.checkpoint": "the checkpoint of a stream is written",
  "apply.compared": "rows are compared with those of the store",
  "apply.deleted": "rows of a target that are no more are deleted",
  "apply.updated": "changed rows of a target are updated",
  "apply.inserted": "new rows of a target are inserted",
  "record.documents": "the applied states are recorded",
  "record.findings": "failures, bad values and warnings are recorded",
  "record.done": "the counts are recorded",
  "commit.begin": "a slice is about to be committed",
  "commit.done": "a slice is committed, nobody was told",
  "run.finish": "the end of the run is about to be recorded",
} as const;
export type Step = keyof typeof STEPS;
export const STEP_NAMES = Object.keys(STEPS) as readonly Step[];

/**
 * `kill`: SIGKILL. `disconnect`: every connection to a server is cut. `enospc`: the step fails as where no space is left on a device. `memory`: the engine gets
 * no more memory.
 */
export const FAULT_KINDS = ["kill", "disconnect", "enospc", "memory"] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export interface Fault {
  readonly kind: FaultKind;
  readonly step: Step;
  /** The how many-th time that the step is reached, from 1. */
  readonly nth: number;
}

/** What is written to stderr where a fault happens. */
export const FAULT_WORD = "fault on purpose: ";

let armed: { readonly fault: Fault; seen: number } | null = null;
type Doers = Set<() => void | Promise<void>>;
const doers: Readonly<Record<"disconnect" | "memory", Doers>> = { disconnect: new Set(), memory: new Set() };

/** Reads `kind@step` or `kind@step#nth`. @throws UserError `fault.unknown`. */
export function parseFault(text: string): Fault {
  const [, kindText, stepText, nth = "1"] = /^([a-z]+)@([a-z.]+)(?:#([1-9][0-9]{0,5}))?$/.exec(text) ?? [];
  const kind = FAULT_KINDS.find((name) => name === kindText);
  const step = STEP_NAMES.find((name) => name === stepText);
  if (kind !== undefined && step !== undefined) return { kind, step, nth: Number(nth) };
  throw new UserError({
    code: "fault.unknown",
    message: "MLB_FAULT is no fault",
    expected: `KIND@STEP or KIND@STEP#N; kinds ${FAULT_KINDS.join(", ")}; steps ${STEP_NAMES.join(", ")}`,
    got: JSON.stringify(text.slice(0, 100)),
    next: "unset MLB_FAULT: it is for mlb-etl verify crash alone",
  });
}

/** The fault happens when its step is reached. Null: none. */
export function armFault(fault: Fault | null): void {
  armed = fault === null ? null : { fault, seen: 0 };
}

/** How a part of the process does a kind of fault to itself; kept only where a fault is armed. */
export function onFault(kind: "disconnect" | "memory", does: () => void | Promise<void>): void {
  if (armed !== null) doers[kind].add(does);
}

/** A named step is reached. */
export function atStep(step: Step): Promise<void> | undefined {
  if (armed === null) return undefined;
  const { fault } = armed;
  if (fault.step !== step || ++armed.seen !== fault.nth) return undefined;
  return happen(fault);
}

async function happen({ kind, step }: Fault): Promise<void> {
  writeSync(2, `${FAULT_WORD}${kind} at ${step}\n`);
  if (kind === "kill") process.kill(process.pid, "SIGKILL");
  else if (kind === "enospc")
    throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC", syscall: "write" });
  else for (const does of doers[kind]) await does();
}
