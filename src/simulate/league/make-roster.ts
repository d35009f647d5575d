import type { RandomSource } from "../random-source.ts";
import { makePlayer } from "./make-player.ts";
import type { Player } from "./player.ts";
import { LINEUP_POSITIONS } from "./position.ts";
import type { PositionName } from "./position.ts";
import type { Club, LineupEntry, Roster, StandingRecord } from "./team.ts";

const BENCH_POSITIONS = ["C", "SS", "LF", "1B"] as const satisfies readonly PositionName[];
const PITCHERS = 13;
const STARTERS = 5;

/** Those who reach base come first, the power in the middle. */
function lineupValue(player: Player): number {
  return player.batting.contact + player.batting.eye + 0.5 * player.batting.power;
}

export interface RosterSpec {
  readonly club: Club;
  readonly season: number;
  readonly record: StandingRecord;
  /** The first id of this club's players; the others follow. */
  readonly firstPlayerId: number;
  /** Surnames, each used once; at least 26. */
  readonly lastNames: readonly string[];
}

/** Makes the 26 players of a club and who of them starts: 9 batters, 4 on the bench, 13 pitchers. */
export function makeRoster(random: RandomSource, spec: RosterSpec): Roster {
  const numbers = random.shuffled(Array.from({ length: 68 }, (_, i) => i + 1));
  let made = 0;
  const make = (primaryPosition: PositionName, isStarter: boolean): Player => {
    const lastName = spec.lastNames[made];
    const jerseyNumber = numbers[made];
    if (lastName === undefined || jerseyNumber === undefined) throw new RangeError(`not enough names for ${spec.club.name}`);
    const player = makePlayer(random.fork(`player ${made}`), {
      id: spec.firstPlayerId + made,
      lastName,
      jerseyNumber,
      primaryPosition,
      season: spec.season,
      isStarter,
    });
    made += 1;
    return player;
  };

  const lineup = LINEUP_POSITIONS.map((position): LineupEntry => ({ player: make(position, true), position }));
  const bench = BENCH_POSITIONS.map((position) => make(position, false));
  const [startingPitcher, ...bullpen] = Array.from({ length: PITCHERS }, (_, i) => make("P", i < STARTERS));
  if (startingPitcher === undefined) throw new RangeError("a roster needs pitchers");
  return {
    club: spec.club,
    record: spec.record,
    lineup: lineup.toSorted((a, b) => lineupValue(b.player) - lineupValue(a.player)),
    bench,
    startingPitcher,
    bullpen,
  };
}
