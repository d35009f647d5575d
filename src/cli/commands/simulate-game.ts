import { EXIT, UserError } from "../../core/errors.ts";
import { parseInstant } from "../../core/instant.ts";
import { FIRST_SEASON, LAST_SEASON } from "../../simulate/league/season-rules.ts";
import { playSimulation } from "../../simulate/simulate-game.ts";
import type { SimulationSpec } from "../../simulate/simulate-game.ts";
import { FEED_METHOD, simulatedStub, stateStubs } from "../../simulate/simulated-stub.ts";
import type { StubEnvelope } from "../../simulate/simulated-stub.ts";
import { writeStubFile } from "../../simulate/write-stub-file.ts";
import type { CliContext } from "../context.ts";
import { counted } from "../counted.ts";
import { readNumber } from "../read-number.ts";
import { isToStubs, stubIngester } from "../simulated-answers.ts";

export interface SimulateGameFlags {
  readonly gamePk: string;
  readonly to: string;
  readonly seed: string;
  readonly date: string;
  readonly states?: true;
  readonly postponedFrom?: string;
  readonly suspendedIn?: string;
}

const GREATEST_SEED = 2 ** 32 - 1;
const GREATEST_GAME_PK = 2 ** 31 - 1;

/** Simulates one game and records its feed: the final state, or every answer that polling it would have brought. */
export async function runSimulateGame(flags: SimulateGameFlags, context: CliContext): Promise<number> {
  const { out, settings, signal } = context;
  const spec = readSpec(flags);
  const toStubs = isToStubs(flags.to, context);
  const started = performance.now();
  let answers = 0;
  function* counting(): Generator<StubEnvelope> {
    for (const stub of flags.states === true ? stateStubs(playSimulation(spec)) : [simulatedStub(spec)]) {
      if (signal.aborted) return;
      yield stub;
      answers += 1;
      out.progress(`simulate: ${counted(answers, "answer")}, ${(answers / ((performance.now() - started) / 1000)).toFixed(1)}/s`);
    }
  }
  const written = { bytes: 0, duplicates: 0, failed: 0 };
  if (toStubs) for (const stub of counting()) written.bytes += await writeStubFile(settings.values.stubDir, stub);
  else Object.assign(written, await (await stubIngester(context))(FEED_METHOD, counting()));
  const exit = signal.aborted ? EXIT.interrupted : written.failed > 0 ? EXIT.someFailed : EXIT.done;
  const place = toStubs ? settings.values.stubDir : settings.values.home;
  out.data({ schema_version: 1, to: flags.to, place, game_pk: spec.gamePk, seed: spec.seed, answers, ...written, exit });
  out.text(
    `game ${String(spec.gamePk)}, seed ${String(spec.seed)}: ${counted(answers, "answer")} ${toStubs ? `in ${place}` : `as captures, ${String(written.duplicates)} there before`}, ${(written.bytes / 1e6).toFixed(1)} MB`,
  );
  if (exit === EXIT.interrupted) out.say("interrupted: not all is written; the same command goes on");
  return exit;
}

/** @throws UserError `usage.number`, `usage.day`. */
function readSpec(flags: SimulateGameFlags): SimulationSpec {
  const date = readDay("--date", flags.date);
  const postponedFrom = flags.postponedFrom === undefined ? undefined : readDay("--postponed-from", flags.postponedFrom);
  if (postponedFrom !== undefined && postponedFrom >= date)
    throw new UserError({
      code: "usage.day",
      message: "--postponed-from is not before the game",
      expected: `a day before ${date}`,
      got: postponedFrom,
    });
  return {
    gamePk: readNumber("--game-pk", flags.gamePk, 1, GREATEST_GAME_PK),
    seed: readNumber("--seed", flags.seed, 0, GREATEST_SEED),
    date,
    ...(postponedFrom === undefined ? {} : { postponedFrom }),
    ...(flags.suspendedIn === undefined ? {} : { suspendedIn: readNumber("--suspended-in", flags.suspendedIn, 2, 9) }),
  };
}

function readDay(flag: string, text: string): string {
  const year = Number(text.slice(0, 4));
  const isDay = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(text) && parseInstant(`${text}T00:00:00Z`) !== null;
  if (isDay && year >= FIRST_SEASON && year <= LAST_SEASON) return text;
  throw new UserError({
    code: "usage.day",
    message: `${flag} is no day of a season that is known`,
    expected: `YYYY-MM-DD in ${String(FIRST_SEASON)} to ${String(LAST_SEASON)}`,
    got: JSON.stringify(text.slice(0, 100)),
  });
}
