import type { ActionEvent, CallReview, DisengagementEvent, NoPitchEvent, PitchEvent, PlayEvent } from "../game/game-record.ts";
import { NO_PITCH_CALLS, PITCH_CALLS } from "../game/pitch-call.ts";
import type { Side } from "../game/side.ts";
import type { JsonObject } from "../json-value.ts";
import { POSITIONS } from "../league/position.ts";
import type { SeasonRules } from "../league/season-rules.ts";
import type { Club } from "../league/team.ts";
import type { HitMeasures } from "../measurement/measure-hit.ts";
import type { PitchMeasures } from "../measurement/measure-pitch.ts";
import { PITCH_TYPES } from "../measurement/pitch-type.ts";
import { personLink, writePerson, writePosition } from "./write-reference.ts";
import { writtenOnce } from "./written-once.ts";
import { instantText } from "./write-time.ts";

/** The plate that calls are measured against, inches; told since balls and strikes may be challenged. */
const MEASURED_PLATE = { strikeZoneWidth: 17, strikeZoneDepth: 8.5 } as const;

function writePitchData(measures: PitchMeasures, pending: PlayEvent["pending"], isPlateMeasured: boolean): JsonObject {
  const { trajectory, pX, pZ, pfxX, pfxZ } = measures;
  return {
    startSpeed: measures.startSpeed,
    endSpeed: measures.endSpeed,
    strikeZoneTop: measures.strikeZoneTop,
    strikeZoneBottom: measures.strikeZoneBottom,
    ...(isPlateMeasured ? MEASURED_PLATE : {}),
    coordinates: {
      aY: trajectory.aY,
      aZ: trajectory.aZ,
      pfxX,
      pfxZ,
      pX,
      pZ,
      vX0: trajectory.vX0,
      vY0: trajectory.vY0,
      vZ0: trajectory.vZ0,
      // Pixels of the feed's diagram, in which the plate's middle is at 117 and the ground at 238.8.
      x: Number((117 - 38.15 * pX).toFixed(2)),
      y: Number((238.8 - 27 * pZ).toFixed(2)),
      x0: trajectory.x0,
      y0: trajectory.y0,
      z0: trajectory.z0,
      aX: trajectory.aX,
    },
    breaks: {
      breakAngle: measures.breakAngle,
      ...(pending.has("classification") ? {} : { breakLength: measures.breakLength, breakY: 24 }),
      breakVertical: measures.breakVertical,
      breakVerticalInduced: measures.breakVerticalInduced,
      breakHorizontal: measures.breakHorizontal,
      ...(pending.has("spin") ? {} : { spinRate: measures.spinRate, spinDirection: measures.spinDirection }),
    },
    zone: measures.zone,
    ...(pending.has("classification") ? {} : { typeConfidence: measures.typeConfidence }),
    plateTime: measures.plateTime,
    ...(pending.has("extension") ? {} : { extension: measures.extension }),
  };
}

function writeHitData(hit: HitMeasures, pending: PlayEvent["pending"]): JsonObject {
  const launch = { launchSpeed: hit.launchSpeed, launchAngle: hit.launchAngle, totalDistance: hit.totalDistance };
  if (pending.has("landing")) return { ...launch, coordinates: {} };
  return {
    ...launch,
    trajectory: hit.trajectory,
    hardness: hit.hardness,
    location: POSITIONS[hit.location].code,
    coordinates: { coordX: hit.coordX, coordY: hit.coordY },
  };
}

function writePitch(event: PitchEvent, index: number, context: EventContext): JsonObject {
  const { code, description, color, verdict } = PITCH_CALLS[event.call];
  const type = PITCH_TYPES[event.measures.type];
  return {
    details: {
      call: { code, description },
      description,
      code,
      ballColor: color,
      trailColor: type.trailColor,
      isInPlay: verdict === "inPlay",
      isStrike: verdict === "strike",
      isBall: verdict === "ball",
      type: { code: event.measures.type, description: type.description },
      isOut: event.isOut,
      hasReview: event.review !== null,
      ...(event.isRunnerGoing ? { runnerGoing: true } : {}),
      ...(event.disengagements > 0 ? { disengagementNum: event.disengagements } : {}),
    },
    count: { ...event.count },
    pitchData: writePitchData(event.measures, event.pending, context.rules.hasBallStrikeChallenges),
    ...(event.hit === null ? {} : { hitData: writeHitData(event.hit, event.pending) }),
    index,
    playId: event.playId,
    pitchNumber: event.pitchNumber,
    ...writeSpan(event),
    isPitch: true,
    type: "pitch",
    ...(event.review === null ? {} : { reviewDetails: writeReview({ type: "MJ", ...event.review }, context.clubs) }),
  };
}

