import type { Hand, Person, Player } from "../league/player.ts";
import type { FieldPosition, Position } from "../league/position.ts";
import type { Roster } from "../league/team.ts";
import type { HitMeasures } from "../measurement/measure-hit.ts";
import type { PitchMeasures } from "../measurement/measure-pitch.ts";
import type { Base, BaseState } from "./base-state.ts";
import type { Count } from "./count.ts";
import type { GameConditions } from "./game-conditions.ts";
import type { GameStatus } from "./game-status.ts";
import type { NoPitchCall, PitchCall } from "./pitch-call.ts";
import type { Score, Side } from "./side.ts";
import type { TeamInGame } from "./team-in-game.ts";

/** What was played: facts of baseball, nothing yet about how the feed writes them. Times are milliseconds since 1970, UTC. */
export const HIT_BASES = { single: 1, double: 2, triple: 3, home_run: 4 } as const;
export type HitType = keyof typeof HIT_BASES;

export function isHit(eventType: string): eventType is HitType {
  return eventType in HIT_BASES;
}

/** An event of baseball as the feed names it, to people and to programs. */
export interface Happening {
  readonly event: string;
  readonly eventType: string;
}

/** What of an event reaches the feed later than the event itself. */
export type LateFigure = "endTime" | "playId" | "extension" | "spin" | "classification" | "landing";

export const NOTHING_PENDING: ReadonlySet<LateFigure> = new Set();

interface TimedEvent {
  readonly count: Count;
  readonly startTime: number;
  readonly endTime: number;
  /** What is not known yet; empty once all has come in. */
  readonly pending: ReadonlySet<LateFigure>;
}

export interface PitchEvent extends TimedEvent {
  readonly kind: "pitch";
  readonly playId: string;
  /** From 1 within the play. */
  readonly pitchNumber: number;
  readonly call: PitchCall;
  readonly measures: PitchMeasures;
  readonly hit: HitMeasures | null;
  readonly isOut: boolean;
  readonly isRunnerGoing: boolean;
  /** Pickoff attempts and step-offs so far in the play. */
  readonly disengagements: number;
  /** A challenge of the call, which then stands as it was decided. */
  readonly review: PitchReview | null;
}

/** A challenge of a ball or strike; a team may lose two, and keeps those that it wins. */
export interface PitchReview {
  readonly side: Side;
  readonly challenger: Player;
  readonly isOverturned: boolean;
}

export interface DisengagementEvent extends TimedEvent {
  readonly kind: "pickoff" | "stepoff";
  readonly playId: string;
  /** Where the runner stood; for a step-off, of no meaning. */
  readonly base: Base;
  readonly disengagements: number;
}

/** Something counts (or nothing does, after a balk) without a pitch. */
export interface NoPitchEvent extends TimedEvent {
  readonly kind: "no_pitch";
  readonly playId: string;
  readonly call: NoPitchCall;
  /** Who took too long; `null` where nobody did. */
  readonly violator: Player | null;
}

export interface ActionEvent extends TimedEvent, Happening {
  readonly kind: "action";
  readonly description: string;
  readonly score: Score;
  readonly isOut: boolean;
  readonly isScoringPlay: boolean;
  /** Whom it is about: a player, or a manager who is sent off. */
  readonly player: Person | null;
  /** Set for ejections. */
  readonly umpire: Person | null;
  /** Set for injuries: "leg". */
  readonly injury: string | null;
  /** Set for substitutions. */
  readonly substitution: { readonly position: Position; readonly battingOrder: string | null; readonly replaced: Player | null } | null;
  /** Set for base running: the pitch during which it happened. */
  readonly pitchPlayId: string | null;
  /** Set for a placed runner: the number of the base. */
  readonly base: number | null;
}

export type PlayEvent = PitchEvent | DisengagementEvent | NoPitchEvent | ActionEvent;

