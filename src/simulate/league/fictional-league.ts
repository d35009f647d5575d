import type { Club, Named } from "./team.ts";

/** The league that exists nowhere. Ids start with 9 and are longer than those of real clubs. */
export const SIMULATED_LEAGUE: Named & { readonly abbreviation: string } = { id: 9100, name: "Simulated League", abbreviation: "SL" };
export const SIMULATED_SPORT: Named = { id: 9001, name: "Simulated Baseball" };

const DIVISION: Named = { id: 9200, name: "Simulated League Center" };
const SPRING_LEAGUE = { id: 9114, name: "Sandbox League (simulated)", abbreviation: "SB" } as const;

export const SIMVILLE_SLIDERS: Club = {
  id: 9109,
  name: "Simville Sliders (simulated)",
  code: "sim",
  abbreviation: "SIM",
  clubName: "Sliders",
  locationName: "Simville",
  firstYearOfPlay: "1998",
  division: DIVISION,
  springLeague: SPRING_LEAGUE,
  springVenueId: 9549,
  venue: {
    id: 9015,
    name: "Sandbox Field (simulated)",
    address: "1 Example Avenue",
    city: "Simville",
    state: "Simland",
    stateAbbreviation: "SV",
    postalCode: "00000",
    phone: "(000) 555-0100",
    latitude: 39.5,
    longitude: -110.5,
    azimuthDegrees: 24.5,
    elevationFeet: 1210,
    capacity: 41_200,
    timeZone: { id: "America/Denver", name: "MDT", offsetHours: -6 },
    fenceFeet: [331, 366, 384, 404, 380, 362, 328],
  },
};

export const MOCKTON_MALLARDS: Club = {
  id: 9141,
  name: "Mockton Mallards (simulated)",
  code: "mok",
  abbreviation: "MOK",
  clubName: "Mallards",
  locationName: "Mockton",
  firstYearOfPlay: "1977",
  division: DIVISION,
  springLeague: SPRING_LEAGUE,
  springVenueId: 9536,
  venue: {
    id: 9014,
    name: "Decoy Park (simulated)",
    address: "2 Example Avenue",
    city: "Mockton",
    state: "Simland",
    stateAbbreviation: "MK",
    postalCode: "00001",
    phone: "(000) 555-0101",
    latitude: 41.25,
    longitude: -96.75,
    azimuthDegrees: 340.25,
    elevationFeet: 988,
    capacity: 38_900,
    timeZone: { id: "America/Chicago", name: "CDT", offsetHours: -5 },
    fenceFeet: [328, 360, 375, 400, 375, 359, 328],
  },
};
