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
  readonly homePlateUmpire: Person;
}
