import { batSideAgainst } from "../league/player.ts";
import { measureHit } from "../measurement/measure-hit.ts";
import { measurePitch } from "../measurement/measure-pitch.ts";
import { BASES } from "./base-state.ts";
import { chooseBattedBall } from "./batted-ball.ts";
import { maybeChallenge } from "./challenge-call.ts";
import { describePlay } from "./describe-play.ts";
import type { Cause } from "./diamond.ts";
import { outCredits } from "./fielding-play.ts";
import type { GameInProgress } from "./game-in-progress.ts";
import type { Happening, Play } from "./game-record.ts";
import { maybeInterrupt, preparePlateAppearance } from "./manage-team.ts";
import { choosePitchOutcome, targetOf } from "./pitch-call.ts";
import type { PitchCall, PitchOutcome } from "./pitch-call.ts";
import type { PlayRecorder } from "./play-recorder.ts";
import { resolveBattedBall } from "./resolve-batted-ball.ts";
import { chooseStealAttempt, describeCaughtStealing, runStealAttempt } from "./steal-base.ts";
import type { StealAttempt } from "./steal-base.ts";
import { maybeStrayPitch } from "./stray-pitch.ts";

/** How a play ended. */
interface Ending extends Happening {
  readonly isOut: boolean;
  readonly isPlateAppearance: boolean;
  /** Only for an ending on the bases, which is described there. */
  readonly description: string | null;
}

function isStrikeThree(recorder: PlayRecorder, outcome: PitchOutcome): boolean {
  return (
    recorder.strikes === 2 &&
    (outcome === "calledStrike" || outcome === "swingingStrike" || outcome === "swingingStrikeBlocked" || outcome === "foulTip")
  );
}

function isBallFour(recorder: PlayRecorder, outcome: PitchOutcome): boolean {
  return recorder.balls === 3 && (outcome === "ball" || outcome === "ballInDirt");
}

/** Gives first base to the batter and moves on whoever is forced. */
function awardFirstBase(game: GameInProgress, cause: Cause): void {
  const { diamond } = game;
  const firstFree = BASES.find((base) => diamond.runner(base) === null);
  const forced = BASES.slice(0, firstFree === undefined ? 3 : BASES.indexOf(firstFree));
  for (const base of forced.toReversed()) {
    diamond.advance(base, BASES[BASES.indexOf(base) + 1] ?? "score", { ...cause, reason: "r_adv_force", isRbi: true });
  }
  diamond.batterReaches(game.offense.batter().player, game.pitcher, "1B", cause);
}

function putBallInPlay(game: GameInProgress, recorder: PlayRecorder, isRunnerGoing: boolean): Ending {
  const { random, diamond, defense } = game;
  const batter = game.offense.batter().player;
  const pitcher = game.pitcher;
  const ball = chooseBattedBall(random, batter);
  const runsBefore = diamond.runs;
  const outsBefore = diamond.outs;
  const runsToWin = game.isLastChance ? 1 - game.lead : null;
  // The count of the pitch shows the outs before it, so it is written down before the ball is played out; what is known only then is filled in.
  const eventIndex = recorder.nextIndex;
  const measures = measurePitch(random, pitcher, batter, batSideAgainst(batter, pitcher), targetOf(random, "inPlay"));
  const hit = measureHit(random, {
    trajectory: ball.trajectory,
    fielder: ball.fielder,
    isHomeRun: ball.outcome === "home_run",
    power: batter.batting.power,
  });
  recorder.pitch({ call: "inPlayNoOut", measures, hit, isOut: false, isRunnerGoing });
  const resolution = resolveBattedBall({ random, diamond, defense, batter, eventIndex, runsToWin }, ball);
  const call: PitchCall = diamond.runs > runsBefore ? "inPlayRuns" : diamond.outs > outsBefore ? "inPlayOut" : "inPlayNoOut";
  recorder.amendPitch(eventIndex, { call, isOut: diamond.outs > outsBefore });
  return { ...resolution, isPlateAppearance: true, description: null };
}

