import type { Club } from "../league/team.ts";

/** A game as it stands in the schedule. */
export interface Fixture {
  readonly gamePk: number;
  /** `YYYY-MM-DD` in the park's time zone. */
  readonly date: string;
  /** When it is to begin, milliseconds since 1970 (UTC). */
  readonly startTime: number;
  readonly dayNight: "day" | "night";
  readonly away: Club;
  readonly home: Club;
  /** 2 for the second game of a double-header. */
  readonly gameNumber: 1 | 2;
  /** Y: two games for one ticket, S: for two tickets, N: one game. */
  readonly doubleHeader: "N" | "Y" | "S";
  readonly scheduledInnings: 7 | 9;
  readonly seriesGameNumber: number;
  readonly gamesInSeries: number;
}
