import { BASE_ORDINALS, runnersOn } from "./base-state.ts";
import type { GameInProgress } from "./game-in-progress.ts";
import type { PlayRecorder } from "./play-recorder.ts";
import { moveUpAll, wouldWinGame } from "./runners-move-up.ts";

/** After a pitch in the dirt: sometimes it gets away, and every runner moves up a base. */
export function maybeStrayPitch(game: GameInProgress, recorder: PlayRecorder, pitchPlayId: string): void {
  const { diamond, defense, random } = game;
  if (runnersOn(diamond.bases) === 0 || !random.chance(0.24) || wouldWinGame(game)) return;
  const isWild = random.chance(0.8);
  const happening = isWild ? { event: "Wild Pitch", eventType: "wild_pitch" } : { event: "Passed Ball", eventType: "passed_ball" };
  const blame = isWild ? `Wild pitch by pitcher ${game.pitcher.fullName}.` : `Passed ball by catcher ${defense.fielder("C").fullName}.`;
  const { first, sentences, hasScored } = moveUpAll(game, happening, recorder.nextIndex);
  recorder.action({
    ...happening,
    description: [blame, ...sentences].join(" "),
    player: first,
    pitchPlayId,
    isScoringPlay: hasScored,
  });
}

/** The pitcher moves against the rules: no pitch counts, and every runner moves up a base. */
export function maybeBalk(game: GameInProgress, recorder: PlayRecorder): void {
  const { diamond, random } = game;
  if (runnersOn(diamond.bases) === 0 || !random.chance(0.001) || wouldWinGame(game)) return;
  const playId = recorder.noPitch("none", null);
  const happening = { event: "Balk", eventType: "balk" };
  const { sentences, hasScored } = moveUpAll(game, happening, recorder.nextIndex);
  recorder.action({
    ...happening,
    description: [`With ${game.offense.batter().player.fullName} batting, balk by pitcher ${game.pitcher.fullName}.`, ...sentences].join(
      " ",
    ),
    player: game.pitcher,
    pitchPlayId: playId,
    isScoringPlay: hasScored,
  });
}

/** Late in a game that is nearly lost nobody minds a runner who takes second base. */
export function maybeIndifference(game: GameInProgress, recorder: PlayRecorder, pitchPlayId: string): void {
  const { diamond, random } = game;
  const runner = diamond.runner("1B")?.player;
  const isLate = game.inning >= game.scheduledInnings && game.lead <= -2;
  if (runner === undefined || diamond.runner("2B") !== null || diamond.runner("3B") !== null || !isLate || !random.chance(0.06)) return;
  const happening = { event: "Defensive Indiff", eventType: "defensive_indiff" };
  diamond.advance("1B", "2B", { ...happening, eventIndex: recorder.nextIndex, reason: "r_defensive_indiff" });
  recorder.action({
    ...happening,
    description: `${runner.fullName} advances to ${BASE_ORDINALS["2B"]} on defensive indifference.`,
    player: runner,
    pitchPlayId,
  });
}