/** Writes what was reviewed and what came of it, of a pitch or of a whole play. */
export function writeReview(review: CallReview, clubs: EventContext["clubs"]): JsonObject {
  const { isOverturned, type, side, challenger } = review;
  return {
    isOverturned,
    inProgress: false,
    reviewType: type,
    ...(side === null ? {} : { challengeTeamId: clubs[side].id }),
    ...(challenger === null ? {} : { player: writePerson(challenger) }),
  };
}

function writeNoPitch(event: NoPitchEvent, index: number): JsonObject {
  const { code, description, verdict, violation } = NO_PITCH_CALLS[event.call];
  const { violator } = event;
  return {
    details: {
      ...(description === null ? {} : { call: { code, description }, description }),
      code,
      ...(description === null ? {} : { isInPlay: false, isStrike: verdict === "strike", isBall: verdict === "ball" }),
      isOut: false,
      hasReview: false,
      ...(violation === null || violator === null
        ? {}
        : { violation: { ...violation, player: { id: violator.id, fullName: violator.fullName } } }),
    },
    count: { ...event.count },
    index,
    ...(event.pending.has("playId") ? {} : { playId: event.playId }),
    ...(description === null ? {} : { pitchNumber: 0 }),
    ...writeSpan(event),
    isPitch: false,
    type: "no_pitch",
  };
}

function writeDisengagement(event: DisengagementEvent, index: number): JsonObject {
  const [description, code] =
    event.kind === "pickoff" ? [`Pickoff Attempt ${event.base}`, event.base.charAt(0)] : ["Pitcher Step Off", "PSO"];
  return {
    details: { description, code, isOut: false, hasReview: false, fromCatcher: false, disengagementNum: event.disengagements },
    count: { ...event.count },
    index,
    ...(event.pending.has("playId") ? {} : { playId: event.playId }),
    ...writeSpan(event),
    isPitch: false,
    type: event.kind,
  };
}

function writeAction(event: ActionEvent, index: number): JsonObject {
  const { substitution } = event;
  return {
    details: {
      description: event.description,
      event: event.event,
      eventType: event.eventType,
      awayScore: event.score.away,
      homeScore: event.score.home,
      isScoringPlay: event.isScoringPlay,
      isOut: event.isOut,
      hasReview: false,
    },
    count: { ...event.count },
    index,
    ...(event.pitchPlayId === null ? {} : { actionPlayId: event.pitchPlayId }),
    ...writeSpan(event),
    isPitch: false,
    ...(event.pitchPlayId === null ? {} : { isBaseRunningPlay: true }),
    ...(substitution === null ? {} : { isSubstitution: true }),
    type: "action",
    ...(event.player === null ? {} : { player: personLink(event.player.id) }),
    ...(substitution === null ? {} : { position: writePosition(substitution.position) }),
    ...(substitution === null || substitution.battingOrder === null ? {} : { battingOrder: substitution.battingOrder }),
    ...(substitution === null || substitution.replaced === null ? {} : { replacedPlayer: personLink(substitution.replaced.id) }),
    ...(event.umpire === null ? {} : { umpire: personLink(event.umpire.id) }),
    ...(event.injury === null ? {} : { injuryType: event.injury }),
    ...(event.base === null ? {} : { base: event.base }),
  };
}

function writeSpan(event: PlayEvent): JsonObject {
  const { startTime, endTime, pending } = event;
  return { startTime: instantText(startTime), ...(pending.has("endTime") ? {} : { endTime: instantText(endTime) }) };
}

/** What an event is written by, besides itself. */
export interface EventContext {
  readonly rules: SeasonRules;
  readonly clubs: Readonly<Record<Side, Club>>;
}

/** Writes an element of `playEvents`. */
export const writeEvent: (event: PlayEvent, index: number, context: EventContext) => JsonObject = writtenOnce((event, index, context) => {
  switch (event.kind) {
    case "pitch":
      return writePitch(event, index, context);
    case "no_pitch":
      return writeNoPitch(event, index);
    case "pickoff":
    case "stepoff":
      return writeDisengagement(event, index);
    case "action":
      return writeAction(event, index);
  }
});
