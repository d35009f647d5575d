import type { RandomSource } from "../random-source.ts";
import { GIVEN_NAMES, SURNAMES } from "./invented-names.ts";
import { PEOPLE_PER_CLUB, makeSquad } from "./make-squad.ts";
import type { Person } from "./player.ts";
import type { Club, Named, Squad, Venue } from "./team.ts";

/** The league that exists nowhere. Ids start with 9 and are longer than those of real clubs. */
export const SIMULATED_LEAGUE: Named & { readonly abbreviation: string } = { id: 9100, name: "Simulated League", abbreviation: "SL" };
export const SIMULATED_SPORT: Named = { id: 9001, name: "Simulated Baseball" };

const WEST: Named = { id: 9200, name: "Simulated League West" };
const EAST: Named = { id: 9201, name: "Simulated League East" };
const SPRING_LEAGUE = { id: 9114, name: "Sandbox League (simulated)", abbreviation: "SB" } as const;

type TimeZone = Venue["timeZone"];
const EASTERN: TimeZone = { id: "America/New_York", name: "EDT", offsetHours: -4 };
const CENTRAL: TimeZone = { id: "America/Chicago", name: "CDT", offsetHours: -5 };
const MOUNTAIN: TimeZone = { id: "America/Denver", name: "MDT", offsetHours: -6 };
const PACIFIC: TimeZone = { id: "America/Los_Angeles", name: "PDT", offsetHours: -7 };

interface ClubSpec {
  readonly id: number;
  readonly place: string;
  readonly clubName: string;
  readonly code: string;
  readonly firstYear: string;
  readonly division: Named;
  readonly park: string;
  readonly timeZone: TimeZone;
  readonly latitude: number;
  readonly longitude: number;
  readonly azimuthDegrees: number;
  readonly elevationFeet: number;
  readonly capacity: number;
  readonly hasRoof?: boolean;
  readonly fenceFeet: Venue["fenceFeet"];
}

function club(spec: ClubSpec, index: number): Club {
  const abbreviation = spec.code.toUpperCase();
  return {
    id: spec.id,
    name: `${spec.place} ${spec.clubName} (simulated)`,
    code: spec.code,
    abbreviation,
    clubName: spec.clubName,
    locationName: spec.place,
    firstYearOfPlay: spec.firstYear,
    division: spec.division,
    springLeague: SPRING_LEAGUE,
    springVenueId: 9500 + index,
    venue: {
      id: 9010 + index,
      name: `${spec.park} (simulated)`,
      address: `${index + 1} Example Avenue`,
      city: spec.place,
      state: "Simland",
      stateAbbreviation: abbreviation.slice(0, 2),
      postalCode: `0000${index}`,
      phone: `(000) 555-010${index}`,
      latitude: spec.latitude,
      longitude: spec.longitude,
      azimuthDegrees: spec.azimuthDegrees,
      elevationFeet: spec.elevationFeet,
      capacity: spec.capacity,
      hasRoof: spec.hasRoof ?? false,
      timeZone: spec.timeZone,
      fenceFeet: spec.fenceFeet,
    },
  };
}

