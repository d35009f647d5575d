import { writeScheduleDay } from "../body/write-schedule.ts";
import type { ScheduledGame } from "../body/write-schedule.ts";
import type { JsonObject } from "../json-value.ts";
import { makeLeague } from "../league/fictional-league.ts";
import type { League } from "../league/fictional-league.ts";
import { rulesOf } from "../league/season-rules.ts";
import { createRandomSource } from "../random-source.ts";
import type { RandomSource } from "../random-source.ts";
import { playFixture, rosterIn, winnerOf } from "../simulate-game.ts";
import type { SimulatedGame } from "../simulate-game.ts";
import { tallyGame } from "../statistics/tally-game.ts";
import type { Fixture } from "./fixture.ts";
import { gamesOfSeason, makeSchedule } from "./make-schedule.ts";
import { SeasonBook } from "./season-book.ts";
import { Standings } from "./standings.ts";

export interface SeasonSpec {
  /** From 0 to `LAST_SEED`: decides everything that is left to chance. */
  readonly seed: number;
  /** The year, which decides the rules. */
  readonly season: number;
  /** The first so many games of the season; at most `gamesOfSeason`. */
  readonly games: number;
}

/** Seeds are part of the games' numbers, so that no two seasons have a number in common and all of them fit into 32 bits. */
export const LAST_SEED = 9_999;

/** "1_000_126_012" for the twelfth game of 2026 with seed 1. */
function gameNumber({ seed, season }: SeasonSpec, n: number): number {
  return 1_000_000_000 + seed * 100_000 + (season % 100) * 1_000 + n;
}

/** A game when it is over, or the schedule of a day as it is asked for when the day's games are over. */
export type SeasonAnswer =
  | { readonly kind: "game"; readonly simulated: SimulatedGame }
  | { readonly kind: "schedule"; readonly date: string; readonly askedAt: number; readonly body: JsonObject };

const MINUTE = 60_000;
/** Between the games of a double-header. */
const REST = 35 * MINUTE;

/** One season while it is played: what is known after each game is all that it keeps. */
class SeasonInProgress {
  readonly #random: RandomSource;
  readonly #league: League;
  readonly #standings = new Standings();
  readonly #book = new SeasonBook();

  constructor(spec: SeasonSpec) {
    const random = createRandomSource(spec.seed);
    this.#league = makeLeague(random.fork("league"));
    this.#random = random.fork(`season ${spec.season}`);
  }

  /** Plays a game; `earliestStart` is when its park is free again on that day. */
  play(fixture: Fixture, earliestStart: number): SimulatedGame {
    const { away, home, gamePk } = fixture;
    const random = this.#random.fork(`game ${gamePk}`);
    const rosters = {
      away: rosterIn(this.#league, away, this.#standings.played(away), random),
      home: rosterIn(this.#league, home, this.#standings.played(home), random),
    };
    const seasons = this.#book.linesOf(rosters);
    const before = this.#recordsOf(fixture);
    const { game, setting } = playFixture(random, this.#league, fixture, rosters, { earliestStart });
    this.#book.add(tallyGame(game, seasons));
    if (winnerOf(game) === "home") this.#standings.add(home, away);
    else this.#standings.add(away, home);
    return { game, setting, seasons, records: { before, after: this.#recordsOf(fixture) }, random };
  }

  /** How a game that has not been played stands in the schedule. */
  announce(fixture: Fixture): ScheduledGame {
    return { fixture, records: this.#recordsOf(fixture), score: null };
  }

  #recordsOf({ away, home }: Fixture): ScheduledGame["records"] {
    return { away: this.#standings.recordOf(away), home: this.#standings.recordOf(home) };
  }

  schedule(spec: SeasonSpec): Iterable<Fixture[]> {
    return makeSchedule(this.#random.fork("schedule"), rulesOf(spec.season), (n) => gameNumber(spec, n));
  }
}

/**
 * Plays a season game by game and gives what the API would have known, in the order of time: each game when it is over, the schedule of each day after its last game. Games beyond the last one asked for stand in the schedule of its day, not yet played.
 * @throws RangeError for a season, seed or number of games that cannot be.
 */
export function* simulateSeason(spec: SeasonSpec): Generator<SeasonAnswer> {
  if (!Number.isInteger(spec.games) || spec.games < 1 || spec.games > gamesOfSeason(rulesOf(spec.season)))
    throw new RangeError(`a season of ${spec.games} games`);
  if (!Number.isInteger(spec.seed) || spec.seed < 0 || spec.seed > LAST_SEED) throw new RangeError(`a seed of ${spec.seed}`);
  const season = new SeasonInProgress(spec);
  let rest = spec.games;
  for (const day of season.schedule(spec)) {
    const listed: ScheduledGame[] = [];
    const freeFrom = new Map<number, number>();
    for (const fixture of day) {
      if (rest === 0) {
        listed.push(season.announce(fixture));
        continue;
      }
      rest -= 1;
      const simulated = season.play(fixture, freeFrom.get(fixture.home.id) ?? 0);
      const { game, records } = simulated;
      freeFrom.set(fixture.home.id, game.endTime + REST);
      listed.push({ fixture, records: records.after, score: game.plays.at(-1)?.score ?? null });
      yield { kind: "game", simulated };
    }
    const date = day[0]?.date ?? "";
    yield { kind: "schedule", date, askedAt: Math.max(...freeFrom.values()), body: writeScheduleDay(date, listed) };
    if (rest === 0) return;
  }
}
