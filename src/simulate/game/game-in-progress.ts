import type { Player } from "../league/player.ts";
import type { RandomSource } from "../random-source.ts";
import { Diamond } from "./diamond.ts";
import type { GameConditions } from "./game-conditions.ts";
import type { Play } from "./game-record.ts";
import type { Score, Side } from "./side.ts";
import { leadOf, otherSide } from "./side.ts";
import type { TeamInGame } from "./team-in-game.ts";

/** Seconds that things take; a pitch with its pause is the beat of the game. */
export const SECONDS = {
  pitch: [11.5, 17.5],
  betweenPlays: [14, 26],
  betweenHalves: [125, 160],
  pitchingChange: [120, 150],
  visit: [25, 45],
  review: [70, 130],
  pitchReview: [12, 20],
  injury: [180, 420],
  event: [3, 5],
} as const;

/** Everything that changes while a game is played. */
export class GameInProgress {
  readonly random: RandomSource;
  readonly teams: Readonly<Record<Side, TeamInGame>>;
  readonly conditions: GameConditions;
  readonly plays: Play[] = [];
  /** The clock of the park, milliseconds since 1970 (UTC). */
  now: number;
  /** How long rain has held the game up, milliseconds. */
  delayed = 0;
  inning = 1;
  battingSide: Side = "away";
  diamond: Diamond = new Diamond();
  #scoreBeforeHalf: Score = { away: 0, home: 0 };

  constructor(random: RandomSource, teams: Readonly<Record<Side, TeamInGame>>, conditions: GameConditions) {
    this.random = random;
    this.teams = teams;
    this.conditions = conditions;
    this.now = conditions.startTime;
  }

  get scheduledInnings(): number {
    return this.conditions.scheduledInnings;
  }

  get offense(): TeamInGame {
    return this.teams[this.battingSide];
  }

  get defense(): TeamInGame {
    return this.teams[otherSide(this.battingSide)];
  }

  get pitcher(): Player {
    return this.defense.stint.pitcher;
  }

  get score(): Score {
    const { away, home } = this.#scoreBeforeHalf;
    return this.battingSide === "away" ? { away: away + this.diamond.runs, home } : { away, home: home + this.diamond.runs };
  }

  /** How far the batting team is ahead; negative when it trails. */
  get lead(): number {
    return leadOf(this.score, this.battingSide);
  }

  get isLastChance(): boolean {
    return this.battingSide === "home" && this.inning >= this.scheduledInnings;
  }

  get isWalkOff(): boolean {
    return this.isLastChance && this.lead > 0;
  }

  startHalf(inning: number, battingSide: Side): void {
    this.#scoreBeforeHalf = this.score;
    this.inning = inning;
    this.battingSide = battingSide;
    this.diamond = new Diamond();
    for (const team of Object.values(this.teams)) team.stint.runsThisInning = 0;
  }

  wait(kind: keyof typeof SECONDS): void {
    const [low, high] = SECONDS[kind];
    this.now += Math.round(this.random.between(low, high) * 1000);
  }
}
