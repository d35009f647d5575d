import type { Club } from "../league/team.ts";

/** A game as it stands in the schedule. */
export interface Fixture {
  readonly gamePk: number;
  /** `YYYY-MM-DD` in the park's time zone. */
  readonly date: string;
  /** When it is to begin, milliseconds since 1970 (UTC). */
  readonly startTime: number;
  /** The day for which it was announced at first, where it was put off. */
  readonly postponedFrom?: Pick<Fixture, "date" | "startTime">;
  /** The inning before which it is broken off until the next day. */
  readonly suspendedIn?: number;
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
