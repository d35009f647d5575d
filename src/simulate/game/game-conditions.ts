import type { Person } from "../league/player.ts";
import type { SeasonRules } from "../league/season-rules.ts";

/** What is settled before a game begins and its course depends on. */
export interface GameConditions {
  readonly rules: SeasonRules;
  readonly scheduledInnings: number;
  /** When it is to begin, milliseconds since 1970 (UTC). */
  readonly startTime: number;
  /** Whether rain may hold it up. */
  readonly canRain: boolean;
  /** The inning before which it is broken off, to be played on the next day; `null` where it is not. */
  readonly suspendedIn: number | null;
  readonly homePlateUmpire: Person;
}
