import { CLUBS } from "../league/fictional-league.ts";
import type { SeasonRules } from "../league/season-rules.ts";
import type { Club } from "../league/team.ts";
import type { RandomSource } from "../random-source.ts";
import type { Fixture } from "./fixture.ts";

const GAMES_IN_SERIES = 3;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const DOUBLE_HEADER_SHARE = 0.08;

/** A fixture before it has a number. */
type Draft = Omit<Fixture, "gamePk">;

/** Games of a full season. */
export function gamesOfSeason(rules: SeasonRules): number {
  return (rules.seriesPerClub * CLUBS.length * GAMES_IN_SERIES) / 2;
}

function dateAfter(openingDay: string, days: number): string {
  return new Date(Date.parse(`${openingDay}T00:00:00Z`) + days * DAY).toISOString().slice(0, 10);
}

/** Who meets whom in a round: everybody meets everybody else once in nine rounds (the circle method), then with the other one at home. */
function pairsOf(round: number): readonly (readonly [away: Club, home: Club])[] {
  const turns = CLUBS.length - 1;
  const [fixed, ...others] = CLUBS;
  if (fixed === undefined) throw new RangeError("a league needs clubs");
  const circle = [fixed, ...others.map((_, i) => others[(i + round) % turns] ?? fixed)];
  const isReturn = Math.floor(round / turns) % 2 === 1;
  return Array.from({ length: CLUBS.length / 2 }, (_, i) => {
    const [one, other] = [circle[i] ?? fixed, circle[CLUBS.length - 1 - i] ?? fixed];
    const isFirstAway = (i === 0 ? round % turns : i) % 2 === 0;
    return isFirstAway !== isReturn ? [one, other] : [other, one];
  });
}

/** Days of rest between the series: one after every second of them. */
function firstDayOf(round: number): number {
  return round * GAMES_IN_SERIES + Math.floor(round / 2);
}

function startOf(date: string, home: Club, hour: number, minute: number): number {
  return Date.parse(`${date}T00:00:00Z`) + hour * HOUR + minute * 60_000 - home.venue.timeZone.offsetHours * HOUR;
}

function seriesOf(random: RandomSource, rules: SeasonRules, round: number, [away, home]: readonly [Club, Club]): readonly Draft[] {
  const isDoubled = random.chance(DOUBLE_HEADER_SHARE);
  const isSplit = random.chance(0.3);
  return Array.from({ length: GAMES_IN_SERIES }, (_, i): Draft => {
    const isPart = isDoubled && i > 0;
    const date = dateAfter(rules.openingDay, firstDayOf(round) + (isPart ? 1 : i));
    const isSecond = isPart && i === 2;
    const scheduledInnings = isPart ? rules.doubleHeaderInnings : 9;
    const isNight = isPart ? isSecond && isSplit : i < 2 && !random.chance(0.15);
    const gapHours = isSplit ? 5.5 : scheduledInnings === 7 ? 3 : 3.75;
    const startTime = startOf(date, home, isNight && !isPart ? 19 : 13, random.pick([5, 10, 15, 40]));
    return {
      date,
      startTime: isSecond ? startTime + gapHours * HOUR : startTime,
      dayNight: isNight ? "night" : "day",
      away,
      home,
      gameNumber: isSecond ? 2 : 1,
      doubleHeader: isPart ? (isSplit ? "S" : "Y") : "N",
      scheduledInnings,
      seriesGameNumber: i + 1,
      gamesInSeries: GAMES_IN_SERIES,
    };
  });
}

/** The games of a season in the order of their beginning, day by day; `numberOf` gives the number of the n-th, from 1. */
export function* makeSchedule(random: RandomSource, rules: SeasonRules, numberOf: (n: number) => number): Generator<Fixture[]> {
  let made = 0;
  for (let round = 0; round < rules.seriesPerClub; round++) {
    const drafts = pairsOf(round).flatMap((pair, i) => seriesOf(random.fork(`series ${round} ${i}`), rules, round, pair));
    for (const date of new Set(drafts.map((draft) => draft.date).toSorted())) {
      const ofDay = drafts.filter((draft) => draft.date === date).toSorted((a, b) => a.startTime - b.startTime || a.home.id - b.home.id);
      yield ofDay.map((draft) => {
        made += 1;
        return { gamePk: numberOf(made), ...draft };
      });
    }
  }
}
