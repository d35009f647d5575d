import { BASE_ORDINALS } from "./base-state.ts";
import type { GameInProgress } from "./game-in-progress.ts";
import { coversSecond, outCredits } from "./fielding-play.ts";
import type { PlayRecorder } from "./play-recorder.ts";

/** An attempt that the runner has decided on before the pitch. */
export interface StealAttempt {
  readonly from: "1B" | "2B";
  readonly to: "2B" | "3B";
  readonly isCaught: boolean;
}

/** Decides whether a runner goes with the next pitch. */
export function chooseStealAttempt(game: GameInProgress): StealAttempt | null {
  const { diamond, random } = game;
  const first = diamond.runner("1B");
  const second = diamond.runner("2B");
  const speed = (first ?? second)?.player.batting.speed ?? 0;
  const { stealFactor } = game.conditions.rules;
  const isCaught = random.chance(0.2 / speed);
  if (first !== null && second === null && random.chance(0.036 * stealFactor * speed * speed)) return { from: "1B", to: "2B", isCaught };
  if (first === null && second !== null && diamond.runner("3B") === null && random.chance(0.004 * stealFactor * speed))
    return { from: "2B", to: "3B", isCaught };
  return null;
}

/** Carries out an attempt after its pitch. The third out on the bases is the play itself, any other leaves an action. */
export function runStealAttempt(
  game: GameInProgress,
  recorder: PlayRecorder,
  attempt: StealAttempt,
  pitchPlayId: string,
): "stolen" | "caught" | "third out" {
  const { diamond, defense } = game;
  const runner = diamond.runner(attempt.from)?.player;
  if (runner === undefined) throw new RangeError("nobody steals");
  const baseman = attempt.to === "3B" ? "3B" : coversSecond("C");
  const where = `${BASE_ORDINALS[attempt.to]} base`;
  const suffix = attempt.to.toLowerCase();
  if (!attempt.isCaught) {
    const happening = { event: `Stolen Base ${attempt.to}`, eventType: `stolen_base_${suffix}` };
    diamond.advance(attempt.from, attempt.to, { ...happening, eventIndex: recorder.nextIndex, reason: `r_stolen_base_${suffix}` });
    recorder.action({ ...happening, description: `${runner.fullName} steals ${where}.`, player: runner, pitchPlayId });
    return "stolen";
  }
  const happening = { event: `Caught Stealing ${attempt.to}`, eventType: `caught_stealing_${suffix}` };
  const isThirdOut = diamond.outs === 2;
  diamond.putOutRunner(attempt.from, attempt.to, {
    ...happening,
    eventIndex: isThirdOut ? recorder.nextIndex - 1 : recorder.nextIndex,
    reason: `r_caught_stealing_${suffix}`,
    credits: outCredits(defense, "C", baseman),
  });
  if (isThirdOut) return "third out";
  recorder.action({
    ...happening,
    description: describeCaughtStealing(game, attempt, runner.fullName),
    player: runner,
    pitchPlayId,
    isOut: true,
  });
  return "caught";
}

export function describeCaughtStealing(game: GameInProgress, attempt: StealAttempt, runnerName: string): string {
  const baseman = attempt.to === "3B" ? "3B" : coversSecond("C");
  const roles = { SS: "shortstop", "2B": "second baseman", "3B": "third baseman" } as const;
  const role = roles[baseman as keyof typeof roles];
  return `${runnerName} caught stealing ${BASE_ORDINALS[attempt.to]} base, catcher ${game.defense.fielder("C").fullName} to ${role} ${game.defense.fielder(baseman).fullName}.`;
}
