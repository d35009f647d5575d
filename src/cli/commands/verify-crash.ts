import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { packageRoot } from "../../config/settings.ts";
import { EXIT, UserError } from "../../core/errors.ts";
import { FAULT_KINDS, FAULT_WORD, type FaultKind, STEPS, STEP_NAMES, type Step } from "../../core/faults.ts";
import { openTemporaryFolder } from "../../core/temporary-folder.ts";
import { loadRegistry } from "../../mapping/registry.ts";
import {
  CRASH_CASES,
  CRASH_MODES,
  type CrashCell,
  type CrashDeps,
  type CrashOptions,
  type CrashPlace,
  type ProcessEnd,
  crashMatrix,
} from "../../pipeline/crash-matrix.ts";
import type { CliContext } from "../context.ts";
import { openScratchOf } from "../scratch.ts";
import { makeDatabase, scratchServer } from "../scratch-database.ts";

export interface CrashFlags {
  readonly short?: boolean;
  readonly mode?: string;
  readonly step?: readonly string[];
  readonly kind?: readonly string[];
}

/** Invented: an endpoint, its mapping, and recordings of it for each work. */
const CONFIG = join(packageRoot(), "config", "verify");
const SOURCE = ["--endpoint", "lab", "--method", "things"];
const SHORT_STEPS: readonly Step[] = ["raw.bodies", "apply.deleted", "commit.begin", "commit.done"];

/** A home of children: where it is, and the flags that say so. */
interface ChildPlace extends CrashPlace {
  readonly home: string;
  /** Null: the store of the home. */
  readonly url: string | null;
}

/** Faults at named steps of children of this program, each followed by a restart. */
export async function runVerifyCrash(flags: CrashFlags, context: CliContext): Promise<number> {
  const { out, settings, signal } = context;
  const isEmbedded = settings.urls.store === null;
  const options = readOptions(flags, isEmbedded);
  const registry = await loadRegistry(join(CONFIG, "schemas", "mappings"));
  const [mapping] = registry.mappings;
  if (mapping === undefined) throw new Error(`${CONFIG} has no mapping`);
  await using folder = await openTemporaryFolder();
  const cells = await crashMatrix(
    mapping,
    {
      ...options,
      signal,
      onCell: (cell, done, total) => {
        out.progress(
          `crash: ${String(done)} of ${String(total)}, ${cell.mode} ${cell.case}: ${cell.kind} at ${cell.step}: ${cell.outcome}`,
        );
      },
    },
    childrenIn(folder.path, context),
  );
  return report(cells, isEmbedded ? "embedded" : "postgresql", signal.aborted, context);
}

function readOptions({ short = false, mode, step, kind }: CrashFlags, isEmbedded: boolean): CrashOptions {
  const possible = FAULT_KINDS.filter((name) => name !== "disconnect" || !isEmbedded);
  return {
    modes: mode === undefined ? (short ? ["batch"] : CRASH_MODES) : [oneOf("--mode", mode, CRASH_MODES)],
    cases: short ? CRASH_CASES.filter(({ name }) => name === "correction") : CRASH_CASES,
    steps: step?.map((name) => oneOf("--step", name, STEP_NAMES)) ?? (short ? SHORT_STEPS : STEP_NAMES),
    kinds:
      kind?.map((name) => oneOf<FaultKind>("--kind", name, possible)) ??
      (short ? possible.filter((name) => name === "kill" || name === "disconnect") : possible),
  };
}

function oneOf<T extends string>(flag: string, text: string, names: readonly T[]): T {
  const found = names.find((name) => name === text);
  if (found !== undefined) return found;
  throw new UserError({
    code: "usage.crash",
    message: `${flag} is not known`,
    expected: `one of: ${names.join(", ")}`,
    got: JSON.stringify(text.slice(0, 100)),
  });
}

function childrenIn(folder: string, context: CliContext): CrashDeps<ChildPlace> {
  const server = scratchServer(context);
  let count = 0;
  return {
    async make(from) {
      const home = join(folder, String(count++));
      await mkdir(home);
      if (from !== null) await cp(from.home, home, { recursive: true });
      const own = server === null ? null : await makeDatabase(server, from?.url ?? null);
      return {
        home,
        url: own?.url ?? null,
        open: () => openScratchOf(home, own?.url ?? null, context),
        async [Symbol.asyncDispose]() {
          await own?.[Symbol.asyncDispose]();
        },
      };
    },
    load: ({ home, url }, recordings, mode, fault) => {
      const streaming = mode === "streaming" ? ["--mode", "streaming", "--until-idle"] : [];
      const place = ["--home", home, "--config-dir", CONFIG, "--stub-dir", join(CONFIG, "captures", recordings)];
      const words = ["transform", ...SOURCE, ...streaming, "--stub-mode", "replay", "--save", "--no-progress", ...place];
      const faulty = { ...context.environment, MLB_FAULT: fault === null ? "" : `${fault.kind}@${fault.step}#${String(fault.nth)}` };
      return runChild(words, { ...faulty, MLB_STORE: url ?? "", MLB_RAW: "", MLB_CONNECTIONS: "1" });
    },
  };
}

/** This program in a process of its own, started as this one was. */
async function runChild(words: readonly string[], environment: NodeJS.ProcessEnv): Promise<ProcessEnd> {
  const program = import.meta.filename.endsWith(".ts") ? "main.ts" : "main.js";
  const child = spawn(process.execPath, [...process.execArgv, join(import.meta.dirname, "..", program), ...words], {
    env: environment,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  await once(child, "close");
  return { exit: child.exitCode, signal: child.signalCode, reachedFault: stderr.includes(FAULT_WORD), stderr };
}

function report(cells: readonly CrashCell[], store: string, isStopped: boolean, { out }: CliContext): number {
  const different = cells.filter(({ outcome }) => outcome === "DIFFERENT");
  const exit = different.length > 0 ? EXIT.someFailed : isStopped ? EXIT.interrupted : EXIT.done;
  const count = (outcome: CrashCell["outcome"]): number => cells.filter((cell) => cell.outcome === outcome).length;
  out.data({
    schema_version: 1,
    store,
    cells,
    equal: count("equal"),
    not_reached: count("not reached"),
    different: different.length,
    exit,
  });
  out.table(
    cells.map(({ mismatches, ...cell }) => ({
      ...cell,
      counts: mismatches.length === 0 ? "add up" : `${String(mismatches.length)} do not`,
      what: STEPS[cell.step],
    })),
  );
  out.text(
    `${store}: ${String(cells.length)} faults and restarts: ${String(count("equal"))} equal, ${String(count("not reached"))} not reached by that work, ${String(different.length)} different`,
  );
  return exit;
}
