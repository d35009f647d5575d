import { CLUBS } from "../league/fictional-league.ts";
import type { Club } from "../league/team.ts";

/** How a club stands. Games back are text: "-" for who leads, else "1.5". */
export interface TeamRecord {
  readonly wins: number;
  readonly losses: number;
  readonly isDivisionLeader: boolean;
  readonly divisionGamesBack: string;
  readonly leagueGamesBack: string;
}

interface Tally {
  wins: number;
  losses: number;
}

function gamesBack(own: Tally, first: Tally): string {
  const behind = (first.wins - own.wins + (own.losses - first.losses)) / 2;
  return behind <= 0 ? "-" : behind.toFixed(1);
}

function isAhead(a: Tally, b: Tally): boolean {
  return a.wins - a.losses > b.wins - b.losses;
}

/** The records of all clubs, game after game. */
export class Standings {
  readonly #tallies = new Map(CLUBS.map((club): [number, Tally] => [club.id, { wins: 0, losses: 0 }]));

  add(winner: Club, loser: Club): void {
    this.#of(winner).wins += 1;
    this.#of(loser).losses += 1;
  }

  /** Games that a club has played. */
  played(club: Club): number {
    const { wins, losses } = this.#of(club);
    return wins + losses;
  }

  recordOf(club: Club): TeamRecord {
    const own = this.#of(club);
    const division = this.#first(CLUBS.filter((other) => other.division === club.division));
    const divisionGamesBack = gamesBack(own, this.#of(division));
    return {
      ...own,
      isDivisionLeader: division === club,
      divisionGamesBack,
      leagueGamesBack: gamesBack(own, this.#of(this.#first(CLUBS))),
    };
  }

  #of(club: Club): Tally {
    const tally = this.#tallies.get(club.id);
    if (tally === undefined) throw new RangeError(`${club.name} is not in the league`);
    return tally;
  }

  #first(clubs: readonly Club[]): Club {
    return clubs.reduce((first, club) => (isAhead(this.#of(club), this.#of(first)) ? club : first));
  }
}
