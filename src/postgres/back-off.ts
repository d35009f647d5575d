import { setTimeout as delay } from "node:timers/promises";
import { type Clock, systemClock } from "../core/clock.ts";

export interface BackOffDeps {
  readonly clock: Clock;
  readonly sleep: (ms: number) => Promise<void>;
  /** From 0 up to 1. */
  readonly random: () => number;
}

export const systemBackOff: BackOffDeps = {
  clock: systemClock,
  sleep: async (ms) => {
    await delay(ms);
  },
  random: Math.random,
};

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2000;

/** Growing pauses between tries, until a time is over that begins with the first failure. */
export class BackOff {
  readonly #waitMs: number;
  readonly #deps: BackOffDeps;
  #began: number | null = null;
  #pauseMs = FIRST_PAUSE_MS;

  constructor(waitMs: number, deps: BackOffDeps = systemBackOff) {
    this.#waitMs = waitMs;
    this.#deps = deps;
  }

  /** Pauses; false, at once, where the time is over. */
  async pause(): Promise<boolean> {
    const now = this.#deps.clock.now().getTime();
    this.#began ??= now;
    const leftMs = this.#began + this.#waitMs - now;
    if (leftMs <= 0) return false;
    // Not all alike: those who failed together would meet again.
    await this.#deps.sleep(Math.min(leftMs, this.#pauseMs * (0.5 + this.#deps.random() / 2)));
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
    return true;
  }
}
