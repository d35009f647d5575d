import type { Player } from "../league/player.ts";
import type { FieldPosition, LineupPosition, PositionName } from "../league/position.ts";
import type { Roster } from "../league/team.ts";
import type { Side } from "./side.ts";

/** One player's part in a game. */
export interface Appearance {
  readonly player: Player;
  /** Place in the batting order, 1–9; `null` for pitchers. */
  readonly slot: number | null;
  /** 0 for who started in the slot, 1 for the first substitute … */
  readonly substituteNumber: number;
  /** In the order in which they were played. */
  readonly positions: PositionName[];
  /** For whom he batted, and when. */
  readonly pinchHit: { readonly replaced: Player; readonly inning: number } | null;
}

/** "301": the feed's batting order, slot and substitute. */
export function battingOrderText(appearance: Appearance): string | null {
  return appearance.slot === null ? null : `${appearance.slot}${String(appearance.substituteNumber).padStart(2, "0")}`;
}

export function lastPosition(appearance: Appearance): PositionName {
  return appearance.positions.at(-1) ?? appearance.player.primaryPosition;
}

/** How the pitcher in the game has done so far, which is what his manager looks at. */
export interface PitchingStint {
  readonly pitcher: Player;
  pitches: number;
  outs: number;
  runsThisInning: number;
}

/** A team while it plays: who bats, who stands where, who is left. */
export class TeamInGame {
  readonly side: Side;
  readonly roster: Roster;
  /** All who have played, in the order in which they came in. */
  readonly appearances: Appearance[] = [];
  /** Those who bat now, by slot. */
  readonly battingOrder: Appearance[];
  readonly stints: PitchingStint[] = [];
  bench: readonly Player[];
  bullpen: readonly Player[];
  moundVisits = 0;
  /** Calls that the manager has had reviewed, and those of them that stood. */
  reviewsUsed = 0;
  reviewsLost = 0;
  /** Balls and strikes that were challenged. */
  pitchChallengesWon = 0;
  pitchChallengesLost = 0;
  isManagerEjected = false;
  private nextSlot = 0;

  constructor(side: Side, roster: Roster) {
    this.side = side;
    this.roster = roster;
    this.bench = roster.bench;
    this.bullpen = roster.bullpen;
    this.battingOrder = roster.lineup.map(({ player, position }, i) => ({
      player,
      slot: i + 1,
      substituteNumber: 0,
      positions: [position],
      pinchHit: null,
    }));
    this.appearances.push(...this.battingOrder);
    this.bringInPitcher(roster.startingPitcher);
  }

  /** A copy that does not change when the team does. */
  snapshot(): TeamInGame {
    const copies = new Map(this.appearances.map((appearance) => [appearance, { ...appearance, positions: [...appearance.positions] }]));
    return Object.assign(Object.create(TeamInGame.prototype) as TeamInGame, this, {
      appearances: [...copies.values()],
      battingOrder: this.battingOrder.map((appearance) => copies.get(appearance) ?? appearance),
      stints: this.stints.map((stint) => ({ ...stint })),
    });
  }

  /** The team before its line-up is known: all sit on the bench or in the bullpen. */
  unannounced(): TeamInGame {
    const { lineup, bench, startingPitcher, bullpen } = this.roster;
    return Object.assign(new TeamInGame(this.side, this.roster), {
      appearances: [],
      battingOrder: [],
      stints: [],
      bench: [...lineup.map((entry) => entry.player), ...bench],
      bullpen: [startingPitcher, ...bullpen],
    });
  }

  get stint(): PitchingStint {
    const stint = this.stints.at(-1);
    if (stint === undefined) throw new RangeError("no pitcher has come in");
    return stint;
  }

  /** Who bats `ahead` places after the next one; -1 is who batted last. */
  batter(ahead = 0): Appearance {
    return this.slotAt(this.nextSlot + ahead);
  }

  turnBatter(): void {
    this.nextSlot = (this.nextSlot + 1) % 9;
  }

  fielder(position: FieldPosition): Player {
    if (position === "P") return this.stint.pitcher;
    const appearance = this.battingOrder.find((candidate) => lastPosition(candidate) === position);
    if (appearance === undefined) throw new RangeError(`nobody plays ${position}`);
    return appearance.player;
  }

  isManned(position: FieldPosition): boolean {
    return position === "P" || this.battingOrder.some((appearance) => lastPosition(appearance) === position);
  }

  bringInPitcher(pitcher: Player): void {
    this.bullpen = this.bullpen.filter((player) => player !== pitcher);
    this.stints.push({ pitcher, pitches: 0, outs: 0, runsThisInning: 0 });
    this.appearances.push({ player: pitcher, slot: null, substituteNumber: this.stints.length - 1, positions: ["P"], pinchHit: null });
  }

  /** Puts a player of the bench into the slot of another. */
  substitute(replaced: Appearance, player: Player, position: LineupPosition | "PH" | "PR", inning: number): Appearance {
    if (replaced.slot === null) throw new RangeError("a pitcher has no slot");
    const appearance: Appearance = {
      player,
      slot: replaced.slot,
      substituteNumber: replaced.substituteNumber + 1,
      positions: [position],
      pinchHit: position === "PH" ? { replaced: replaced.player, inning } : null,
    };
    this.bench = this.bench.filter((candidate) => candidate !== player);
    this.battingOrder[replaced.slot - 1] = appearance;
    this.appearances.push(appearance);
    return appearance;
  }

  /** The positions of the line-up that nobody holds since somebody batted for their holders. */
  vacantPositions(all: readonly LineupPosition[]): LineupPosition[] {
    const held = new Set(this.battingOrder.map(lastPosition));
    return all.filter((position) => !held.has(position));
  }

  private slotAt(index: number): Appearance {
    const appearance = this.battingOrder[((index % 9) + 9) % 9];
    if (appearance === undefined) throw new RangeError("a batting order has nine slots");
    return appearance;
  }
}
