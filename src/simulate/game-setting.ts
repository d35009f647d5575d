import type { Person } from "./league/player.ts";
import type { RandomSource } from "./random-source.ts";
import type { Fixture } from "./season/fixture.ts";

export const UMPIRE_POSITIONS = ["Home Plate", "First Base", "Second Base", "Third Base"] as const;

/** What is settled of a game before its first pitch, apart from the teams. */
export interface GameSetting {
  readonly fixture: Fixture;
  /** The day for which the game was announced at first; `null` if it was played on that day. */
  readonly postponedFrom: Pick<Fixture, "date" | "startTime"> | null;
  /** In the order of `UMPIRE_POSITIONS`. */
  readonly umpires: readonly Person[];
  readonly officialScorer: Person;
  readonly datacaster: Person;
  readonly secondDatacaster: Person | null;
  readonly weather: { readonly condition: string; readonly fahrenheit: number; readonly windMph: number; readonly windDirection: string };
  readonly attendance: number;
}

/** Degrees Fahrenheit that may be expected, by month. */
const MONTH_MEANS = [45, 48, 55, 61, 68, 76, 81, 80, 73, 63, 52, 46] as const;

function makeWeather(random: RandomSource, fixture: Fixture): GameSetting["weather"] {
  const { home, date } = fixture;
  if (home.venue.hasRoof) return { condition: "Roof Closed", fahrenheit: random.integer(68, 74), windMph: 0, windDirection: "None" };
  const mean = MONTH_MEANS[Number(date.slice(5, 7)) - 1] ?? 70;
  return {
    condition: random.pick(["Clear", "Partly Cloudy", "Cloudy", "Sunny", "Overcast"]),
    fahrenheit: Math.round(random.normal(mean, 7)),
    windMph: random.integer(2, 14),
    windDirection: random.pick(["Out To CF", "Out To LF", "In From LF", "In From CF", "L To R", "R To L", "Varies"]),
  };
}

/** Settles who judges, writes down and watches a game, and in what weather. `officials` are at least seven. */
export function makeGameSetting(
  random: RandomSource,
  fixture: Fixture,
  officials: readonly Person[],
  postponedFrom: GameSetting["postponedFrom"] = null,
): GameSetting {
  const [officialScorer, datacaster, other, ...umpires] = random.shuffled(officials);
  if (officialScorer === undefined || datacaster === undefined || other === undefined) throw new RangeError("not enough officials");
  const { capacity } = fixture.home.venue;
  return {
    fixture,
    postponedFrom,
    umpires: umpires.slice(0, UMPIRE_POSITIONS.length),
    officialScorer,
    datacaster,
    secondDatacaster: random.chance(0.05) ? other : null,
    weather: makeWeather(random, fixture),
    attendance: random.integer(Math.round(capacity * 0.3), capacity),
  };
}
