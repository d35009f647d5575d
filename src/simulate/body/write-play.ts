import { isInScoringPosition, runnersOn } from "../game/base-state.ts";
import type { BaseState } from "../game/base-state.ts";
import type { Movement, Play, PlayEvent } from "../game/game-record.ts";
import { outsOn } from "../game/game-record.ts";
import type { JsonObject } from "../json-value.ts";
import { POSITIONS } from "../league/position.ts";
import { writeEvent, writeReview } from "./write-event.ts";
import type { EventContext } from "./write-event.ts";
import { writeSide } from "./write-player.ts";
import { personLink, writePerson, writePosition } from "./write-reference.ts";
import { writtenOnce } from "./written-once.ts";
import { instantText } from "./write-time.ts";

const writeMovement = writtenOnce((movement: Movement): JsonObject => {
  return {
    movement: {
      originBase: movement.originBase,
      start: movement.start,
      end: movement.end,
      outBase: movement.outBase,
      isOut: movement.outNumber !== null,
      outNumber: movement.outNumber,
    },
    details: {
      event: movement.event,
      eventType: movement.eventType,
      movementReason: movement.reason,
      runner: writePerson(movement.runner),
      responsiblePitcher: movement.responsiblePitcher === null ? null : personLink(movement.responsiblePitcher.id),
      isScoringEvent: movement.end === "score",
      rbi: movement.isRbi,
      earned: movement.isEarned,
      teamUnearned: movement.isTeamUnearned,
      playIndex: movement.eventIndex,
    },
    credits: movement.credits.map(({ player, position, credit }) => ({
      player: personLink(player.id),
      position: writePosition(POSITIONS[position]),
      credit,
    })),
  };
});

/** The feed names the situation after the play, and nobody is on base once the inning is over. */
function menOnBase(bases: BaseState | null): string {
  if (bases === null || runnersOn(bases) === 0) return "Empty";
  if (runnersOn(bases) === 3) return "Loaded";
  return isInScoringPosition(bases) ? "RISP" : "Men_On";
}

function writeBasesAfter(bases: BaseState | null): JsonObject {
  const { "1B": first = null, "2B": second = null, "3B": third = null } = bases ?? {};
  return {
    ...(first === null ? {} : { postOnFirst: writePerson(first.player) }),
    ...(second === null ? {} : { postOnSecond: writePerson(second.player) }),
    ...(third === null ? {} : { postOnThird: writePerson(third.player) }),
  };
}

function writeMatchup(play: Play, hotColdZones: JsonObject): JsonObject {
  const bases = play.count.outs === 3 ? null : play.basesAfter;
  const pitchHand = play.pitcher.throws;
  return {
    batter: writePerson(play.batter),
    batSide: writeSide(play.batSide),
    pitcher: writePerson(play.pitcher),
    pitchHand: writeSide(pitchHand),
    ...writeBasesAfter(bases),
    ...hotColdZones,
    splits: { batter: `vs_${pitchHand}HP`, pitcher: `vs_${play.batSide}HB`, menOnBase: menOnBase(bases) },
  };
}

/** `pitchIndex` holds what the pitcher does with the ball, `actionIndex` the rest; visits and time-outs are in neither. */
function indicesOf(events: readonly PlayEvent[]): { readonly pitchIndex: number[]; readonly actionIndex: number[] } {
  const isInNeither = (event: PlayEvent): boolean =>
    event.kind === "action" && (event.eventType === "mound_visit" || event.eventType === "batter_timeout");
  const pitchIndex = events.flatMap((event, i) => (event.kind === "action" ? [] : [i]));
  const actionIndex = events.flatMap((event, i) => (event.kind !== "action" || isInNeither(event) ? [] : [i]));
  return { pitchIndex, actionIndex };
}

export function isScoringPlay(play: Play): boolean {
  return play.movements.some((movement) => movement.end === "score");
}

/** Writes an element of `allPlays`. */
export function writePlay(play: Play, context: EventContext, hotColdZones: JsonObject): JsonObject {
  // A play that has just been opened is a stub: nothing has happened that could be a run or an out.
  const isStub = !play.isComplete && play.events.length === 0;
  const { event, eventType, description, rbi, isOut } = play;
  return {
    result: {
      type: "atBat",
      ...(eventType === "" ? {} : { event, eventType, description }),
      ...(isStub ? {} : { rbi }),
      awayScore: play.score.away,
      homeScore: play.score.home,
      ...(isStub ? {} : { isOut }),
    },
    about: {
      atBatIndex: play.index,
      halfInning: play.battingSide === "away" ? "top" : "bottom",
      isTopInning: play.battingSide === "away",
      inning: play.inning,
      startTime: instantText(play.startTime),
      endTime: instantText(play.endTime),
      isComplete: play.isComplete,
      ...(isStub ? {} : { isScoringPlay: isScoringPlay(play) }),
      ...(play.isComplete ? { hasReview: play.review !== null } : {}),
      ...(isStub ? {} : { hasOut: outsOn(play) > 0 }),
      captivatingIndex: play.eventType === "home_run" ? 40 : 0,
    },
    count: { ...play.count },
    matchup: writeMatchup(play, hotColdZones),
    ...indicesOf(play.events),
    runnerIndex: play.movements.map((_, i) => i),
    runners: play.movements.map((movement) => writeMovement(movement)),
    playEvents: play.events.map((playEvent, i) => writeEvent(playEvent, i, context)),
    ...(play.review === null ? {} : { reviewDetails: writeReview(play.review, context.clubs) }),
    playEndTime: instantText(play.endTime),
    atBatIndex: play.index,
  };
}
