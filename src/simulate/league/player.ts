import type { PitchTypeCode } from "../measurement/pitch-type.ts";
import type { PositionName } from "./position.ts";

export type Hand = "L" | "R";

/** What a player is good at; 1 is the average of the league, 0.7 is poor, 1.3 is outstanding. */
export interface BattingSkill {
  readonly contact: number;
  readonly power: number;
  readonly eye: number;
  readonly speed: number;
}

export interface PitchingSkill {
  readonly control: number;
  readonly stuff: number;
  /** Pitches that the pitcher can throw before he tires. */
  readonly stamina: number;
  readonly isStarter: boolean;
  /** Fastball speed, mph. */
  readonly velocity: number;
  readonly arsenal: readonly PitchTypeCode[];
}

/** Anybody who has a number. */
export interface Person {
  readonly id: number;
  readonly fullName: string;
}

export interface Player extends Person {
  /** First and last name, marked as simulated; this is what all sentences and references show. */
  readonly fullName: string;
  readonly firstName: string;
  readonly middleName: string;
  readonly lastName: string;
  readonly nickName: string | null;
  readonly matrilinealName: string | null;
  readonly pronunciation: string | null;
  readonly suffix: string | null;
  readonly jerseyNumber: string;
  /** `YYYY-MM-DD`. */
  readonly birthDate: string;
  readonly birthCity: string;
  readonly birthStateProvince: string | null;
  readonly birthCountry: string;
  readonly heightInches: number;
  readonly weightPounds: number;
  readonly draftYear: number | null;
  /** `YYYY-MM-DD`. */
  readonly debutDate: string;
  /** Of one who has given up playing since, as the feed tells it afterwards; `null` for all others. `YYYY-MM-DD`. */
  readonly lastPlayedDate: string | null;
  readonly bats: Hand | "S";
  readonly throws: Hand;
  readonly primaryPosition: PositionName;
  /** Feet above the ground. */
  readonly strikeZoneTop: number;
  readonly strikeZoneBottom: number;
  readonly batting: BattingSkill;
  /** `null` for those who do not pitch. */
  readonly pitching: PitchingSkill | null;
}

/** The side of the plate from which a batter meets this pitcher: a switch hitter takes the other side. */
export function batSideAgainst(batter: Player, pitcher: Player): Hand {
  if (batter.bats !== "S") return batter.bats;
  return pitcher.throws === "R" ? "L" : "R";
}
