import { writeScheduleDay } from "../body/write-schedule.ts";
import type { ScheduledGame } from "../body/write-schedule.ts";
import type { JsonObject } from "../json-value.ts";
import { makeLeague } from "../league/fictional-league.ts";
import type { League } from "../league/fictional-league.ts";
import { rulesOf } from "../league/season-rules.ts";
import { createRandomSource } from "../random-source.ts";
import type { RandomSource } from "../random-source.ts";
import { playFixture, rosterIn } from "../simulate-game.ts";
import { writeGameState } from "../simulated-game.ts";
import { playersOf, seasonsBefore, tallyGame } from "../statistics/tally-game.ts";
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

/** The final live feed of a game, or the schedule of a day as it is asked for when the day's games are over. */
export type SeasonAnswer =
  | { readonly kind: "game"; readonly gamePk: number; readonly body: JsonObject }
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

  /** Plays a game; `previousEnd` is when the same park was last played in on that day. */
  play(fixture: Fixture, previousEnd: number): { readonly answer: SeasonAnswer; readonly played: ScheduledGame; readonly endTime: number } {
    const { away, home, gamePk } = fixture;
    const random = this.#random.fork(`game ${gamePk}`);
    const rosters = {
      away: rosterIn(this.#league, away, this.#standings.played(away), random),
      home: rosterIn(this.#league, home, this.#standings.played(home), random),
    };
    const { game, setting } = playFixture(random, this.#league, fixture, rosters, previousEnd === 0 ? 0 : previousEnd + REST);
    const players = [...playersOf(rosters.away), ...playersOf(rosters.home)];
    const lines = seasonsBefore(new Map(players.map((player) => [player, this.#book.linesOf(player)])));
    this.#book.add(tallyGame(game, lines));
    const score = game.plays.at(-1)?.score ?? { away: 0, home: 0 };
    const before = { away: this.#standings.recordOf(away), home: this.#standings.recordOf(home) };
    if (score.home > score.away) this.#standings.add(home, away);
    else this.#standings.add(away, home);
    const after = { away: this.#standings.recordOf(away), home: this.#standings.recordOf(home) };
    const body = writeGameState({ game, setting, before: lines, records: { before, after }, random }, game);
    return { answer: { kind: "game", gamePk, body }, played: { fixture, records: after, score }, endTime: game.endTime };
  }

  /** A game that is not played (yet). */
  announce(fixture: Fixture): ScheduledGame {
    const records = { away: this.#standings.recordOf(fixture.away), home: this.#standings.recordOf(fixture.home) };
    return { fixture, records, score: null };
  }

  schedule(spec: SeasonSpec): Iterable<Fixture[]> {
    return makeSchedule(this.#random.fork("schedule"), rulesOf(spec.season), (n) => gameNumber(spec, n));
  }
}

/**
 * Plays a season game by game and gives the answers that the API would have given, in the order of time: the feed of each game
 * when it is over, the schedule of each day after its last game. Games beyond the last one asked for stand in the schedule of its day, not yet played.
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
    const endTimes = new Map<number, number>();
    for (const fixture of day) {
      if (rest === 0) {
        listed.push(season.announce(fixture));
        continue;
      }
      rest -= 1;
      const { answer, played, endTime } = season.play(fixture, endTimes.get(fixture.home.id) ?? 0);
      endTimes.set(fixture.home.id, endTime);
      listed.push(played);
      yield answer;
    }
    const date = day[0]?.date ?? "";
    yield { kind: "schedule", date, askedAt: Math.max(...endTimes.values()) + 10 * MINUTE, body: writeScheduleDay(date, listed) };
    if (rest === 0) return;
  }
}
