import { batSideAgainst } from "../league/player.ts";
import { measureHit } from "../measurement/measure-hit.ts";
import { measurePitch } from "../measurement/measure-pitch.ts";
import { BASES, isInScoringPosition } from "./base-state.ts";
import { chooseBattedBall } from "./batted-ball.ts";
import type { BattedBall } from "./batted-ball.ts";
import { chooseBuntOutcome, isStillBunting, isToBunt, resolveSacrifice } from "./bunt.ts";
import { describePlay } from "./describe-play.ts";
import type { Cause } from "./diamond.ts";
import type { Ending } from "./ending.ts";
import { outCredits } from "./fielding-play.ts";
import type { GameInProgress } from "./game-in-progress.ts";
import type { CallReview, PitchReview, Play } from "./game-record.ts";
import { maybeIncident } from "./incident.ts";
import { maybeInterrupt, preparePlateAppearance } from "./manage-team.ts";
import { maybeHoldRunner } from "./pickoff.ts";
import { choosePitchOutcome, targetOf } from "./pitch-call.ts";
import type { PitchCall, PitchOutcome } from "./pitch-call.ts";
import { maybeViolateClock } from "./pitch-clock.ts";
import type { PlayRecorder } from "./play-recorder.ts";
import { resolveBattedBall } from "./resolve-batted-ball.ts";
import { describeReview, maybeChallengePitch, maybeReview } from "./review-call.ts";
import { chooseStealAttempt, describeCaughtStealing, runStealAttempt } from "./steal-base.ts";
import type { StealAttempt } from "./steal-base.ts";
import { maybeBalk, maybeIndifference, maybeStrayPitch } from "./stray-pitch.ts";

const SACRIFICE: BattedBall = { trajectory: "bunt_grounder", outcome: "out", fielder: "P" };

function isStrikeThree(recorder: PlayRecorder, outcome: PitchOutcome): boolean {
  return (
    recorder.strikes === 2 &&
    (outcome === "calledStrike" || outcome === "swingingStrike" || outcome === "swingingStrikeBlocked" || outcome === "foulTip")
  );
}

