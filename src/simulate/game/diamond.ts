import type { Player } from "../league/player.ts";
import { BASES, EMPTY_BASES } from "./base-state.ts";
import type { Base, BaseRunner, BaseState } from "./base-state.ts";
import type { FieldingCredit, Happening, Movement, OutBase } from "./game-record.ts";

/** What made a runner move or be put out. */
export interface Cause extends Happening {
  /** Index of the play's event with which it happened. */
  readonly eventIndex: number;
  readonly reason?: string;
  readonly isRbi?: boolean;
  readonly credits?: readonly FieldingCredit[];
}

/** Bases, outs and runs of one half inning. Every change leaves a movement, which the play takes when it ends. */
export class Diamond {
  #bases: Record<Base, BaseRunner | null> = { ...EMPTY_BASES };
  #movements: Movement[] = [];
  #origins = new Map<number, Base>();
  outs = 0;
  runs = 0;
  /** Outs that errors have cost the defense; runs after three outs and these are unearned. */
  lostOuts = 0;

  get bases(): BaseState {
    return { ...this.#bases };
  }

  get movements(): readonly Movement[] {
    return this.#movements;
  }

  runner(base: Base): BaseRunner | null {
    return this.#bases[base];
  }

  place(base: Base, runner: BaseRunner): void {
    this.#bases[base] = runner;
    this.#origins.set(runner.player.id, base);
  }

  /** Moves a runner who is on `from`; to score is to leave the bases with a run. */
  advance(from: Base, to: Base | "score", cause: Cause): void {
    const runner = this.#bases[from];
    if (runner === null) return;
    this.#bases[from] = null;
    this.#arrive(runner, from, to, cause);
  }

  batterReaches(batter: Player, pitcher: Player, to: Base | "score", cause: Cause, isEarned = true): void {
    this.#arrive({ player: batter, responsiblePitcher: pitcher, isEarned, isPlaced: false }, null, to, cause);
  }

  putOutRunner(from: Base, outBase: OutBase, cause: Cause): void {
    const runner = this.#bases[from];
    if (runner === null) return;
    this.#bases[from] = null;
    this.#retire(runner.player, from, outBase, cause);
  }

  putOutBatter(batter: Player, cause: Cause): void {
    this.#retire(batter, null, "1B", cause);
  }

  /** Puts another runner into the place of the one who is on a base. */
  replaceRunner(base: Base, player: Player): void {
    const runner = this.#bases[base];
    if (runner !== null) this.place(base, { ...runner, player });
  }

  /** Hands the movements to the play that is over. */
  takeMovements(): readonly Movement[] {
    const movements = this.#movements;
    this.#movements = [];
    this.#origins = new Map();
    for (const base of BASES) {
      const runner = this.#bases[base];
      if (runner !== null) this.#origins.set(runner.player.id, base);
    }
    return movements;
  }

  #arrive(runner: BaseRunner, start: Base | null, end: Base | "score", cause: Cause): void {
    const isRun = end === "score";
    if (isRun) this.runs += 1;
    else this.#bases[end] = runner;
    this.#record(runner.player, start, cause, {
      end,
      outBase: null,
      outNumber: null,
      responsiblePitcher: isRun ? runner.responsiblePitcher : null,
      isRbi: isRun && cause.isRbi === true,
      isEarned: isRun && runner.isEarned && this.outs + this.lostOuts < 3,
      isTeamUnearned: isRun && runner.isPlaced,
    });
  }

  #retire(player: Player, start: Base | null, outBase: OutBase, cause: Cause): void {
    this.outs += 1;
    const outNumber = this.outs;
    this.#record(player, start, cause, {
      end: null,
      outBase,
      outNumber,
      responsiblePitcher: null,
      isRbi: false,
      isEarned: false,
      isTeamUnearned: false,
    });
  }

  #record(
    runner: Player,
    start: Base | null,
    cause: Cause,
    rest: Pick<Movement, "end" | "outBase" | "outNumber" | "responsiblePitcher" | "isRbi" | "isEarned" | "isTeamUnearned">,
  ): void {
    this.#movements.push({
      event: cause.event,
      eventType: cause.eventType,
      runner,
      originBase: this.#origins.get(runner.id) ?? null,
      start,
      reason: cause.reason ?? null,
      eventIndex: cause.eventIndex,
      credits: cause.credits ?? [],
      ...rest,
    });
  }
}
