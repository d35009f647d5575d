import { EXIT, UserError } from "../../core/errors.ts";
import { verifyReplay } from "../../pipeline/verify-replay.ts";
import { openTemporaryFolder } from "../../core/temporary-folder.ts";
import type { CliContext } from "../context.ts";
import { counted } from "../counted.ts";
import { describeDifference, differenceJson } from "../describe-difference.ts";
import { mappingsUnder, openDatabase, openOverlayRaw, openRegistry, openStore } from "../platform.ts";
import { worseExit } from "../run-mapping.ts";
import { openScratchHome } from "../scratch.ts";
import { rawTableOf } from "../../pipeline/document-index.ts";

export interface ReplayFlags {
  readonly endpoint?: string;
  readonly method?: string;
}

const SIDES = ["the store", "the replay"] as const;

/** Raw from the beginning, as a stream into an empty embedded store that is thrown away: the rows of the live store? */
export async function runVerifyReplay(flags: ReplayFlags, context: CliContext): Promise<number> {
  const { out, settings, signal } = context;
  const mappings = mappingsUnder(await openRegistry(settings.values), flags);
  await using database = await openDatabase(settings.values);
  await using store = await openStore(context);
  // What raw has not indexed yet is indexed for this reading only.
  await using raw = await openOverlayRaw(context);
  await using folder = await openTemporaryFolder();
  const tables = await raw.tables();
  let exit: number = EXIT.done;
  let count = 0;
  for (const [at, mapping] of mappings.entries()) {
    if (!tables.includes(rawTableOf(mapping))) continue;
    count++;
    await using scratch = await openScratchHome(folder.path, String(at), context);
    const result = await verifyReplay(
      mapping,
      { database, store, raw },
      { database: scratch.database, store: scratch.store, raw },
      {
        sliceBytes: settings.values.sliceMb * 1024 * 1024,
        signal,
        onProgress: (captures, behind) => {
          out.progress(`replay ${mapping.name}: ${counted(captures, "capture")}, ${String(behind)} behind`);
        },
      },
    );
    exit = worseExit(exit, result.exit);
    if (result.exit === EXIT.interrupted) {
      out.say("stopped before the end: nothing is proven, nothing was changed");
      break;
    }
    const { captures, digest, replayed, difference } = result;
    out.data({
      schema_version: 1,
      mapping: mapping.name,
      captures,
      digest,
      replayed,
      equal: digest === replayed,
      difference: difference === null ? null : differenceJson(difference, SIDES),
      exit: result.exit,
    });
    out.text(
      `${mapping.name}: ${counted(captures, "capture")} replayed, digest ${replayed}: ${digest === replayed ? "equal" : `NOT that of the store, ${digest}`}`,
    );
    if (difference !== null) describeDifference(difference, SIDES, out);
  }
  if (count === 0)
    throw new UserError({
      code: "raw.empty",
      message: "raw has no captures of these mappings",
      next: "ingest some first: mlb-etl ingest --help",
    });
  return exit;
}
