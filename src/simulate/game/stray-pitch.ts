import { BASES, BASE_ORDINALS, runnersOn } from "./base-state.ts";
import type { GameInProgress } from "./game-in-progress.ts";
import type { PlayRecorder } from "./play-recorder.ts";

const NEXT_BASE = { "1B": "2B", "2B": "3B", "3B": "score" } as const;

/** After a pitch in the dirt: sometimes it gets away, and every runner moves up a base. */
export function maybeStrayPitch(game: GameInProgress, recorder: PlayRecorder, pitchPlayId: string): void {
  const { diamond, defense, random } = game;
  if (runnersOn(diamond.bases) === 0 || !random.chance(0.24)) return;
  // A run that wins the game would end the play without an end of the plate appearance.
  if (game.isLastChance && game.lead === 0 && diamond.runner("3B") !== null) return;
  const isWild = random.chance(0.8);
  const happening = isWild ? { event: "Wild Pitch", eventType: "wild_pitch" } : { event: "Passed Ball", eventType: "passed_ball" };
  const runsBefore = diamond.runs;
  const sentences = [
    isWild ? `Wild pitch by pitcher ${game.pitcher.fullName}.` : `Passed ball by catcher ${defense.fielder("C").fullName}.`,
  ];
  let first = null;
  for (const base of BASES.toReversed()) {
    const runner = diamond.runner(base)?.player;
    if (runner === undefined) continue;
    first ??= runner;
    const to = NEXT_BASE[base];
    diamond.advance(base, to, { ...happening, eventIndex: recorder.nextIndex, reason: "r_adv_play" });
    sentences.push(to === "score" ? `${runner.fullName} scores.` : `${runner.fullName} to ${BASE_ORDINALS[to]}.`);
  }
  recorder.action({ ...happening, description: sentences.join(" "), player: first, pitchPlayId, isScoringPlay: diamond.runs > runsBefore });
}
