import type { RandomSource } from "../random-source.ts";
import type { GameInProgress } from "./game-in-progress.ts";
import type { PlayRecorder } from "./play-recorder.ts";
import type { PitchOutcome } from "./pitch-call.ts";
import { outCredits } from "./fielding-play.ts";
import type { BattedBallContext, Resolution } from "./resolve-batted-ball.ts";

/** A weak batter is told to move the runners, which costs an out. Asked once for each batter. */
export function isToBunt(game: GameInProgress): boolean {
  const { diamond, offense, random } = game;
  const isSituation = diamond.outs === 0 && diamond.runner("3B") === null && (diamond.runner("1B") ?? diamond.runner("2B")) !== null;
  return isSituation && game.lead <= 1 && offense.batter().player.batting.contact < 1 && random.chance(0.055);
}

/** With two strikes he swings: a third one would be an out. */
export function isStillBunting(recorder: PlayRecorder): boolean {
  return recorder.strikes < 2;
}

export function chooseBuntOutcome(random: RandomSource): PitchOutcome {
  return random.weighted({ ball: 0.26, calledStrike: 0.06, foulBunt: 0.22, missedBunt: 0.04, inPlay: 0.42 });
}

/** The batter is out at first, and every runner moves up. */
export function resolveSacrifice(context: BattedBallContext): Resolution {
  const { diamond, defense, batter, eventIndex } = context;
  const happening = { event: "Sac Bunt", eventType: "sac_bunt" };
  diamond.putOutBatter(batter, { ...happening, eventIndex, credits: outCredits(defense, "P", "1B") });
  diamond.advance("2B", "3B", { ...happening, eventIndex, reason: "r_adv_force" });
  diamond.advance("1B", "2B", { ...happening, eventIndex, reason: "r_adv_force" });
  return { ...happening, isOut: true };
}
