import { PITCH_TYPE_CODES } from "../measurement/pitch-type.ts";
import type { RandomSource } from "../random-source.ts";
import { BIRTHPLACES, GIVEN_NAMES, NICK_NAMES } from "./invented-names.ts";
import type { PitchingSkill, Player } from "./player.ts";
import type { PositionName } from "./position.ts";

/** When those who have given up played last: after all seasons that are simulated. */
const LAST_DAY = "2027-04-18";

export interface PlayerSpec {
  readonly id: number;
  readonly lastName: string;
  readonly jerseyNumber: number;
  readonly primaryPosition: PositionName;
  readonly season: number;
  readonly isStarter: boolean;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

function rating(random: RandomSource): number {
  return Math.min(1.35, Math.max(0.65, random.normal(1, 0.14)));
}

function makePitchingSkill(random: RandomSource, isStarter: boolean): PitchingSkill {
  const secondary = PITCH_TYPE_CODES.filter((code) => code !== "FF");
  return {
    control: rating(random),
    stuff: rating(random),
    stamina: isStarter ? random.integer(84, 102) : random.integer(18, 32),
    isStarter,
    velocity: round(random.normal(isStarter ? 93 : 94.6, 1.6), 1),
    arsenal: ["FF", ...random.shuffled(secondary).slice(0, isStarter ? 4 : 2)],
  };
}

/** Makes one player of the fictional league; all that the feed tells about a person is here. */
export function makePlayer(random: RandomSource, spec: PlayerSpec): Player {
  const firstName = random.pick(GIVEN_NAMES);
  const birthplace = random.pick(BIRTHPLACES);
  const age = random.integer(22, 35);
  const suffix = random.chance(0.05) ? "Jr." : null;
  const heightInches = random.integer(69, 78);
  const isPitcher = spec.primaryPosition === "P";
  const throws = random.chance(isPitcher ? 0.28 : 0.08) ? "L" : "R";
  const bats = random.chance(0.1) ? "S" : random.chance(0.35) ? "L" : "R";
  return {
    id: spec.id,
    firstName,
    middleName: random.pick(GIVEN_NAMES.filter((name) => name !== firstName)),
    lastName: spec.lastName,
    nickName: random.chance(0.3) ? random.pick(NICK_NAMES) : null,
    matrilinealName: birthplace.state === null ? "Inventado" : null,
    pronunciation: random.chance(0.15) ? spec.lastName.toUpperCase() : null,
    suffix,
    fullName: [firstName, spec.lastName, suffix, "(sim)"].filter((part) => part !== null).join(" "),
    jerseyNumber: String(spec.jerseyNumber),
    birthDate: `${spec.season - age}-${twoDigits(random.integer(1, 6))}-${twoDigits(random.integer(1, 28))}`,
    birthCity: birthplace.city,
    birthStateProvince: birthplace.state,
    birthCountry: birthplace.country,
    heightInches,
    weightPounds: 180 + (heightInches - 69) * 5 + random.integer(-12, 18),
    draftYear: birthplace.state === null ? null : spec.season - age + 21,
    lastPlayedDate: random.fork("end").chance(0.02) ? LAST_DAY : null,
    debutDate: `${spec.season - random.integer(0, Math.min(8, age - 21))}-${twoDigits(random.integer(4, 6))}-${twoDigits(random.integer(1, 28))}`,
    bats,
    throws,
    primaryPosition: spec.primaryPosition,
    strikeZoneTop: round(heightInches * 0.0467, 3),
    strikeZoneBottom: round(heightInches * 0.0218, 3),
    batting: { contact: rating(random), power: rating(random), eye: rating(random), speed: rating(random) },
    pitching: isPitcher ? makePitchingSkill(random, spec.isStarter) : null,
  };
}