const CLUB_SPECS: readonly ClubSpec[] = [
  {
    id: 9109,
    place: "Simville",
    clubName: "Sliders",
    code: "sim",
    firstYear: "1998",
    division: WEST,
    park: "Sandbox Field",
    timeZone: MOUNTAIN,
    latitude: 39.5,
    longitude: -110.5,
    azimuthDegrees: 24.5,
    elevationFeet: 1210,
    capacity: 41_200,
    fenceFeet: [331, 366, 384, 404, 380, 362, 328],
  },
  {
    id: 9141,
    place: "Mockton",
    clubName: "Mallards",
    code: "mok",
    firstYear: "1977",
    division: WEST,
    park: "Decoy Park",
    timeZone: CENTRAL,
    latitude: 41.25,
    longitude: -96.75,
    azimuthDegrees: 340.25,
    elevationFeet: 988,
    capacity: 38_900,
    fenceFeet: [328, 360, 375, 400, 375, 359, 328],
  },
  {
    id: 9102,
    place: "Draftsburg",
    clubName: "Doodlers",
    code: "drf",
    firstYear: "1903",
    division: WEST,
    park: "Inkwell Yard",
    timeZone: PACIFIC,
    latitude: 38.75,
    longitude: -121.25,
    azimuthDegrees: 55,
    elevationFeet: 63,
    capacity: 36_400,
    fenceFeet: [335, 370, 385, 399, 382, 365, 330],
  },
  {
    id: 9117,
    place: "Placeholder Falls",
    clubName: "Puffins",
    code: "plf",
    firstYear: "1969",
    division: WEST,
    park: "Lorem Dome",
    timeZone: PACIFIC,
    latitude: 45.5,
    longitude: -119.25,
    azimuthDegrees: 12.5,
    elevationFeet: 420,
    capacity: 33_700,
    hasRoof: true,
    fenceFeet: [329, 363, 378, 402, 378, 363, 329],
  },
  {
    id: 9123,
    place: "Nullport",
    clubName: "Narwhals",
    code: "nul",
    firstYear: "1985",
    division: WEST,
    park: "Void Gardens",
    timeZone: MOUNTAIN,
    latitude: 36.25,
    longitude: -106.5,
    azimuthDegrees: 71.75,
    elevationFeet: 4950,
    capacity: 45_100,
    fenceFeet: [345, 382, 396, 415, 381, 366, 347],
  },
  {
    id: 9130,
    place: "Testingham",
    clubName: "Terriers",
    code: "tst",
    firstYear: "1889",
    division: EAST,
    park: "Assertion Park",
    timeZone: EASTERN,
    latitude: 40.5,
    longitude: -75.25,
    azimuthDegrees: 33.25,
    elevationFeet: 20,
    capacity: 43_500,
    fenceFeet: [314, 354, 371, 408, 369, 350, 316],
  },
  {
    id: 9135,
    place: "Dummy Harbor",
    clubName: "Dolphins",
    code: "dum",
    firstYear: "1912",
    division: EAST,
    park: "Foghorn Grounds",
    timeZone: EASTERN,
    latitude: 42.25,
    longitude: -71.5,
    azimuthDegrees: 45,
    elevationFeet: 21,
    capacity: 37_700,
    fenceFeet: [310, 355, 379, 390, 380, 370, 302],
  },
  {
    id: 9148,
    place: "Sampleton",
    clubName: "Swifts",
    code: "sam",
    firstYear: "1961",
    division: EAST,
    park: "Quorum Stadium",
    timeZone: CENTRAL,
    latitude: 44.75,
    longitude: -93.5,
    azimuthDegrees: 90.5,
    elevationFeet: 840,
    capacity: 38_500,
    fenceFeet: [339, 365, 377, 411, 367, 360, 328],
  },
  {
    id: 9152,
    place: "Fixture City",
    clubName: "Foxes",
    code: "fix",
    firstYear: "1993",
    division: EAST,
    park: "Scaffold Center",
    timeZone: EASTERN,
    latitude: 27.75,
    longitude: -81.25,
    azimuthDegrees: 38.5,
    elevationFeet: 15,
    capacity: 31_800,
    hasRoof: true,
    fenceFeet: [315, 370, 384, 404, 383, 370, 322],
  },
  {
    id: 9159,
    place: "Bytebury",
    clubName: "Badgers",
    code: "byt",
    firstYear: "1921",
    division: EAST,
    park: "Nibble Oval",
    timeZone: CENTRAL,
    latitude: 38.5,
    longitude: -90.25,
    azimuthDegrees: 62.25,
    elevationFeet: 455,
    capacity: 44_400,
    fenceFeet: [336, 369, 375, 400, 375, 369, 335],
  },
];

export const CLUBS: readonly Club[] = CLUB_SPECS.map(club);

const FIRST_PLAYER_ID = 990_001;
const FIRST_OFFICIAL_ID = 995_001;
const FIRST_MANAGER_ID = 996_001;
const OFFICIALS = 48;

export interface League {
  /** In the order of `CLUBS`. */
  readonly squads: readonly Squad[];
  /** Umpires, scorers, datacasters. */
  readonly officials: readonly Person[];
}

/** Makes all people of the league. The same random source makes the same people. */
export function makeLeague(random: RandomSource): League {
  const names = random.fork("names").shuffled(SURNAMES);
  const squads = CLUBS.map((own, i) =>
    makeSquad(random.fork(own.code), {
      club: own,
      firstPlayerId: FIRST_PLAYER_ID + i * 100,
      managerId: FIRST_MANAGER_ID + i,
      lastNames: names.slice(i * PEOPLE_PER_CLUB, (i + 1) * PEOPLE_PER_CLUB),
    }),
  );
  const given = random.fork("officials");
  const officials = names.slice(CLUBS.length * PEOPLE_PER_CLUB).slice(0, OFFICIALS);
  return {
    squads,
    officials: officials.map((name, i) => ({ id: FIRST_OFFICIAL_ID + i, fullName: `${given.pick(GIVEN_NAMES)} ${name} (sim)` })),
  };
}
