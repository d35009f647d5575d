import { EXIT, UserError } from "../core/errors.ts";
import type { Mapping } from "../mapping/mapping.ts";
import { openIndex } from "../pipeline/open-index.ts";
import { ingestRecordings } from "../pipeline/ingest.ts";
import { capturesOf } from "../pipeline/selection.ts";
import { rawTableOf } from "../pipeline/document-index.ts";
import type { Plan } from "../plan/plan.ts";
import type { BodyChecker } from "../raw/body.ts";
import type { RawStore } from "../raw/raw-store.ts";
import { FEED_METHOD, gameStub } from "../simulate/simulated-stub.ts";
import { type SimulatedState, simulateStates } from "../simulate/states/simulate-states.ts";
import { readCaptureFiles } from "../statsapi/capture-files.ts";
import { type RecordingFile, parseGivenTime } from "../statsapi/recording.ts";
import type { CliContext } from "./context.ts";
import { describeFailures } from "./describe-ingest.ts";
import { type DocumentFlags, readFilter } from "./document-filter.ts";
import { openCatalogue, openDatabase, openOverlayRaw } from "./platform.ts";
import { readNumber } from "./read-number.ts";
import { openScratchHome } from "./scratch.ts";
import { asRecording } from "./simulated-answers.ts";

export interface ParitySourceFlags extends DocumentFlags {
  readonly captures?: readonly string[];
  readonly capturedAt?: string;
  readonly simulated?: string;
  readonly every: string;
}

/** Captures of raw: of the settings, or of a home that is thrown away. */
export interface CaptureSource extends AsyncDisposable {
  readonly raw: RawStore;
  readonly ids: readonly number[];
}

const MOST_GAMES = 1000;
const MOST_STATES = 100_000;
const FIRST_GAME_PK = 900_000;

/** The captures that the flags name: of files, of documents in raw, or of simulated games. @throws UserError `usage.captures`. */
export async function openSource(
  flags: ParitySourceFlags,
  mapping: Mapping,
  plan: Plan,
  options: { readonly checker: BodyChecker; readonly seed: number; readonly folder: string },
  context: CliContext,
): Promise<CaptureSource> {
  const documents =
    flags.gamePks !== undefined || flags.documents !== undefined || flags.startDate !== undefined || flags.endDate !== undefined;
  const given = [flags.captures !== undefined, documents, flags.simulated !== undefined].filter(Boolean).length;
  if (given !== 1)
    throw new UserError({
      code: "usage.captures",
      message: given === 0 ? "nothing says which captures" : "captures come from one place at a time",
      expected: "--captures GLOB (files), --game-pks or --documents (of raw), or --simulated GAMES",
      next: "for example --simulated 1 --every 20",
    });
  if (documents) return openOfRaw(flags, mapping, plan, context);
  const recordings =
    flags.captures === undefined ? simulatedFiles(flags, options.seed, context) : captureFiles(flags.captures, flags, plan, context);
  const scratch = await openScratchHome(options.folder, "source", context);
  const { raw } = scratch;
  const result = await ingestRecordings(recordings, { raw, checker: options.checker, plans: [plan], signal: context.signal });
  describeFailures(result, context.out);
  const ids: number[] = [];
  for await (const { id } of raw.captures(rawTableOf(plan))) ids.push(id);
  return { raw, ids, [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose]() };
}

async function openOfRaw(flags: DocumentFlags, mapping: Mapping, plan: Plan, context: CliContext): Promise<CaptureSource> {
  const raw = await openOverlayRaw(context);
  await using database = await openDatabase(context.settings.values);
  const connection = await database.connect();
  const index = openIndex(plan, raw);
  await index.catchUp();
  await index.load(connection, "document_index");
  const filter = readFilter(flags, [mapping]);
  const ids = await capturesOf(connection, plan, "document_index", filter);
  if (ids.length === 0) {
    await raw[Symbol.asyncDispose]();
    throw new UserError(
      { code: "parity.none", message: "raw has no capture of these documents", next: "mlb-etl raw list shows what it has" },
      EXIT.sourceUnreachable,
    );
  }
  return { raw, ids, [Symbol.asyncDispose]: () => raw[Symbol.asyncDispose]() };
}

async function* captureFiles(
  patterns: readonly string[],
  { capturedAt }: ParitySourceFlags,
  plan: Plan,
  { settings }: CliContext,
): AsyncGenerator<RecordingFile> {
  const catalogue = await openCatalogue(settings.values);
  yield* readCaptureFiles(catalogue.get(plan.source.endpoint, plan.source.method), catalogue, {
    patterns,
    folder: ".",
    parameters: {},
    capturedAt: capturedAt === undefined ? null : parseGivenTime(capturedAt),
  });
}

/** Of each game the first state, every n-th after it, and the last. */
async function* simulatedFiles(
  { simulated = "1", every }: ParitySourceFlags,
  seed: number,
  { settings, out }: CliContext,
): AsyncGenerator<RecordingFile> {
  const games = readNumber("--simulated", simulated, 1, MOST_GAMES);
  const apart = readNumber("--every", every, 1, MOST_STATES);
  const catalogue = await openCatalogue(settings.values);
  for (let game = 0; game < games; game++) {
    const gamePk = FIRST_GAME_PK + game;
    let count = 0;
    let skipped: SimulatedState | null = null;
    const fileOf = ({ body, capturedAt }: SimulatedState): RecordingFile => asRecording(gameStub(gamePk, body, capturedAt), catalogue);
    for (const state of simulateStates({ seed: seed + game, gamePk })) {
      skipped = count++ % apart === 0 ? null : state;
      if (skipped === null) yield fileOf(state);
    }
    if (skipped !== null) yield fileOf(skipped);
    out.progress(`${FEED_METHOD.endpoint}: ${String(game + 1)} of ${String(games)} games simulated`);
  }
}
