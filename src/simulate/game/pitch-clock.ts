import type { GameInProgress } from "./game-in-progress.ts";
import type { PlayRecorder } from "./play-recorder.ts";

/** Since pitchers and batters are timed: sometimes one takes too long, which costs a ball or a strike, but here never ends a play. */
export function maybeViolateClock(game: GameInProgress, recorder: PlayRecorder): void {
  const { random, defense, offense, conditions } = game;
  if (!conditions.rules.hasPitchClock || !random.chance(0.0021)) return;
  const call = random.weighted({ pitcherTimer: 0.55, batterTimer: 0.33, catcherTimer: 0.12 });
  if (call === "batterTimer" ? recorder.strikes === 2 : recorder.balls === 3) return;
  const violators = { pitcherTimer: game.pitcher, batterTimer: offense.batter().player, catcherTimer: defense.fielder("C") };
  recorder.noPitch(call, violators[call]);
}
