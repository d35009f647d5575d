import type { FieldPosition } from "../league/position.ts";
import { POSITIONS } from "../league/position.ts";
import { BASE_ORDINALS } from "./base-state.ts";
import type { Ending } from "./ending.ts";
import { errorCredit, outCredits, relayCredits } from "./fielding-play.ts";
import type { GameInProgress } from "./game-in-progress.ts";
import type { FieldingCredit, Happening } from "./game-record.ts";
import type { PlayRecorder } from "./play-recorder.ts";

type HeldBase = "1B" | "2B";

/** Who takes the pitcher's throw. */
const BASEMEN: Readonly<Record<HeldBase, FieldPosition>> = { "1B": "1B", "2B": "SS" };

function heldBase(game: GameInProgress): HeldBase | null {
  const { diamond } = game;
  if (diamond.runner("1B") !== null && diamond.runner("2B") === null) return "1B";
  return diamond.runner("2B") !== null && diamond.runner("3B") === null ? "2B" : null;
}

/** Attempts to keep a runner close. Mostly nothing comes of it; a third out ends the play. */
export function maybeHoldRunner(game: GameInProgress, recorder: PlayRecorder): Ending | null {
  const { random, conditions } = game;
  const base = heldBase(game);
  const limit = conditions.rules.hasPitchClock ? 2 : 5;
  if (base === null || recorder.disengagements >= limit || !random.chance(base === "1B" ? 0.075 : 0.012)) return null;
  if (conditions.rules.hasPitchClock && random.chance(0.28)) {
    recorder.disengagement("stepoff", base);
    return null;
  }
  const playId = recorder.disengagement("pickoff", base);
  const chance = random.next();
  if (chance < 0.016) return putOut(game, recorder, base, playId);
  if (base === "2B") return null;
  if (chance < 0.03) return putOutRunning(game, recorder, playId);
  if (chance < 0.052) throwAway(game, recorder, playId);
  return null;
}

function nameOf(game: GameInProgress, position: FieldPosition): string {
  return `${POSITIONS[position].role} ${game.defense.fielder(position).fullName}`;
}

interface RunnerOut extends Happening {
  readonly base: HeldBase;
  readonly outBase: HeldBase;
  readonly credits: readonly FieldingCredit[];
  readonly description: string;
}

/** The third out on the bases is the play itself, any other leaves an action. */
function recordOut(game: GameInProgress, recorder: PlayRecorder, out: RunnerOut, playId: string): Ending | null {
  const { event, eventType, base, outBase, credits, description } = out;
  const runner = game.diamond.runner(base)?.player ?? null;
  const isThirdOut = game.diamond.outs === 2;
  const eventIndex = isThirdOut ? recorder.nextIndex - 1 : recorder.nextIndex;
  game.diamond.putOutRunner(base, outBase, { event, eventType, eventIndex, reason: `r_${eventType}`, credits });
  if (isThirdOut) return { event, eventType, isOut: true, isPlateAppearance: false, description };
  recorder.action({ event, eventType, description, player: runner, pitchPlayId: playId, isOut: true });
  return null;
}

function putOut(game: GameInProgress, recorder: PlayRecorder, base: HeldBase, playId: string): Ending | null {
  const baseman = BASEMEN[base];
  const out: RunnerOut = {
    event: `Pickoff ${base}`,
    eventType: `pickoff_${base.toLowerCase()}`,
    base,
    outBase: base,
    credits: outCredits(game.defense, "P", baseman),
    description: `Pitcher ${game.pitcher.fullName} picks off ${game.diamond.runner(base)?.player.fullName ?? ""} at ${BASE_ORDINALS[base]} on throw to ${nameOf(game, baseman)}.`,
  };
  return recordOut(game, recorder, out, playId);
}

/** The runner breaks for second base when he is caught off first. */
function putOutRunning(game: GameInProgress, recorder: PlayRecorder, playId: string): Ending | null {
  const out: RunnerOut = {
    event: "Pickoff Caught Stealing 2B",
    eventType: "pickoff_caught_stealing_2b",
    base: "1B",
    outBase: "2B",
    credits: relayCredits(game.defense, ["P", "1B", "SS"]),
    description: `With ${game.offense.batter().player.fullName} batting, ${game.diamond.runner("1B")?.player.fullName ?? ""} picked off and caught stealing 2nd base, ${nameOf(game, "P")} to ${nameOf(game, "1B")} to ${nameOf(game, "SS")}.`,
  };
  return recordOut(game, recorder, out, playId);
}

function throwAway(game: GameInProgress, recorder: PlayRecorder, playId: string): void {
  const happening = { event: "Pickoff Error 1B", eventType: "pickoff_error_1b" };
  const runner = game.diamond.runner("1B")?.player ?? null;
  game.diamond.advance("1B", "2B", {
    ...happening,
    eventIndex: recorder.nextIndex,
    reason: "r_pickoff_error_1b",
    credits: errorCredit(game.defense, "P", "throwing"),
  });
  recorder.action({
    ...happening,
    description: `Throwing error by pitcher ${game.pitcher.fullName} on the pickoff attempt.`,
    player: runner,
    pitchPlayId: playId,
  });
}
