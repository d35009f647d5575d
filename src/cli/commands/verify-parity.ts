import { EXIT, UserError } from "../../core/errors.ts";
import { openTemporaryFolder } from "../../core/temporary-folder.ts";
import type { Mapping } from "../../mapping/mapping.ts";
import { type ParityResult, verifyParity } from "../../pipeline/verify-parity.ts";
import { compilePlan } from "../../plan/compile-plan.ts";
import { BodyChecker } from "../../raw/body.ts";
import { FEED_METHOD } from "../../simulate/simulated-stub.ts";
import { openCatalogue, mappingsUnder, openRegistry } from "../platform.ts";
import type { CliContext } from "../context.ts";
import { counted } from "../counted.ts";
import { describeDifference, differenceJson } from "../describe-difference.ts";
import { type ParitySourceFlags, openSource } from "../parity-captures.ts";
import { readNumber } from "../read-number.ts";
import { openScratch } from "../scratch.ts";

export interface ParityFlags extends ParitySourceFlags {
  readonly endpoint?: string;
  readonly method?: string;
  readonly seed: string;
  readonly rounds: string;
}

const SIDES = ["batch", "streaming"] as const;
const GREATEST_SEED = 2 ** 31 - 1;
const MOST_ROUNDS = 1_000_000;

/** Feeds captures shuffled, doubled, in random slices, in streaming mode, and compares with one batch. */
export async function runVerifyParity(flags: ParityFlags, context: CliContext): Promise<number> {
  const { out, settings, signal } = context;
  const seed = readNumber("--seed", flags.seed, 0, GREATEST_SEED);
  const rounds = readNumber("--rounds", flags.rounds, 1, MOST_ROUNDS);
  const mapping = await mappingAsked(flags, context);
  const plan = compilePlan(mapping);
  const checker = new BodyChecker({ maxBytes: settings.values.maxBodyMb * 1024 * 1024 });
  await using folder = await openTemporaryFolder();
  await using source = await openSource(flags, mapping, plan, { checker, seed, folder: folder.path }, context);
  const result = await verifyParity(
    mapping,
    plan,
    source,
    {
      seed,
      rounds,
      sliceBytes: settings.values.sliceMb * 1024 * 1024,
      connections: settings.values.connections,
      signal,
      onProgress: (text) => {
        out.progress(text);
      },
    },
    { checker, open: (name) => openScratch(folder.path, name, context) },
  );
  if (result.captures === 0)
    throw new UserError(
      { code: "parity.none", message: "there is no capture to try it with", next: "name others: mlb-etl verify parity --help" },
      EXIT.sourceUnreachable,
    );
  return report(mapping, seed, rounds, result, context);
}

/** The mapping of that endpoint and method; without them the one whose documents are meant. @throws UserError `usage.mapping`. */
async function mappingAsked(flags: ParityFlags, { settings }: CliContext): Promise<Mapping> {
  const registry = await openRegistry(settings.values);
  const named = flags.endpoint !== undefined || flags.method !== undefined;
  const simulated =
    named || flags.simulated === undefined ? null : (await openCatalogue(settings.values)).get(FEED_METHOD.endpoint, FEED_METHOD.method);
  const found = mappingsUnder(registry, simulated === null ? flags : { endpoint: simulated.endpoint, method: simulated.name });
  // Who names a game means the mapping of which a game is the document.
  const fitting = found.filter(({ source }) => flags.gamePks === undefined || source.documentKey.join() === "game_pk");
  const [mapping, ...others] = fitting.length === 1 ? fitting : found;
  if (mapping !== undefined && others.length === 0) return mapping;
  throw new UserError({
    code: "usage.mapping",
    message: "several mappings can be meant, and one is tried at a time",
    expected: "--endpoint and --method of one",
    got: found.map(({ name }) => name).join(", "),
    next: "for example --endpoint game --method live_game_v1",
  });
}

function report(mapping: Mapping, seed: number, rounds: number, result: ParityResult, { out }: CliContext): number {
  const isEqual = result.difference === null && result.rounds.every(({ digest }) => digest === result.digest);
  const addsUp = result.rounds.every(({ mismatches }) => mismatches.length === 0);
  const exit = result.rounds.length < rounds && isEqual ? EXIT.interrupted : isEqual && addsUp ? EXIT.done : EXIT.someFailed;
  out.data({
    schema_version: 1,
    mapping: mapping.name,
    captures: result.captures,
    documents: result.documents,
    seed,
    digest: result.digest,
    rounds: result.rounds,
    equal: isEqual,
    difference: result.difference === null ? null : differenceJson(result.difference, SIDES),
    exit,
  });
  out.text(
    `${mapping.name}: ${counted(result.documents, "document")}, ${counted(result.captures, "capture")} (each answer twice), batch digest ${result.digest}`,
  );
  for (const { round, digest, sent, mismatches } of result.rounds) {
    const counts = mismatches.length === 0 ? "counts add up" : `${String(mismatches.length)} counts do not add up`;
    out.text(
      `round ${String(round)} (seed ${String(seed + round - 1)}): ${String(sent)} sent, ${digest === result.digest ? "equal" : `NOT EQUAL: ${digest}`}, ${counts}`,
    );
  }
  for (const { round, mismatches } of result.rounds)
    if (mismatches.length > 0) out.table(mismatches.map((mismatch) => ({ round, ...mismatch })));
  if (result.difference !== null) {
    describeDifference(result.difference, SIDES, out);
    out.say(`the same again: --seed ${String(seed + result.rounds.length - 1)} --rounds 1`);
  }
  if (exit === EXIT.interrupted) out.say(`stopped after ${counted(result.rounds.length, "round")} of ${String(rounds)}`);
  return exit;
}
