import type { Player } from "../league/player.ts";
import type { Ending } from "./ending.ts";
import type { GameInProgress } from "./game-in-progress.ts";
import { REVIEW_SUBJECTS } from "./game-record.ts";
import type { CallReview, Movement, PitchReview, ReviewType } from "./game-record.ts";
import type { Side } from "./side.ts";
import { otherSide } from "./side.ts";
import type { TeamInGame } from "./team-in-game.ts";

/** Reviews that a manager may lose in a game. */
export const MANAGER_REVIEWS = 1;
/** Challenges of balls and strikes that a team may lose in a game. */
export const PITCH_CHALLENGES = 2;

interface Doubt {
  readonly type: ReviewType;
  /** How often it is reviewed. */
  readonly share: number;
  /** Whom the call, as it stands in the end, favours; `null` where the umpires review it themselves. */
  readonly favoured: Side | null;
}

/** What may be doubted about a play, out of what it was in the end. */
function doubtOf(game: GameInProgress, ending: Ending, movements: readonly Movement[]): Doubt | null {
  const batting = game.battingSide;
  const fielding = otherSide(batting);
  const isInfieldHit = movements.some(({ credits }) => credits.some(({ position }) => ["P", "2B", "3B", "SS"].includes(position)));
  switch (ending.eventType) {
    case "field_out":
      return ending.event === "Groundout" ? { type: "MF", share: 0.022, favoured: fielding } : null;
    case "grounded_into_double_play":
      return { type: "MF", share: 0.03, favoured: fielding };
    case "single":
      return isInfieldHit ? { type: "MF", share: 0.08, favoured: batting } : null;
    case "force_out":
      return { type: "MC", share: 0.02, favoured: fielding };
    case "fielders_choice":
      return { type: "MC", share: 0.2, favoured: batting };
    case "fielders_choice_out":
    case "caught_stealing_2b":
      return { type: "MA", share: 0.12, favoured: fielding };
    case "hit_by_pitch":
      return { type: "MI", share: 0.1, favoured: batting };
    case "home_run":
    case "double":
      return { type: "NH", share: 0.02, favoured: null };
    default:
      return null;
  }
}

/**
 * Sometimes a call is reviewed. Who lost by the first call asked for it: if it was overturned, that is the side which the play favours
 * now, otherwise the other one. So an overturned call needs no second play.
 */
export function maybeReview(game: GameInProgress, ending: Ending, movements: readonly Movement[]): CallReview | null {
  const { random } = game;
  const doubt = doubtOf(game, ending, movements);
  if (doubt === null || !random.chance(doubt.share)) return null;
  const isOverturned = random.chance(doubt.favoured === null ? 0.2 : 0.5);
  const side = doubt.favoured === null ? null : isOverturned ? doubt.favoured : otherSide(doubt.favoured);
  if (side !== null) {
    const team = game.teams[side];
    if (team.reviewsLost >= MANAGER_REVIEWS) return null;
    team.reviewsUsed += 1;
    if (!isOverturned) team.reviewsLost += 1;
  }
  game.wait("review");
  return { type: doubt.type, isOverturned, side, challenger: null };
}

/** Since 2026: sometimes a batter or catcher doubts a call of ball or strike, which the tracking system then settles. */
export function maybeChallengePitch(game: GameInProgress, call: "ball" | "strike"): PitchReview | null {
  const { random, conditions } = game;
  if (!conditions.rules.hasBallStrikeChallenges || !random.chance(0.022)) return null;
  const isOverturned = random.chance(0.53);
  const favoured = call === "ball" ? game.battingSide : otherSide(game.battingSide);
  const side = isOverturned ? favoured : otherSide(favoured);
  const team: TeamInGame = game.teams[side];
  if (team.pitchChallengesLost >= PITCH_CHALLENGES) return null;
  if (isOverturned) team.pitchChallengesWon += 1;
  else team.pitchChallengesLost += 1;
  game.wait("pitchReview");
  const challenger: Player = side === game.battingSide ? team.batter().player : team.fielder("C");
  return { side, challenger, isOverturned };
}

/** "Sliders challenged (play at 1st), call on the field was upheld: " before the description of a play. */
export function describeReview(game: GameInProgress, { type, isOverturned, side, challenger }: CallReview): string {
  const subject = `(${REVIEW_SUBJECTS[type]})`;
  if (challenger !== null)
    return `${challenger.fullName} challenged ${subject}, call on the field was ${isOverturned ? "overturned" : "confirmed"}: `;
  const who = side === null ? "Umpire reviewed" : `${game.teams[side].roster.club.clubName} challenged`;
  return `${who} ${subject}, call on the field was ${isOverturned ? "overturned" : "upheld"}: `;
}