/** Throws one pitch; gives the ending of the play if this was its last. */
function throwPitch(game: GameInProgress, recorder: PlayRecorder): Ending | null {
  const { random, defense } = game;
  const batter = game.offense.batter().player;
  const pitcher = game.pitcher;
  const { stint } = defense;
  const attempt = chooseStealAttempt(game);
  const outcome = choosePitchOutcome(random, pitcher, batter, recorder.count, stint.pitches > (pitcher.pitching?.stamina ?? 0) - 10);
  const isRunnerGoing = attempt !== null;
  if (outcome === "inPlay") return putBallInPlay(game, recorder, isRunnerGoing);

  const eventIndex = recorder.nextIndex;
  const isStrikeout = isStrikeThree(recorder, outcome);
  const isWalk = isBallFour(recorder, outcome);
  const canSteal = attempt !== null && !isStrikeout && !isWalk && outcome !== "foul" && outcome !== "hitByPitch";
  const endsOnBases = canSteal && attempt.isCaught && game.diamond.outs === 2;
  const measures = measurePitch(random, pitcher, batter, batSideAgainst(batter, pitcher), targetOf(random, outcome));
  const playId = recorder.pitch({ call: outcome, measures, isOut: isStrikeout || endsOnBases, isRunnerGoing });

  if (isStrikeout) {
    const happening = { event: "Strikeout", eventType: "strikeout" };
    game.diamond.putOutBatter(batter, { ...happening, eventIndex, credits: outCredits(defense, "C", "C") });
    return { ...happening, isOut: true, isPlateAppearance: true, description: null };
  }
  if (isWalk || outcome === "hitByPitch") {
    const happening = isWalk ? { event: "Walk", eventType: "walk" } : { event: "Hit By Pitch", eventType: "hit_by_pitch" };
    awardFirstBase(game, { ...happening, eventIndex });
    return { ...happening, isOut: false, isPlateAppearance: true, description: null };
  }
  if (canSteal) return settleSteal(game, recorder, attempt, playId);
  if (outcome === "ballInDirt" || outcome === "swingingStrikeBlocked") maybeStrayPitch(game, recorder, playId);
  return null;
}

function settleSteal(game: GameInProgress, recorder: PlayRecorder, attempt: StealAttempt, playId: string): Ending | null {
  const runnerName = game.diamond.runner(attempt.from)?.player.fullName ?? "";
  if (runStealAttempt(game, recorder, attempt, playId) !== "third out") return null;
  return {
    event: `Caught Stealing ${attempt.to}`,
    eventType: `caught_stealing_${attempt.to.toLowerCase()}`,
    isOut: true,
    isPlateAppearance: false,
    description: describeCaughtStealing(game, attempt, runnerName),
  };
}

/** Plays one batter's turn to its end and adds the play to the game. */
export function playPlateAppearance(game: GameInProgress, recorder: PlayRecorder, isStartOfHalf: boolean): Play {
  preparePlateAppearance(game, recorder, isStartOfHalf);
  const { offense, defense, diamond } = game;
  const batter = offense.batter().player;
  const pitcher = defense.stint.pitcher;
  const basesBefore = diamond.bases;
  const before = { runs: diamond.runs, outs: diamond.outs };

  let ending: Ending | null = null;
  while (ending === null) {
    maybeInterrupt(game, recorder);
    ending = throwPitch(game, recorder);
  }

  defense.stint.outs += diamond.outs - before.outs;
  defense.stint.runsThisInning += diamond.runs - before.runs;
  if (ending.isPlateAppearance) offense.turnBatter();
  const movements = diamond.takeMovements();
  const lastPitch = recorder.lastPitch;
  const challenge = maybeChallenge(game, ending.event);
  const description =
    ending.description ??
    describePlay({
      event: ending.event,
      eventType: ending.eventType,
      batterId: batter.id,
      batterName: batter.fullName,
      hit: lastPitch.hit,
      isCalledStrike: lastPitch.call === "calledStrike",
      movements: movements.filter((movement) => movement.eventType === ending.eventType),
    });
  const play: Play = {
    isComplete: true,
    index: game.plays.length,
    inning: game.inning,
    battingSide: game.battingSide,
    batter,
    batSide: batSideAgainst(batter, pitcher),
    pitcher,
    catcher: defense.fielder("C"),
    startTime: recorder.startTime,
    endTime: challenge === null ? lastPitch.endTime : game.now,
    event: ending.event,
    eventType: ending.eventType,
    description:
      challenge === null ? description : `${challenge.clubName} challenged (play at 1st), call on the field was upheld: ${description}`,
    rbi: movements.filter((movement) => movement.isRbi).length,
    isOut: ending.isOut,
    isPlateAppearance: ending.isPlateAppearance,
    count: recorder.count,
    score: game.score,
    basesBefore,
    basesAfter: diamond.bases,
    events: recorder.events,
    movements,
    challenge,
    situations: recorder.situations,
  };
  game.plays.push(play);
  return play;
}
