/**
 * What a load costs beside the bare library: `npm run bench -- [--documents 50,300,600] [--connections N] [--max-memory MB] [--feeds DIR]`.
 * Each size is measured inside one running process of its own (so that its memory is its own): ingest beside JSON.parse; the first load beside DuckDB
 * that only parses the same bodies, and beside a hand-written-like script of typed leaves and plain INSERTs that checks nothing and keeps no state; reruns.
 * The feeds are those of `../shared/captures/live_feed` where it is there, simulated ones otherwise.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { argv, execPath, stdout } from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { LoadFigures } from "./measure-load.ts";
import { measureLoad } from "./measure-load.ts";

const { values } = parseArgs({
  args: argv.slice(2),
  options: {
    documents: { type: "string", default: "50,300,600" },
    connections: { type: "string", default: "1" },
    "max-memory": { type: "string", default: "512" },
    feeds: { type: "string" },
    one: { type: "boolean", default: false },
  },
});
const beside = fileURLToPath(new URL("../../shared/captures/live_feed", import.meta.url));
const feeds = values.feeds ?? (existsSync(beside) ? beside : null);
const sizes = values.documents.split(",").map(Number);
const options = { connections: Number(values.connections), maxMemoryMb: Number(values["max-memory"]), feeds };

if (values.one) {
  stdout.write(`${JSON.stringify(await measureLoad({ ...options, documents: sizes[0] ?? 50 }))}\n`);
} else {
  stdout.write(
    `${String(cpus().length)} cores (${cpus()[0]?.model ?? "unknown"}), ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node ${process.version}\n`,
  );
  stdout.write(`${String(options.connections)} connection(s), --max-memory ${String(options.maxMemoryMb)}\n`);
  for (const documents of sizes) print(documents, measureApart(documents));
  printHelp();
}

/** In a process of its own. */
function measureApart(documents: number): LoadFigures {
  const args = [...process.execArgv, fileURLToPath(import.meta.url), ...argv.slice(2), "--documents", String(documents), "--one"];
  const child = spawnSync(execPath, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], maxBuffer: 1 << 26 });
  if (child.status !== 0) throw new Error(`measuring ${String(documents)} documents failed`);
  return JSON.parse(child.stdout) as LoadFigures;
}

function print(documents: number, figures: LoadFigures): void {
  const script = figures.script.ms;
  stdout.write(`\n${String(documents)} documents (${figures.from}), ${(figures.bytes / 1e6).toFixed(0)} MB\n`);
  const row = (name: string, ms: number, ratio: string, peakMb: number | null): void => {
    const rate = `${((documents / ms) * 1000).toFixed(1)}/s`;
    stdout.write(
      `  ${name.padEnd(58)} ${ms.toFixed(0).padStart(7)} ms ${rate.padStart(9)}  ${ratio.padEnd(30)} ${peakMb === null ? "" : `peak ${peakMb.toFixed(0)} MB`}\n`,
    );
  };
  const times = (ms: number, of: number, what: string): string => `${(ms / of).toFixed(2)} x ${what}`;
  row("(a) JSON.parse of the bodies", figures.jsonParse.ms, "", null);
  row("(a) ingest", figures.ingest.ms, times(figures.ingest.ms, figures.jsonParse.ms, "JSON.parse"), figures.ingest.peakMb);
  row("(b) DuckDB parses the bodies, nothing else", figures.parse.ms, times(figures.parse.ms, script, "script"), figures.parse.peakMb);
  row(`(b) plain script, slices of ${String(figures.script.sliceMb)} MB`, script, "", figures.script.peakMb);
  if (figures.unbound !== null)
    row(
      "(b) plain script, all at once, no memory bound",
      figures.unbound.ms,
      times(figures.unbound.ms, script, "script"),
      figures.unbound.peakMb,
    );
  row("(b) first load", figures.load.ms, times(figures.load.ms, script, "script"), figures.load.peakMb);
  row("(c) rerun, no new capture", figures.rerun.ms, times(figures.rerun.ms, figures.load.ms, "first load"), figures.rerun.peakMb);
  row(
    "(d) rerun, new captures of equal content",
    figures.equal.ms,
    times(figures.equal.ms, figures.load.ms, "first load"),
    figures.equal.peakMb,
  );
}

/** Whole processes: the median of five. */
function printHelp(): void {
  const main = join(import.meta.dirname, "../dist/cli/main.js");
  if (!existsSync(main)) return;
  const median = (args: readonly string[]): number => {
    const times = Array.from({ length: 5 }, () => {
      const from = performance.now();
      spawnSync(execPath, args, { stdio: "ignore" });
      return performance.now() - from;
    });
    return times.toSorted((a, b) => a - b)[2] ?? Number.NaN;
  };
  const empty = median(["-e", ""]);
  const help = median([main, "--help"]);
  stdout.write(`\n--help ${help.toFixed(0)} ms, an empty Node process ${empty.toFixed(0)} ms: ${(help / empty).toFixed(2)} x\n`);
}
