import { EXIT, UserError } from "../../core/errors.ts";
import { FIRST_SEASON, LAST_SEASON, rulesOf } from "../../simulate/league/season-rules.ts";
import { gamesOfSeason } from "../../simulate/season/make-schedule.ts";
import { LAST_SEED, simulateSeason } from "../../simulate/season/simulate-season.ts";
import type { StubEnvelope } from "../../simulate/simulated-stub.ts";
import { FEED_METHOD, SCHEDULE_METHOD, seasonStub, stateStubs } from "../../simulate/simulated-stub.ts";
import { writeStubFile } from "../../simulate/write-stub-file.ts";
import type { CliContext } from "../context.ts";
import { counted } from "../counted.ts";
import { readNumber } from "../read-number.ts";
import { isToStubs, stubIngester } from "../simulated-answers.ts";
import type { MethodNames } from "../simulated-answers.ts";

export interface SimulateSeasonFlags {
  readonly games: string;
  readonly to: string;
  readonly seed: string;
  readonly seasons: string;
  readonly states?: true;
}

interface Spec {
  readonly seed: number;
  readonly seasons: readonly { readonly season: number; readonly games: number }[];
}

/** What has been written so far. */
interface Written {
  games: number;
  /** Answers of the games' feeds: more than one for each game where its states are wanted. */
  feeds: number;
  schedules: number;
  /** Bytes of files, or of bodies. */
  bytes: number;
  /** Captures that were there before. */
  duplicates: number;
  failed: number;
}

export async function runSimulateSeason(flags: SimulateSeasonFlags, context: CliContext): Promise<number> {
  const { out, settings } = context;
  const spec = readSpec(flags);
  const isStubs = isToStubs(flags.to, context);
  const total = spec.seasons.reduce((sum, { games }) => sum + games, 0);
  const written: Written = { games: 0, feeds: 0, schedules: 0, bytes: 0, duplicates: 0, failed: 0 };
  const started = performance.now();
  const showProgress = (): void => {
    const { games, feeds } = written;
    const left = games === 0 ? "" : `, ${(((performance.now() - started) / 1000 / games) * (total - games)).toFixed(0)} s left`;
    out.progress(`simulate: ${String(games)} of ${String(total)} games, ${counted(feeds, "answer")}${left}`);
  };
  function* stubsOf(seed: number, part: Spec["seasons"][number], isOfStates: boolean): Generator<StubEnvelope> {
    for (const answer of simulateSeason({ seed, ...part })) {
      const stubs = answer.kind === "game" && isOfStates ? stateStubs(answer.simulated) : [seasonStub(answer)];
      for (const stub of stubs) {
        if (context.signal.aborted) return;
        yield stub;
        if (answer.kind === "game") written.feeds += 1;
        showProgress();
      }
      if (answer.kind === "game") written.games += 1;
    }
  }
  const write = isStubs ? stubWriter(context, written) : await captureWriter(context, written);
  for (const part of spec.seasons) {
    if (context.signal.aborted) break;
    await write(stubsOf(spec.seed, part, flags.states === true));
  }
  const exit = context.signal.aborted ? EXIT.interrupted : written.failed > 0 ? EXIT.someFailed : EXIT.done;
  const place = isStubs ? settings.values.stubDir : settings.values.home;
  out.data({ schema_version: 1, to: flags.to, place, seed: spec.seed, seasons: spec.seasons, ...written, exit });
  const answers = flags.states === true ? ` (${counted(written.feeds, "answer")} of their feeds)` : "";
  const years = spec.seasons.map(({ season }) => season).join(", ");
  out.text(
    `${years}, seed ${String(spec.seed)}: ${counted(written.games, "game")}${answers} and ${counted(written.schedules, "schedule")} ${isStubs ? `in ${place}` : `as captures, ${String(written.duplicates)} there before`}, ${(written.bytes / 1e6).toFixed(1)} MB`,
  );
  if (exit === EXIT.interrupted) out.say("interrupted: not all is written; the same command goes on");
  return exit;
}

function isFeed({ endpoint }: StubEnvelope): boolean {
  return endpoint === FEED_METHOD.endpoint;
}

type Writer = (stubs: Iterable<StubEnvelope>) => Promise<void>;

function stubWriter({ settings }: CliContext, written: Written): Writer {
  return async (stubs) => {
    for (const stub of stubs) {
      written.bytes += await writeStubFile(settings.values.stubDir, stub);
      if (!isFeed(stub)) written.schedules += 1;
    }
  };
}

/** The schedules of a season are few and small: they wait until its games are stored, because raw takes the answers of one method at a time. */
async function captureWriter(context: CliContext, written: Written): Promise<Writer> {
  const ingest = await stubIngester(context);
  const store = async (method: MethodNames, stubs: Iterable<StubEnvelope>): Promise<void> => {
    const { bytes, duplicates, failed } = await ingest(method, stubs);
    written.bytes += bytes;
    written.duplicates += duplicates;
    written.failed += failed;
  };
  return async (stubs) => {
    const schedules: StubEnvelope[] = [];
    function* games(): Generator<StubEnvelope> {
      for (const stub of stubs) {
        if (isFeed(stub)) yield stub;
        else schedules.push(stub);
      }
    }
    function* days(): Generator<StubEnvelope> {
      for (const stub of schedules) {
        yield stub;
        written.schedules += 1;
      }
    }
    await store(FEED_METHOD, games());
    await store(SCHEDULE_METHOD, days());
  };
}

/** @throws UserError `usage.number`, `usage.seasons`, `simulate.too-many-games`. */
function readSpec(flags: SimulateSeasonFlags): Spec {
  const seed = readNumber("--seed", flags.seed, 0, LAST_SEED);
  const years = flags.seasons.split(",").map((text) => readNumber("--seasons", text.trim(), FIRST_SEASON, LAST_SEASON));
  if (new Set(years).size < years.length)
    throw new UserError({ code: "usage.seasons", message: "--seasons names a year twice", got: flags.seasons });
  const games = readNumber("--games", flags.games, years.length, 1_000_000);
  const seasons = years.map((season, i) => ({
    season,
    games: Math.floor(games / years.length) + (i < games % years.length ? 1 : 0),
  }));
  for (const part of seasons) {
    const most = gamesOfSeason(rulesOf(part.season));
    if (part.games > most)
      throw new UserError({
        code: "simulate.too-many-games",
        message: `the season of ${String(part.season)} has no ${String(part.games)} games`,
        expected: `at most ${String(most)}`,
        next: `share them among more years: --seasons ${String(part.season)},…; or play another season with another --seed`,
      });
  }
  return { seed, seasons };
}
