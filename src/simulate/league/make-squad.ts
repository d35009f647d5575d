import type { RandomSource } from "../random-source.ts";
import { GIVEN_NAMES } from "./invented-names.ts";
import { makePlayer } from "./make-player.ts";
import type { Player } from "./player.ts";
import { LINEUP_POSITIONS } from "./position.ts";
import type { PositionName } from "./position.ts";
import { FIRST_SEASON } from "./season-rules.ts";
import type { Club, LineupEntry, Roster, Squad } from "./team.ts";

const BENCH_POSITIONS = ["C", "SS", "LF", "1B"] as const satisfies readonly PositionName[];
const STARTERS = 5;
const RELIEVERS = 8;
/** Players of a club, and its manager. */
export const PEOPLE_PER_CLUB: number = LINEUP_POSITIONS.length + BENCH_POSITIONS.length + STARTERS + RELIEVERS + 1;

/** Those who reach base come first, the power in the middle. */
function lineupValue(player: Player): number {
  return player.batting.contact + player.batting.eye + 0.5 * player.batting.power;
}

export interface SquadSpec {
  readonly club: Club;
  /** The first id of this club's players; the others follow. */
  readonly firstPlayerId: number;
  readonly managerId: number;
  /** Surnames, each used once; at least `PEOPLE_PER_CLUB`. */
  readonly lastNames: readonly string[];
}

/** Makes the 26 players of a club: 9 regulars, 4 on the bench, 13 pitchers. They are the same in all seasons. */
export function makeSquad(random: RandomSource, spec: SquadSpec): Squad {
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
      season: FIRST_SEASON,
      isStarter,
    });
    made += 1;
    return player;
  };

  const regulars = LINEUP_POSITIONS.map((position): LineupEntry => ({ player: make(position, true), position }));
  const bench = BENCH_POSITIONS.map((position) => make(position, false));
  const starters = Array.from({ length: STARTERS }, () => make("P", true));
  const relievers = Array.from({ length: RELIEVERS }, () => make("P", false));
  const managerName = `${random.fork("manager").pick(GIVEN_NAMES)} ${spec.lastNames[made] ?? ""} (sim)`;
  return { club: spec.club, manager: { id: spec.managerId, fullName: managerName }, regulars, bench, starters, relievers };
}

/** Who of a squad may play in its game number `gameNumber` (from 0): the starter whose turn it is, and a regular who rests now and then. */
export function rosterOf(squad: Squad, gameNumber: number, random: RandomSource): Roster {
  const startingPitcher = squad.starters[gameNumber % squad.starters.length];
  if (startingPitcher === undefined) throw new RangeError("a squad needs starters");
  const resting = random.chance(0.5) ? random.pick(squad.regulars) : null;
  const substitute = squad.bench.find((player) => player.primaryPosition === resting?.player.primaryPosition) ?? null;
  const lineup = squad.regulars.map((entry) => (entry === resting && substitute !== null ? { ...entry, player: substitute } : entry));
  return {
    club: squad.club,
    manager: squad.manager,
    lineup: lineup.toSorted((a, b) => lineupValue(b.player) - lineupValue(a.player)),
    bench: squad.bench.map((player) => (player === substitute && resting !== null ? resting.player : player)),
    startingPitcher,
    bullpen: [...squad.relievers, ...squad.starters.filter((pitcher) => pitcher !== startingPitcher)],
  };
}
