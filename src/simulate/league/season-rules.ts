/** What differs between seasons: rules of baseball, and what the feed records of them. */
export interface SeasonRules {
  readonly season: number;
  /** `YYYY-MM-DD`. */
  readonly openingDay: string;
  /** Series that each club plays: three games each. */
  readonly seriesPerClub: number;
  /** Innings of both games of a double-header. */
  readonly doubleHeaderInnings: 7 | 9;
  /** Visits to the mound that a team has in a game. */
  readonly moundVisits: number;
  /** Until 2022 visits were advisories, counted for nobody; since then they are events of their own. */
  readonly moundVisitAdvisory: string | null;
  /** Since 2023 pitchers and batters are timed: time-outs, violations, and only two disengagements for each batter. */
  readonly hasPitchClock: boolean;
  /** Since 2026 batters, catchers and pitchers may challenge balls and strikes. */
  readonly hasBallStrikeChallenges: boolean;
  /** How often runners steal: more since the bases grew and pickoffs were limited. */
  readonly stealFactor: number;
}

/** Seasons of which real feeds are known to this simulator. All have a designated hitter and a runner placed in extra innings. */
export const FIRST_SEASON = 2020;
export const LAST_SEASON = 2026;

/** @throws RangeError for a season that is not known. */
export function rulesOf(season: number): SeasonRules {
  if (!Number.isInteger(season) || season < FIRST_SEASON || season > LAST_SEASON) throw new RangeError(`no rules of ${season}`);
  return {
    season,
    openingDay: season === 2020 ? "2020-07-24" : `${season}-03-29`,
    seriesPerClub: season === 2020 ? 20 : 54,
    doubleHeaderInnings: season <= 2021 ? 7 : 9,
    moundVisits: season <= 2023 ? 5 : 4,
    moundVisitAdvisory: season <= 2020 ? "Mound Visit." : season <= 2022 ? "Mound visit." : null,
    hasPitchClock: season >= 2023,
    hasBallStrikeChallenges: season >= 2026,
    stealFactor: season >= 2023 ? 1.35 : 0.9,
  };
}