function isBallFour(recorder: PlayRecorder, outcome: PitchOutcome): boolean {
  return recorder.balls === 3 && (outcome === "ball" || outcome === "ballInDirt" || outcome === "pitchout");
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

/** With first base open and a run in sight, a strong batter may be passed without a pitch. */
function maybeWalkIntentionally(game: GameInProgress, recorder: PlayRecorder): Ending | null {
  const { diamond, offense, random } = game;
  const batter = offense.batter().player;
  const isSituation = diamond.runner("1B") === null && isInScoringPosition(diamond.bases) && diamond.outs > 0;
  if (!isSituation || game.inning < 7 || Math.abs(game.lead) > 1 || batter.batting.power < 1.02 || !random.chance(0.14)) return null;
  for (let ball = 0; ball < 4; ball++) recorder.noPitch("intentionalBall", null);
  const happening = { event: "Intent Walk", eventType: "intent_walk" };
  awardFirstBase(game, { ...happening, eventIndex: recorder.nextIndex - 1 });
  const description = `${game.pitcher.fullName} intentionally walks ${batter.fullName}.`;
  return { ...happening, isOut: false, isPlateAppearance: true, description };
}

function putBallInPlay(game: GameInProgress, recorder: PlayRecorder, isRunnerGoing: boolean, isBunt: boolean): Ending {
  const { random, diamond, defense } = game;
  const batter = game.offense.batter().player;
  const pitcher = game.pitcher;
  const ball = isBunt ? SACRIFICE : chooseBattedBall(random, batter);
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
  const context = { random, diamond, defense, batter, eventIndex, runsToWin };
  const resolution = isBunt ? resolveSacrifice(context) : resolveBattedBall(context, ball);
  const call: PitchCall = diamond.runs > runsBefore ? "inPlayRuns" : diamond.outs > outsBefore ? "inPlayOut" : "inPlayNoOut";
  recorder.amendPitch(eventIndex, { call, isOut: diamond.outs > outsBefore });
  return { ...resolution, isPlateAppearance: true, description: null };
}

function strikeOut(game: GameInProgress, eventIndex: number, attempt: StealAttempt | null, review: CallReview | null): Ending {
  const { diamond, defense } = game;
  const batter = game.offense.batter().player;
  const isDouble = attempt !== null && diamond.outs < 2 && (attempt.isCaught || game.random.chance(0.2));
  const happening = isDouble
    ? { event: "Strikeout Double Play", eventType: "strikeout_double_play" }
    : { event: "Strikeout", eventType: "strikeout" };
  diamond.putOutBatter(batter, { ...happening, eventIndex, credits: outCredits(defense, "C", "C") });
  if (isDouble) {
    const base = attempt.to.toLowerCase();
    diamond.putOutRunner(attempt.from, attempt.to, {
      event: `Caught Stealing ${attempt.to}`,
      eventType: `caught_stealing_${base}`,
      eventIndex,
      reason: `r_caught_stealing_${base}`,
      credits: outCredits(defense, "C", attempt.to === "3B" ? "3B" : "SS"),
    });
  }
  return { ...happening, isOut: true, isPlateAppearance: true, description: null, review };
}

function asCallReview(review: PitchReview | null): CallReview | null {
  return review === null ? null : { type: "MJ", ...review };
}

/** Throws one pitch; gives the ending of the play if this was its last. */
function throwPitch(game: GameInProgress, recorder: PlayRecorder, isBunt: boolean): Ending | null {
  const { random, defense } = game;
  const batter = game.offense.batter().player;
  const pitcher = game.pitcher;
  const { stint } = defense;
  const attempt = isBunt ? null : chooseStealAttempt(game);
  const isTired = stint.pitches > (pitcher.pitching?.stamina ?? 0) - 10;
  const isPitchout = attempt !== null && random.chance(0.02);
  const outcome: PitchOutcome = isPitchout
    ? "pitchout"
    : isBunt
      ? chooseBuntOutcome(random)
      : choosePitchOutcome(random, pitcher, batter, recorder.count, isTired);
  const isRunnerGoing = attempt !== null;
  if (outcome === "inPlay") return putBallInPlay(game, recorder, isRunnerGoing, isBunt);

  const eventIndex = recorder.nextIndex;
  const isStrikeout = isStrikeThree(recorder, outcome);
  const isWalk = isBallFour(recorder, outcome);
  const isEnd = isStrikeout || isWalk;
  const canSteal = attempt !== null && !isEnd && outcome !== "foul" && outcome !== "hitByPitch";
  const endsOnBases = canSteal && attempt.isCaught && game.diamond.outs === 2;
  const measures = measurePitch(random, pitcher, batter, batSideAgainst(batter, pitcher), targetOf(random, outcome));
  const isCalled = outcome === "ball" || outcome === "calledStrike";
  const review = isCalled && attempt === null ? maybeChallengePitch(game, outcome === "ball" ? "ball" : "strike") : null;
  const isOut = isStrikeout || endsOnBases;
  // The challenge of the last pitch is told of the play.
  const playId = recorder.pitch({ call: outcome, measures, isOut, isRunnerGoing, review: isEnd ? null : review });

  if (isStrikeout) return strikeOut(game, eventIndex, attempt, asCallReview(review));
  if (isWalk || outcome === "hitByPitch") {
    const happening = isWalk ? { event: "Walk", eventType: "walk" } : { event: "Hit By Pitch", eventType: "hit_by_pitch" };
    awardFirstBase(game, { ...happening, eventIndex });
    return { ...happening, isOut: false, isPlateAppearance: true, description: null, review: asCallReview(review) };
  }
  if (canSteal) return settleSteal(game, recorder, attempt, playId);
  if (outcome === "ballInDirt" || outcome === "swingingStrikeBlocked") maybeStrayPitch(game, recorder, playId);
  else if (outcome !== "foul") maybeIndifference(game, recorder, playId);
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

/** What happens between two pitches, and the next pitch; gives the ending of the play if there is one. */
function playOn(game: GameInProgress, recorder: PlayRecorder, wantsBunt: boolean): Ending | null {
  maybeInterrupt(game, recorder);
  const heldOut = maybeHoldRunner(game, recorder);
  if (heldOut !== null) return heldOut;
  maybeBalk(game, recorder);
  maybeViolateClock(game, recorder);
  const isBunt = wantsBunt && isStillBunting(recorder) && game.diamond.outs === 0 && game.diamond.runner("3B") === null;
  return throwPitch(game, recorder, isBunt && (game.diamond.runner("1B") ?? game.diamond.runner("2B")) !== null);
}

/** Plays one batter's turn to its end and adds the play to the game. */
export function playPlateAppearance(game: GameInProgress, recorder: PlayRecorder, isStartOfHalf: boolean): Play {
  maybeIncident(game, recorder, isStartOfHalf);
  preparePlateAppearance(game, recorder, isStartOfHalf);
  const { offense, defense, diamond } = game;
  const batter = offense.batter().player;
  const pitcher = defense.stint.pitcher;
  const basesBefore = diamond.bases;
  const before = { runs: diamond.runs, outs: diamond.outs };

  let ending: Ending | null = maybeWalkIntentionally(game, recorder);
  const wantsBunt = ending === null && isToBunt(game);
  while (ending === null) ending = playOn(game, recorder, wantsBunt);

  defense.stint.outs += diamond.outs - before.outs;
  defense.stint.runsThisInning += diamond.runs - before.runs;
  const movements = diamond.takeMovements();
  const review = ending.review ?? maybeReview(game, ending, movements);
  if (ending.isPlateAppearance) offense.turnBatter();
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
    endTime: review === null ? recorder.endTime : game.now,
    event: ending.event,
    eventType: ending.eventType,
    description: describe(game, recorder, ending, movements, review),
    rbi: movements.filter((movement) => movement.isRbi).length,
    isOut: ending.isOut,
    isPlateAppearance: ending.isPlateAppearance,
    count: recorder.count,
    score: game.score,
    basesBefore,
    basesAfter: diamond.bases,
    events: recorder.events,
    movements,
    review,
    situations: recorder.situations,
  };
  game.plays.push(play);
  return play;
}

function describe(
  game: GameInProgress,
  recorder: PlayRecorder,
  ending: Ending,
  movements: Play["movements"],
  review: CallReview | null,
): string {
  const batter = game.offense.batter(ending.isPlateAppearance ? -1 : 0).player;
  const { lastPitch } = recorder;
  const lastIndex = lastPitch === null ? -1 : recorder.events.indexOf(lastPitch);
  const description =
    ending.description ??
    describePlay({
      event: ending.event,
      eventType: ending.eventType,
      batterId: batter.id,
      batterName: batter.fullName,
      hit: lastPitch?.hit ?? null,
      isCalledStrike: lastPitch?.call === "calledStrike",
      movements: movements.filter((movement) => movement.eventIndex === lastIndex),
    });
  return review === null ? description : `${describeReview(game, review)}${description}`;
}
