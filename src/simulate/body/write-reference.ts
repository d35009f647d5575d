import type { JsonObject } from "../json-value.ts";
import type { Player } from "../league/player.ts";
import type { Position } from "../league/position.ts";
import type { Club, Named } from "../league/team.ts";

/** Short references that recur all over a feed. A `link` is made of the id that it stands beside. */
export function personLink(id: number): JsonObject {
  return { id, link: `/api/v1/people/${id}` };
}

export function writePerson(person: Pick<Player, "id" | "fullName">): JsonObject {
  return { id: person.id, fullName: person.fullName, link: `/api/v1/people/${person.id}` };
}

export function writeNamed(thing: Named, folder: "league" | "divisions" | "venues" | "sports"): JsonObject {
  return { id: thing.id, name: thing.name, link: `/api/v1/${folder}/${thing.id}` };
}

export function writePosition({ code, name, type, abbreviation }: Position): JsonObject {
  return { code, name, type, abbreviation };
}

export function writeTeamName(club: Club): JsonObject {
  return { id: club.id, name: club.name, link: `/api/v1/teams/${club.id}` };
}

/** The form of a team in the box score and beside batted balls. */
export function writeTeam(club: Club): JsonObject {
  return {
    springLeague: { ...writeNamed(club.springLeague, "league"), abbreviation: club.springLeague.abbreviation },
    allStarStatus: "N",
    ...writeTeamName(club),
  };
}