export interface FieldingCredit {
  readonly player: Player;
  readonly position: FieldPosition;
  readonly credit: "f_putout" | "f_assist" | "f_assist_of" | "f_fielded_ball" | "f_fielding_error" | "f_throwing_error";
}

export type OutBase = Base | "4B";

/** One step of a runner, or the batter's own way. */
export interface Movement extends Happening {
  readonly runner: Player;
  readonly originBase: Base | null;
  readonly start: Base | null;
  readonly end: Base | "score" | null;
  /** Where he was put out; "4B" is home plate. */
  readonly outBase: OutBase | null;
  /** 1, 2 or 3 when this is an out. */
  readonly outNumber: number | null;
  readonly reason: string | null;
  readonly responsiblePitcher: Player | null;
  readonly isRbi: boolean;
  readonly isEarned: boolean;
  readonly isTeamUnearned: boolean;
  /** Index of the play's event with which it happened. */
  readonly eventIndex: number;
  readonly credits: readonly FieldingCredit[];
}

/** What was reviewed, as the feed codes it, and in its words. */
export const REVIEW_SUBJECTS = {
  MA: "tag play",
  MC: "force play",
  MF: "play at 1st",
  MI: "hit by pitch",
  MJ: "pitch result",
  NH: "home run",
} as const;
export type ReviewType = keyof typeof REVIEW_SUBJECTS;

/** A call that was reviewed. The play is what was decided in the end. */
export interface CallReview {
  readonly type: ReviewType;
  readonly isOverturned: boolean;
  /** Whose manager or player asked for it; `null` where the umpires did. */
  readonly side: Side | null;
  /** The player who challenged a ball or strike. */
  readonly challenger: Player | null;
}

/** What holds at one moment of a play, and what the next event may change. */
export interface Situation {
  /** Copies: they stay as the teams were. */
  readonly teams: Readonly<Record<Side, TeamInGame>>;
  readonly bases: BaseState;
  readonly count: Count;
  readonly score: Score;
  /** How many of the play's movements had been made. */
  readonly movements: number;
}

/** A turn at bat. Of an unfinished one, `event`, `eventType` and `description` are those of its latest action, or empty. */
export interface Play extends Happening {
  readonly isComplete: boolean;
  readonly index: number;
  readonly inning: number;
  readonly battingSide: Side;
  readonly batter: Player;
  readonly batSide: Hand;
  readonly pitcher: Player;
  readonly catcher: Player;
  readonly startTime: number;
  readonly endTime: number;
  readonly description: string;
  readonly rbi: number;
  /** Whether the play's own event (not a runner's before it) made an out. */
  readonly isOut: boolean;
  /** False when the inning ended on the bases, with the batter still at the plate. */
  readonly isPlateAppearance: boolean;
  readonly count: Count;
  readonly score: Score;
  readonly basesBefore: BaseState;
  readonly basesAfter: BaseState;
  readonly events: readonly PlayEvent[];
  readonly movements: readonly Movement[];
  readonly review: CallReview | null;
  /** Before the first event and after each: one more than events. */
  readonly situations: readonly Situation[];
}

/** A game, or as much of it as has been played: only its last play may be unfinished. */
export interface PlayedGame {
  readonly status: GameStatus;
  readonly rosters: Readonly<Record<Side, Roster>>;
  readonly teams: Readonly<Record<Side, TeamInGame>>;
  readonly plays: readonly Play[];
  readonly conditions: GameConditions;
  /** The first pitch, later than it was to be after a delayed start. Milliseconds since 1970, UTC. */
  readonly startTime: number;
  /** Of the last play, as far as it went. */
  readonly endTime: number;
  /** How long it was held up, before its first pitch and after; that time is in no duration. */
  readonly delays: Delays;
}

/** Milliseconds. */
export interface Delays {
  readonly ofStart: number;
  readonly inGame: number;
}

export function outsOn(play: Play): number {
  return play.movements.filter((movement) => movement.outNumber !== null).length;
}
