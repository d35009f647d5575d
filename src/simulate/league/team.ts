import type { Person, Player } from "./player.ts";
import type { LineupPosition } from "./position.ts";

export interface Named {
  readonly id: number;
  readonly name: string;
}

export interface Venue extends Named {
  readonly address: string;
  readonly city: string;
  readonly state: string;
  readonly stateAbbreviation: string;
  readonly postalCode: string;
  readonly phone: string;
  readonly latitude: number;
  readonly longitude: number;
  readonly azimuthDegrees: number;
  readonly elevationFeet: number;
  readonly capacity: number;
  /** A roof keeps the rain out, and the wind. */
  readonly hasRoof: boolean;
  readonly timeZone: { readonly id: string; readonly name: string; readonly offsetHours: number };
  /** Feet from home plate to the fence, from the left line to the right line. */
  readonly fenceFeet: readonly [number, number, number, number, number, number, number];
}

/** What stays of a team from game to game. */
export interface Club extends Named {
  readonly code: string;
  readonly abbreviation: string;
  readonly clubName: string;
  readonly locationName: string;
  readonly firstYearOfPlay: string;
  readonly division: Named;
  readonly springLeague: Named & { readonly abbreviation: string };
  readonly springVenueId: number;
  readonly venue: Venue;
}

export interface LineupEntry {
  readonly player: Player;
  readonly position: LineupPosition;
}

/** All who play for a club in a season. */
export interface Squad {
  readonly club: Club;
  readonly manager: Person;
  /** One for each position. */
  readonly regulars: readonly LineupEntry[];
  readonly bench: readonly Player[];
  /** Those who begin games, in turn. */
  readonly starters: readonly Player[];
  readonly relievers: readonly Player[];
}

/** A club with those who may play in one game. */
export interface Roster {
  readonly club: Club;
  readonly manager: Person;
  readonly lineup: readonly LineupEntry[];
  readonly bench: readonly Player[];
  readonly startingPitcher: Player;
  readonly bullpen: readonly Player[];
}
